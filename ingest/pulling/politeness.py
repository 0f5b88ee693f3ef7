"""Not more than a host can bear: one request at a time, at its pace, where it lets robots go.

What is known of a host is kept for this process, which is a run or a part of one: turns are
shared by all sources, threads and steps in it.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from protego import Protego

from ingest.pulling.transport import FetchError

ROBOTS_BYTES = 500 * 1024  # RFC 9309, 2.5: at least this much is read
ROBOTS_SECONDS = 3600.0
MAX_CRAWL_DELAY = 60.0
SILENCE = 60.0
"""Seconds for which a host that does not answer is not asked again."""


@dataclass(frozen=True)
class _Closed:
    until: float
    reason: str
    is_silent: bool


_OPEN = _Closed(0.0, "", False)
_lock = threading.Lock()
_next_turn: dict[str, float] = {}
_closed: dict[str, _Closed] = {}
_strikes: defaultdict[str, int] = defaultdict(int)
_robots: dict[str, tuple[float, Rules]] = {}
_robots_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def forget() -> None:
    """Forget what is known of every host."""
    with _lock:
        _next_turn.clear()
        _closed.clear()
        _strikes.clear()
        _robots.clear()


def wait_turn(host: str, spacing: float, deadline: float) -> None:
    """Wait until a host may be asked again, ``spacing`` seconds after the request before.

    Raises:
        FetchError: it is left alone for longer than there is time, or does not answer.
    """
    with _lock:
        now = time.monotonic()
        closed = _closed.get(host, _OPEN)
        start = max(now, _next_turn.get(host, 0.0), closed.until)
        if start >= deadline or (closed.until > now and closed.is_silent):
            why = closed.reason if closed.until > now else f"others wait for {host} too"
            raise FetchError(f"not asked for: {why} ({start - now:.0f} s to wait)")
        _next_turn[host] = start + spacing
    time.sleep(max(0.0, start - now))


def strike(host: str, weight: int) -> None:
    """Count that a host did not answer; at the second strike it is asked nothing for a while.

    One document that takes too long says little of the next one, two say that the host is down.
    """
    with _lock:
        _strikes[host] += weight
        out = _strikes[host] >= 2
    if out:
        leave_alone(host, SILENCE, f"{host} did not answer", is_silent=True)


def answered(host: str) -> None:
    """Forget a host's strikes."""
    with _lock:
        _strikes.pop(host, None)


def leave_alone(host: str, seconds: float, reason: str, is_silent: bool = False) -> None:
    """Ask a host nothing for some time. Who has the time waits, but not for a silent host."""
    with _lock:
        until = time.monotonic() + seconds
        if until > _closed.get(host, _OPEN).until:
            _closed[host] = _Closed(until, reason, is_silent)


@dataclass(frozen=True)
class Rules:
    """What a host's robots.txt says to robots; without one all is allowed."""

    file: Protego | None = None

    def allows(self, address: str, agent: str) -> bool:
        return self.file is None or self.file.can_fetch(address, agent)

    def crawl_delay(self, agent: str) -> float:
        """Seconds between two requests, 0 where the file says nothing."""
        found = self.file.crawl_delay(agent) if self.file else None
        return min(max(found or 0.0, 0.0), MAX_CRAWL_DELAY)


def robots(address: str, ask: Callable[[], bytes | None]) -> Rules:
    """Rules of the robots.txt at an address, asked once in a while.

    ``ask`` gives its bytes, or None where the host has no such file; what it raises is not
    kept, so that the next to ask tries again.
    """
    with _lock:
        lock = _robots_locks[address]
    with lock:
        asked_at, rules = _robots.get(address, (float("-inf"), Rules()))
        if time.monotonic() - asked_at < ROBOTS_SECONDS:
            return rules
        data = ask()
        text = None if data is None else data[:ROBOTS_BYTES].decode("utf-8-sig", "replace")
        rules = Rules() if text is None else Rules(Protego.parse(text))
        _robots[address] = (time.monotonic(), rules)
        return rules
