"""A workbench for the tests: small catalogs, workbooks and a web server, made on the spot."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pyarrow.parquet as pq
import yaml

from ingest.catalog import Catalog, load_catalog
from ingest.parse import ParseResult, parse, readable
from ingest.pull import PullResult, pull
from ingest.settings import Settings

ORCHARDS = Path(__file__).parent.parent / "fixtures" / "orchards"

CITIES = """\
city_id,kind,name_en,name_zh,aliases,country_code,province_en,province_zh
cn_beijing,municipality,Beijing,北京市,北京;Beijing Municipality,CN,Beijing,北京市
cn_hangzhou,city,Hangzhou,杭州市,杭州,CN,Zhejiang,浙江省
cn_shenzhen,city,Shenzhen,深圳市,深圳,CN,Guangdong,广东省
cn_suzhou_anhui,city,Suzhou,宿州市,宿州,CN,Anhui,安徽省
cn_suzhou_jiangsu,city,Suzhou,苏州市,苏州,CN,Jiangsu,江苏省
cn_anhui_province,province,Anhui,安徽省,安徽;Anhui Province,CN,Anhui,安徽省
br_sao_paulo,city,São Paulo,,,BR,São Paulo,
"""
ORGANISATIONS = """\
organisation,city_id,ror_id,reason
Tsinghua University,cn_beijing,03cve4549,
Hangzhou Lab,cn_hangzhou,,headquarters
"""
INDICATORS = """\
themes:
  - {theme: economy, title: Economy}
units:
  - {printed: 万人, unit: persons, factor: 10000}
  - {printed: 人, unit: persons, factor: 1}
  - {printed: 亿元, unit: cny, factor: 100000000}
  - {printed: 元, unit: cny, factor: 1}
  - {printed: 个, unit: count, factor: 1}
  - {printed: "%", unit: pct, factor: 1}
indicators:
"""
INDICATOR = """\
  - indicator: {code}
    title: A title
    theme: economy
    unit: {unit}
    direction: higher
    measures: size
    scope: total_city
    definition: What is measured.
    sources: [things]
"""
CODES = {
    "population_persons": "persons",
    "gdp_cny": "cny",
    "gdp_per_capita_cny": "cny",
    "models_count": "count",
    "patents_count": "count",
    "models_share_pct": "pct",
}


def indicators(codes: dict[str, str] = CODES) -> str:
    return INDICATORS + "".join(INDICATOR.format(code=c, unit=u) for c, u in codes.items())


def card(parser: str, **changes: Any) -> dict[str, Any]:
    """A card with one document, ``doc``; ``document`` changes keys of that document."""
    document = {
        "id": "doc",
        "title": "A document",
        "address": "https://things.example/doc",
        "mirror": "doc.bin",
        "published_on": "2024-05-01",
        **changes.pop("document", {}),
    }
    return {
        "id": "things",
        "title": "Things",
        "publisher": "A publisher",
        "kind": "statistics",
        "licence": "Apache-2.0",
        "redistribution": "open",
        "citation": "A publisher, Things",
        "cadence": "yearly",
        "trust_tier": 1,
        "parser": parser,
        "documents": [document],
        **changes,
    }


def register_card(**changes: Any) -> dict[str, Any]:
    """A card of a register as CSV with columns name, city and year."""
    parse = {
        "counts": [{"indicator": "models_count", "measure": "count"}],
        "key_column": "name",
        "city_column": "city",
        "year_column": "year",
        "scope": "register",
        "year_from": 2020,
        "year_to": 2024,
    }
    parse |= changes.pop("parse", {})
    return card("register_count", parse=parse, **changes)


REGISTER = "name,city,year\nAlpha,北京,2023\nBeta,北京,2023\nGamma,杭州,2024\n".encode()
REGISTER_FACTS = [("cn_beijing", 2023, 2.0), ("cn_hangzhou", 2024, 1.0)]


def write_catalog(folder: Path, *cards: dict[str, Any], **files: str) -> Path:
    """A catalog of the bench's cities and indicators and the cards given.

    ``files`` replaces whole files by their stem, e.g. ``cities="..."``.
    """
    texts = {"cities.csv": CITIES, "organisations.csv": ORGANISATIONS}
    texts["indicators.yml"] = indicators()
    for name in list(texts):
        texts[name] = files.pop(name.split(".")[0], texts[name])
    for source in cards:
        text = yaml.safe_dump(source, allow_unicode=True, sort_keys=False)
        texts[f"sources/{source['id']}.yml"] = text
    assert not files, f"no such file in a catalog: {files}"
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@dataclass
class Bench:
    """A catalog, a mirror and a data home in one folder, with the steps that a run takes."""

    folder: Path
    settings: Settings = field(init=False)
    homes: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.mirror = self.folder / "mirror"
        self.mirror.mkdir(parents=True)
        self.settings = Settings(
            home=self.folder / "home",
            catalog=(self.folder / "catalog",),
            origin="mirror",
            mirror=(self.mirror,),
        )

    def use(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)

    def write(self, *cards: dict[str, Any], **files: str) -> Path:
        return write_catalog(self.folder / "catalog", *cards, **files)

    def catalog(self) -> Catalog:
        catalog = load_catalog(self.settings.catalog)
        assert catalog.errors == ()
        return catalog

    def pull(self, source: str = "things") -> PullResult:
        return pull(self.catalog(), source, self.settings)

    def parse(self, source: str = "things") -> ParseResult:
        return parse(self.catalog(), source, self.settings)

    def facts(self, kind: str, source: str = "things") -> list[dict[str, Any]]:
        """Facts of one kind of all vintages, from the facts files."""
        found, _ = readable(self.catalog(), source, self.settings)
        rows = [row for facts in found for row in pq.read_table(facts.path).to_pylist()]
        return [row for row in rows if row["kind"] == kind]

    def read(self, source: dict[str, Any], data: bytes, **files: str) -> Read:
        """A document in, facts out: what a reader makes of ``data`` under a card. ``files`` of
        the catalog as in :func:`write_catalog`."""
        self.use(home=self.folder / f"home-{source['id']}-{next(self.homes)}")
        self.write(source, **files)
        (self.mirror / source["documents"][0]["mirror"]).write_bytes(data)
        assert self.pull(source["id"]).failures == []
        return Read(self, self.parse(source["id"]))


@dataclass
class Read:
    bench: Bench
    result: ParseResult

    @property
    def error(self) -> str:
        assert len(self.result.errors) == 1
        assert not self.result.counts
        return self.result.errors[0]

    def rows(self, kind: str) -> list[dict[str, Any]]:
        assert self.result.errors == []
        return self.bench.facts(kind)

    def values(self) -> list[tuple[Any, ...]]:
        rows = self.rows("observation")
        return sorted((r["city_id"], r["year"], r["value"]) for r in rows)


def workbook(rows: list[list[Any]], merged: tuple[str, ...] = (), title: str = "Sheet49") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for cells in merged:
        sheet.merge_cells(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


Route = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Asked:
    """A request to an interface."""

    path: str
    query: dict[str, str]
    posted: Any
    headers: dict[str, str]


# What it answers: bytes, or a value as JSON, with a status or with 200.
Interface = Callable[[Asked], Any]


@dataclass
class Site:
    """A web server on this machine. ``asked`` lists the paths that were asked for; robots.txt
    is among them where there is one."""

    url: str
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    interfaces: dict[str, Interface] = field(default_factory=dict)
    """Answers to whatever begins with a path."""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        route = self.routes.get(request.path)
        if route is None and request.path.endswith("/robots.txt"):
            return respond(request, b"", 404)
        self.asked.append(request.path)
        if route:
            return route(request)
        length = int(request.headers.get("content-length") or 0)
        posted = json.loads(request.rfile.read(length)) if length else None
        for prefix, interface in self.interfaces.items():
            if request.path.startswith(prefix):
                parts = urlsplit(request.path)
                query = {k: v[0] for k, v in parse_qs(parts.query).items()}
                found = interface(Asked(parts.path, query, posted, dict(request.headers)))
                status, value = found if isinstance(found, tuple) else (200, found)
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                return respond(request, body, status)
        return respond(request, b"", 404)

    def give(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        def route(request: BaseHTTPRequestHandler) -> None:
            respond(request, body, status, **headers)

        self.routes[path] = route


def respond(
    request: BaseHTTPRequestHandler, body: bytes = b"", status: int = 200, **headers: str
) -> None:
    request.send_response(status)
    for name, value in ({"Content-Length": str(len(body))} | headers).items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def web_site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that hangs up early is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def raw_site(*answers: bytes, stalls: bool = False) -> Iterator[str]:
    """A server that sends these bytes, a connection each (the last one again and again)."""
    done = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    left = list(answers)

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(left.pop(0) if len(left) > 1 else left[0])
                    if stalls:
                        done.wait(10)
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        done.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(2)


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()
