"""PDFs with a text layer: every cell where it stands, and prose left out of tables."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import pypdfium2 as pdfium
import pytest
from pdf_drawing import CITIES, GRID, PROSE, draw, flowed, paragraph, ranking, rows
from reportlab.lib import colors
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from ingest.reading.content import Content, ReadingError
from ingest.reading.pdf import content
from ingest.settings import PROJECT

DOCUMENTS = PROJECT.parent / "shared" / "documents"
BODY = getSampleStyleSheet()["BodyText"]

Rows = Sequence[Sequence[str]]


def read(data: bytes) -> Content:
    return content(data, use_ocr=False)


def only_table(data: bytes) -> Rows:
    (table,) = read(data).tables
    return table.rows


def plain(*tables: tuple[Rows, dict[str, Any]]) -> bytes:
    def page(canvas: Canvas) -> None:
        for table, options in tables:
            rows(canvas, table, **options)

    return draw(page)


# Borderless tables


def test_columns_are_gaps_that_many_lines_share() -> None:
    table = [("Rank", "City", "Score"), *ranking(20)]
    assert only_table(plain((table, {}))) == tuple(table)


def test_a_column_may_be_one_space_from_the_next() -> None:
    table = [(str(i + 1), CITIES[i], f"{1_234_567 - i * 54_321:,}") for i in range(20)]
    width = max(stringWidth(name, "Helvetica", 10) for _, name, _ in table)
    places = {"at": (74, 78, 78 + width + 48), "step": 12}
    assert only_table(plain((table, places))) == tuple(table)


def test_rows_may_be_of_any_height() -> None:
    table = ranking(10)

    def page(canvas: Canvas) -> None:
        y = 740.0
        for i, row in enumerate(table):
            rows(canvas, [row], y)
            y -= (14, 30, 20, 45)[i % 4]

    assert only_table(draw(page)) == tuple(table)


LONG = (
    ("1", "Greater Bay Area of Guangdong, Hong Kong and Macao", "88.1"),
    ("2", "Ulm", "80.0"),
    ("3", "Metropolitan Region of Rotterdam and The Hague", "71.5"),
    ("4", "Oslo", "60.2"),
    ("5", "Bern", "55.2"),
)


@pytest.mark.parametrize(("place", "padding"), [("top", 8), ("middle", 8), ("top", 0)])
def test_a_wrapped_name_is_one_cell(place: str, padding: float) -> None:
    def page(canvas: Canvas) -> None:
        y = 740.0
        for rank, name, score in LONG:
            end = paragraph(canvas, name, 110, y, 130, 10, 12)
            at = y if place == "top" else (y + end + 12) / 2
            canvas.drawString(60, at, rank)
            canvas.drawRightString(325, at, score)
            y = end - padding

    assert only_table(draw(page)) == LONG


def test_lines_between_rows_say_where_wrapped_cells_end() -> None:
    table = [
        ("Lisbon", "Portugal", "Strong start-up scene, a national computing centre"),
        ("Metropolitan Region of Rotterdam and The Hague", "Netherlands", "Port automation"),
        ("Ulm", "Germany", "Quantum and AI campus; many suppliers"),
        ("Graz", "Austria", "Robotics"),
    ]
    flow = [[Paragraph(text, BODY) for text in row] for row in table]
    style = (("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.grey))
    assert only_table(flowed(flow, *style, widths=(130, 80, 170))) == tuple(table)


def test_shaded_rows_say_where_wrapped_cells_end() -> None:
    flow = [("Rank", "Region", "Score"), *((r, Paragraph(n, BODY), s) for r, n, s in LONG)]
    style = (
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.lightgrey, colors.white]),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    )
    expected = (("Rank", "Region", "Score"), *LONG)
    assert only_table(flowed(flow, *style, widths=(50, 120, 60))) == expected


def test_a_section_heading_is_no_part_of_the_name_above_it() -> None:
    def page(canvas: Canvas) -> None:
        y = 744.0
        for start, heading in ((1, "Europe and the Mediterranean"), (5, "Asia")):
            canvas.drawString(110, y, heading)
            rows(canvas, ranking(4, start), y - 14)
            y -= 5 * 14

    (table,) = read(draw(page)).tables
    assert table.title == "Europe and the Mediterranean"
    assert [row[1] for row in table.rows] == [*CITIES[:4], "Asia", *CITIES[4:8]]


def test_a_rank_between_lines_counts_for_all_rows_between_them() -> None:
    groups = [("1", ["Lisbon"], "9.5"), ("2", ["Ulm", "Bern", "Oslo"], "8.0"),
              ("5", ["Graz", "Lyon"], "7.1")]  # fmt: skip

    def page(canvas: Canvas) -> None:
        y = 740.0
        for rank, names, score in groups:
            canvas.drawString(60, y - 7 * (len(names) - 1), rank)
            for name in names:
                canvas.drawString(110, y, name)
                canvas.drawRightString(325, y, score)
                y -= 14
            canvas.line(50, y + 10, 340, y + 10)
            y -= 4

    expected = tuple((rank, name, score) for rank, names, score in groups for name in names)
    assert only_table(draw(page)) == expected


def test_headings_over_several_columns_and_lines() -> None:
    body = [(str(i), CITIES[i], str(90 - i), str(95 - i), str(i + 7)) for i in range(1, 11)]

    def page(canvas: Canvas) -> None:
        canvas.drawCentredString(340, 774, "AI firms")
        for x, text in ((60, "Rank"), (110, "City"), (300, "2023"), (360, "2024")):
            canvas.drawString(x, 760, text)
        canvas.drawString(420, 760, "Research")
        canvas.drawString(420, 749, "centres")
        rows(canvas, body, 730, at=(78, 110, 322, 382, 450))

    table = only_table(draw(page))
    assert table[0] == ("", "", "AI firms", "AI firms", "")
    assert table[1] == ("Rank", "City", "2023", "2024", "Research centres")
    assert table[2:] == tuple(body)


def test_two_blocks_of_ranks_side_by_side() -> None:
    left, right = ranking(10), ranking(9, 11)
    beside = {"at": (358, 380, 560)}
    same = only_table(plain((left, {}), (right, beside)))
    assert [row[:3] for row in same] == left
    assert [row[3:] for row in same] == [*right, ("", "", "")]
    apart = read(plain((left, {}), (right, {**beside, "y": 739}))).tables
    assert [list(table.rows) for table in apart] == [left, right]


def test_tables_one_above_the_other_keep_their_columns() -> None:
    first, second = ranking(7), ranking(7, 8)
    found = read(plain((first, {}), (second, {"y": 620, "at": (98, 160, 405)}))).tables
    assert [list(table.rows) for table in found] == [first, second]


def test_a_table_goes_on_overleaf_with_the_same_edges() -> None:
    def page(first: int) -> Callable[[Canvas], None]:
        def on(canvas: Canvas) -> None:
            rows(canvas, ranking(40, first))
            canvas.setFont("Helvetica", 8)
            canvas.drawString(60, 40, "City report 2024")
            canvas.drawRightString(500, 40, str(first))

        return on

    one, two = read(draw(page(1), page(41))).tables
    assert [*one.rows, *two.rows] == ranking(80)
    assert (one.page, two.page) == (1, 2)
    assert one.column_edges == pytest.approx(two.column_edges, abs=6)


@pytest.mark.parametrize("leader", ["....", ". "])
def test_leaders_are_left_out(leader: str) -> None:
    def page(canvas: Canvas) -> None:
        for i, (rank, name, score) in enumerate(ranking()):
            rows(canvas, [(rank, name, score)], 744 - 14 * i)
            width = stringWidth(name + " ", "Helvetica", 10)
            canvas.drawString(110 + width, 744 - 14 * i, leader * int((170 - width) / 12))

    assert only_table(draw(page)) == tuple(ranking())


def test_signs_stay_with_their_figures() -> None:
    figures = [(f"{12_345 - i * 777:,}", f"{30 - i}.5") for i in range(10)]
    cells = [(r, n, "$", a, p, "%") for (r, n, _), (a, p) in zip(ranking(10), figures, strict=True)]
    options = {"at": (78, 110, 286, 335, 420, 440)}
    table = only_table(plain((cells, options)))
    assert table[0] == ("1", "Lisbon", "$ 12,345", "30.5 %")


def test_numbers_drawn_in_pieces_are_whole() -> None:
    table = [(str(i + 1), CITIES[i], f"{1_234_567 - i * 54_321:,}") for i in range(12)]
    chance = random.Random(1)

    def page(canvas: Canvas) -> None:
        for i, (rank, name, number) in enumerate(table):
            x, y = 300.0, 744 - 14 * i
            rows(canvas, [(rank, name)], y)
            for digit in number:
                canvas.drawString(x, y, digit)
                x += stringWidth(digit, "Helvetica", 10) + chance.uniform(-0.5, 1.2)

    assert only_table(draw(page)) == tuple(table)


def test_thousands_parted_by_spaces_stay_in_one_cell() -> None:
    table = [(str(i + 1), CITIES[i], f"{12 + i} {100 + i} {500 + i}", f"{i + 1} {400 + i}")
             for i in range(12)]  # fmt: skip
    assert only_table(plain((table, {"at": (78, 110, 325, 400)}))) == tuple(table)


def test_a_footnote_mark_is_no_digit_of_the_figure() -> None:
    def page(canvas: Canvas) -> None:
        for i, row in enumerate(ranking(8)):
            y = 744 - 14 * i
            canvas.setFont("Helvetica", 10)
            rows(canvas, [row], y)
            canvas.setFont("Helvetica", 6)
            canvas.drawString(325.3, y + 3.5, "12")
            canvas.drawString(110.4 + stringWidth(row[1], "Helvetica", 10), y + 3.5, "a")

    table = only_table(draw(page))
    assert [row[:2] for row in table] == [row[:2] for row in ranking(8)]
    assert [row[2] for row in table] == [f"{score}¹²" for _, _, score in ranking(8)]


def test_chinese_names_and_numbers() -> None:
    names = ("北京", "上海", "深圳", "杭州", "呼和浩特", "苏州")
    table = [(str(i + 1), name, f"{90 - i * 2.5:.2f}") for i, name in enumerate(names)]

    def page(canvas: Canvas) -> None:
        canvas.setFont("STSong-Light", 10)
        rows(canvas, [("排名", "城市", "综合得分"), *table])

    assert only_table(draw(page)) == (("排名", "城市", "综合得分"), *table)


# Tables with lines


def test_a_merged_rank_stands_in_each_of_its_rows() -> None:
    data = [["Rank", "City", "Score"], ["1", "Lisbon", "9"], ["2", "Ulm", "8"], ["", "Bern", "8"],
            ["", "Oslo", "8"], ["5", "Graz", "7"]]  # fmt: skip
    (table,) = read(flowed(data, GRID, ("SPAN", (0, 2), (0, 4)))).tables
    assert [row[0] for row in table.rows] == ["Rank", "1", "2", "2", "2", "5"]
    assert table.merged == {(3, 0): (2, 0), (4, 0): (2, 0)}


def test_a_heading_of_two_levels() -> None:
    data = [["Rank", "City", "AI firms", "", "Talent", ""],
            ["", "", "2023", "2024", "2023", "2024"],
            ["1", "Lisbon", "10", "12", "3", "4"]]  # fmt: skip
    spans = [("SPAN", (0, 0), (0, 1)), ("SPAN", (1, 0), (1, 1)), ("SPAN", (2, 0), (3, 0)),
             ("SPAN", (4, 0), (5, 0))]  # fmt: skip
    assert only_table(flowed(data, GRID, *spans)) == (
        ("Rank", "City", "AI firms", "AI firms", "Talent", "Talent"),
        ("Rank", "City", "2023", "2024", "2023", "2024"),
        ("1", "Lisbon", "10", "12", "3", "4"),
    )


def test_several_rows_in_one_ruled_band() -> None:
    data = [["Rank", "Data", "Gaps"], ["1", "Maps\nCrime figures", "0\n0"],
            ["2", "Weather\nfor the\nday\nBudget", "3\n\n\n3"]]  # fmt: skip
    table = only_table(flowed(data, GRID))
    assert table[1:3] == (("1", "Maps", "0"), ("1", "Crime figures", "0"))
    assert [row[0] for row in table[3:]] == ["2", "2"]
    assert table[4][1].endswith("Budget")


def test_wrapped_chinese_has_no_space_and_a_broken_word_is_whole() -> None:
    font = ("FONTNAME", (0, 0), (-1, -1), "STSong-Light")
    data = [["排名", "城市"], ["1", "粤港澳大湾区\n（广东部分）"], ["2", "杭州"], ["3=", "苏州"]]
    assert only_table(flowed(data, GRID, font))[1] == ("1", "粤港澳大湾区（广东部分）")
    narrow = [["5", "GLOBECO\nM", "IEEE Global\nConference"], ["6", "ICC", "IEEE Conference"]]
    width = stringWidth("GLOBECO", "Helvetica", 10) + 12.5
    table = only_table(flowed(narrow, GRID, widths=(30, width, 120)))
    assert table[0] == ("5", "GLOBECOM", "IEEE Global Conference")


def test_headings_above_the_lines_and_text_that_runs_upward() -> None:
    def page(canvas: Canvas) -> None:
        for x in (60, 100, 250, 310):
            canvas.line(x, 740, x, 740 - 18 * 8)
        for k in range(9):
            canvas.line(60, 740 - 18 * k, 310, 740 - 18 * k)
        rows(canvas, ranking(8), 728, 18, at=(90, 106, 300))
        for x, text in ((66, "Rank"), (106, "City"), (256, "Score")):
            canvas.drawString(x, 745, text)

    assert only_table(draw(page)) == (("Rank", "City", "Score"), *ranking(8))
    data = [(name, str(i), str(i * i)) for i, name in enumerate(CITIES[:4])]

    def upward(canvas: Canvas) -> None:
        for x in (40, 140, 170, 200):
            canvas.line(x, 700, x, 558)
        for y in (700, 630, 612, 594, 576, 558):
            canvas.line(40, y, 200, y)
        rows(canvas, data, 618, 18, at=(45, 160, 190), left=(0,))
        for x, text in ((158, "AI firms"), (188, "Talent")):
            canvas.saveState()
            canvas.translate(x, 635)
            canvas.rotate(90)
            canvas.drawString(0, 0, text)
            canvas.restoreState()

    assert only_table(draw(upward))[0] == ("", "AI firms", "Talent")


def test_bars_and_shading_are_no_cells() -> None:
    def page(canvas: Canvas) -> None:
        for i, row in enumerate(ranking()):
            y = 744 - 18 * i
            canvas.setFillGray(0.9)
            canvas.rect(250, y - 3, 100, 12, stroke=0, fill=1)
            canvas.setFillColorRGB(0.2, 0.4, 0.9)
            canvas.rect(250, y - 3, float(row[2]), 12, stroke=0, fill=1)
            canvas.setFillGray(0)
            rows(canvas, [row], y, at=(78, 110, 280))

    assert only_table(draw(page)) == tuple(ranking())

    def marked(canvas: Canvas) -> None:
        canvas.setFillColorRGB(0.8, 0.9, 0.9)
        for i in (1, 2, 5):
            canvas.rect(105, 740 - 14 * i, 120, 14, stroke=0, fill=1)
        canvas.setFillGray(0)
        rows(canvas, ranking())

    assert only_table(draw(marked)) == tuple(ranking())


# Pages


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page(turn: int) -> None:
    document = pdfium.PdfDocument(plain((ranking(), {})))
    document[0].set_rotation(turn)
    buffer = io.BytesIO()
    document.save(buffer)
    assert only_table(buffer.getvalue()) == tuple(ranking())


@pytest.mark.parametrize("ruled", [False, True])
def test_a_page_drawn_sideways(ruled: bool) -> None:
    def page(canvas: Canvas) -> None:
        canvas.translate(595, 0)
        canvas.rotate(90)
        rows(canvas, ranking(8), 500, 18, at=(90, 106, 300))
        if ruled:
            for x in (60, 100, 250, 310):
                canvas.line(x, 512, x, 512 - 18 * 8)
            for k in range(9):
                canvas.line(60, 512 - 18 * k, 310, 512 - 18 * k)

    assert only_table(draw(page)) == tuple(ranking(8))


def test_a_watermark_is_not_read() -> None:
    def page(canvas: Canvas) -> None:
        rows(canvas, ranking())
        canvas.setFillGray(0.8)
        canvas.setFont("Helvetica", 80)
        canvas.translate(100, 500)
        canvas.rotate(40)
        canvas.drawString(0, 0, "DRAFT")

    assert only_table(draw(page)) == tuple(ranking())


# Prose


def test_a_table_beside_prose() -> None:
    def page(canvas: Canvas) -> None:
        paragraph(canvas, PROSE, 50, 740, 200)
        rows(canvas, ranking(16), 737, 14.3, at=(318, 340, 505))

    found = read(draw(page))
    assert [list(table.rows) for table in found.tables] == [ranking(16)]
    assert "who used the service in the last month, and by the number" in found.passages[0].text


def test_a_table_below_two_columns_of_prose_and_above_one() -> None:
    def page(canvas: Canvas) -> None:
        paragraph(canvas, PROSE, 50, 760, 235)
        paragraph(canvas, "Another column begins here. " + PROSE, 310, 760, 235)
        canvas.setFont("Helvetica-Bold", 10)
        canvas.drawString(60, 425, "Table 3. Cities by score")
        canvas.setFont("Helvetica", 10)
        rows(canvas, [("Rank", "City", "Score"), *ranking()], 405, 13)
        paragraph(canvas, PROSE, 50, 200, 500)

    found = read(draw(page))
    (table,) = found.tables
    assert list(table.rows) == [("Rank", "City", "Score"), *ranking()]
    assert table.title == "Table 3. Cities by score"
    assert table.where == "page 1, table 1"
    text = found.passages[0].text
    assert text.index("certain than those") < text.index("Another column begins here.")
    assert "less certain than those for larger ones. The ranking compares" in text


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_prose_alone_is_no_table(columns: int) -> None:
    def page(canvas: Canvas) -> None:
        width = 520 / columns
        for k in range(columns):
            paragraph(canvas, PROSE[k * 40 :], 40 + k * width, 760, width - 18)

    found = read(draw(page))
    assert found.tables == ()
    assert found.passages[0].text.count("less certain than those for larger ones.") >= 5 * columns


def test_figures_in_prose_are_no_table() -> None:
    lines = (
        "In 2023 the number of firms grew by 12.5 per cent to 1,234, and",
        "the share of cities with more than 100 of them rose to 17 per",
        "cent, of which 5 are in Europe. Results for the others stand in",
        "the annex, with intervals of 95 per cent.",
    )

    def page(canvas: Canvas) -> None:
        for k in range(12):
            canvas.drawString(60, 740 - 12 * k, lines[k % 4])

    assert read(draw(page)).tables == ()


# Documents that can't be read


def test_an_owners_password_is_no_hindrance_and_a_users_is() -> None:
    def page(canvas: Canvas) -> None:
        rows(canvas, ranking())

    owner = draw(page, encrypt=StandardEncryption("", ownerPassword="secret", canCopy=0))
    assert only_table(owner) == tuple(ranking())
    with pytest.raises(ReadingError, match="locked by a password"):
        read(draw(page, encrypt=StandardEncryption("user", ownerPassword="secret")))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\0" * 100, "empty"),
        (b"%PDF-1.7\nnothing of the kind", "damaged"),
        (b"<html>not found</html>", "no PDF"),
    ],
)
def test_what_is_no_pdf_is_said_in_one_line(data: bytes, reason: str) -> None:
    with pytest.raises(ReadingError, match=reason) as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_a_truncated_pdf_is_read_as_far_as_it_goes_or_refused() -> None:
    data = plain((ranking(), {}))
    for share in (0.2, 0.5, 0.8, 0.97):
        try:
            found = read(data[: int(len(data) * share)])
        except ReadingError as error:
            assert "damaged" in str(error)
        else:
            assert all(set(table.rows) <= set(ranking()) for table in found.tables)


def test_too_many_pages_or_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    data = draw(*[lambda canvas: canvas.drawString(60, 700, "A page of text")] * 3)
    monkeypatch.setattr("ingest.reading.pdf.MAX_PAGES", 2)
    with pytest.raises(ReadingError, match="3 pages, more than the 2"):
        read(data)
    monkeypatch.setattr("ingest.reading.pdf.MAX_PAGES", 10)
    monkeypatch.setattr("ingest.reading.pdf.MAX_CHARACTERS", 20)
    with pytest.raises(ReadingError, match="more than 20 characters"):
        read(data)


def test_a_page_without_text_is_noted() -> None:
    def page(canvas: Canvas) -> None:
        image = pdfium.PdfDocument(plain((ranking(), {})))[0].render(scale=0.5).to_pil()
        canvas.drawInlineImage(image, 0, 0, 595, 842)

    found = read(draw(lambda canvas: rows(canvas, ranking()), page))
    assert len(found.tables) == 1
    assert found.notes == ("page 2 has no text layer: install the OCR extra with make setup-ocr",)


def test_an_empty_page_needs_no_note() -> None:
    found = read(draw(lambda canvas: None, lambda canvas: rows(canvas, ranking())))
    assert found.notes == ()
    assert [table.page for table in found.tables] == [2]


# Real documents


@pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="no ../shared/documents beside the project")
@pytest.mark.parametrize(
    "name", sorted(p.stem for p in DOCUMENTS.glob("*.pdf") if "scan" not in p.stem)
)
def test_rows_of_real_documents(name: str) -> None:
    truth = json.loads((DOCUMENTS / "truth" / f"{name}.json").read_text(encoding="utf-8"))
    expected = [row for table in truth["tables"] for row in table["rows"]]
    pages = sorted({row["page"] for row in expected})[:: 1 if len(expected) < 2000 else 8]
    some = pdfium.PdfDocument.new()
    some.import_pages(pdfium.PdfDocument(DOCUMENTS / f"{name}.pdf"), [p - 1 for p in pages])
    buffer = io.BytesIO()
    some.save(buffer)
    found: dict[int, list[set[str]]] = {page: [] for page in pages}
    for table in read(buffer.getvalue()).tables:
        found[pages[(table.page or 1) - 1]] += [set(row) for row in table.rows]
    keys = ("entity_as_printed", "rank_as_printed", "score_as_printed")
    missed = []
    for row in expected:
        wanted = {re.sub(r"\s+", " ", row[key]).strip() for key in keys if row.get(key)}
        if row["page"] in found and not any(wanted <= cells for cells in found[row["page"]]):
            missed.append((row["page"], wanted))
    assert missed == []
