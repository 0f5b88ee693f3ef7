"""Tables of PDFs as browsers and office programs print them: narrow gaps, stripes, merged ranks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from ingest.reading import pdf
from ingest.reading.content import Table
from ingest.tables.rankings import Ranking, find_rankings
from tests.ingest.pdf_drawing import draw

Row = tuple[str, int | None, float | None]
CHINESE = (
    "开封市", "北京市", "宜昌市", "潍坊市", "呼和浩特市", "百色市", "宿迁市", "忻州市", "平顶山市",
    "苏州市", "中卫市", "淮安市", "德州市", "张掖市",
)  # fmt: skip


def tables(data: bytes) -> tuple[Table, ...]:
    return pdf.content(data).tables


def only_rows(data: bytes) -> tuple[tuple[str, ...], ...]:
    (table,) = tables(data)
    return table.rows


def rankings(data: bytes) -> list[Ranking]:
    return find_rankings(pdf.content(data))


def rows(ranking: Ranking) -> list[Row]:
    return [(r.entity, r.rank, None if r.score is None else float(r.score)) for r in ranking.rows]


def scores(count: int) -> list[str]:
    return [f"{95.5 - 2.3 * i:.1f}" for i in range(count)]


def centred(canvas: Canvas, text: str, left: float, right: float, y: float) -> None:
    canvas.drawCentredString((left + right) / 2, y, text)


# ---------------------------------------------------------------- gaps
def test_a_number_set_flush_against_a_name_is_a_column_of_its_own() -> None:
    expected = [("位次", "城市", "指数")]
    expected += [
        (str(i), n, s) for i, (n, s) in enumerate(zip(CHINESE, scores(14), strict=True), 1)
    ]

    def page(canvas: Canvas) -> None:
        canvas.setFont("STSong-Light", 11)
        for i, (rank, name, score) in enumerate(expected):
            y = 740 - 15 * i
            if i == 0:
                canvas.drawString(55, y, rank)
            else:
                canvas.drawRightString(112.7, y, rank)
            canvas.drawString(114.7, y, name)
            canvas.drawRightString(232, y, score)

    assert only_rows(draw(page)) == tuple(expected)


def test_figures_a_space_apart_are_columns_where_they_are_flush() -> None:
    body = [
        (str(20 + i), f"City {chr(65 + i)}", f"{683577 - 9876 * i:,}", f"{649121 - 5432 * i:,}",
         f"{5.31 + 0.37 * i:+.2f}%")
        for i in range(14)
    ]  # fmt: skip

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 8)
        for i, row in enumerate(body):
            y = 740 - 13 * i
            canvas.drawString(38, y, row[0])
            canvas.drawString(52, y, row[1])
            for x, text in zip((225, 260), row[2:4], strict=True):
                canvas.drawRightString(x, y, text)
            width = pdfmetrics.stringWidth("+10.00%", "Helvetica", 8)
            canvas.drawRightString(260 + 2 + width, y, row[4])

    assert only_rows(draw(page)) == tuple(body)


def test_a_heading_of_two_words_does_not_part_a_column() -> None:
    body = [(f"City {chr(65 + i)}", str(901 - 31 * i), f"{12.5 - 0.3 * i:.1f}") for i in range(40)]

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(60, 755, "City")
        canvas.drawString(160, 755, "Built-up area, in square")
        canvas.drawRightString(330, 755, "Share")
        for i, (name, area, share) in enumerate(body):
            y = 740 - 14 * i
            canvas.drawString(60, y, name)
            canvas.drawRightString(180, y, area)
            canvas.drawRightString(330, y, share)

    (table,) = tables(draw(page))
    assert table.rows[1:] == tuple(body)


def test_characters_of_a_fallback_font_leave_no_space_in_a_name() -> None:
    def page(canvas: Canvas) -> None:
        canvas.setFont("STSong-Light", 12)
        for i, (name, score) in enumerate(zip(CHINESE, scores(14), strict=True)):
            y = 740 - 18 * i
            canvas.drawString(60, y, name[0])
            canvas.drawString(60 + 12 + 3.5, y, name[1:])
            canvas.drawRightString(232, y, score)

    assert [row[0] for row in only_rows(draw(page))] == list(CHINESE)


# ---------------------------------------------------------------- rows
def test_a_name_on_three_lines_round_the_line_of_its_figures() -> None:
    names = ["Bern", "Boulder", "Chennai", ("Utrecht und umliegende", "Gemeinden der", "Region"),
             "Lille", "Osaka", ("San Jose und", "umliegende Orte", "der Region"),
             "Dallas"]  # fmt: skip
    values = scores(len(names))

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        y = 740.0
        for i, (name, value) in enumerate(zip(names, values, strict=True)):
            lines = [name] if isinstance(name, str) else list(name)
            for k, line in enumerate(lines):
                canvas.drawString(72, y - 18 * k, line)
            middle = y - 18 * (len(lines) - 1) / 2
            canvas.drawString(36, middle, f"{i + 1}.")
            canvas.drawRightString(362, middle, value)
            y -= 18 * (len(lines) - 1) + 21

    joined = [n if isinstance(n, str) else " ".join(n) for n in names]
    assert [row[1] for row in only_rows(draw(page))] == joined


def test_lines_below_rows_but_not_below_the_headings() -> None:
    body = [
        (str(i + 1), name, score)
        for i, (name, score) in enumerate(
            zip(("San Diego", "Brasilia", "Riga", "Nice", "Abuja", "Genoa"), scores(6), strict=True)
        )
    ]

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        for x, text in ((40, "Rank"), (100, "City"), (240, "Score")):
            canvas.drawString(x, 740, text)
        for i, (rank, name, score) in enumerate(body):
            y = 716 - 24 * i
            canvas.drawString(40, y, rank)
            canvas.drawString(100, y, name)
            canvas.drawString(240, y, score)
            canvas.line(34, y - 8, 290, y - 8)

    assert only_rows(draw(page)) == (("Rank", "City", "Score"), *body)


def test_a_name_on_more_lines_than_end_a_table() -> None:
    long = ("Washington y su", "zona", "metropolitana", "con todos los", "municipios", "vecinos")
    names = [("Lyon",), ("Ulm",), long, ("Graz",), ("Oslo",), ("Porto",)]

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 11)
        y = 740.0
        for i, (lines, score) in enumerate(zip(names, scores(6), strict=True)):
            canvas.line(85, y + 11, 400, y + 11)
            canvas.drawString(90, y, str(i + 1))
            canvas.drawString(306, y, score)
            for k, line in enumerate(lines):
                canvas.drawString(198, y - 12.8 * k, line)
            y -= 12.8 * (len(lines) - 1) + 16
        canvas.line(85, y + 11, 400, y + 11)

    assert [row[1] for row in only_rows(draw(page))] == [" ".join(lines) for lines in names]


# ---------------------------------------------------------------- stripes
EDGES = (34.0, 73.0, 172.0, 326.0, 401.0)
TIED = [("1", 1), ("2", 1), ("3", 1), ("4", 2), ("6", 1), ("7", 2), ("9", 1), ("10", 2), ("12", 1)]


def striped(canvas: Canvas, first: int) -> list[tuple[str, ...]]:
    """Every other row shaded cell by cell, a rank over its ties; what the table says."""
    canvas.setFont("STSong-Light", 12)
    said: list[tuple[str, ...]] = [("排名", "城市", "省份", "得分")]
    number = 0
    for rank, count in TIED:
        for i in range(count):
            said.append(
                (
                    rank,
                    CHINESE[number],
                    "广西壮族自治区"[: 3 + number % 5],
                    f"{80 - 2 * len(said)}.5",
                )
            )
            top = 700.0 - 24 * number
            if number % 2 == first:
                canvas.setFillColorRGB(0.93, 0.93, 1)
                for column in range(4):
                    height = 24 * (count if column == 0 else 1)
                    if column or i == 0:
                        canvas.rect(EDGES[column], top - height, EDGES[column + 1] - EDGES[column],
                                    height, stroke=0, fill=1)  # fmt: skip
            number += 1
    number = 0
    canvas.setFillGray(0)
    for column, text in enumerate(said[0]):
        centred(canvas, text, EDGES[column], EDGES[column + 1], 707)
    for rank, count in TIED:
        centred(canvas, rank, EDGES[0], EDGES[1], 683 - 24 * number - 12 * (count - 1))
        for _ in range(count):
            for column in (1, 2, 3):
                text = said[1 + number][column]
                centred(canvas, text, EDGES[column], EDGES[column + 1], 683 - 24 * number)
            number += 1
    return said


def test_stripes_are_rows_of_one_table_whichever_row_is_shaded() -> None:
    for first in (0, 1):
        said: list[Sequence[str]] = []
        data = draw(lambda canvas, first=first, said=said: said.extend(striped(canvas, first)))  # type: ignore[misc]
        assert only_rows(data) == tuple(map(tuple, said))


# ---------------------------------------------------------------- headings, names above figures
def test_headings_centred_over_columns_set_right() -> None:
    expected = [("城市", "企业数", "增速（%）")]
    expected += [
        (name, f"{9986 - 432 * i:,}", f"{13.4 - i:+.1f}") for i, name in enumerate(CHINESE)
    ]

    def page(canvas: Canvas) -> None:
        canvas.setFont("STSong-Light", 12)
        for (left, right), text in zip(
            ((54, 118), (140, 230), (234, 358)), expected[0], strict=True
        ):
            centred(canvas, text, left, right, 740)
        for i, (name, number, growth) in enumerate(expected[1:]):
            y = 720 - 20 * i
            canvas.drawString(36, y, name)
            canvas.drawRightString(231, y, number)
            canvas.drawRightString(358, y, growth)

    assert only_rows(draw(page)) == tuple(expected)


def test_a_name_above_and_its_country_below_the_line_of_rank_and_score() -> None:
    names = (("Belfast", "GB"), ("Kuala Lumpur", "MY"), ("Palermo", "IT"), ("Fremont", "US"),
             ("Gothenburg", "SE"), ("Novosibirsk", "RU"))  # fmt: skip

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        for x, text in ((44, "Rank"), (151, "City"), (440, "Score")):
            canvas.drawString(x, 740, text)
        for i, ((name, country), score) in enumerate(zip(names, scores(6), strict=True)):
            y = 705 - 43 * i
            canvas.setFillColorRGB(0.3, 0.5, 0.8)
            canvas.rect(245, y, 140 - 9 * i, 7, stroke=0, fill=1)
            canvas.setFillGray(0)
            canvas.setFont("Helvetica", 12)
            canvas.drawString(37, y, str(i + 1))
            canvas.drawString(100, y + 9, name)
            canvas.drawRightString(457, y, score)
            canvas.setFont("Helvetica", 10)
            canvas.drawString(87, y - 9, country)

    expected = [("Rank", "City", "Score")]
    expected += [
        (str(i), " ".join(name), score)
        for i, (name, score) in enumerate(zip(names, scores(6), strict=True), 1)
    ]
    assert only_rows(draw(page)) == tuple(expected)


def test_a_rank_in_the_middle_of_its_ties_without_lines() -> None:
    groups = (("1", 2), ("3", 4), ("7", 1), ("8", 3), ("11", 2))
    expected = [("Rank", "City", "Score")]

    def page(canvas: Canvas) -> None:
        canvas.setFont("STSong-Light", 12)
        for x, text in zip((36, 80, 180), expected[0], strict=True):
            canvas.drawString(x, 760, text)
        number = 0
        for rank, count in groups:
            y = 740 - 20 * number
            canvas.drawRightString(54, y - 10 * (count - 1), rank)
            for i in range(count):
                canvas.drawString(80, y - 20 * i, CHINESE[number])
                canvas.drawRightString(206, y - 20 * i, str(69 - int(rank)))
                expected.append((rank, CHINESE[number], str(69 - int(rank))))
                number += 1

    data = draw(page)
    assert only_rows(data) == tuple(expected)


def test_a_blank_is_no_tie_where_a_rank_does_not_stand_in_the_middle() -> None:
    body = [("1", "Lyon"), ("", "Ulm"), ("2", "Bern"), ("3", "Oslo"), ("", "Graz"), ("4", "Porto")]

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        for i, (rank, name) in enumerate(body):
            canvas.drawRightString(54, 740 - 20 * i, rank)
            canvas.drawString(80, 740 - 20 * i, name)
            canvas.drawRightString(206, 740 - 20 * i, str(90 - i))

    assert [row[0] for row in only_rows(draw(page))] == [rank for rank, _ in body]


def test_stripes_with_names_wrapped_between_them() -> None:
    """Cells at the top of their rows, as browsers print them."""
    names = [["Auckland"], ["Fort Worth"], ["Luanda e municípios", "vizinhos da região"], ["Cali"],
             ["Tampa"], ["Menlo Park"], ["Sapporo e municípios", "vizinhos"], ["Ghent"],
             ["La Paz e municípios", "vizinhos da região"]]  # fmt: skip
    edges = (34, 90, 256, 340)

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        y = 700.0
        for x, text in zip((45, 140, 300), ("Posição", "Cidade", "Nota"), strict=True):
            canvas.drawString(x, y + 8, text)
        for i, (lines, score) in enumerate(zip(names, scores(9), strict=True)):
            height = 24 + 18 * (len(lines) - 1)
            if i % 2:
                canvas.setFillGray(0.93)
                for left, right in pairwise(edges):
                    canvas.rect(left, y - height, right - left, height, stroke=0, fill=1)
                canvas.setFillGray(0)
            canvas.drawString(40, y - 17, f"{i + 1}º")
            canvas.drawRightString(333, y - 17, score.replace(".", ","))
            for k, line in enumerate(lines):
                canvas.drawString(96, y - 17 - 18 * k, line)
            y -= height
        canvas.drawString(34, y - 40, "Fonte: elaboração própria com dados de todos os municípios")

    expected = [("Posição", "Cidade", "Nota")]
    expected += [
        (f"{i}º", " ".join(lines), score.replace(".", ","))
        for i, (lines, score) in enumerate(zip(names, scores(9), strict=True), 1)
    ]
    assert only_rows(draw(page)) == tuple(expected)


def test_lines_down_the_page_part_columns_however_near() -> None:
    body = [("32", "Minneapolis", "23,95"), ("33", "Gdansk", "22,40"), ("34", "Nice", "20,70")]

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        for i, (rank, name, score) in enumerate(body):
            y = 740 - 20 * i
            canvas.drawString(40, y, rank)
            canvas.drawString(66, y, name)
            canvas.drawRightString(165, y, score)
        for x in (36, 60, 132.9, 176):
            canvas.line(x, 752, x, 694)

    assert only_rows(draw(page)) == tuple(body)


# ---------------------------------------------------------------- letters
def test_slanted_letters_are_upright_text() -> None:
    def page(canvas: Canvas) -> None:
        for i, score in enumerate(scores(8)):
            canvas.drawString(60, 700 - 18 * i, str(i + 1))
            canvas.drawString(100, 700 - 18 * i, f"City of {'ABCDEFGH'[i]}ton")
            text = canvas.beginText()
            text.setTextTransform(1, 0, 0.25, 1, 260, 700 - 18 * i)
            text.textOut(score)
            canvas.drawText(text)

    (table,) = tables(draw(page))
    assert [row[-1] for row in table.rows] == scores(8)


# ---------------------------------------------------------------- lists
def listed(items: Sequence[str]) -> bytes:
    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        for i, item in enumerate(items):
            canvas.drawRightString(63.3, 740 - 20 * i, f"{i + 1}.")
            canvas.drawString(66, 740 - 20 * i, item)

    return draw(page)


def test_a_numbered_list_whose_items_end_in_figures() -> None:
    names = ("Miami", "Daegu", "São Paulo", "Ho Chi Minh City", "Nagoya", "Puebla")
    items = [f"{name} - {score}" for name, score in zip(names, scores(6), strict=True)]
    (found,) = rankings(listed(items))
    assert rows(found) == [
        (name, i, float(s)) for i, (name, s) in enumerate(zip(names, scores(6), strict=True), 1)
    ]


def test_a_table_of_contents_is_no_ranking() -> None:
    chapters = ("Introduction", "Method", "Results", "Discussion", "Outlook", "Annex")
    assert rankings(listed([f"{c} {3 + 4 * i}" for i, c in enumerate(chapters)])) == []
    sentences = [f"{c} says nothing of a figure at its end" for c in chapters]
    assert rankings(listed(sentences)) == []
