"""PDF: tables and running text of each page, from its text layer or else through OCR."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from ingest.reading import ocr
from ingest.reading.content import Content, Passage, ReadingError, Table
from ingest.reading.pdf_lines import lines_of
from ingest.reading.pdf_page import Page
from ingest.reading.pdf_tables import find, titled
from ingest.reading.pdf_text import running_text
from ingest.reading.pdf_words import read_page

NO_TEXT = "has no text layer"
NO_LETTERS = "has a text layer without letters"
HIDDEN = "is a picture, and the text behind it was made by some program for OCR"
MAX_PAGES = 2_000
MAX_CHARACTERS = 20_000_000
MAX_PAGE_CHARACTERS = 200_000


def content(data: bytes, *, use_ocr: bool = True) -> Content:
    """Tables and text of a PDF, page by page.

    Pages without a text layer are read by OCR, where that is installed and wanted; ``notes``
    name each of them.

    Raises ReadingError for a file that is empty, damaged, locked by a password, or larger than
    what is read.
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
        scanned = 0
        can_scan = use_ocr and ocr.available()
        remedy = "install the OCR extra with make setup-ocr"
        if can_scan:
            remedy = f"left out, after {ocr.MAX_PAGES} pages read by OCR: split it"
        for index in range(pages):
            page = read_page(document, index, MAX_PAGE_CHARACTERS)
            budget -= page.characters
            if budget < 0:
                raise ReadingError(f"the PDF has more than {MAX_CHARACTERS:,} characters")
            lack = _lack(page)
            if lack and can_scan and scanned < ocr.MAX_PAGES:
                page = ocr.read_page(document, index, page)
                scanned += 1
                notes.append(f"page {page.number} {lack}: read by OCR")
            elif lack:
                notes.append(f"page {page.number} {lack}: {remedy}")
                if lack in (NO_TEXT, NO_LETTERS):
                    continue
            if not page.words:
                continue
            some, passage = read_layout(page)
            tables += some
            passages.append(passage)
    finally:
        document.close()
    return Content("pdf", tuple(tables), tuple(passages), title, tuple(notes))


def _lack(page: Page) -> str:
    """Why the text layer of a page is none to rely on, or nothing."""
    if page.characters == 0:
        return NO_TEXT if page.picture > 0.02 or page.drawn > 50 else ""
    if page.unreadable > 0.3 * page.characters:
        return NO_LETTERS
    if page.picture > 0.5 and page.characters < 60:
        return "is a picture with hardly any text layer"
    if page.picture > 0.5 and page.hidden > 0.5 * page.characters:
        return HIDDEN
    return ""


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
    sure = [word.confidence for word in page.words if word.confidence is not None]
    confidence = round(fmean(sure), 4) if sure else None
    return tables, Passage(f"page {page.number}", running_text(page, found), confidence)


def _reason(error: pdfium.PdfiumError) -> str:
    code = getattr(error, "err_code", None)
    if code == raw.FPDF_ERR_PASSWORD:
        return "the PDF is locked by a password: store a copy without one"
    if code == raw.FPDF_ERR_SECURITY:
        return "the PDF is encrypted in a way that can't be opened: store a copy without encryption"
    return "the PDF is damaged, or is no PDF: fetch it again"
