"""Fetch one document over HTTP: bounded in size, time and redirects, and never led inside.

A redirect must not lead to a private address (a public page could otherwise make this
machine read its own network); only hosts that the address map names are exempt.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

import httpx

MAX_BYTES = 200 * 1024 * 1024
MAX_SECONDS = 300.0
MAX_REDIRECTS = 5
ATTEMPTS = 3
USER_AGENT = "ai-city-index-observatory/0.1"
AddressMap = Sequence[tuple[str, str]]


class FetchError(Exception):
    """A document that could not be fetched; the message says why in one line."""


def map_address(address: str, address_map: AddressMap) -> str:
    """The address to ask instead, by the longest matching prefix."""
    for prefix, target in address_map:
        if address.startswith(prefix):
            return target + address[len(prefix) :]
    return address


def fetch(
    address: str,
    address_map: AddressMap = (),
    *,
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
    pause: float = 0.5,
) -> tuple[bytes, str]:
    """Bytes and media type of a document.

    Server errors and broken connections are tried again; everything else is final.

    Raises:
        FetchError: with the reason.
    """
    url = map_address(address, address_map)
    deadline = time.monotonic() + max_seconds
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _fetch_once(url, address_map, max_bytes, deadline)
        except _TryAgain as error:
            if attempt == ATTEMPTS or time.monotonic() + pause * attempt > deadline:
                raise FetchError(f"{error} (after {attempt} attempts): {address}") from error
            time.sleep(pause * attempt)
        except (FetchError, ValueError) as error:  # ValueError: not an address at all
            raise FetchError(f"{error}: {address}") from error
    raise AssertionError("unreachable")


class _TryAgain(Exception):
    pass


def _fetch_once(
    url: str, address_map: AddressMap, max_bytes: int, deadline: float
) -> tuple[bytes, str]:
    exempt = {urlsplit(target).netloc for _, target in address_map}
    left = max(deadline - time.monotonic(), 0.1)
    timeout = httpx.Timeout(min(30.0, left), connect=min(10.0, left))
    headers = {"User-Agent": USER_AGENT}
    with httpx.Client(timeout=timeout, headers=headers, trust_env=True) as client:
        for _ in range(MAX_REDIRECTS + 1):
            _refuse_private(url, exempt)
            try:
                with client.stream("GET", url) as response:
                    if response.is_redirect:
                        target = urljoin(url, response.headers.get("location", ""))
                        url = map_address(target, address_map)
                        continue
                    return _body(response, max_bytes, deadline)
            except (httpx.TransportError, httpx.StreamError) as error:
                raise _TryAgain(f"{type(error).__name__}: {error}") from error
            except (httpx.InvalidURL, httpx.DecodingError) as error:
                raise FetchError(str(error)) from error
    raise FetchError(f"more than {MAX_REDIRECTS} redirects")


def _body(response: httpx.Response, max_bytes: int, deadline: float) -> tuple[bytes, str]:
    if response.status_code >= 500 or response.status_code == 429:
        raise _TryAgain(f"HTTP {response.status_code}")
    if response.status_code != 200:
        raise FetchError(f"HTTP {response.status_code}")
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise FetchError(f"{announced} bytes announced, at most {max_bytes} are taken")
    chunks, size = [], 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > max_bytes:
            raise FetchError(f"larger than {max_bytes} bytes")
        if time.monotonic() > deadline:
            raise FetchError("took too long")
        chunks.append(chunk)
    if not size:
        raise FetchError("the document is empty")
    media_type = response.headers.get("content-type", "").split(";")[0].strip()
    return b"".join(chunks), media_type


def _refuse_private(url: str, exempt: set[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError(f"not an http address: {url}")
    if parts.netloc in exempt:
        return
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _TryAgain(f"host not found: {parts.hostname}") from error
    for *_, address in found:
        if not ipaddress.ip_address(address[0]).is_global:
            raise FetchError(f"{parts.hostname} is a private address ({address[0]})")
