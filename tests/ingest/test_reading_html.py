"""Pages in, tables and prose out as a browser shows them."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reading import Content, ReadingError, tables_matching
from ingest.reading.content import fold
from ingest.reading.html import content


def page(body: str, head: str = "", encoding: str = "utf-8") -> Content:
    text = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    return content(text.encode(encoding))


def rows(table: str) -> list[list[str]]:
    found = page(table).tables
    assert len(found) == 1
    return [list(row) for row in found[0].rows]


def test_spans_fill_the_grid() -> None:
    table = page(
        """<table><caption>Top <b>cities</b></caption>
        <thead><tr><th rowspan=2>Rank<th rowspan=2>City<th colspan=2>Score</tr>
        <tr><th>2023<th>2024</tr></thead>
        <tr><td rowspan="2">1</td><td>Paris</td><td>9</td><td>8</td></tr>
        <tr><td>Lyon</td><td colspan="2">7</td></tr></table>"""
    ).tables[0]
    assert table.rows == (
        ("Rank", "City", "Score", "Score"),
        ("Rank", "City", "2023", "2024"),
        ("1", "Paris", "9", "8"),
        ("1", "Lyon", "7", "7"),
    )
    assert (table.title, table.header_rows, table.where) == ("Top cities", 2, "table 1")
    assert table.merged[3, 0] == (2, 0)
    assert table.locator(3, 0) == "table 1, row 3, column 1"


def test_a_span_does_not_leave_its_row_group_and_the_foot_comes_last() -> None:
    assert rows(
        """<table><tfoot><tr><td>sum</td><td>3</td></tr></tfoot>
        <tbody><tr><td rowspan=9>a</td><td>1</td></tr></tbody>
        <tbody><tr><td rowspan=0>b</td><td>2</td></tr><tr><td>4</td></tr></tbody></table>"""
    ) == [["a", "1"], ["b", "2"], ["b", "4"], ["sum", "3"]]


def test_spans_without_end_make_no_cells() -> None:
    wide = rows("<table><tr><td colspan=99999>Title</td></tr><tr><td>a</td><td>b</td></tr></table>")
    assert wide == [["Title", "Title"], ["a", "b"]]
    many = "<td rowspan=65534 colspan=1000>x</td>" * 20
    with pytest.raises(ReadingError, match=r"table 1 has more than \d+ cells"):
        page("<table><tr>" + many + "</tr>" + "<tr></tr>" * 6000 + "</table>")


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("<tr><th>City<th>Score</tr><tr><td>a<td>1</tr>", 1),
        ("<tr><th colspan=2>Title</tr><tr><th>City<th>Score</tr><tr><th>a<td>1</tr>", 2),
        ("<tr><td><td>2023</tr><tr><td>a<td>1</tr>", None),
        ("<tr><th>a<td>1</tr><tr><th>b<td>2</tr>", None),
        ("<thead><tr><td>City<td>Score</tr></thead><tr><td>a<td>1</tr>", 1),
    ],
)
def test_heading_rows_are_counted_where_the_page_marks_them(body: str, count: int | None) -> None:
    assert page(f"<table>{body}</table>").tables[0].header_rows == count


@pytest.mark.parametrize(
    ("inner", "printed"),
    [
        ("New<br>York&nbsp;City", "New York City"),
        ("<span style='display: none'>007</span>7", "7"),
        ('<span class="sortkey">Paris !</span>Paris', "Paris"),
        ('<span data-sort-value="12">twelve</span>', "twelve"),
        ("<span hidden>x</span><i>y</i>", "y"),
        ("<b class='d-none d-md-inline'>New York</b><b class='d-md-none'>NY</b>", "New York"),
        ("<b class='hidden md:block'>New York</b><b class='x md:hidden'>NY</b>", "New York"),
        ("<b class='hidden'>x</b><b class='d-none'>x</b><b class='hidden-xs'>y</b>", "y"),
        ("<p>one</p><p>two</p>", "one two"),
        ("ca<wbr>t &shy;s\u200bea", "cat sea"),
        ("a<script>b</script><style>c</style><!-- d -->", "a"),
        ("1,234<sup class='reference'><a href='#cite_note-1'>[1]</a></sup>", "1,234"),
        ("Paris<sup id='r2'><a href='#n'>2</a></sup>", "Paris"),
        ('12<a href="#cite_note-5">[5]</a>', "12"),
        ("12<sup>[note 3]</sup>", "12"),
        ("Paris<sup>a</sup>", "Paris"),
        ("Paris<sup>2</sup>", "Paris"),
        ("北京<sup>2</sup>", "北京"),
        ("Paris<sup>†</sup>", "Paris"),
        ("12<sup>3</sup>", "12³"),
        ("km<sup>2</sup>", "km²"),
        ("10<sup>-6</sup>", "10⁻⁶"),
        ("1<sup>st</sup>", "1st"),
        ("CO<sub>2</sub>", "CO2"),
        ("<ruby>東京<rt>とうきょう</rt></ruby>", "東京"),
        ("<table><tr><td>5</td></tr></table>", "5"),
    ],
)
def test_cells_as_they_print(inner: str, printed: str) -> None:
    assert (
        page(f"<table><tr><td>{inner}</td><td>x</td></tr></table>").tables[0].rows[0][0] == printed
    )


PRINTED = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]))


@given(st.lists(st.lists(PRINTED, min_size=2, max_size=2), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_text_in_cells_is_read_back(cells: list[list[str]]) -> None:
    lines = ["".join(f"<td>{escape(cell)}" for cell in row) + "<td>." for row in cells]
    (table,) = page("<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>").tables
    assert [list(row[:2]) for row in table.rows] == [[fold(c) for c in row] for row in cells]


def test_nested_empty_and_hidden_tables_are_counted() -> None:
    found = page(
        """<table><tr><td>outer <table><tr><td>in</td><td>ner</td></tr></table></td><td>o</td></tr>
        </table><table><tr><td></td></tr></table>
        <div style="display:none"><table><tr><td>2022</td><td>1</td></tr></table></div>"""
    )
    assert [(table.where, table.rows) for table in found.tables] == [
        ("table 1", (("outer", "o"),)),
        ("table 2", (("in", "ner"),)),
        ("table 4", (("2022", "1"),)),
    ]
    assert found.notes == ("table 4 is hidden until something is clicked",)


def test_a_title_is_the_heading_above() -> None:
    found = page(
        """<h2>Cities</h2><p>text</p><table><tr><td>a<td>b</tr></table>
        <h2>Regions <span class="mw-editsection">[edit]</span></h2>
        <table><tr><td>c<td>d</tr></table>"""
    )
    assert [table.title for table in found.tables] == ["Cities", "Regions"]


def test_prose_without_what_is_not_its_own() -> None:
    found = page(
        """<nav>Home | News</nav><script>var a</script><h1>Ranking</h1>
        <p>Beijing is
        first<sup class="reference">[3]</sup>; Shanghai<br>second.</p>
        <table><tr><td>not</td><td>prose</td></tr></table>
        <div role="navigation">more</div><footer>imprint</footer>""",
        head="<title>The \n page</title>",
    )
    assert found.title == "The page"
    assert [p.text for p in found.passages] == ["Ranking\nBeijing is first; Shanghai\nsecond."]


def test_tables_that_only_place_parts_of_the_page_hold_prose() -> None:
    long = "It was a long year for the cities of the index. " * 5
    found = page(
        f"<table><tr><td>menu</td><td><h1>Head</h1><p>{long}</p><p>{long}</p></td></tr></table>"
    )
    assert found.passages[0].text.startswith("menu\nHead\nIt was a long year")


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ("<ol><li>Paris<li>Lyon</ol>", "1. Paris\n2. Lyon"),
        (
            '<ol start="11"><li>Paris<li value="20">Lyon<li>Nice</ol>',
            "11. Paris\n20. Lyon\n21. Nice",
        ),
        ("<ol reversed><li>Paris<li>Lyon</ol>", "2. Paris\n1. Lyon"),
        ('<ol type="a"><li>Paris<li>Lyon</ol>', "a. Paris\nb. Lyon"),
        ('<ol type="I" start="4"><li>Paris</ol>', "IV. Paris"),
        ('<ol style="list-style-type: none"><li>Paris</ol>', "Paris"),
        ("<ul><li>Paris<ol><li>5th arr.</ol></ul>", "Paris\n1. 5th arr."),
        ("<ol><li><p>Paris</p></ol>", "1. Paris"),
    ],
)
def test_numbered_lists_keep_their_numbers(items: str, text: str) -> None:
    assert page(items).passages[0].text == text


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("gb2312", "gb18030"),
        ("GBK", "gb18030"),
        ("big5", "big5"),
        ("Shift_JIS", "cp932"),
        ("utf-16", "utf-16"),
        ("", "gb18030"),
        ("utf-8", "gb18030"),  # a label that isn't true
    ],
)
def test_encodings(label: str, encoding: str) -> None:
    declared = f'<meta http-equiv="Content-Type" content="text/html; charset={label}">'
    printed = "東京京都大阪福岡のランキング" if encoding == "cp932" else "北京中文大小人口排名"
    found = page(f"<p>{printed}", head=declared if label else "", encoding=encoding)
    assert found.passages[0].text == printed
    guessed = label in ("", "utf-8") and encoding != "utf-8"
    assert bool(found.notes) == guessed


@pytest.mark.parametrize("label", ["utf-8", "", "gb2312"])
def test_a_wrong_byte_does_not_spoil_the_page(label: str) -> None:
    encoding = "gb18030" if label == "gb2312" else "utf-8"
    body = f"<meta charset={label}><p>{'北京上海' * 20}<p>12".encode(encoding) + b"\xff"
    found = content(body)
    assert found.passages[0].text == "北京上海" * 20 + "\n12\ufffd"
    assert found.notes == (f"1 characters aren't {encoding}: they stand as U+FFFD",)


def test_windows_1252_that_calls_itself_latin() -> None:
    body = '<meta charset="iso-8859-1"><p>Köln – “Zürich” 5 €'
    assert content(body.encode("cp1252")).passages[0].text == "Köln – “Zürich” 5 €"


def test_an_xhtml_page_with_entities_of_its_own_expands_none() -> None:
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    data = (
        f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY l0 "ha">{bomb}]><html><p>a &l11; b</html>'
    )
    assert len(content(data.encode()).passages[0].text) < 3000


def test_tables_by_selector() -> None:
    data = b"""<div id=a><table class=x><tr><td>1</td></tr></table></div>
    <section class=ranks><table><tr><td id=c>1</td></tr></table><table class=x></table></section>"""
    assert tables_matching(data, "#a") == [1]
    assert tables_matching(data, "table.x") == [1, 3]
    assert tables_matching(data, ".ranks table:first-of-type") == [2]
    assert tables_matching(data, "#c") == [2]
    assert tables_matching(data, "p") == []
    with pytest.raises(ReadingError, match="'td:::' is not a CSS selector"):
        tables_matching(data, "td:::")


def test_deeply_nested_and_broken_markup() -> None:
    found = page("<div>" * 1500 + "deep" + "<table><tr><td>a<td>b</table>")
    assert (found.passages[0].text, found.tables[0].rows) == ("deep", (("a", "b"),))
    with pytest.raises(ReadingError, match="line 1: Excessive depth in document: 2048"):
        page("<div>" * 3000 + "deep")
    assert page("<table><td>a<td>b<tr><td>c").tables[0].rows == (("a", "b"), ("c", ""))
    with pytest.raises(ReadingError, match="no content"):
        content(b"<!-- -->")
