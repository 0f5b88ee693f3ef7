"""The same facts from every origin: bundled, a folder of raw files, and over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest

from ingest.catalog import Catalog, load_catalog
from ingest.load import load_raw
from ingest.parse import parse
from ingest.pull import PullResult, pull
from ingest.pulling import politeness
from ingest.settings import PROJECT, Settings

MIRROR = PROJECT.parent / "shared" / "mirror"
FACTS = ("observation", "published_rank", "claim", "event", "quarantine")

pytestmark = pytest.mark.skipif(
    not MIRROR.is_dir(), reason="the raw files are not at hand (../shared/mirror)"
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog([PROJECT / "catalog"])


@pytest.fixture
def server(catalog: Catalog, tmp_path: Path) -> Iterator[str]:
    """The published documents of the catalog, each under the host and path of its address."""
    for card in catalog.sources.values():
        for document in card.documents:
            if document.form == "published" and document.mirror:
                parts = urlsplit(document.address)
                link = tmp_path / parts.netloc / parts.path.lstrip("/")
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(MIRROR / document.mirror)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def facts_of(
    catalog: Catalog, settings: Settings
) -> tuple[dict[str, list[tuple[Any, ...]]], list[PullResult]]:
    pulls = [pull(catalog, source, settings) for source in catalog.sources]
    for source in catalog.sources:
        assert parse(catalog, source, settings).errors == []
    with duckdb.connect() as con:
        load_raw(con, catalog, settings)
        return {
            table: con.execute(f"select * from raw.{table} order by all").fetchall()
            for table in FACTS
        }, pulls


def test_every_origin_gives_the_same_facts(
    catalog: Catalog, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(politeness, "wait_turn", lambda host, spacing, deadline: None)
    folder = (PROJECT / "catalog",)
    bundled, _ = facts_of(catalog, Settings(tmp_path / "bundled", folder))
    mirror, from_mirror = facts_of(
        catalog, Settings(tmp_path / "mirror", folder, "mirror", (MIRROR,))
    )
    hosts = {
        urlsplit(document.address).netloc
        for card in catalog.sources.values()
        for document in card.documents
        if document.form == "published"
    }
    address_map = tuple((f"https://{host}/", f"{server}/{host}/") for host in sorted(hosts))
    live, from_live = facts_of(
        catalog, Settings(tmp_path / "live", folder, "live", (), address_map)
    )
    for table in FACTS:
        assert mirror[table] == bundled[table], table
        assert live[table] == bundled[table], table
    assert len(bundled["observation"]) > 15_000
    # Most documents came from the origin itself, and the others say why not.
    assert sum(d.origin == "mirror" for p in from_mirror for d in p.documents) >= 20
    assert sum(d.origin == "live" for p in from_live for d in p.documents) >= 20
    only_live = {(c.id, d.id) for c in catalog.sources.values() for d in c.documents if d.live_only}
    failures = {(p.source_id, f.document): f.reason for p in from_live for f in p.failures}
    assert failures.keys() <= only_live, failures
    assert all(
        p.fallback_reason
        for p in [*from_mirror, *from_live]
        if any(d.origin == "bundled" for d in p.documents)
    )
