"""Whether what arrived is what was asked for, by its bytes.

Hosts answer with a page that says that something is wrong, and call it a success. Such a page
must not stand where a document stood.
"""

from __future__ import annotations

import html
import mimetypes
import re
from collections.abc import Sequence

SEEN_BYTES = 64 * 1024
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\x1f\x8b", "gzip"),
)
# By media type: forms of bytes that it may have, and its name in words.
_FORMS = {
    "text/html": (("html", "xml", "text"), "an HTML page"),
    "application/xhtml+xml": (("html", "xml"), "an HTML page"),
    "application/pdf": (("pdf",), "a PDF"),
    "application/zip": (("zip",), "a ZIP archive"),
    "application/gzip": (("gzip",), "a gzip file"),
    "application/json": (("json",), "JSON"),
    "text/csv": (("text",), "CSV"),
    "text/tab-separated-values": (("text",), "tab-separated text"),
    "text/plain": (("text", "json"), "text"),
    "application/xml": (("xml",), "XML"),
    "text/xml": (("xml",), "XML"),
    # A workbook's name often has the suffix of the older form, or of the newer.
    "application/vnd.ms-excel": (("ole", "zip", "xml"), "a workbook"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (
        ("zip", "ole"),
        "a workbook",
    ),
    "application/msword": (("ole", "zip"), "a Word document"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (
        ("zip", "ole"),
        "a Word document",
    ),
}
_SUFFIXES = {"+json": "application/json", "+csv": "text/csv", "+xml": "application/xml"}
_HTML = re.compile(
    rb"(?:\s|<!--.*?-->|<\?xml.*?\?>)*<(?:!doctype\s+html|html|head|body|title|script|iframe|h1|"
    rb"div|table|p|meta|style|br)\b",
    re.IGNORECASE | re.DOTALL,
)


def form_of(data: bytes) -> str:
    """``html``, ``xml``, ``pdf``, ``zip``, ``ole``, ``gzip``, ``json``, ``text`` or ``binary``."""
    start = data[:SEEN_BYTES]
    for magic, form in _MAGIC:
        if start.startswith(magic):
            return form
    if b"%PDF-" in start[:1024]:
        return "pdf"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = start[: len(start) // 2 * 2].decode("utf-16", "replace").encode()
    if b"\0" in start:
        return "binary"
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(start):
        return "html"
    if start.startswith(b"<?xml"):
        return "xml"
    return "json" if start.startswith((b"{", b"[")) else "text"


def surprise(
    data: bytes, declared: Sequence[str], address: str, before: bytes | None = None
) -> str:
    """What came instead of what was expected, in words; empty where that may be it.

    Expected are the declared media types, or else what the address ends in. Where neither says
    anything, a web page does not follow a version (``before``) that was none.
    """
    if found := other_form(data, declared, address, before):
        came, expected = found
        return f"{came} came instead of {expected}"
    return ""


def other_form(
    data: bytes, declared: Sequence[str], address: str, before: bytes | None = None
) -> tuple[str, str] | None:
    """What the bytes are and what was expected, in words, where the two differ; see
    :func:`surprise`."""
    form = form_of(data)
    named = list(declared)
    if not named and (guessed := mimetypes.guess_type(address.split("?")[0])[0]):
        named = [guessed]
    expected = [_FORMS[kind] for kind in map(_plain, named) if kind in _FORMS]
    if not expected or len(expected) < len(named):  # some other form may come
        if form == "html" and before is not None and form_of(before) != "html":
            return _words(data, form), "a document like the one before"
        return None
    if any(form in forms for forms, _ in expected):
        return None
    return _words(data, form), " or ".join(dict.fromkeys(name for _, name in expected))


def _plain(media_type: str) -> str:
    name = media_type.split(";")[0].strip().lower()
    return next((kind for end, kind in _SUFFIXES.items() if name.endswith(end)), name)


def _words(data: bytes, form: str) -> str:
    names = {"pdf": "a PDF", "zip": "a ZIP archive or an Office document", "xml": "XML"}
    names |= {"ole": "an old Office document", "gzip": "a gzip file", "binary": "binary data"}
    if form in names:
        return names[form]
    text = _text(data[:SEEN_BYTES])
    if form == "html":
        found = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        found = found or re.search(r"<h1[^>]*>(.*?)</h1>", text, re.IGNORECASE | re.DOTALL)
        title = _line(re.sub(r"<[^>]*>", " ", found[1])) if found else ""
        return f"an HTML page with title '{title}'" if title else "an HTML page"
    return f"{'JSON' if form == 'json' else 'text'} beginning '{_line(text)}'"


def _text(data: bytes) -> str:
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ():
        return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def _line(text: str) -> str:
    """One printable line of it."""
    text = " ".join(html.unescape(text).split())
    text = "".join(c for c in text if c.isprintable())
    return text if len(text) <= 80 else f"{text[:79]}…"
