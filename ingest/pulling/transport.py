"""Connections that lead to public addresses only, and that end in time.

A redirect or a name server must not lead inside: a public page could otherwise make this
machine read its own network. So a name is resolved once, every address of it is checked, and
the connection goes to a checked address, whatever the name means a moment later. Behind a
proxy it is the proxy that resolves names; what this machine knows of them is checked all the same.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
Endpoint = tuple[str, int]
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64, RFC 6052
_INFORMATIONAL = re.compile(rb"HTTP/1\.\d 1\d\d")


class FetchError(Exception):
    """A document that could not be fetched; the message says why in one line."""


def endpoint(url: str) -> Endpoint:
    """Host and port that an http address leads to.

    Raises:
        FetchError: it is no http address.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError(f"not an address: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise FetchError(f"not an http address: {url}")
    return host, port or (443 if parts.scheme == "https" else 80)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet, and no way to one that is not."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None and not is_public(str(inner)):
            return False
    return ip.is_global and not ip.is_multicast


def public_addresses(host: str, port: int) -> list[str]:
    """Addresses of a host, all of them public.

    Raises:
        FetchError: one of them is not.
        OSError: the name is not known.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of a name that is empty or too long
        raise FetchError(f"not a host name: {host[:80]}") from error
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    for address in addresses:
        if not is_public(address):
            raise FetchError(f"{host} is a private address ({address})")
    return addresses


class Stream(httpcore.NetworkStream):
    """A connection with a last moment, which counts what comes after the head of an answer."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline
        self._head, self._received = b"", 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._left(timeout))
        self._received += len(data)
        if len(self._head) < 256 * 1024:
            self._head += data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._head, self._received = b"", 0
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._left(timeout)
        return Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def has_more_than(self, length: int) -> bool:
        """Whether more came than a body of the announced length."""
        if _INFORMATIONAL.match(self._head):
            return False
        if self.get_extra_info("is_readable"):
            with suppress(httpcore.TimeoutException, httpcore.NetworkError):
                self.read(1, 0.1)
        end = re.search(rb"\r?\n\r?\n", self._head)
        return end is not None and self._received - end.end() > length

    def _left(self, timeout: float | None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("took too long")
        return left if timeout is None else min(timeout, left)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, exempt: frozenset[Endpoint], deadline: float) -> None:
        self._backend = httpcore.SyncBackend()
        self._exempt, self._deadline = exempt, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = [host]
        if (host, port) not in self._exempt:
            try:
                addresses = public_addresses(host, port)
            except OSError as error:
                raise httpcore.ConnectError(f"host not found: {host}") from error
        failure: Exception = httpcore.ConnectError(f"no address: {host}")
        for address in addresses:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise httpcore.ConnectTimeout("took too long")
            seconds = left if timeout is None else min(timeout, left)
            try:
                stream = self._backend.connect_tcp(
                    address, port, seconds, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return Stream(stream, self._deadline)
        raise failure


class GuardedTransport(httpx.HTTPTransport):
    """Transport for one address; ``exempt`` endpoints may be private."""

    def __init__(self, url: str, exempt: frozenset[Endpoint], deadline: float) -> None:
        super().__init__(verify=_ssl_context())
        host, port = endpoint(url)
        proxy = _proxy(url)
        if proxy:
            if (host, port) not in exempt:
                _check_where_known(host, port)
            exempt |= {endpoint(re.sub(r"^socks5h?:", "http:", proxy))}
        known = httpx.Proxy(proxy) if proxy else None
        # httpx has no argument for the network backend below it.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            proxy=httpcore.Proxy(str(known.url), auth=known.raw_auth) if known else None,
            network_backend=_Backend(exempt, deadline),
        )


@cache
def _ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def _check_where_known(host: str, port: int) -> None:
    try:
        public_addresses(host, port)
    except OSError:
        return  # a name that only the proxy knows
