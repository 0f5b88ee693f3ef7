"""Fetch one document over HTTP: politely, bounded in size, time and redirects.

Only what changed comes: an answer's validators are sent back with the next request (RFC 9110,
13.1). Where connections may lead is the matter of :mod:`ingest.pulling.transport`.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus, urlencode, urljoin, urlsplit

import httpx
import tenacity

from ingest.cards import Pull
from ingest.pulling import politeness
from ingest.pulling.transport import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Endpoint,
    FetchError,
    GuardedTransport,
    Stream,
    endpoint,
)
from ingest.settings import Settings, key_from_env

MAX_BYTES = 200 * 1024 * 1024
MAX_REDIRECTS = 5  # RFC 9309 asks for five in the case of robots.txt
ATTEMPTS = 3
PAUSE = 1.0
MAX_PAUSE = 60.0
ROBOTS_TIMEOUT = 20.0
AGENT = "ai-city-index-observatory"
AddressMap = Sequence[tuple[str, str]]
Progress = Callable[[int, int | None], None]
T = TypeVar("T")

# At these levels they log whole addresses, and with them keys.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Validators:
    """What identifies a version of a document to its host."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in found.items() if value}


USUAL = Pull()
NONE_HELD = Validators()


@dataclass(frozen=True)
class Answer:
    data: bytes | None
    """The document; None where the host says that it has not changed."""
    media_type: str = ""
    validators: Validators = NONE_HELD
    size_bytes: int = 0
    """What came over the wire."""


class _TryAgain(FetchError):
    def __init__(self, reason: str, seconds: float = 0.0, silence: int = 0) -> None:
        super().__init__(reason)
        self.seconds = seconds
        """How long the host asked to be left alone."""
        self.silence = silence
        """How much it says that there is no host at the other end."""


def map_address(address: str, address_map: AddressMap) -> str:
    """The address to ask instead, by the longest matching prefix."""
    for prefix, target in address_map:
        if address.startswith(prefix):
            return target + address[len(prefix) :]
    return address


def fetch(
    address: str,
    settings: Settings,
    how: Pull = USUAL,
    held: Validators = NONE_HELD,
    *,
    body: Mapping[str, Any] | None = None,
    max_bytes: int = MAX_BYTES,
    pause: float = PAUSE,
    progress: Progress = lambda size, announced: None,
) -> Answer:
    """A document, or the word of its host that the version with the validators is current.

    Server errors and broken connections are tried again; everything else is final.
    ``body`` is posted as JSON. ``progress`` is told the bytes so far, and those announced.

    Raises:
        FetchError: with the reason. It names no key.
    """
    secret = ""
    try:
        secret = _key(how)
        deadline = time.monotonic() + how.timeout_seconds
        ask = _Ask(settings, how, deadline, secret, held, max_bytes, progress, body)
        attempt = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgain),
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(ATTEMPTS),
                tenacity.stop_before_delay(how.timeout_seconds),
            ),
            wait=lambda state: _pause(state, pause),
            reraise=True,
        )
        answer = attempt(lambda: _follow(address, ask, lambda response: _answer(response, ask)))
        politeness.answered(_host(address))
        return answer
    except _TryAgain as error:
        tried = attempt.statistics["attempt_number"]
        reason = f"{error} (after {tried} attempt{'s' if tried > 1 else ''})"
        politeness.strike(_host(address), error.silence)
        raise FetchError(f"{_redact(reason, secret)}: {address}") from None
    except FetchError as error:
        raise FetchError(f"{_redact(str(error), secret)}: {address}") from None


@dataclass(frozen=True)
class _Ask:
    settings: Settings
    how: Pull
    deadline: float
    secret: str = field(default="", repr=False)
    held: Validators = NONE_HELD
    max_bytes: int = MAX_BYTES
    progress: Progress = lambda size, announced: None
    body: Mapping[str, Any] | None = None

    @property
    def exempt(self) -> frozenset[Endpoint]:
        return frozenset(endpoint(target) for _, target in self.settings.address_map)


def _key(how: Pull) -> str:
    """The publisher's key, empty where it goes without.

    Raises:
        FetchError: there is none, or it can't be sent.
    """
    if not how.key:
        return ""
    secret = key_from_env(how.key.env)
    if not secret and not how.key.optional:
        raise FetchError(
            f"the publisher asks for a key: set the environment variable {how.key.env} to yours"
        )
    if not secret.isascii() or not secret.isprintable():
        raise FetchError(f"the environment variable {how.key.env} is not one line of ASCII")
    return secret


def _redact(text: str, secret: str) -> str:
    for form in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)} - {""}:
        text = re.sub(re.escape(form), "***", text, flags=re.IGNORECASE)
    return text


def _pause(state: tenacity.RetryCallState, pause: float) -> float:
    """Exponential, with jitter; at least as long as the host asks for."""
    backoff = tenacity.wait_exponential_jitter(pause, MAX_PAUSE, jitter=pause)(state)
    error = state.outcome.exception() if state.outcome else None
    return max(backoff, error.seconds if isinstance(error, _TryAgain) else 0.0)


def _host(address: str) -> str:
    return urlsplit(address).netloc.rpartition("@")[2].lower()


def _follow(address: str, ask: _Ask, take: Callable[[httpx.Response], T], polite: bool = True) -> T:
    """Ask for an address, go where it leads, and take what is there.

    The published address says whose turn and whose robots.txt it is, also where another
    address stands in for it.
    """
    first = address
    for _ in range(MAX_REDIRECTS + 1):
        url = map_address(address, ask.settings.address_map)
        endpoint(url)
        if polite:
            politeness.wait_turn(_host(address), 0.0, ask.deadline)
            spacing = _ask_robots(address, ask) if ask.how.robots else 0.0
            spacing = max(spacing, 1 / ask.how.rate_per_second)
            politeness.wait_turn(_host(address), spacing, ask.deadline)
        left = max(ask.deadline - time.monotonic(), 0.1)
        timeout = httpx.Timeout(min(READ_SECONDS, left), connect=min(CONNECT_SECONDS, left))
        headers = {"User-Agent": _agent(ask), "Accept-Encoding": "gzip", **ask.how.headers}
        headers |= ask.held.headers() if polite else {}
        posted = None
        if polite and ask.body is not None:
            posted = json.dumps(ask.body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        asked = url
        if polite and _may_have_key(first, address):
            asked, headers = _with_key(url, headers, ask)
        try:
            with (
                httpx.Client(
                    transport=GuardedTransport(url, ask.exempt, ask.deadline), timeout=timeout
                ) as client,
                client.stream(
                    "GET" if posted is None else "POST", asked, headers=headers, content=posted
                ) as response,
            ):
                if not response.has_redirect_location:
                    return take(response)
                if posted is not None:
                    raise FetchError("what was posted is redirected elsewhere")
                address = urljoin(url, response.headers["location"])
        except _TryAgain as error:
            if error.seconds:
                host = _host(address)
                politeness.leave_alone(host, error.seconds, f"{host} asked to be left alone")
            raise
        except (httpx.TransportError, httpx.StreamError) as error:
            refused = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            silence = 2 if refused else int(isinstance(error, httpx.TimeoutException))
            raise _TryAgain(_words(error), silence=silence) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchError(f"not an address: {error}") from error
    raise _TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")


class _TooManyRedirects(FetchError):
    pass


def _words(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return f"the host does not go on ({text})"
    if "incomplete" in text or "without sending" in text:
        return f"the document is cut short ({text})"
    return text


def _agent(ask: _Ask) -> str:
    contact = ask.settings.contact
    return f"{AGENT}/0.1 (+{contact})" if contact else f"{AGENT}/0.1"


def _may_have_key(first: str, address: str) -> bool:
    """A key goes to the host that the card names, and never from https to http."""
    secure = urlsplit(first).scheme == "http" or urlsplit(address).scheme == "https"
    return secure and _host(first) == _host(address)


def _with_key(url: str, headers: dict[str, str], ask: _Ask) -> tuple[str, dict[str, str]]:
    key = ask.how.key
    if not key or not ask.secret:
        return url, headers
    if key.header:
        return url, {**headers, key.header: f"{key.prefix} {ask.secret}".strip()}
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    query += urlencode({key.parameter or "": ask.secret})
    return parts._replace(query=query).geturl(), headers


def _ask_robots(address: str, ask: _Ask) -> float:
    """Seconds between two requests that the host of an address asks for (RFC 9309).

    Raises:
        FetchError: its robots.txt does not allow the address.
        _TryAgain: it can't be had, which allows nothing.
    """
    parts = urlsplit(address)
    robots = f"{parts.scheme}://{_host(address)}/robots.txt"
    url = map_address(robots, ask.settings.address_map)
    if endpoint(url) != endpoint(map_address(address, ask.settings.address_map)):
        return 0.0  # what stands in for a part of a host is the operator's own

    def get() -> bytes | None:
        deadline = min(ask.deadline, time.monotonic() + ROBOTS_TIMEOUT)
        plain = _Ask(ask.settings, USUAL, deadline)
        try:
            return _follow(robots, plain, _robots_file, polite=False)
        except _TooManyRedirects:
            return None
        except FetchError as error:
            reason = f"{_host(address)}/robots.txt can't be had, which allows nothing: {error}"
            seconds = error.seconds if isinstance(error, _TryAgain) else 0.0
            raise _TryAgain(reason, seconds, silence=2) from error

    rules = politeness.robots(url, get)
    if not rules.allows(address, AGENT):
        raise FetchError(f"{_host(address)}/robots.txt does not allow it to {AGENT}")
    return rules.crawl_delay(AGENT)


def _robots_file(response: httpx.Response) -> bytes | None:
    status = response.status_code
    if status == 429 or status >= 500:
        raise _TryAgain(f"HTTP {status}", _retry_after(response))
    if not response.is_success:
        return None
    data = b""
    for chunk in _decoded(response):
        data += chunk
        if len(data) > politeness.ROBOTS_BYTES:
            break
    return data


def _answer(response: httpx.Response, ask: _Ask) -> Answer:
    status = response.status_code
    if status == 304 and ask.held.headers():
        return Answer(None)
    if status in (408, 429) or status >= 500:
        seconds = _retry_after(response)
        asks = f", asks to be left alone for {seconds:.0f} s" if seconds else ""
        raise _TryAgain(f"HTTP {status}{asks}", seconds)
    if status != 200:
        raise FetchError(f"HTTP {status}")
    data = _body(response, ask)
    if ask.secret and len(ask.secret) >= 8:
        # Some interfaces repeat the request in their answer.
        data = data.replace(ask.secret.encode(), b"*" * len(ask.secret))
    return Answer(
        data,
        response.headers.get("content-type", "").split(";")[0].strip().lower(),
        Validators(
            response.headers.get("etag", "").strip(),
            response.headers.get("last-modified", "").strip(),
        ),
        response.num_bytes_downloaded,
    )


def _retry_after(response: httpx.Response) -> float:
    """Seconds that a host asks to be left alone, given as a number or a date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=dt.UTC)
    seconds: float = (then - dt.datetime.now(dt.UTC)).total_seconds()
    return max(0.0, seconds)


def _body(response: httpx.Response, ask: _Ask) -> bytes:
    length = response.headers.get("content-length", "")
    announced = int(length) if length.isdigit() else None
    if announced is not None and announced > ask.max_bytes:
        raise FetchError(f"{announced} bytes announced, at most {ask.max_bytes} are taken")
    chunks, size = [], 0
    for chunk in _decoded(response):
        size += len(chunk)
        if size > ask.max_bytes:
            raise FetchError(f"larger than {ask.max_bytes} bytes")
        if time.monotonic() > ask.deadline:
            raise FetchError(f"took longer than {ask.how.timeout_seconds:g} s")
        chunks.append(chunk)
        ask.progress(response.num_bytes_downloaded, announced)
    stream = response.extensions.get("network_stream")
    if announced is not None and isinstance(stream, Stream) and stream.has_more_than(announced):
        raise _TryAgain(f"wrong length: more came than the {announced} bytes announced")
    if not size:
        raise FetchError("the document is empty")
    return b"".join(chunks)


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """The body without its content coding, a piece at a time, whatever it unpacks to.

    httpx takes a gzip stream that ends too early for whole, and unpacks a piece of any size.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        yield from response.iter_raw()
        return
    if coding not in ("gzip", "x-gzip"):
        raise FetchError(f"content coding {coding} was not asked for")
    unpack = zlib.decompressobj(wbits=31)
    for packed in response.iter_raw():
        rest = packed
        while rest and not unpack.eof:
            try:
                piece = unpack.decompress(rest, 1 << 20)
            except zlib.error as error:
                raise FetchError(f"damaged gzip: {error}") from error
            rest = unpack.unconsumed_tail
            if piece:
                yield piece
    if not unpack.eof:
        raise _TryAgain("the document is cut short (its gzip stream does not end)")
