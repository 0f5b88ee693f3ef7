"""Documents into the archive, from wherever: what goes wrong is told and costs nothing else."""

from __future__ import annotations

import datetime as dt
import functools
import json
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import duckdb
import pytest
from ingest_bench import (
    ORCHARDS,
    REGISTER,
    REGISTER_FACTS,
    Bench,
    Site,
    card,
    register_card,
    respond,
    web_site,
)

from ingest import archive, pull
from ingest.bundle import bundle
from ingest.cards import Pull
from ingest.load import load_raw
from ingest.pulling import politeness, remote
from ingest.pulling.http import MAX_BYTES, fetch, map_address
from ingest.pulling.transport import FetchError
from ingest.settings import Settings

MORE = REGISTER + "Delta,深圳,2024\n".encode()
MORE_FACTS = [*REGISTER_FACTS, ("cn_shenzhen", 2024, 1.0)]


def values(bench: Bench) -> list[tuple[str, int, float]]:
    return sorted((r["city_id"], r["year"], r["value"]) for r in bench.facts("observation"))


def drop_mirror(bench: Bench, data: bytes = REGISTER) -> Path:
    path = bench.mirror / "doc.bin"
    path.write_bytes(data)
    return path


def with_bundled_facts(bench: Bench) -> None:
    """Bundle the register, then forget the data home."""
    bench.write(register_card())
    drop_mirror(bench)
    assert [line.outcome for line in bundle(bench.settings)] == ["written"]


# ---------------------------------------------------------------- bundled
def test_bundled_facts(bench: Bench) -> None:
    with_bundled_facts(bench)
    bench.use(origin="bundled", mirror=())
    result = bench.pull()
    assert (result.origin, result.failures, result.fallback_reason) == ("bundled", [], None)
    (held,) = result.documents
    assert held.fact_kind == "observation"
    assert held.status == "cited"
    assert held.sha256 == held.document_id == archive.sha256(REGISTER)
    assert bench.parse().counts == {"observation": 2}
    assert values(bench) == REGISTER_FACTS


def test_no_bundled_facts(bench: Bench) -> None:
    bench.write(register_card())
    bench.use(origin="bundled")
    result = bench.pull()
    assert result.documents == []
    assert [(f.document, f.reason) for f in result.failures] == [("doc", "no bundled facts")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "document\ndoc\n",
        "name,size\ndoc,1\n",
        "document,document_id,sha256,media_type,size_bytes\ndoc,x,y,text/csv,many\n",
        "document,document_id,sha256,media_type,size_bytes\ndoc\n",
        "document,document_id\nother,x\n",
    ],
)
def test_a_damaged_list_of_bundled_documents_does_not_raise(bench: Bench, text: str) -> None:
    with_bundled_facts(bench)
    bench.use(origin="bundled")
    (bench.folder / "catalog" / "sources" / "things" / "documents.csv").write_text(text)
    result = bench.pull()
    assert result.failures or len(result.documents) == 1
    assert bench.parse().errors == []


@pytest.mark.parametrize("origin", ["bundled", "mirror"])
def test_a_document_that_is_only_live_is_no_matter_elsewhere(bench: Bench, origin: str) -> None:
    document = {"mirror": None, "live_only": True}
    bench.write(register_card(document=document))
    bench.use(origin=origin)
    result = bench.pull()
    assert (result.documents, result.failures, result.fallback_reason) == ([], [], None)
    bench.use(mirror=(bench.mirror,))
    assert list(bundle(bench.settings)) == []


# ---------------------------------------------------------------- mirror
def test_a_file_of_the_mirror(bench: Bench) -> None:
    bench.write(register_card())
    drop_mirror(bench)
    result = bench.pull()
    assert (result.origin, result.failures, result.fallback_reason) == ("mirror", [], None)
    (held,) = result.documents
    assert held.status == "held"
    assert held.blob == held.sha256 == held.document_id == archive.sha256(REGISTER)
    assert held.size_bytes == len(REGISTER)
    assert held.vintage_on == held.published_on == dt.date(2024, 5, 1)
    assert archive.read(bench.settings.archive_dir, held.blob) == REGISTER
    assert bench.parse().parsed == 1
    assert values(bench) == REGISTER_FACTS


def test_the_first_mirror_that_has_a_file_gives_it(bench: Bench) -> None:
    bench.write(register_card())
    drop_mirror(bench)
    empty, other = bench.folder / "empty", bench.folder / "other"
    for folder in (empty, other):
        folder.mkdir()
    (other / "doc.bin").write_bytes(MORE)
    bench.use(mirror=(empty, bench.mirror, other))
    assert bench.pull().documents[0].blob == archive.sha256(REGISTER)


def test_a_file_that_the_mirror_lacks_falls_back_visibly(bench: Bench) -> None:
    with_bundled_facts(bench)
    (bench.mirror / "doc.bin").unlink()
    result = bench.pull()
    assert result.origin == "bundled"
    assert result.fallback_reason == "doc: no file doc.bin in the mirror"
    assert [held.origin for held in result.documents] == ["bundled"]
    bench.parse()
    assert values(bench) == REGISTER_FACTS


def test_a_card_without_a_file_in_the_mirror_falls_back_visibly(bench: Bench) -> None:
    with_bundled_facts(bench)
    bench.write(register_card(document={"mirror": None}))
    result = bench.pull()
    assert result.origin == "bundled"
    assert "the card names no file in the mirror" in str(result.fallback_reason)


def test_a_link_out_of_the_mirror_is_refused(bench: Bench) -> None:
    bench.write(register_card())
    secret = bench.folder / "secret"
    secret.write_bytes(REGISTER)
    (bench.mirror / "doc.bin").symlink_to(secret)
    result = bench.pull()
    assert result.documents == []
    assert result.fallback_reason
    assert not (bench.settings.archive_dir / archive.sha256(REGISTER)).exists()


def test_a_link_inside_the_mirror_is_taken(bench: Bench) -> None:
    bench.write(register_card())
    (bench.mirror / "real.csv").write_bytes(REGISTER)
    (bench.mirror / "doc.bin").symlink_to(bench.mirror / "real.csv")
    assert len(bench.pull().documents) == 1


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "a/../../secret.csv"])
def test_a_card_that_names_a_path_outside_is_an_error(bench: Bench, path: str) -> None:
    from ingest.catalog import load_catalog

    bench.write(register_card(document={"mirror": path}))
    catalog = load_catalog(bench.settings.catalog)
    assert ["path inside the mirror" in e.message for e in catalog.errors] == [True]
    assert catalog.sources == {}


def test_a_file_that_has_gone_keeps_the_last_good_one(bench: Bench) -> None:
    bench.write(register_card())
    drop_mirror(bench)
    first = bench.pull().documents
    (bench.mirror / "doc.bin").unlink()
    assert bench.pull().documents == first


def test_a_changed_file_is_a_new_vintage_beside_the_old_one(bench: Bench) -> None:
    bench.write(register_card())
    drop_mirror(bench)
    bench.pull()
    drop_mirror(bench, MORE)
    result = bench.pull()
    old, new = result.documents
    assert (old.blob, new.blob) == (archive.sha256(REGISTER), archive.sha256(MORE))
    assert old.vintage_on < new.vintage_on
    assert bench.pull().documents == [old, new]
    assert bench.parse().parsed == 2
    assert values(bench) == sorted(REGISTER_FACTS + MORE_FACTS)
    with duckdb.connect() as connection:
        counts = load_raw(connection, bench.catalog(), bench.settings)
        assert counts["document"] == 2
        assert counts["observation"] == 5
        (newest,) = connection.execute(
            "select count(*) from raw.observation where vintage_on = ?", [new.vintage_on]
        ).fetchall()[0]
    assert newest == 3


def a_day_passes(bench: Bench) -> None:
    folder = bench.settings.archive_dir
    held = archive.read_holdings(folder, "mirror", "things")
    day = dt.timedelta(days=1)
    older = [replace(document, vintage_on=document.vintage_on - day) for document in held]
    archive.write_holdings(folder, "mirror", "things", older)


def blobs(*versions: bytes) -> list[str]:
    return [archive.sha256(data) for data in versions]


def held_blobs(bench: Bench) -> list[str]:
    return [held.blob for held in bench.pull().documents]


def vintages(bench: Bench) -> list[tuple[dt.date, int]]:
    """Vintages in force, with their numbers of observations."""
    return sorted(Counter(row["vintage_on"] for row in bench.facts("observation")).items())


def test_what_changed_back_within_a_day_makes_no_vintage(bench: Bench) -> None:
    bench.write(register_card())
    for data in (REGISTER, MORE, REGISTER):
        drop_mirror(bench, data)
        held = held_blobs(bench)
    assert held == blobs(REGISTER, MORE, REGISTER)
    assert vintages(bench) == [(dt.date(2024, 5, 1), 2)]


def test_old_bytes_that_come_back_are_the_newest_vintage(bench: Bench) -> None:
    bench.write(register_card())
    for data in (REGISTER, MORE, REGISTER):
        a_day_passes(bench)
        drop_mirror(bench, data)
        held = held_blobs(bench)
    assert held == blobs(REGISTER, MORE, REGISTER)
    assert [n for _, n in vintages(bench)] == [2, 3, 2]
    with duckdb.connect() as connection:
        counts = load_raw(connection, bench.catalog(), bench.settings)
    assert (counts["document"], counts["observation"]) == (2, 7)


def test_of_two_versions_of_a_day_the_later_counts(bench: Bench) -> None:
    bench.write(register_card())
    versions = (REGISTER, MORE, MORE + "Epsilon,杭州,2024\n".encode())
    for data in versions:
        drop_mirror(bench, data)
        held = held_blobs(bench)
    assert held == blobs(*versions)
    rows = bench.facts("observation")
    assert {row["document_id"] for row in rows} == set(blobs(versions[0], versions[2]))


@pytest.mark.parametrize("same_day", [True, False])
def test_a_version_that_cannot_be_read_leaves_the_facts_before_in_force(
    bench: Bench, same_day: bool
) -> None:
    bench.write(register_card())
    for data in (REGISTER, MORE, b"another,schema\n1,2\n"):
        if not same_day:
            a_day_passes(bench)
        drop_mirror(bench, data)
        held = held_blobs(bench)
    assert len(held) == 3
    before = vintages(bench)
    assert [n for _, n in before] == [2, 3]
    result = bench.parse()
    (error,) = result.errors
    assert error.startswith("doc: no column city, name, year")
    assert error.endswith(f"(the facts of {before[-1][0]} stay in force)")
    assert result.counts == {"observation": 5}
    with duckdb.connect() as connection:
        counts = load_raw(connection, bench.catalog(), bench.settings)
    assert (counts["document"], counts["observation"]) == (3, 5)


def test_a_bad_version_is_past_once_a_good_one_came(bench: Bench) -> None:
    bench.write(register_card())
    for data in (REGISTER, b"down,today\n", MORE):
        a_day_passes(bench)
        drop_mirror(bench, data)
        bench.pull()
    result = bench.parse()
    assert result.errors == []
    assert [text.split(":")[0][:3] for text in result.superseded] == ["doc"]
    assert [n for _, n in vintages(bench)] == [2, 3]


def test_bundled_facts_stay_where_no_version_can_be_read(bench: Bench) -> None:
    with_bundled_facts(bench)
    drop_mirror(bench, b"down,today\n")
    bench.pull()
    (error,) = bench.parse().errors
    assert error.endswith("(the bundled facts stay in force)")
    assert values(bench) == REGISTER_FACTS


def transcript(*ranks: int) -> bytes:
    rows = [
        {"rank": rank, "rank_as_printed": str(rank), "city_as_printed": city}
        for rank, city in zip(ranks, ("北京", "深圳"), strict=True)
    ]
    evidence = [{"url": "https://things.example/doc", "quote": "the first two"}]
    return json.dumps({"editions": [{"id": "e", "rows": rows, "evidence": evidence}]}).encode()


def test_a_corrected_transcript_replaces_the_one_before(bench: Bench) -> None:
    """A transcript is no document: its facts cite the same page before and after."""
    report = {
        "report_id": "r",
        "title": "R",
        "publisher": "P",
        "subject": "ai",
        "published_on": dt.date(2024, 1, 1),
        "data_year": 2023,
        "universe": "All",
    }
    options = {"edition": "e", "tables": [{"report_id": report["report_id"]}]}
    document = {"form": "transcript", "reports": [report], "options": options}
    bench.write(card("ranking_ledger", document=document))
    for ranks in ((2, 1), (1, 2)):
        drop_mirror(bench, transcript(*ranks))
        bench.pull()
        assert bench.parse().errors == []
    with duckdb.connect() as connection:
        load_raw(connection, bench.catalog(), bench.settings)
        found = connection.execute("select city_id, rank from raw.published_rank order by rank")
        assert found.fetchall() == [("cn_beijing", 1), ("cn_shenzhen", 2)]


def test_a_changed_article_keeps_one_row_a_claim_and_city(bench: Bench) -> None:
    claim = {
        "claim": "c1",
        "kind": "superlative",
        "subject": "most models",
        "cities": ["cn_beijing"],
        "attributed_to": "the article",
        "quote": "Beijing has most models",
        "untestable": "no data",
    }
    bench.write(card("quoted_passages", document={"options": {"claims": [claim]}}))
    for text in (b"Beijing has most models.", b"Corrected: Beijing has most models."):
        drop_mirror(bench, text)
        bench.pull()
        assert bench.parse().errors == []
    with duckdb.connect() as connection:
        counts = load_raw(connection, bench.catalog(), bench.settings)
    assert counts["claim"] >= 1


# ---------------------------------------------------------------- live
@pytest.fixture
def live(bench: Bench, site: Site, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A source whose address leads to the site of the test; nothing waits between attempts."""
    monkeypatch.setattr(remote, "fetch", functools.partial(fetch, pause=0))
    monkeypatch.setattr(politeness, "wait_turn", lambda host, spacing, deadline: None)
    with_bundled_facts(bench)
    bench.use(origin="live", mirror=(), address_map=(("https://things.example/", f"{site.url}/"),))
    return bench


def failure(bench: Bench) -> str:
    (found,) = bench.pull().failures
    assert found.document == "doc"
    return found.reason


def test_a_document_from_its_address(live: Bench, site: Site) -> None:
    site.give("/doc", REGISTER, Content_Type="text/csv; charset=utf-8")
    result = live.pull()
    assert (result.origin, result.failures, result.fallback_reason) == ("live", [], None)
    (held,) = result.documents
    assert held.media_type == "text/csv"
    assert held.address == "https://things.example/doc"
    assert held.retrieved_on == dt.datetime.now(dt.UTC).date()
    live.parse()
    assert values(live) == REGISTER_FACTS


def test_a_changed_document_is_a_new_vintage(live: Bench, site: Site) -> None:
    site.give("/doc", REGISTER)
    live.pull()
    site.give("/doc", MORE)
    assert [held.blob for held in live.pull().documents] == [
        archive.sha256(REGISTER),
        archive.sha256(MORE),
    ]
    assert live.parse().parsed == 2
    with duckdb.connect() as connection:
        assert load_raw(connection, live.catalog(), live.settings)["observation"] == 5


def test_not_found_is_final_and_visible(live: Bench, site: Site) -> None:
    result = live.pull()
    assert site.asked == ["/doc"]
    assert result.origin == "bundled"
    assert result.fallback_reason == "doc: HTTP 404: https://things.example/doc"
    assert [f.reason for f in result.failures] == ["HTTP 404: https://things.example/doc"]
    live.parse()
    assert values(live) == REGISTER_FACTS


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_error_is_tried_again(live: Bench, site: Site, status: int) -> None:
    def route(request: BaseHTTPRequestHandler) -> None:
        good = len(site.asked) > 1
        respond(request, REGISTER if good else b"", 200 if good else status)

    site.routes["/doc"] = route
    assert live.pull().failures == []
    assert len(site.asked) == 2


def test_a_server_error_that_stays(live: Bench, site: Site) -> None:
    site.give("/doc", b"", 500)
    assert failure(live) == "HTTP 500 (after 3 attempts): https://things.example/doc"
    assert len(site.asked) == 3


def test_connection_refused(live: Bench) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    live.use(address_map=(("https://things.example/", url),))
    assert "ConnectError" in failure(live)


def test_a_connection_that_breaks_is_tried_again(live: Bench, site: Site) -> None:
    def route(request: BaseHTTPRequestHandler) -> None:
        if len(site.asked) == 1:
            respond(request, REGISTER[:10], 200, Content_Length=str(len(REGISTER)))
            request.close_connection = True
        else:
            respond(request, REGISTER)

    site.routes["/doc"] = route
    assert live.pull().documents[0].blob == archive.sha256(REGISTER)


def test_a_failed_pull_keeps_the_last_good_document(live: Bench, site: Site) -> None:
    site.give("/doc", REGISTER)
    first = live.pull()
    site.give("/doc", b"", 404)
    second = live.pull()
    assert second.documents == first.documents
    assert second.origin == "live"
    assert second.fallback_reason is None
    assert [f.reason for f in second.failures] == ["HTTP 404: https://things.example/doc"]
    site.give("/doc", MORE)
    assert len(live.pull().documents) == 2


def redirect(site: Site, path: str, target: str) -> None:
    site.give(path, b"", 302, Location=target)


def test_a_redirect_on_the_same_host(live: Bench, site: Site) -> None:
    redirect(site, "/doc", "moved/here")
    site.give("/moved/here", REGISTER)
    assert live.pull().failures == []


def test_a_redirect_to_a_private_address_is_refused(live: Bench, site: Site) -> None:
    with web_site() as inside:
        inside.give("/secret", REGISTER)
        redirect(site, "/doc", f"{inside.url}/secret")
        assert "127.0.0.1 is a private address" in failure(live)
        assert inside.asked == []


def test_a_redirect_to_a_host_of_the_map_is_followed(live: Bench, site: Site) -> None:
    with web_site() as other:
        other.give("/doc", REGISTER)
        redirect(site, "/doc", f"{other.url}/doc")
        live.use(
            address_map=(*live.settings.address_map, ("https://other.example/", f"{other.url}/"))
        )
        assert live.pull().failures == []
        assert other.asked == ["/doc"]


def test_a_redirect_to_a_mapped_address_asks_the_one_that_stands_in(
    live: Bench, site: Site
) -> None:
    redirect(site, "/doc", "https://things.example/moved")
    site.give("/moved", REGISTER)
    assert live.pull().failures == []


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://localhost/",
        "file:///etc/passwd",
        "ftp://things.example/doc",
        "http://",
        "http://[",
        "http://things..example/",
        "http://things.example:99999999/",
        f"http://{'a' * 70}.example/",
    ],
)
def test_a_redirect_that_leads_nowhere_good(live: Bench, site: Site, target: str) -> None:
    redirect(site, "/doc", target)
    assert failure(live)
    assert set(site.asked) == {"/doc"}


def test_endless_redirects(live: Bench, site: Site) -> None:
    redirect(site, "/doc", "/other")
    redirect(site, "/other", "/doc")
    assert "more than 5 redirects" in failure(live)
    assert len(site.asked) == 6


def test_an_empty_body(live: Bench, site: Site) -> None:
    site.give("/doc", b"")
    assert "the document is empty" in failure(live)


@pytest.fixture
def fetch_doc(live: Bench, site: Site) -> Callable[..., bytes]:
    def get(max_seconds: float = 60.0, max_bytes: int = MAX_BYTES) -> bytes:
        address = "https://things.example/doc"
        how = Pull(timeout_seconds=max_seconds)
        answer = fetch(address, live.settings, how, pause=0, max_bytes=max_bytes)
        assert answer.data is not None
        return answer.data

    return get


def test_a_body_that_is_announced_as_too_large(fetch_doc: Callable[..., bytes], site: Site) -> None:
    site.give("/doc", REGISTER)
    assert fetch_doc(max_bytes=len(REGISTER)) == REGISTER
    with pytest.raises(FetchError, match="bytes announced, at most 10 are taken"):
        fetch_doc(max_bytes=10)


def test_a_body_that_grows_too_large(fetch_doc: Callable[..., bytes], site: Site) -> None:
    def route(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.close_connection = True
        for _ in range(1000):
            request.wfile.write(b"x" * 1000)

    site.routes["/doc"] = route
    with pytest.raises(FetchError, match="larger than 5000 bytes"):
        fetch_doc(max_bytes=5000)


def test_a_small_body_that_unpacks_too_large(fetch_doc: Callable[..., bytes], site: Site) -> None:
    import gzip

    packed = gzip.compress(b"x" * 1_000_000)
    assert len(packed) < 5000
    site.give("/doc", packed, Content_Encoding="gzip")
    with pytest.raises(FetchError, match="larger than 5000 bytes"):
        fetch_doc(max_bytes=5000)


def test_a_damaged_encoding(live: Bench, site: Site) -> None:
    site.give("/doc", b"not gzip", Content_Encoding="gzip")
    assert failure(live)


def test_a_body_that_drips_is_bounded_by_time(fetch_doc: Callable[..., bytes], site: Site) -> None:
    def route(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        try:
            for _ in range(100):
                request.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    site.routes["/doc"] = route
    begin = time.monotonic()
    with pytest.raises(FetchError):
        fetch_doc(max_seconds=0.3)
    assert time.monotonic() - begin < 2


def test_a_stalled_body_is_bounded_by_time(fetch_doc: Callable[..., bytes], site: Site) -> None:
    def route(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"x")
        time.sleep(4)

    site.routes["/doc"] = route
    begin = time.monotonic()
    with pytest.raises(FetchError):
        fetch_doc(max_seconds=0.3)
    assert time.monotonic() - begin < 2


def test_only_published_documents_have_a_live_address(live: Bench, site: Site) -> None:
    live.write(register_card(document={"form": "derived"}))
    result = live.pull()
    assert result.fallback_reason == "doc: a derived document has no live address"
    assert result.failures == []
    assert site.asked == []


def test_the_longest_prefix_of_the_map_wins() -> None:
    text = "https://a.example/=http://one.example/,https://a.example/b/=http://two.example/"
    settings = Settings.from_env({"AICITY_ADDRESS_MAP": text})
    assert map_address("https://a.example/b/c", settings.address_map) == "http://two.example/c"
    assert map_address("https://a.example/c", settings.address_map) == "http://one.example/c"
    assert map_address("https://b.example/c", settings.address_map) == "https://b.example/c"


def test_pulling_needs_no_network_for_another_subject(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, catalog=(ORCHARDS,))
    from ingest.catalog import load_catalog

    catalog = load_catalog([ORCHARDS])
    for source in catalog.sources:
        assert pull.pull(catalog, source, settings).failures == []
