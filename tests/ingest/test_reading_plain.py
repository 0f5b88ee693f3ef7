"""Text files in: decoded strictly, split as their columns agree."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reading import ReadingError
from ingest.reading.content import fold
from ingest.reading.encodings import decode
from ingest.reading.plain import content, sniff


def rows(text: str | bytes, name: str = "") -> tuple[tuple[str, ...], ...]:
    found = content(text.encode() if isinstance(text, str) else text, name)
    assert found.form == "csv", found
    return found.tables[0].rows


CHINESE = "城市,得分\n北京,98.5\n上海,97.1\n深圳,90\n"
GERMAN = "Stadt;Wert\nMünchen;1,5\nKöln;2,3\nDüsseldorf;3\n"


@pytest.mark.parametrize(
    ("text", "encoding", "guessed"),
    [
        (CHINESE, "utf-8", False),
        (CHINESE, "utf-8-sig", False),
        (CHINESE, "utf-16", False),
        (CHINESE, "utf-16-le", True),
        (CHINESE, "utf-16-be", True),
        (CHINESE, "gb18030", True),
        ("北京,1\n", "gbk", True),
        ("亳州,1\n衢州,2\n漯河,3\n", "gb2312", True),
        ("城市,得分\n臺北,98.5\n高雄,97.1\n", "big5", True),
        ("都市,スコア\n東京,98.5\n大阪,90\n", "cp932", True),
        ("都市,スコア\n東京,98.5\n大阪,90\n", "euc_jp", True),
        ("도시,점수\n서울,98\n부산,90\n", "cp949", True),
        (GERMAN, "cp1252", True),
        ("Ville;Score\nQuébec;1\nOrléans;2\nBesançon;2\n", "cp1252", True),
        ("Ville;Score\nQuébec;1\nOrléans;2\n", "mac_roman", True),
        ("Bogotá – A Coruña: “1” €\n", "cp1252", True),
        ("Zürich,1\n", "latin-1", True),
        ("город;балл\nМосква;10\nКазань;9\n", "cp1251", True),
        ("город;балл\nМосква;10\nКазань;9\n", "koi8_r", True),
    ],
)
def test_encodings(text: str, encoding: str, guessed: bool) -> None:
    found, _, was_guessed = decode(text.encode(encoding))
    assert (found, was_guessed) == (text, guessed)


def test_a_guessed_encoding_is_noted() -> None:
    found = content(CHINESE.encode("gb18030"))
    assert found.notes == ("encoding guessed from the bytes: gb18030",)
    assert found.tables[0].rows[1] == ("北京", "98.5")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"city,score\nParis\x00\x01\x02", "byte 16 is zero"),
        (b"city \x81\x8d\x8f\x90 and \x9d\x81\xff", r"byte 5 \(0x81\) isn't UTF-8"),
        (b"\xef\xbb\xbfParis \xe9t\xe9", "byte 6 isn't utf-8, though"),
        (b"\xff\xfeP\x00\xd8", "byte .* isn't utf-16, though"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, why: str) -> None:
    with pytest.raises(ReadingError, match=why):
        content(data)


@given(st.text(min_size=1), st.sampled_from(["utf-8-sig", "utf-16", "utf-32", "utf-8"]))
@settings(max_examples=200, deadline=None)
def test_unicode_encodings_give_back_the_text(text: str, encoding: str) -> None:
    # A mark of UTF-16 with a NUL after it is that of UTF-32.
    if text[0] == "\0" or (encoding == "utf-8" and ("\0" in text or text[0] == "\ufeff")):
        return
    assert decode(text.encode(encoding))[0] == text


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_decoded_whole_or_refused(data: bytes) -> None:
    try:
        text, encoding, guessed = decode(data)
    except ReadingError:
        return
    if guessed:
        assert text.encode(encoding) == data or text == data.decode(encoding)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", (("a", "b"), ("1", "2"))),
        ("a;b\n1,5;2,5\n3,5;4,5\n", (("a", "b"), ("1,5", "2,5"), ("3,5", "4,5"))),
        ("a\tb\n1,000\t2\n", (("a", "b"), ("1,000", "2"))),
        (
            "freq,unit,geo\\t\t2020 \t2021 \nA,PC,DE\t1 \t2 \nA,PC,FR\t3 \t4 \n",
            (("freq,unit,geo\\t", "2020", "2021"), ("A,PC,DE", "1", "2"), ("A,PC,FR", "3", "4")),
        ),
        ("a|b|c\n1|2|3\n", (("a", "b", "c"), ("1", "2", "3"))),
        ('"a, b",c\r\n"d\r\ne",f\r\n', (("a, b", "c"), ("d e", "f"))),
        ('"say ""hi""",1\nx,2\n', (('say "hi"', "1"), ("x", "2"))),
        ("sep=;\na;b\n1;2\n", (("a", "b"), ("1", "2"))),
        ('="007",x\n="008",y\n', (("007", "x"), ("008", "y"))),
        ("a,b,,\n1,2,,\n", (("a", "b"), ("1", "2"))),
        ("a,b\n\n1,2\n\n\n", (("a", "b"), ("", ""), ("1", "2"))),
        ("a,b,c\n1,2,3\n4,5\n6,7,8\n9,1,2\n1,2,3\n", None),
        ("1,2,3\n4,5,6\n", (("1", "2", "3"), ("4", "5", "6"))),
        # The quotation marks are feet and inches: none opens a field.
        ('name,height\nAda,"5\nBob,"6\nCy,"7\nDi,"8\nEd,"9\nFy,"5\nGus,"6\n', None),
    ],
)
def test_delimiters_and_quotes(text: str, expected: tuple[tuple[str, ...], ...] | None) -> None:
    found = rows(text)
    if expected is None:
        assert len(found) == text.count("\n")
    else:
        assert found == expected


def test_fields_of_several_lines_where_a_long_file_is_cut_to_look_at_it() -> None:
    row = '"Paris","the\ncity of\nlight, 1"\r\n'
    found = rows(row * 5000)
    assert len(found) == 5000
    assert set(found) == {("Paris", "the city of light, 1")}


def test_a_preamble_and_notes_are_rows() -> None:
    found = content(
        b"Ranking of cities, 2024\nPublished by the bureau\n\nrank,city,score\n1,Paris,9\n"
        b"2,Lyon,8\n3,Nice,7\nSource: the bureau\n"
    )
    assert found.tables[0].rows == (
        ("Ranking of cities", "2024", ""),
        ("Published by the bureau", "", ""),
        ("", "", ""),
        ("rank", "city", "score"),
        ("1", "Paris", "9"),
        ("2", "Lyon", "8"),
        ("3", "Nice", "7"),
        ("Source: the bureau", "", ""),
    )
    assert found.tables[0].locator(4, 1) == "table 1, row 5, column 2"


def test_a_row_with_too_many_fields_is_noted() -> None:
    found = content(b"city,score\nParis,1\nWashington, D.C.,2\nLyon,3\nNice,4\nMetz,5\nPau,6\n")
    assert found.tables[0].rows[2] == ("Washington", "D.C.", "2")
    assert found.notes == ("row 3 has 3 fields where most have 2",)


@pytest.mark.parametrize(
    "text",
    [
        "Kota, kota AI.\n\nLagi.",
        "Beijing, home of AI, leads.\nShanghai, home of finance, follows.\n",
        "Paris\nLyon\nNice\n",
        "One line, with a comma",
        "Dear all,\nthe cities, as ever, are these.\nYours, A.\nP.S. more, soon\n",
        "",
    ],
)
def test_prose_is_no_table(text: str) -> None:
    assert sniff(text) is None
    assert content(text.encode()).tables == ()


def test_a_column_alone_is_a_table_by_its_name() -> None:
    assert rows("city\nParis\nLyon\n", "cities.csv") == (("city",), ("Paris",), ("Lyon",))


def test_fields_beyond_bounds() -> None:
    with pytest.raises(ReadingError, match="line 6: field larger than field limit"):
        content(b"a,b\n" * 5 + b"1," + b"x" * 1_100_000 + b"\n")


FIELD = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\ufeff", exclude_categories=["Cs", "Cc"])
    | st.sampled_from(",;\t|\"'\n")
).filter(lambda text: not text.startswith("="))


@given(
    st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(FIELD, min_size=width, max_size=width), min_size=3)
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=200, deadline=None)
def test_written_tables_are_read_back(table: list[list[str]], delimiter: str, end: str) -> None:
    """With every field quoted, as careful publishers do, nothing is left to guess."""
    table = [["name", *row] for row in table]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(
        table
    )
    found = rows(buffer.getvalue().encode("utf-8-sig"))
    width = len(found[0])
    assert [list(row) for row in found] == [[fold(field) for field in row][:width] for row in table]
    assert not any(fold(field) for row in table for field in row[width:])


def test_markdown_tables() -> None:
    found = content(
        b"""# Cities
Some text.

## Ranking
| Rank | City | Score |
|-----:|:----:|---|
| 1 | [Paris](http://x) | **9** |
| 2 | `Ly\\|on` | 8
not a row

a | b
--|--
1 | 2
"""
    )
    assert (found.form, found.title) == ("text", "Cities")
    assert [(table.where, table.title, table.header_rows) for table in found.tables] == [
        ("table 1", "Ranking", 1),
        ("table 2", "Ranking", 1),
    ]
    assert found.tables[0].rows == (
        ("Rank", "City", "Score"),
        ("1", "Paris", "9"),
        ("2", "Ly|on", "8"),
    )


def test_columns_set_by_blanks() -> None:
    found = content(
        b"""The ten first, by score.

Rank  City            Score
----  --------------  -----
1     Paris              98
2     New York City      97
3     A.  Coruna is not two words, and this line is too long  x  y

and  no
"""
    )
    (table,) = found.tables
    assert table.title == "The ten first, by score."
    assert table.rows == (
        ("Rank", "City", "Score"),
        ("1", "Paris", "98"),
        ("2", "New York City", "97"),
    )


def test_wrapped_lines_are_joined_and_keep_their_offsets() -> None:
    wrapped = (
        "The index of the cities was published in the spring and it has twenty\n"
        "cities, of which Paris is the first and Lyon the second, with Nice in\n"
        "the third place, as it was in the years before when the index had ten.\n"
        "\n"
        "Others follow at a distance, and some of them have lost a place or two\n"
        "since then.\n"
        "1. Paris\n"
        "2. Lyon\n"
    )
    text = content(wrapped.encode()).passages[0].text
    assert "with Nice in the third place" in text
    assert text.endswith("since then.\n1. Paris\n2. Lyon\n")
    assert len(text) == len(wrapped)
    place = text.index("Nice")
    assert wrapped[place : place + 4] == "Nice"


def test_paragraphs_of_one_line_stay_as_they_are() -> None:
    text = "Beijing leads.\nShanghai follows.\n\nShenzhen is third.\n"
    assert content(text.replace("\n", "\r\n").encode()).passages[0].text == text
