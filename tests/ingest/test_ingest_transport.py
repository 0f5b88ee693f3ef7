"""Asking for documents: only what changed, politely, with keys that stay secret, and safely."""

from __future__ import annotations

import datetime as dt
import functools
import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from ingest_bench import REGISTER, Bench, Site, head, raw_site, register_card, respond, web_site

from ingest import archive, pull
from ingest.cards import Pull, PullKey
from ingest.pulling import politeness, remote, transport
from ingest.pulling.arrived import form_of, surprise
from ingest.pulling.http import fetch
from ingest.pulling.transport import FetchError, is_public
from ingest.settings import Settings, SettingsError

ADDRESS = "https://things.example/doc"
MORE = REGISTER + "Delta,深圳,2024\n".encode()
SECRET = "s3cret/+key&more"
QUICK = Pull(rate_per_second=100, timeout_seconds=5)


@pytest.fixture
def live(bench: Bench, site: Site, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(remote, "fetch", functools.partial(fetch, pause=0))
    bench.use(origin="live", mirror=(), address_map=(("https://things.example/", f"{site.url}/"),))
    write(bench)
    return bench


def write(bench: Bench, document: dict[str, Any] | None = None, **how: Any) -> None:
    bench.write(register_card(document=document or {}, pull={"rate_per_second": 100} | how))


def outcomes(bench: Bench) -> list[tuple[str, bool]]:
    return [(taken.outcome, taken.is_new) for taken in bench.pull().taken]


def failure(bench: Bench) -> str:
    (found,) = bench.pull().failures
    return found.reason


def conditional(site: Site, body: bytes, **validators: str) -> list[dict[str, str]]:
    """Serve a document as a host does that knows its versions; returns what it was told."""
    told: list[dict[str, str]] = []

    def route(request: BaseHTTPRequestHandler) -> None:
        names = ("If-None-Match", "If-Modified-Since")
        told.append({n: request.headers[n] for n in names if n in request.headers})
        known = {validators.get("ETag", ""), validators.get("Last_Modified", "")} - {""}
        if known & set(told[-1].values()):
            respond(request, b"", 304)
        else:
            respond(request, body, 200, **validators)

    site.routes["/doc"] = route
    return told


# ---------------------------------------------------------------- only what changed
@pytest.mark.parametrize(
    ("validators", "sent"),
    [
        ({"ETag": '"v1"'}, {"If-None-Match": '"v1"'}),
        ({"ETag": 'W/"v1"'}, {"If-None-Match": 'W/"v1"'}),
        (
            {"Last_Modified": "Wed, 01 May 2024 10:00:00 GMT"},
            {"If-Modified-Since": "Wed, 01 May 2024 10:00:00 GMT"},
        ),
    ],
)
def test_a_held_document_is_asked_for_conditionally(
    live: Bench, site: Site, validators: dict[str, str], sent: dict[str, str]
) -> None:
    told = conditional(site, REGISTER, **validators)
    assert outcomes(live) == [("fetched", True)]
    held = live.pull().documents
    assert told == [{}, sent]
    assert outcomes(live) == [("not_modified", False)]
    told = conditional(site, MORE, ETag='"v2"')
    assert outcomes(live) == [("fetched", True)]
    assert len(live.pull().documents) == len(held) + 1
    assert told[-1] == {"If-None-Match": '"v2"'}


def test_without_validators_the_same_bytes_make_no_version(live: Bench, site: Site) -> None:
    site.give("/doc", REGISTER)
    assert outcomes(live) == [("fetched", True)]
    assert outcomes(live) == [("fetched", False)]
    assert len(live.pull().documents) == 1


@pytest.mark.parametrize("change", ["lost", "damaged", "moved"])
def test_what_is_not_held_any_more_is_asked_for_in_full(
    live: Bench, site: Site, change: str
) -> None:
    told = conditional(site, REGISTER, ETag='"v1"')
    (held,) = live.pull().documents
    path = live.settings.archive_dir / held.blob
    if change == "moved":
        site.routes["/new"] = site.routes["/doc"]
        write(live, {"address": "https://things.example/new"})
    else:
        path.chmod(0o644)
        path.unlink() if change == "lost" else path.write_bytes(b"damaged")
    assert outcomes(live) == [("fetched", False)]
    assert told == [{}, {}]
    assert archive.read(live.settings.archive_dir, held.blob) == REGISTER


def test_holdings_from_before_there_were_validators_are_read(live: Bench, site: Site) -> None:
    conditional(site, REGISTER, ETag='"v1"')
    live.pull()
    path = live.settings.archive_dir / "holdings" / "live" / "things.json"
    text = path.read_text()
    lines = [line for line in text.splitlines() if not any(x in line for x in ("etag", "_modif"))]
    path.write_text("\n".join(lines))
    assert outcomes(live) == [("fetched", False)]
    assert outcomes(live) == [("not_modified", False)]


def test_a_304_to_a_request_without_condition_is_an_error(live: Bench, site: Site) -> None:
    site.give("/doc", b"", 304)
    assert failure(live) == f"HTTP 304: {ADDRESS}"


def test_the_revision_window(live: Bench, site: Site) -> None:
    this_year = dt.datetime.now(dt.UTC).year
    site.give("/doc", REGISTER)
    write(live, {"published_on": f"{this_year - 3}-12-31"}, revision_window_years=2)
    assert outcomes(live) == [("fetched", True)]
    assert outcomes(live) == [("kept", False)]
    assert site.asked == ["/doc"]
    assert len(live.pull().documents) == 1
    write(live, {"published_on": f"{this_year - 2}-01-01"}, revision_window_years=2)
    assert outcomes(live) == [("fetched", False)]


# ---------------------------------------------------------------- politeness
def test_requests_to_a_host_are_spaced_over_threads() -> None:
    politeness.forget()
    turns: dict[str, list[float]] = {"a": [], "b": []}

    def ask(host: str) -> None:
        politeness.wait_turn(host, 0.05, time.monotonic() + 10)
        turns[host].append(time.monotonic())

    threads = [threading.Thread(target=ask, args=(host,)) for host in "ababaabb"]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for times in turns.values():
        gaps = [b - a for a, b in zip(sorted(times), sorted(times)[1:], strict=False)]
        assert min(gaps) > 0.03
    assert time.monotonic() - begin < 0.35  # the hosts do not wait for each other


def test_who_has_no_time_to_wait_says_so() -> None:
    politeness.forget()
    politeness.wait_turn("a", 100, time.monotonic() + 1)
    with pytest.raises(FetchError, match="others wait for a too"):
        politeness.wait_turn("a", 100, time.monotonic() + 1)


def test_the_card_says_how_fast(live: Bench, site: Site) -> None:
    site.give("/doc", REGISTER)
    write(live, rate_per_second=5, robots=False)
    live.pull()
    begin = time.monotonic()
    live.pull()
    assert 0.1 < time.monotonic() - begin < 1


@pytest.mark.parametrize("contact", ["", "someone@things.example", "https://things.example/us"])
def test_the_user_agent_names_the_project_and_whom_to_write_to(
    live: Bench, site: Site, contact: str
) -> None:
    agents = []

    def route(request: BaseHTTPRequestHandler) -> None:
        agents.append(request.headers["User-Agent"])
        respond(request, REGISTER)

    site.routes["/doc"] = site.routes["/robots.txt"] = route
    live.use(contact=contact)
    live.pull()
    assert set(agents) == {"ai-city-index-observatory/0.1" + (f" (+{contact})" if contact else "")}


@pytest.mark.parametrize("contact", ["some one", "a\nb: c", "名", "x)"])
def test_a_contact_that_is_none(contact: str) -> None:
    with pytest.raises(SettingsError, match="AICITY_CONTACT"):
        Settings.from_env({"AICITY_CONTACT": contact})


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /doc\n", False),
        ("User-agent: *\nDisallow: /\nAllow: /doc\n", True),
        ("User-agent: *\nDisallow: /other\n", True),
        ("User-agent: ai-city-index-observatory\nDisallow: /\n\nUser-agent: *\nAllow: /\n", False),
        ("User-agent: ai-city-index-observatory\nAllow: /\n\nUser-agent: *\nDisallow: /\n", True),
        ("\ufeffUser-agent: *\nDisallow: /\n", False),
        ("<html><title>Welcome</title>", True),
        ("", True),
    ],
)
def test_robots_txt_is_kept_to(live: Bench, site: Site, text: str, allowed: bool) -> None:
    site.give("/robots.txt", text.encode())
    site.give("/doc", REGISTER)
    reasons = [found.reason for found in live.pull().failures]
    robots = f"things.example/robots.txt does not allow it to ai-city-index-observatory: {ADDRESS}"
    assert reasons == ([] if allowed else [robots])
    assert site.asked == ["/robots.txt"] + ["/doc"] * allowed
    live.pull()
    assert site.asked.count("/robots.txt") == 1


def test_a_card_of_an_interface_for_programs_asks_for_no_robots_txt(
    live: Bench, site: Site
) -> None:
    site.give("/robots.txt", b"User-agent: *\nDisallow: /\n")
    site.give("/doc", REGISTER)
    write(live, robots=False)
    assert live.pull().failures == []
    assert site.asked == ["/doc"]


@pytest.mark.parametrize("status", [404, 403, 401, 410])
def test_a_host_without_robots_txt_allows_all(live: Bench, site: Site, status: int) -> None:
    site.give("/robots.txt", b"", status)
    site.give("/doc", REGISTER)
    assert live.pull().failures == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_robots_txt_that_cannot_be_had_allows_nothing(
    live: Bench, site: Site, status: int
) -> None:
    """RFC 9309, 2.3.1.4."""
    site.give("/robots.txt", b"", status)
    site.give("/doc", REGISTER)
    expected = "things.example/robots.txt can't be had, which allows nothing: HTTP"
    assert failure(live).startswith(f"{expected} {status}")
    assert site.asked == ["/robots.txt"] * 3
    # It is asked again when the host had some rest, here in the next run.
    politeness.forget()
    site.give("/robots.txt", b"")
    assert live.pull().failures == []


def test_a_robots_txt_that_leads_round_in_circles_is_none(live: Bench, site: Site) -> None:
    site.give("/robots.txt", b"", 302, Location="/robots.txt")
    site.give("/doc", REGISTER)
    assert live.pull().failures == []


def test_a_crawl_delay_is_kept_to(live: Bench, site: Site) -> None:
    site.give("/robots.txt", b"User-agent: *\nCrawl-delay: 0.2\n")
    site.give("/doc", REGISTER)
    live.pull()
    begin = time.monotonic()
    live.pull()
    assert 0.1 < time.monotonic() - begin < 1


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for(live: Bench, site: Site, status: int, as_date: bool) -> None:
    times = []

    def route(request: BaseHTTPRequestHandler) -> None:
        times.append(time.monotonic())
        if len(times) > 1:
            return respond(request, REGISTER)
        then = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
        after = format_datetime(then, usegmt=True) if as_date else "1"
        return respond(request, b"", status, Retry_After=after)

    site.routes["/doc"] = route
    assert live.pull().failures == []
    assert 0.9 < times[1] - times[0] < 3


def test_who_asks_for_more_time_than_there_is_is_left_alone(live: Bench, site: Site) -> None:
    site.give("/doc", b"", 429, Retry_After="3600")
    begin = time.monotonic()
    assert failure(live) == (
        f"HTTP 429, asks to be left alone for 3600 s (after 1 attempt): {ADDRESS}"
    )
    assert "things.example asked to be left alone (3600 s to wait)" in failure(live)
    assert site.asked == ["/doc"]
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("after", ["soon", "-5", "", "99999999999999999999", "1e400"])
def test_a_retry_after_that_makes_no_sense(live: Bench, site: Site, after: str) -> None:
    site.give("/doc", b"", 503, Retry_After=after)
    assert "HTTP 503" in failure(live)


def test_a_host_that_does_not_answer_is_not_asked_for_every_document(
    live: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    live.use(address_map=(("https://things.example/", url),))
    tried = []
    connect = transport._Backend.connect_tcp
    monkeypatch.setattr(
        transport._Backend,
        "connect_tcp",
        lambda *args, **kwargs: tried.append(1) or connect(*args, **kwargs),
    )
    assert "Connection refused" in failure(live)
    assert len(tried) == 3
    assert "things.example did not answer" in failure(live)
    assert len(tried) == 3


def test_a_host_that_stalls_twice_is_not_asked_for_every_document(live: Bench) -> None:
    card = register_card(pull={"rate_per_second": 100, "robots": False, "timeout_seconds": 0.3})
    documents = [{**card["documents"][0], "id": f"d{n}", "mirror": None} for n in range(4)]
    live.write({**card, "documents": documents})
    with raw_site(head("Content-Length: 999"), stalls=True) as url:
        live.use(address_map=(("https://things.example/", url),))
        begin = time.monotonic()
        reasons = [found.reason for found in live.pull().failures]
    assert ["did not answer" in reason for reason in reasons] == [False, False, True, True]
    assert time.monotonic() - begin < 2


# ---------------------------------------------------------------- keys
@pytest.fixture
def keyed(live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Requests that the site gets for a document that needs a key."""
    monkeypatch.setenv("AICITY_KEY_THINGS", SECRET)
    got: list[Any] = []

    def route(request: BaseHTTPRequestHandler) -> None:
        got.append((request.path, dict(request.headers)))
        respond(request, REGISTER)

    for path in ("/doc", "/doc?key=s3cret%2F%2Bkey%26more"):
        site.routes[path] = route
    return got


def leaks(bench: Bench) -> list[str]:
    """Files of the data home in which the key stands, in any form."""
    forms = [SECRET.encode(), b"s3cret"]
    files = [path for path in bench.settings.home.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(form in path.read_bytes() for form in forms)]


def test_a_key_in_the_address(
    live: Bench, keyed: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    write(live, key={"env": "AICITY_KEY_THINGS", "parameter": "key"})
    result = live.pull()
    assert result.failures == []
    assert [path for path, _ in keyed] == ["/doc?key=s3cret%2F%2Bkey%26more"]
    assert result.documents[0].address == ADDRESS
    assert leaks(live) == []
    assert "s3cret" not in caplog.text + repr(result)


def test_a_key_in_a_header(live: Bench, keyed: list[Any]) -> None:
    key = {"env": "AICITY_KEY_THINGS", "header": "Authorization", "prefix": "Bearer"}
    write(live, key=key, headers={"Accept": "text/csv"})
    assert live.pull().failures == []
    ((_, headers),) = keyed
    assert headers["Authorization"] == f"Bearer {SECRET}"
    assert headers["Accept"] == "text/csv"
    assert leaks(live) == []


def test_a_key_that_is_missing(
    live: Bench, keyed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AICITY_KEY_THINGS")
    key = {"env": "AICITY_KEY_THINGS", "parameter": "key"}
    write(live, key=key)
    assert "set the environment variable AICITY_KEY_THINGS" in failure(live)
    assert keyed == []
    write(live, key={**key, "optional": True})
    assert live.pull().failures == []
    assert [path for path, _ in keyed] == ["/doc"]


@pytest.mark.parametrize("place", ["parameter", "header"])
def test_a_key_is_not_told_to_another_host(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("AICITY_KEY_THINGS", SECRET)
    got = []

    def route(request: BaseHTTPRequestHandler) -> None:
        got.append(f"{request.path} {request.headers}")
        respond(request, REGISTER)

    with web_site() as other:
        other.routes["/doc"] = route
        for path in ("/doc", "/doc?X-Key=s3cret%2F%2Bkey%26more"):
            site.give(path, b"", 302, Location="https://other.example/doc")
        mapped = (*live.settings.address_map, ("https://other.example/", f"{other.url}/"))
        live.use(address_map=mapped)
        write(live, key={"env": "AICITY_KEY_THINGS", place: "X-Key"})
        assert live.pull().failures == []
    assert len(got) == 1
    assert "s3cret" not in got[0]


@pytest.mark.parametrize(
    "location",
    ["http://s3cret%2F%2Bkey%26more/x", f"http://[{SECRET}", f"nothing://{SECRET}", "gopher://x"],
)
def test_no_error_names_a_key(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    monkeypatch.setenv("AICITY_KEY_THINGS", SECRET)
    site.give("/doc", b"", 302, Location=location)
    write(live, key={"env": "AICITY_KEY_THINGS", "header": "X-Key"})
    assert "s3cret" not in failure(live)


def test_a_key_that_an_answer_repeats_is_not_archived(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICITY_KEY_THINGS", "longenoughsecret")
    site.give("/doc", REGISTER + b"longenoughsecret,,\n")
    write(live, key={"env": "AICITY_KEY_THINGS", "header": "X-Key"})
    (held,) = live.pull().documents
    assert archive.read(live.settings.archive_dir, held.blob) == REGISTER + b"*" * 16 + b",,\n"


@pytest.mark.parametrize("value", ["two\nlines", "Schlüssel"])
def test_a_key_that_cannot_be_sent(
    live: Bench, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AICITY_KEY_THINGS", value)
    write(live, key={"env": "AICITY_KEY_THINGS", "header": "X-Key"})
    assert "AICITY_KEY_THINGS is not one line of ASCII" in failure(live)


@pytest.mark.parametrize(
    "how",
    [
        {"key": {"env": "AWS_SECRET_ACCESS_KEY", "header": "X-Key"}},
        {"key": {"env": "AICITY_KEY_A", "header": "X-Key", "parameter": "key"}},
        {"key": {"env": "AICITY_KEY_A"}},
        {"headers": {"Authorization": "Bearer abc"}},
        {"headers": {"X": "a\r\nB: c"}},
        {"rate_per_second": 0},
    ],
)
def test_a_card_that_cannot_be_asked_for(bench: Bench, how: dict[str, Any]) -> None:
    from ingest.catalog import load_catalog

    bench.write(register_card(pull=how))
    catalog = load_catalog(bench.settings.catalog)
    assert len(catalog.errors) >= 1
    assert "things" not in catalog.sources


# ---------------------------------------------------------------- where connections lead
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Names mean these addresses, one at each question; returns the names asked for."""
    asked: list[str] = []
    ask = socket.getaddrinfo
    left = list(answers)

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if not str(host).endswith(".example"):
            return ask(host, port, *args, **kwargs)
        asked.append(str(host))
        return ask(left.pop(0) if len(left) > 1 else left[0], port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_means_a_private_address(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, "127.0.0.1")
    port = site.url.rpartition(":")[2]
    site.give("/doc", b"", 302, Location=f"http://inside.example:{port}/secret")
    site.give("/secret", REGISTER)
    assert "inside.example is a private address (127.0.0.1)" in failure(live)
    assert "/secret" not in site.asked


def test_a_name_is_resolved_once_and_that_is_where_the_connection_goes(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that gives a public address first and a private one then."""
    asked = resolve(monkeypatch, "192.0.2.1", "127.0.0.1")
    monkeypatch.setattr(transport, "is_public", lambda address: address == "192.0.2.1")
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.2)
    connected: list[str] = []

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> Any:
        connected.append(address[0])
        raise OSError("not here")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchError):
        fetch(
            "http://rebound.example/",
            live.settings,
            QUICK.model_copy(update={"robots": False}),
            pause=0,
        )
    assert connected[0] == "192.0.2.1"
    # Each attempt resolves anew, and the private address is never connected to.
    assert set(connected) == {"192.0.2.1"}
    assert asked


def test_a_proxy_asks_in_our_place_and_not_for_private_addresses(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", site.url)
    site.give("http://things.example/doc", REGISTER)
    site.give("http://10.0.0.1/doc", REGISTER)
    live.use(address_map=())
    answer = fetch("http://things.example/doc", live.settings, QUICK, pause=0)
    assert answer.data == REGISTER
    assert "http://things.example/doc" in site.asked
    with pytest.raises(FetchError, match=r"10\.0\.0\.1 is a private address"):
        fetch("http://10.0.0.1/doc", live.settings, QUICK, pause=0)
    assert "http://10.0.0.1/doc" not in site.asked


# ---------------------------------------------------------------- raw answers
@pytest.fixture
def raw(live: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What becomes of a document whose host answers with these bytes."""

    def outcome(*answers: bytes, stalls: bool = False) -> str:
        politeness.forget()
        with raw_site(*answers, stalls=stalls) as url:
            live.use(address_map=(("https://things.example/", url),))
            write(live, robots=False, timeout_seconds=0.5 if stalls else 5)
            result = live.pull()
        return result.failures[0].reason if result.failures else "fetched"

    return outcome


WHOLE = head(f"Content-Length: {len(REGISTER)}") + REGISTER
PACKED = gzip.compress(REGISTER)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (head("Content-Length: 5000") + REGISTER, "cut short"),
        (head("Content-Length: 20") + REGISTER, "wrong length: more came than the 20 bytes"),
        (head("Content-Length: twelve") + REGISTER, "Content-Length"),
        (head("Content-Length: 3", "Content-Length: 4") + REGISTER, "Content-Length"),
        (head("Content-Length: -3") + REGISTER, "Content-Length"),
        (head("Content-Length: 5368709120") + REGISTER, "5368709120 bytes announced"),
        (head("Transfer-Encoding: chunked") + b"5\r\nname,", "cut short"),
        (head("Transfer-Encoding: chunked") + b"zz\r\nname,", "illegal chunk header"),
        (head("Content-Length: 0"), "the document is empty"),
        (b"", "cut short"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "RemoteProtocolError"),
        (
            head("Content-Encoding: gzip", f"Content-Length: {len(PACKED) - 9}") + PACKED[:-9],
            "its gzip stream does not end",
        ),
        (head("Content-Encoding: gzip", "Content-Length: 5") + b"Hello", "damaged gzip"),
        (head("Content-Encoding: br", "Content-Length: 5") + b"Hello", "br was not asked for"),
        (head("X: " + "y" * 200_000), "RemoteProtocolError"),
    ],
)
def test_answers_that_are_no_document(
    live: Bench, raw: Callable[..., str], answer: bytes, reason: str
) -> None:
    assert reason in raw(answer)
    assert list(live.settings.archive_dir.glob("[0-9a-f]*")) == []
    assert raw(WHOLE) == "fetched"
    assert reason in raw(answer)  # what is held stays
    live.use(origin="live")
    assert len(live.parse().counts) == 1


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + WHOLE,
        head() + REGISTER,
        head("Content-Encoding: gzip", f"Content-Length: {len(PACKED)}") + PACKED,
        head("Transfer-Encoding: chunked")
        + f"{len(REGISTER):x}\r\n".encode()
        + REGISTER
        + b"\r\n0\r\n\r\n",
    ],
)
def test_answers_that_are_one(raw: Callable[..., str], answer: bytes) -> None:
    assert raw(answer) == "fetched"


@pytest.mark.parametrize(
    "answer", [b"", head("Content-Length: 999") + b"x", b"HTTP/1.1 200 OK\r\n"]
)
def test_a_host_that_stalls_is_bounded_in_time(raw: Callable[..., str], answer: bytes) -> None:
    begin = time.monotonic()
    assert "the host does not go on (ReadTimeout" in raw(answer, stalls=True)
    assert time.monotonic() - begin < 2


def test_a_head_that_drips_is_bounded_in_time(live: Bench) -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            try:
                for _ in range(100):
                    connection.sendall(b"H")
                    time.sleep(0.1)
            except OSError:
                pass

    threading.Thread(target=drip, daemon=True).start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    settings = replace(live.settings, address_map=(("https://things.example/", url),))
    begin = time.monotonic()
    with pytest.raises(FetchError):
        fetch(ADDRESS, settings, Pull(robots=False, timeout_seconds=0.5), pause=0)
    assert time.monotonic() - begin < 2
    server.close()


def test_a_gzip_bomb_is_bounded_in_memory(live: Bench, site: Site) -> None:
    import tracemalloc

    site.give("/doc", gzip.compress(bytes(100_000_000)), Content_Encoding="gzip")
    tracemalloc.start()
    with pytest.raises(FetchError, match="larger than 5000000 bytes"):
        fetch(ADDRESS, live.settings, QUICK, max_bytes=5_000_000, pause=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


# ---------------------------------------------------------------- what arrived
PAGE = "<!DOCTYPE html>\n<html><head><title>系统维护 &amp; 更新</title></head></html>"


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (PAGE.encode(), "html"),
        (b"\xef\xbb\xbf \n<!-- x --><HTML>", "html"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html/>', "html"),
        (PAGE.encode("utf-16"), "html"),
        (b"<?xml version='1.0'?><sdmx/>", "xml"),
        (b"%PDF-1.7\n", "pdf"),
        (b"PK\x03\x04...", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b' {"a": 1}', "json"),
        ("城市,排名".encode("gb18030"), "text"),
        (b"\x89PNG\r\n\x1a\n\0\0", "binary"),
    ],
)
def test_forms_by_bytes(data: bytes, form: str) -> None:
    assert form_of(data) == form


@pytest.mark.parametrize(
    ("data", "declared", "address", "expected"),
    [
        (PAGE.encode(), ["text/csv"], ADDRESS, "an HTML page with title '系统维护 & 更新' came"),
        (
            PAGE.encode("gb18030"),
            [],
            ADDRESS + ".xlsx",
            "an HTML page with title '系统维护 & 更新'",
        ),
        (PAGE.encode(), [], ADDRESS + ".pdf?v=1", "came instead of a PDF"),
        (PAGE.encode(), ["text/html"], ADDRESS, ""),
        (PAGE.encode(), [], ADDRESS, ""),
        (b'{"error": "no"}', ["text/csv"], ADDRESS, 'JSON beginning \'{"error": "no"}\' came'),
        (b"Too many", ["application/json"], ADDRESS, "text beginning 'Too many' came instead of J"),
        (b'{"a": 1}', ["application/vnd.sdmx.data+json;version=1.0"], ADDRESS, ""),
        (b"%PDF-1.4", ["text/html"], ADDRESS, "a PDF came instead of an HTML page"),
        (b"\x89PNG\0", ["text/csv"], ADDRESS, "binary data came instead of CSV"),
        (b"PK\x03\x04", [], ADDRESS + ".xls", ""),
        (b"%PDF-1.4", ["text/csv", "application/pdf"], ADDRESS, ""),
        (PAGE.encode(), ["application/x-unheard-of"], ADDRESS, ""),
    ],
)
def test_what_came_instead(data: bytes, declared: list[str], address: str, expected: str) -> None:
    found = surprise(data, declared, address)
    assert expected in found
    assert bool(found) == bool(expected)


def test_a_page_that_says_all_is_well_makes_no_version(live: Bench, site: Site) -> None:
    """Also where nothing is declared: a web page does not follow a table."""
    site.give("/doc", PAGE.encode())
    write(live, {"media_type": "text/csv"})
    assert failure(live) == (
        f"an HTML page with title '系统维护 & 更新' came instead of CSV: {ADDRESS} "
        "(if it is the document, say so in the card: pull.media_types)"
    )
    assert live.pull().documents == []
    write(live)
    site.give("/doc", REGISTER)
    held = live.pull().documents
    site.give("/doc", PAGE.encode(), Content_Type="text/csv")
    assert "came instead of a document like the one before" in failure(live)
    assert live.pull().documents == held
    write(live, media_types=["text/html"])
    assert live.pull().failures == []


def test_a_page_that_leads_to_a_document_says_nothing_of_its_form(live: Bench, site: Site) -> None:
    site.give("/doc.htm", b'<html><a href="data">The data</a></html>')
    site.give("/data", b"%PDF-1.7")
    address = "https://things.example/doc.htm"
    write(live, {"address": address, "links": [{"text": "data"}], "mirror": None})
    assert live.pull().failures == []
    site.give("/data", PAGE.encode())
    assert "came instead of a document like the one before" in failure(live)


def test_a_wrong_media_type_of_right_bytes_is_no_fault(live: Bench, site: Site) -> None:
    site.give("/doc", REGISTER, Content_Type="image/png")
    write(live, {"media_type": "text/csv"})
    assert live.pull().failures == []


# ---------------------------------------------------------------- what is told
def test_a_pull_says_what_it_did(live: Bench, site: Site) -> None:
    conditional(site, REGISTER, ETag='"1"')
    (first,) = live.pull().taken
    assert (first.document, first.size_bytes) == ("doc", len(REGISTER))
    assert 0 < first.seconds < 5
    result = live.pull()
    assert result.count("not_modified") == 1
    assert result.taken[0].size_bytes == 0


def test_a_long_download_says_how_far_it_is(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "PROGRESS_SECONDS", 0.0)
    site.give("/doc", REGISTER * 50_000)
    told: list[str] = []
    pull.pull(live.catalog(), "things", live.settings, tell=told.append)
    assert told[0].startswith("things/doc: 0.1 of 3.4 MB after ")


def test_a_run_that_ends_early_keeps_what_it_has(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    card = register_card(pull={"rate_per_second": 100})
    second = {**card["documents"][0], "id": "other", "address": "https://things.example/other"}
    live.write({**card, "documents": [card["documents"][0], second]})
    site.give("/doc", REGISTER)
    calls = []

    def fetch_one(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return fetch(*args, **kwargs)

    monkeypatch.setattr(remote, "fetch", fetch_one)
    with pytest.raises(KeyboardInterrupt):
        live.pull()
    held = archive.read_holdings(live.settings.archive_dir, "live", "things")
    assert [document.document for document in held] == ["doc"]


@pytest.mark.parametrize("text", ["", "[{}]", "{", '[{"vintage_on": "then"}]', "[1]"])
def test_damaged_holdings_are_told_and_left_as_they_are(live: Bench, site: Site, text: str) -> None:
    site.give("/doc", REGISTER)
    live.pull()
    path = live.settings.archive_dir / "holdings" / "live" / "things.json"
    path.write_text(text)
    assert "things.json is damaged" in failure(live)
    assert path.read_text() == text
    assert live.parse().errors == []
    path.unlink()
    assert outcomes(live) == [("fetched", True)]


def test_two_pulls_at_once_lose_nothing_of_each_other(
    live: Bench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backfill of one year while the main job pulls another."""
    card = register_card(pull={"rate_per_second": 100, "robots": False})
    documents = [
        {**card["documents"][0], "id": f"d{year}", "year": year, "mirror": f"d{year}"}
        for year in (2023, 2024)
    ]
    live.write({**card, "documents": documents})
    site.give("/doc", REGISTER)
    both = threading.Barrier(2)

    def fetch_together(*args: Any, **kwargs: Any) -> Any:
        both.wait(5)
        return fetch(*args, **kwargs)

    monkeypatch.setattr(remote, "fetch", fetch_together)
    catalog = live.catalog()

    def pull_year(year: int) -> None:
        pull.pull(catalog, "things", live.settings, years={year})

    threads = [threading.Thread(target=pull_year, args=(year,)) for year in (2023, 2024)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = archive.read_holdings(live.settings.archive_dir, "live", "things")
    assert sorted(document.document for document in held) == ["d2023", "d2024"]


def test_a_key_has_no_other_place() -> None:
    with pytest.raises(ValueError, match="one place"):
        PullKey(env="AICITY_KEY_A")
