"""What a document is, by its bytes, never by its name; opens nothing that could be a bomb."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress

from ingest.reading import json_values, plain
from ingest.reading.content import ReadingError, fold
from ingest.reading.encodings import decode

Recognised = tuple[str, str]
"""Form, and a line on what is inside."""

UNREADABLE = {
    "encrypted": "a document protected by a password: take it off and save it again",
    "doc": "an old Word document: save it as DOCX",
    "ppt": "an old presentation: export it as PDF",
    "ole": "a Microsoft compound file that holds no workbook",
    "pptx": "a presentation: export it as PDF",
    "rtf": "a rich text file: save it as DOCX",
    "odt": "an OpenDocument text: save it as DOCX",
    "xml": "XML of no known form: export it as XLSX, CSV or JSON",
    "xml workbook": "an Excel 2003 XML workbook: save it as XLSX",
    "mhtml": "a web archive: save the page as HTML",
    "rar": "a RAR archive: unpack it and make a ZIP archive",
    "7z": "a 7-Zip archive: unpack it and make a ZIP archive",
    "image": "a picture: make a PDF of it, which OCR can read",
    "unknown": "of no known form: see docs/forms.md for those that are read",
}
"""Forms that no reader reads, and what to do."""

_HEAD = 100_000
_WHOLE = 20_000_000
"""Longer texts are told by their beginning."""
_COUNTED = 2_000_000
"""The rows of a longer table aren't counted."""
_MAGIC = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
)


def recognise(data: bytes) -> Recognised:
    """Form of a document (as in `Content.form`, or one of `UNREADABLE`), and what is inside."""
    for recogniser in _RECOGNISERS:
        found = recogniser(data)
        if found is not None:
            return found
    return "unknown", f"begins with {data[:8]!r}"


def may_be_scanned(data: bytes) -> bool:
    """Whether a document may hold pages for OCR, which takes seconds for each."""
    return _pdf(data) is not None or (_zip(data) or ("", ""))[0] == "zip"


def _pdf(data: bytes) -> Recognised | None:
    # Readers of PDF allow junk before the header within the first kilobyte.
    place = data[:1024].find(b"%PDF-")
    if place < 0:
        return None
    return "pdf", f"PDF {data[place + 5 : place + 8].decode('ascii', 'replace')}"


def _compound(data: bytes) -> Recognised | None:
    """OLE compound files; the names of their streams stand in UTF-16 in the directory."""
    if not data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        # Workbooks of Excel 2 to 4 are bare streams of records.
        bare = data[:4] in (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
        return ("xls", "a workbook of Excel 2 to 4") if bare else None

    def has(name: str) -> bool:
        return name.encode("utf-16-le") + b"\0\0" in data

    if has("EncryptedPackage"):
        return "encrypted", "an encrypted package"
    if has("Workbook") or has("Book"):
        return "xls", "an Excel 97 to 2003 workbook"
    if has("WordDocument"):
        return "doc", "an old Word document"
    if has("PowerPoint Document"):
        return "ppt", "an old presentation"
    return "ole", "a compound file"


def _zip(data: bytes) -> Recognised | None:
    if not data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "zip", "damaged"
    names = archive.namelist()
    parts = set(names)
    for part, form in (
        ("word/document.xml", "docx"),
        ("ppt/presentation.xml", "pptx"),
        ("xl/workbook.bin", "xlsb"),
    ):
        if part in parts:
            return form, f"{len(names)} parts"
    if "mimetype" in parts:
        kind = _beginning(archive, "mimetype", 100).decode("ascii", "replace")
        if "opendocument.spreadsheet" in kind:
            return "ods", "an OpenDocument spreadsheet"
        if "opendocument.text" in kind:
            return "odt", "an OpenDocument text"
    # Some writers put the workbook elsewhere: its type is what counts.
    types = (
        _beginning(archive, "[Content_Types].xml", _HEAD) if "[Content_Types].xml" in parts else b""
    )
    if "xl/workbook.xml" in parts or b"spreadsheetml.sheet.main" in types:
        head = _beginning(archive, "xl/workbook.xml", _HEAD).decode("utf-8", "replace")
        sheets = re.findall(r"<(?:\w+:)?sheet\s[^>]*?\bname=\"([^\"]*)\"", head)
        return "xlsx", f"{len(sheets)} sheets: {', '.join(sheets[:10])}"
    if b"wordprocessingml.document.main" in types:
        return "docx", f"{len(names)} parts"
    return "zip", f"{len(names)} files: {', '.join(names[:10])}"


def _beginning(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    try:
        if archive.getinfo(name).compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with archive.open(name) as part:
                return part.read(size)
    except Exception:  # a damaged member raises what its decompressor raises
        return b""
    return b""


def _magic(data: bytes) -> Recognised | None:
    for magic, form in _MAGIC:
        if data.startswith(magic):
            return form, UNREADABLE.get(form, "a packed file").split(":")[0]
    return None


def _markup(data: bytes) -> Recognised | None:
    head = _head(data)
    start = re.sub(r"^(\s|<!--.*?-->|<\?(?!mso-)[^>]*\?>)+", "", head[:20_000], flags=re.DOTALL)
    if re.match(r"(?:MIME-Version|From: <Saved by|Content-Type: multipart/related)", start, re.I):
        return "mhtml", "a web archive"
    if not start.startswith("<"):
        return None
    if re.search(r"urn:schemas-microsoft-com:office:spreadsheet", start[:3000]) and re.search(
        r"<(?:\w+:)?Workbook\b", start[:5000]
    ):
        return "xml workbook", "an Excel 2003 XML workbook"
    if re.search(r"<(!doctype\s+html|(x?html|head|body|table|div|p|h1)\b)", start[:4000], re.I):
        title = re.search(r"<title[^>]*>([^<]*)", head, re.IGNORECASE)
        return "html", f"title: {fold(title.group(1))[:200]}" if title else "without a title"
    if re.match(r"<(\?xml|!doctype|[\w:]+[\s>/])", start, re.IGNORECASE):
        root = re.search(r"<([A-Za-z_][\w:.-]*)", start)
        return "xml", f"its root is {root.group(1)}" if root else "without a root"
    return None


def _head(data: bytes) -> str:
    """The beginning as text; only ASCII in it has to be right."""
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2])
    if encoding is None and data[:4:2] == b"\0\0":
        encoding = "utf-16-be"
    elif encoding is None and data[1:4:2] == b"\0\0":
        encoding = "utf-16-le"
    return data[:_HEAD].decode(encoding or "utf-8", "replace").lstrip("\ufeff")


def _json(data: bytes) -> Recognised | None:
    start = _head(data).lstrip()[:1]
    if start not in ("{", "["):
        return None
    if len(data) > _WHOLE:
        return "json", f"{len(data)} bytes"
    try:
        content = json.loads(decode(data)[0])
    except (ValueError, ReadingError, RecursionError):
        with suppress(ReadingError):
            return "json", f"{len(json_values.parse(data))} values, one a line"
        # Text may begin with a bracket too: "[1] Source".
        looks = re.match(r'\s*[\[{]\s*(["{\[\d\]}-]|$)', _head(data)) is not None
        return ("json", "damaged") if looks and start == "{" else None
    keys = list(content)[:10] if isinstance(content, dict) else []
    return "json", f"keys: {', '.join(keys)}" if keys else f"a list of {len(content)}"


def _text(data: bytes) -> Recognised | None:
    try:
        text, _, _ = decode(data)
    except ReadingError:
        return None
    dialect = plain.sniff(text)
    if dialect is not None:
        try:
            rows = plain.split(text[:_COUNTED], dialect)
        except ReadingError as error:
            return "csv", f"damaged: {error}"
        count = f"{len(rows) - 1} rows" if len(text) <= _COUNTED else f"{len(data)} bytes"
        return "csv", f"{count}; columns: {', '.join(rows[0][:20])}"
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return "text", f"{len(text)} characters, beginning: {first[:100]}"


_RECOGNISERS: tuple[Callable[[bytes], Recognised | None], ...] = (
    _pdf,
    _compound,
    _zip,
    _magic,
    _markup,
    _json,
    _text,
)
