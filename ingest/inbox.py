"""A file that an analyst drops in: keep it, and say what it is. Nothing is taken as a fact."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from ingest import archive
from ingest.catalog import Catalog
from ingest.settings import Settings

MAX_BYTES = 200 * 1024 * 1024
Description = dict[str, str | int]


class InboxError(ValueError):
    """A file that is not taken; the message says why and what to do."""


def receive(path: Path, catalog: Catalog, settings: Settings) -> Description:
    """Archive a file and describe it: form, size, what is inside, and which source it is of.

    Raises:
        InboxError: the file is empty, too large or gone.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InboxError(f"{path.name} has {size} bytes, at most {MAX_BYTES} are taken")
        data = path.read_bytes()
    except OSError as error:
        raise InboxError(f"{path.name} can't be read: {error}") from error
    if not data:
        raise InboxError(f"{path.name} is empty: copy it again")
    digest = archive.sha256(data)
    known = (settings.archive_dir / digest).exists()
    archive.store(settings.archive_dir, data)
    form, inside = describe(data)
    sources = [
        card.id
        for card in catalog.sources.values()
        if any(Path(document.mirror or "").name == path.name for document in card.documents)
    ]
    return {
        "file": path.name,
        "sha256": digest,
        "bytes": len(data),
        "form": form,
        "inside": inside,
        "already in the archive": "yes" if known else "no",
        "source": ", ".join(sources) or "none of the cards names this file",
        "next step": (
            "Its card reads it with origin mirror."
            if sources
            else "Write a card in catalog/sources/ that names it, see docs/add-a-source.md."
        ),
    }


def describe(data: bytes) -> tuple[str, str]:
    """Form of a document by its bytes, never by its name, and a line on what is inside."""
    for form, recognise in _FORMS:
        inside = recognise(data)
        if inside is not None:
            return form, inside
    return "unknown", f"begins with {data[:8]!r}"


def _pdf(data: bytes) -> str | None:
    return f"PDF {data[5:8].decode('ascii', 'replace')}" if data.startswith(b"%PDF-") else None


def _workbook(data: bytes) -> str | None:
    if not data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return None
    try:
        names = CalamineWorkbook.from_filelike(io.BytesIO(data)).sheet_names
    except (CalamineError, OSError, ValueError):
        return None
    return f"{len(names)} sheets: {', '.join(names[:10])}"


def _zip(data: bytes) -> str | None:
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        return "damaged"
    return f"{len(names)} files: {', '.join(names[:10])}"


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _html(data: bytes) -> str | None:
    text = _text(data[:100_000]) or data[:100_000].decode("latin-1")
    if not re.search(r"<(!doctype\s+html|html|body|table)\b", text[:2000], re.IGNORECASE):
        return None
    title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
    return f"title: {title.group(1).strip()[:200]}" if title else "without a title"


def _json(data: bytes) -> str | None:
    text = _text(data)
    if text is None or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return "damaged"
    keys = list(content)[:10] if isinstance(content, dict) else []
    return f"keys: {', '.join(keys)}" if keys else f"a list of {len(content)}"


def _csv(data: bytes) -> str | None:
    text = _text(data)
    if text is None or "\n" not in text:
        return None
    try:
        header, *rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error:
        return None
    full = [row for row in rows if row]
    if len(header) < 2 or any(len(row) != len(header) for row in full):
        return None
    return f"{len(full)} rows; columns: {', '.join(header[:20])}"


def _plain_text(data: bytes) -> str | None:
    text = _text(data)
    if text is None or "\0" in text:
        return None
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return f"{len(text)} characters, beginning: {first[:100]}"


_FORMS: tuple[tuple[str, Callable[[bytes], str | None]], ...] = (
    ("PDF", _pdf),
    ("workbook", _workbook),
    ("ZIP archive", _zip),
    ("HTML page", _html),
    ("JSON", _json),
    ("CSV", _csv),
    ("text", _plain_text),
)
