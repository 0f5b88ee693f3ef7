"""The reader for a form, called inside the bounded process."""

from __future__ import annotations

import importlib

from ingest.reading import zips
from ingest.reading.content import Content, ReadingError
from ingest.reading.forms import UNREADABLE, recognise

READERS = {
    "pdf": "pdf",
    "html": "html",
    "xlsx": "workbook",
    "xls": "workbook",
    "xlsb": "workbook",
    "ods": "workbook",
    "docx": "word",
    "csv": "plain",
    "text": "plain",
    "json": "json_data",
    "zip": "archive_zip",
}
"""Form to module of this package, imported when it is needed: some take long."""


def content(data: bytes, name: str = "", member: str | None = None, depth: int = 0) -> Content:
    """See `ingest.reading.read`; ``depth`` counts the archives that the document lies in."""
    if not data:
        raise ReadingError("it is empty: get it again")
    form, inside = recognise(data)
    if form in UNREADABLE:
        raise ReadingError(f"it is {UNREADABLE[form]} ({inside})")
    if form == "gzip":
        return content(zips.unpack(data), name.removesuffix(".gz"), member, depth)
    options: dict[str, object] = {}
    if form == "zip":
        options = {"member": member, "depth": depth}
    elif member is not None:
        raise ReadingError(f"it is {form}, not a ZIP archive: it has no member {member!r}")
    elif READERS[form] == "plain":
        options = {"name": name}
    try:
        reader = importlib.import_module(f"ingest.reading.{READERS[form]}")
    except ModuleNotFoundError as error:
        raise ReadingError(f"it is {form}, which needs the module {error.name}") from None
    read: Content = reader.content(data, **options)
    return read
