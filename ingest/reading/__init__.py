"""Documents of any form to tables and text. Knows nothing of cards, cities or facts."""

from __future__ import annotations

import hashlib

from ingest.reading import bounded
from ingest.reading.bounded import Limits
from ingest.reading.content import Content, Passage, ReadingError, Table
from ingest.reading.forms import may_be_scanned, recognise

__all__ = [
    "Content",
    "Limits",
    "Passage",
    "ReadingError",
    "Table",
    "read",
    "recognise",
    "tables_matching",
]


REMEMBERED = 8
"""Documents of scanned pages whose content a process keeps: to propose, parse and check quotes
is to read them several times, and OCR takes seconds for each page."""
_recognised: dict[tuple[bytes, str | None], Content] = {}


def read(
    data: bytes, name: str = "", *, member: str | None = None, limits: Limits | None = None
) -> Content:
    """Everything that a document holds, its form told by its bytes.

    Args:
        data: the whole document.
        name: its file name or address, for messages, and to tell a table of one column from text.
        member: of a ZIP archive, the only member to read (its name, or a pattern like ``*.csv``).
        limits: time and memory of the process in which the document is read; by default five
            minutes, and for what may hold many scanned pages half an hour.

    Raises:
        ReadingError: no reader for the form, or the document is damaged, encrypted or a bomb.
    """
    scanned = may_be_scanned(data)
    if limits is None and scanned:
        limits = Limits(seconds=1800)
    key = hashlib.sha256(data).digest() if scanned else b"", member
    if key in _recognised:
        return _recognised[key]
    try:
        content: Content = bounded.run(
            "ingest.reading.dispatch:content",
            data,
            limits=limits,
            options={"name": name, "member": member},
        )
    except ReadingError as error:
        raise ReadingError(f"{name}: {error}" if name else str(error)) from None
    if scanned and any(passage.confidence is not None for passage in content.passages):
        while len(_recognised) >= REMEMBERED:
            _recognised.pop(next(iter(_recognised)), None)
        _recognised[key] = content
    return content


def tables_matching(data: bytes, selector: str) -> list[int]:
    """Numbers of the tables of an HTML page that a CSS selector names: 3 is ``table 3``.

    A selector names a table, what is around tables, or what stands in one.

    Raises:
        ReadingError: not CSS, or the page can't be read.
    """
    numbers: list[int] = bounded.run(
        "ingest.reading.html:tables_matching", data, options={"selector": selector}
    )
    return numbers
