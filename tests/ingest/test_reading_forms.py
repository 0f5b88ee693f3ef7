"""What a document is, told by its bytes."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from ingest_bench import workbook

from ingest.reading import ReadingError, dispatch, read, recognise
from ingest.settings import PROJECT


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("data", "form", "inside"),
    [
        (b"%PDF-1.7\n", "pdf", "PDF 1.7"),
        (b"\r\n%PDF-1.4\n", "pdf", "PDF 1.4"),
        (workbook([["a", 1]], title="One"), "xlsx", "1 sheets: One"),
        (b"PK\x03\x04 cut off", "zip", "damaged"),
        (zipped(**{"inner.csv": b"a,b"}), "zip", "1 files: inner.csv"),
        (zipped(word__document_xml=b"").replace(b"document_xml", b"document.xml"), "docx", None),
        (b"<!DOCTYPE html><title>A page</title>", "html", "title: A page"),
        (b"<!-- x -->\n<TABLE><tr><td>1</td></tr></TABLE>", "html", "without a title"),
        (b'<?xml version="1.0"?>\n<html xmlns="x"><title>T</title>', "html", "title: T"),
        ("\ufeff<html><title>é".encode("utf-16"), "html", "title: é"),
        (b'<?xml version="1.0"?><message:GenericData/>', "xml", "its root is message:GenericData"),
        (
            b'<?mso-application?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "xml workbook",
            None,
        ),
        (b'{"editions": [], "meta": {}}', "json", "keys: editions, meta"),
        (b"[1, 2]", "json", "a list of 2"),
        (b'{"editions": ', "json", "damaged"),
        (b"[1] Source: the bureau.\n", "text", "24 characters, beginning: [1] Source: the bureau."),
        ("北京,1\n".encode() * 2, "csv", "1 rows; columns: 北京, 1"),
        ("北京,1\n上海,2\n".encode("gb18030"), "csv", "1 rows; columns: 北京, 1"),
        (b"Kota, kota AI.\n\nLagi.", "text", "21 characters, beginning: Kota, kota AI."),
        (OLE + "Workbook".encode("utf-16-le") + b"\0\0", "xls", None),
        (OLE + "EncryptedPackage".encode("utf-16-le") + b"\0\0", "encrypted", None),
        (OLE + "WordDocument".encode("utf-16-le") + b"\0\0", "doc", None),
        (b"{\\rtf1 x}", "rtf", None),
        (b"\x1f\x8b\x08rest", "gzip", "a packed file"),
        (b"\x89PNG\r\n\x1a\n", "image", None),
        (b"a,b\n" * 5 + b"1," + b"x" * 1_100_000 + b"\n", "csv", None),
        (zipped(mimetype=b"application/x")[:40] + bytes(20), "zip", "damaged"),
        (b"\x00\x01\xff\xfe", "unknown", r"begins with b'\x00\x01\xff\xfe'"),
    ],
)
def test_forms_by_their_bytes(data: bytes, form: str, inside: str | None) -> None:
    found = recognise(data)
    assert found[0] == form
    if inside is not None:
        assert found[1] == inside


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cities.xlsx: it is empty"),
        (OLE + "EncryptedPackage".encode("utf-16-le") + b"\0\0", "protected by a password"),
        (b"{\\rtf1 x}", "save it as DOCX"),
        (b"\x00\x01\xff\xfe", "of no known form"),
        (b"PK\x03\x04 cut off", "damaged or cut off"),
    ],
)
def test_documents_that_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(ReadingError, match=why):
        read(data, "cities.xlsx")


def test_the_page_names_every_form_that_is_read() -> None:
    page = (PROJECT / "docs" / "forms.md").read_text(encoding="utf-8")
    assert [form for form in dispatch.READERS if f"`{form}`" not in page] == []


def test_a_gzip_file() -> None:
    packed = gzip.compress(b"city,score\nParis,1\n")
    assert read(packed, "cities.csv.gz").tables[0].rows == (("city", "score"), ("Paris", "1"))
    for data, why in (
        (packed[:-12], "damaged or cut off"),
        (gzip.compress(bytes(200 << 20)), "gzip bomb"),
        (gzip.compress(packed), "lies in another"),
    ):
        with pytest.raises(ReadingError, match=why):
            read(data, "cities.csv.gz")


def test_an_error_page_in_place_of_a_workbook() -> None:
    content = read(b"<html><title>503</title><body><p>Try later", "cities.xlsx")
    assert (content.form, content.title, content.tables) == ("html", "503", ())
