"""PDF: tables and running text of each page, from its text layer or else through OCR."""

from __future__ import annotations

from dataclasses import replace

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from ingest.reading.content import Content, Passage, ReadingError, Table
from ingest.reading.pdf_lines import lines_of
from ingest.reading.pdf_page import Page, read_page
from ingest.reading.pdf_tables import find, titled
from ingest.reading.pdf_text import running_text

MAX_PAGES = 2_000
MAX_CHARACTERS = 20_000_000
MAX_PAGE_CHARACTERS = 200_000


def content(data: bytes) -> Content:
    """Tables and text of a PDF, page by page.

    Raises ReadingError for a file that is empty, damaged, locked by a password, or larger than
    what is read. Pages without a text layer are named in ``notes``.
    """
    if not data.strip(b"\0 \r\n\t"):
        raise ReadingError("the PDF is empty")
    try:
        document = pdfium.PdfDocument(data)
        pages = len(document)
    except pdfium.PdfiumError as error:
        raise ReadingError(_reason(error)) from error
    try:
        if pages == 0:
            raise ReadingError("the PDF has no pages")
        if pages > MAX_PAGES:
            raise ReadingError(f"the PDF has {pages:,} pages, more than the {MAX_PAGES:,} read")
        title = document.get_metadata_value("Title").strip()
        tables: list[Table] = []
        passages: list[Passage] = []
        notes: list[str] = []
        budget = MAX_CHARACTERS
        for index in range(pages):
            page = read_page(document, index, MAX_PAGE_CHARACTERS)
            budget -= page.characters
            if budget < 0:
                raise ReadingError(f"the PDF has more than {MAX_CHARACTERS:,} characters")
            if not page.words:
                notes.append(
                    f"page {page.number} has no text layer: "
                    "install the OCR extra with make setup-ocr"
                )
                continue
            some, passage = read_layout(page)
            tables += some
            passages.append(passage)
    finally:
        document.close()
    return Content("pdf", tuple(tables), tuple(passages), title, tuple(notes))


def read_layout(page: Page) -> tuple[list[Table], Passage]:
    """Tables and running text of a page of words, wherever the words come from."""
    found = find(page)
    inside = {id(word) for item in found for word in item.words}
    outside = lines_of([w for w in page.words if w.upright and id(w) not in inside])
    titles = titled(found, outside)
    tables = [
        replace(item.table, where=f"page {page.number}, table {i + 1}", title=title)
        for i, (item, title) in enumerate(zip(found, titles, strict=True))
    ]
    return tables, Passage(f"page {page.number}", running_text(page))


def _reason(error: pdfium.PdfiumError) -> str:
    code = getattr(error, "err_code", None)
    if code == raw.FPDF_ERR_PASSWORD:
        return "the PDF is locked by a password: store a copy without one"
    if code == raw.FPDF_ERR_SECURITY:
        return "the PDF is encrypted in a way that can't be opened: store a copy without encryption"
    return "the PDF is damaged, or is no PDF: fetch it again"
