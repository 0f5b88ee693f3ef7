"""Small PDFs, drawn for the tests of reading."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))

CITIES = (
    "Lisbon", "Rio de Janeiro", "New York, NY-NJ-CT", "Ulm", "Ho Chi Minh City", "São Paulo",
    "Bern", "Washington, DC-VA-MD", "Xi'an", "Lyon", "Ankara", "The Hague", "Quito", "Abidjan",
    "Kuala Lumpur", "Oslo", "St. Louis, MO-IL", "Graz", "Porto", "Zaragoza",
)  # fmt: skip
PROSE = (
    "The ranking compares cities by the share of residents who used the service in the last "
    "month, and by the number of firms that offer it. Results for smaller cities are less "
    "certain than those for larger ones. "
) * 6
GRID = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)


def ranking(count: int = 12, first: int = 1) -> list[tuple[str, ...]]:
    return [
        (str(i), CITIES[(i - 1) % len(CITIES)], f"{99 - 1.3 * i:.1f}")
        for i in range(first, first + count)
    ]


def draw(*pages: Callable[[Canvas], object], encrypt: object = None) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, encrypt=encrypt)
    for page in pages:
        canvas.setFont("Helvetica", 10)
        page(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def rows(
    canvas: Canvas,
    table: Sequence[Sequence[str]],
    y: float = 744,
    step: float = 14,
    at: Sequence[float] = (78, 110, 325),
    left: Sequence[int] = (1,),
) -> None:
    """Cells of each row from the top, flush right at ``at``, or flush left where in ``left``."""
    for row in table:
        for column, text in enumerate(row):
            if column in left:
                canvas.drawString(at[column], y, text)
            else:
                canvas.drawRightString(at[column], y, text)
        y -= step


def paragraph(
    canvas: Canvas, text: str, x: float, y: float, width: float, size: float = 9, lead: float = 11
) -> float:
    """Draw wrapped lines; the height of the next one."""
    canvas.setFont("Helvetica", size)
    for line in simpleSplit(text, "Helvetica", size, width):
        canvas.drawString(x, y, line)
        y -= lead
    return y


def flowed(
    data: Sequence[Sequence[object]],
    *style: Sequence[object],
    widths: Sequence[float] | None = None,
) -> bytes:
    """A table laid out by reportlab."""
    buffer = io.BytesIO()
    table = Table([list(row) for row in data], colWidths=widths, style=TableStyle(list(style)))
    SimpleDocTemplate(buffer).build([table])
    return buffer.getvalue()
