"""Sources of which each has one fault, and one that has none, pulled by the same run.

Each fault ends in a record that says what is wrong, the facts held before stay in force, and
the source without a fault is refreshed.
"""

from __future__ import annotations

import functools
import gzip
import io
import socket
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import openpyxl
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from ingest.catalog import load_catalog
from ingest.facts import raw_tables
from ingest.pulling import http, politeness, remote
from ingest.settings import Settings
from tests.conftest import Home
from tests.ingest.ingest_bench import (
    REGISTER,
    Site,
    head,
    indicators,
    raw_site,
    register_card,
    web_site,
    write_catalog,
)

MORE = REGISTER + "Delta,深圳,2024\n".encode()
PAGE = b"<html><head><title>Service unavailable</title></head></html>"
ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 10) for c in b"bcdefghi")
    + b"]><x>&i;</x>"
)
EVIL_PART = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


def pdf(password: str | None = None) -> bytes:
    stream = io.BytesIO()
    lock = StandardEncryption(password, canPrint=0) if password else None
    canvas = Canvas(stream, encrypt=lock)
    canvas.drawString(72, 720, "name city year")
    canvas.save()
    return stream.getvalue()


def xlsx(part: str | None = None, data: bytes = b"") -> bytes:
    """A workbook, with one of its parts replaced."""
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["name", "city", "year"])
    book.save(stream)
    if part is None:
        return stream.getvalue()
    changed = io.BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(changed, "w", 8, compresslevel=1) as new:
        for name in old.namelist():
            new.writestr(name, data if name == part else old.read(name))
    return changed.getvalue()


ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
ENCRYPTED += "EncryptedPackage".encode("utf-16-le") + bytes(2000)

Give = dict[str, Any]
# Fault -> what its host answers, and what its record says.
ANSWERS: dict[str, tuple[Give, str]] = {
    "not_found": ({"body": b"", "status": 404}, "HTTP 404: "),
    "gone": ({"body": b"", "status": 410}, "HTTP 410: "),
    "too_many": (
        {"body": b"", "status": 429, "Retry_After": "3600"},
        "HTTP 429, asks to be left alone for 3600 s",
    ),
    "broken": ({"body": b"", "status": 500}, "HTTP 500 (after 3 attempts)"),
    "circles": ({"body": b"", "status": 302, "Location": "doc"}, "more than 5 redirects"),
    "to_file": (
        {"body": b"", "status": 302, "Location": "file:///etc/passwd"},
        "not an http address",
    ),
    "to_private": (
        {"body": b"", "status": 302, "Location": "http://169.254.169.254/latest"},
        "169.254.169.254 is a private address",
    ),
    "to_inside": (
        {"body": b"", "status": 302, "Location": "http://localhost:1/"},
        "localhost is a private address",
    ),
    "to_number": (
        {"body": b"", "status": 302, "Location": "http://2130706433:1/"},
        "2130706433 is a private address (127.0.0.1)",
    ),
    "to_ipv6": (
        {"body": b"", "status": 302, "Location": "http://[::ffff:7f00:1]:1/"},
        "is a private address (::ffff:",
    ),
    "error_page": (
        {"body": PAGE, "Content_Type": "text/csv"},
        "an HTML page with title 'Service unavailable' came instead of",
    ),
    "wrong_media": (
        {"body": b"\x89PNG\r\n\x1a\n\0\0", "Content_Type": "image/png"},
        "binary data came instead of CSV",
    ),
    "no_bytes": ({"body": b""}, "the document is empty"),
    "gzip_bomb": (
        {"body": gzip.compress(bytes(50_000_000), 1), "Content_Encoding": "gzip"},
        "larger than 5000000 bytes",
    ),
}
RAW_ANSWERS = {
    "truncated": (head("Content-Length: 5000") + REGISTER, "cut short"),
    "wrong_length": (head("Content-Length: 20") + REGISTER, "more came than the 20 bytes"),
    "announced": (head("Content-Length: 5368709120") + REGISTER, "5368709120 bytes announced"),
}
# These arrive as documents, and can't be read; that is told by the facts.
DOCUMENTS = {
    "schema": (b"another,schema\n1,2\n", "no column city, name, year"),
    "encoding": (b"name,city,year\n\xff\xfe\x81\x00\xffAlpha,\x98\x99,2023\n", "no table"),
    "entities": (ENTITIES, "XML of no known form"),
    "pdf_locked": (pdf("secret"), "the PDF is locked by a password"),
    "pdf_corrupt": (pdf()[:300] + b"%%EOF", "the PDF is damaged"),
    "xlsx_locked": (ENCRYPTED, "protected by a password"),
    "xlsx_corrupt": (xlsx()[:-200], "damaged or cut off"),
    "xlsx_entities": (xlsx("xl/worksheets/sheet1.xml", EVIL_PART), "declares XML entities"),
    "zip_bomb": (xlsx("xl/worksheets/sheet1.xml", b"<x>" + b" " * 100_000_000), "no table"),
}
REFUSED, STALLED = "refused", "stalled"
FAULTS = [*ANSWERS, *RAW_ANSWERS, *DOCUMENTS, REFUSED, STALLED]
HEALTHY, RECOVERS = "healthy", "recovers"


def card(name: str) -> dict[str, Any]:
    document = {"address": f"https://{name}.example/doc", "mirror": None}
    if name in ANSWERS or name in RAW_ANSWERS:
        document["media_type"] = "text/csv"
    how = {"rate_per_second": 100, "robots": False, "timeout_seconds": 20}
    if name == STALLED:
        how["timeout_seconds"] = 1
    return register_card(document=document, pull=how) | {"id": name, "kind": "register"}


class Internet:
    """Every source's host, each at first in order, then with its fault."""

    def __init__(self, stack: ExitStack) -> None:
        self.site: Site = stack.enter_context(web_site())
        self.raw = {
            name: stack.enter_context(raw_site(answer)) for name, (answer, _) in RAW_ANSWERS.items()
        }
        self.raw[STALLED] = stack.enter_context(
            raw_site(head("Content-Length: 999") + b"x", stalls=True)
        )
        free = stack.enter_context(socket.socket())
        free.bind(("127.0.0.1", 0))
        self.raw[REFUSED] = f"http://127.0.0.1:{free.getsockname()[1]}/"

    def address_map(self, faulty: bool) -> tuple[tuple[str, str], ...]:
        names = [*FAULTS, HEALTHY, RECOVERS]
        return tuple(
            (
                f"https://{name}.example/",
                self.raw[name] if faulty and name in self.raw else f"{self.site.url}/{name}/",
            )
            for name in names
        )

    def fail(self) -> None:
        for name, (give, _) in ANSWERS.items():
            self.site.give(f"/{name}/doc", **give)
        for name, (data, _) in DOCUMENTS.items():
            self.site.give(f"/{name}/doc", data)
        self.site.give(f"/{HEALTHY}/doc", MORE)
        asked: list[int] = []

        def route(request: Any) -> None:
            asked.append(1)
            again = self.site.routes[f"/{HEALTHY}/doc"]
            again(request) if len(asked) > 1 else request.send_error(500)

        self.site.routes[f"/{RECOVERS}/doc"] = route


def records(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """What the checks say of each source."""
    found: dict[str, str] = defaultdict(str)
    for event in result.all_events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and "problems" in check.metadata:
                found[check.asset_key.path[-1]] += str(check.metadata["problems"].value)
    return found


def facts(home: Home, result: dg.ExecuteInProcessResult) -> dict[str, list[tuple[Any, ...]]]:
    """Newest value of each source's observations, by city and year."""
    found = defaultdict(list)
    with duckdb.connect(str(home.build(result)), read_only=True) as con:
        for source, *row in con.execute(
            "select source_id, city_id, year, max_by(value, vintage_on) from raw.observation "
            "group by all order by all"
        ).fetchall():
            found[source].append(tuple(row))
    return found


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with ExitStack() as stack:
        yield Internet(stack)


@pytest.mark.parametrize("held_before", [True, False])
def test_every_fault_has_its_record_and_harms_nothing_else(
    internet: Internet,
    tmp_path: Path,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    held_before: bool,
) -> None:
    monkeypatch.setattr(
        remote, "fetch", functools.partial(http.fetch, pause=0, max_bytes=5_000_000)
    )
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    faults = [name for name in FAULTS if held_before or name not in DOCUMENTS]
    names = [*faults, HEALTHY, RECOVERS]
    lines = indicators().replace("[things]", f"[{', '.join(names)}]")
    catalog = write_catalog(tmp_path / "catalog", *map(card, names), indicators=lines)
    assert load_catalog([catalog]).errors == ()
    tables = [["raw", table] for table in raw_tables()]
    chosen = [["documents", n] for n in names] + [["facts", n] for n in names] + tables

    def run(faulty: bool) -> tuple[Home, dg.ExecuteInProcessResult]:
        politeness.forget()
        settings = Settings(tmp_path / "home", (catalog,), "live", (), internet.address_map(faulty))
        home = Home(settings, instance)
        result = home.run(*chosen)
        assert result.success, [
            str(e.step_failure_data.error.cause)[:1500]
            for e in result.all_events
            if e.is_step_failure
        ]
        return home, result

    old = [("cn_beijing", 2023, 2.0), ("cn_hangzhou", 2024, 1.0)]
    if held_before:
        for name in names:
            internet.site.give(f"/{name}/doc", REGISTER)
        home, result = run(faulty=False)
        assert records(result) == {}
        assert facts(home, result) == dict.fromkeys(names, old)
    internet.fail()
    home, result = run(faulty=True)
    new = [*old, ("cn_shenzhen", 2024, 1.0)]
    expected = dict.fromkeys(faults if held_before else [], old)
    assert facts(home, result) == {**expected, HEALTHY: new, RECOVERS: new}
    found = records(result)
    assert set(found) == set(faults)
    said = {name: text for name, (_, text) in (ANSWERS | RAW_ANSWERS | DOCUMENTS).items()}
    said |= {REFUSED: "Connection refused", STALLED: "the host does not go on (ReadTimeout"}
    for name in faults:
        assert said[name] in found[name], f"{name}: {found[name]}"
        if name in DOCUMENTS:
            assert "(the facts of 2024-05-01 stay in force)" in found[name]
