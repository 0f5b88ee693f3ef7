"""Scanned pages: the same tables as from a text layer, each cell with its confidence."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable

import pypdfium2 as pdfium
import pytest
from pdf_drawing import GRID, flowed, paragraph, ranking, rows
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from ingest.reading import bounded, ocr, read
from ingest.reading.pdf import content

pytestmark = pytest.mark.skipif(
    not ocr.available(), reason="the OCR extra is not installed: make setup-ocr"
)


def picture(page: Callable[[Canvas], None] | bytes, box: tuple[int, int, int, int]) -> Image.Image:
    """Part of a page as a scanner sees it, at 150 dots per inch; ``box`` is in points."""
    if not isinstance(page, bytes):
        buffer = io.BytesIO()
        canvas = Canvas(buffer)
        canvas.setFont("Helvetica", 10)
        page(canvas)
        canvas.save()
        page = buffer.getvalue()
    scale = 150 / 72
    image = pdfium.PdfDocument(page)[0].render(scale=scale).to_pil()
    return image.crop(tuple(round(at * scale) for at in box))


def scan(*images: Image.Image, over: Callable[[Canvas], None] | None = None) -> bytes:
    """A PDF whose pages are pictures, with whatever ``over`` draws on each."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for image in images:
        size = (image.width * 72 / 150, image.height * 72 / 150)
        canvas.setPageSize(size)
        canvas.drawInlineImage(image, 0, 0, *size)
        if over is not None:
            over(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("OCR asks the network for something")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    ocr._engine.cache_clear()


def test_a_scanned_table_is_read_offline_and_says_how_sure_it_is(offline: None) -> None:
    def page(canvas: Canvas) -> None:
        rows(canvas, [("Rank", "City", "Score"), *ranking(8)])
        paragraph(canvas, "Scores are means of three years. Each counts for a third.", 60, 600, 200)

    found = content(scan(picture(page, (40, 80, 370, 270))))
    (table,) = found.tables
    assert list(table.rows) == [("Rank", "City", "Score"), *ranking(8)]
    assert len(table.confidence) == 27
    assert all(0.5 < sure <= 1 for sure in table.confidence.values())
    assert found.notes == ("page 1 has no text layer: read by OCR",)
    (passage,) = found.passages
    assert passage.confidence is not None
    assert "means of three years. Each counts for a third." in passage.text


def test_lines_and_merged_cells_of_a_scan_that_lies_askew() -> None:
    data = [["Rank", "City", "Score"], ["1", "Lisbon", "95.1"], ["2", "Ulm", "80.2"],
            ["", "Bern", "80.2"], ["", "Oslo", "80.2"], ["5", "Graz", "70.5"]]  # fmt: skip
    page = flowed(data, GRID, ("SPAN", (0, 2), (0, 4)), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"))
    straight = picture(page, (200, 60, 400, 200))
    assert [row[0] for row in content(scan(straight)).tables[0].rows] == [
        "Rank", "1", "2", "2", "2", "5",
    ]  # fmt: skip

    def plain(canvas: Canvas) -> None:
        rows(canvas, ranking(8))

    askew = picture(plain, (40, 70, 370, 230)).rotate(1.5, fillcolor="white", expand=True)
    (table,) = read(scan(askew)).tables  # in its process, which only plain numbers leave
    assert list(table.rows) == ranking(8)


def boxed(canvas: Canvas) -> None:
    """A ranking whose ranks are light figures in dark boxes, beside one that has none."""
    canvas.rect(330, 600, 20, 16, stroke=0, fill=1)
    for i, (rank, name, score) in enumerate(ranking(8, 11)):
        y = 744 - 18 * i
        canvas.setFillGray(0.2)
        canvas.rect(60, y - 4, 18, 15, stroke=0, fill=1)
        canvas.setFillGray(1)
        canvas.drawCentredString(69, y, rank)
        canvas.setFillGray(0)
        rows(canvas, [("", name, score)], y)


def test_light_figures_in_dark_boxes_and_a_page_behind_them() -> None:
    second = picture(lambda canvas: rows(canvas, ranking(8)), (40, 80, 370, 250))
    first, behind = content(scan(picture(boxed, (40, 80, 370, 250)), second)).tables
    assert list(first.rows) == ranking(8, 11)
    assert list(behind.rows) == ranking(8)


def test_a_scan_on_its_side() -> None:
    image = picture(lambda canvas: rows(canvas, ranking(8)), (40, 80, 370, 220))
    (table,) = content(scan(image.transpose(Image.Transpose.ROTATE_90))).tables
    assert list(table.rows) == ranking(8)


def test_a_text_layer_behind_a_picture_is_not_trusted() -> None:
    def layer(canvas: Canvas) -> None:
        text = canvas.beginText(20, 100)
        text.setTextRenderMode(3)
        for rank, name, score in ranking(8):
            text.textLine(f"{rank} {name[::-1]} {score}0")
        canvas.drawText(text)

    data = scan(picture(lambda canvas: rows(canvas, ranking(8)), (40, 80, 370, 220)), over=layer)
    (table,) = content(data).tables
    assert list(table.rows) == ranking(8)
    (note,) = content(data, use_ocr=False).notes
    assert "the text behind it was made by some program for OCR" in note


def test_pages_beyond_the_limit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "MAX_PAGES", 0)
    data = scan(picture(lambda canvas: rows(canvas, ranking(8)), (40, 80, 370, 220)))
    found = content(data)
    assert found.tables == ()
    assert found.notes[0].startswith("page 1 has no text layer: left out, after 0 pages")


def test_a_scan_is_recognised_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    data = scan(picture(lambda canvas: rows(canvas, ranking(8)), (40, 80, 370, 220)))
    first = read(data, "scan.pdf")
    monkeypatch.setattr(bounded, "run", lambda *_, **__: pytest.fail("it is read again"))
    assert read(data, "of another name") == first
    assert first.passages[0].confidence is not None
