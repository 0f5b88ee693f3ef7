"""Documents of any form to tables and text. Knows nothing of cards, cities or facts."""

from __future__ import annotations

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
    if limits is None and may_be_scanned(data):
        limits = Limits(seconds=1800)
    try:
        content: Content = bounded.run(
            "ingest.reading.dispatch:content",
            data,
            limits=limits,
            options={"name": name, "member": member},
        )
    except ReadingError as error:
        raise ReadingError(f"{name}: {error}" if name else str(error)) from None
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
