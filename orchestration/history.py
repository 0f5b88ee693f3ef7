"""Dagster's history in SQLite, without waiting for the disk after each of its thousands of events.

Dagster makes an engine and opens a connection for every statement, and closes both. SQLite then
writes through to the disk twice: when it commits, and when the last connection of a file closes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

HELD = 16  # files: those of the process's own run, and the index
_held: dict[str, sqlite3.Connection] = {}
_engines: dict[str, sqlalchemy.Engine] = {}


def wait_less() -> None:
    """Ease SQLite in this process: commits no longer wait for the disk, which in Dagster's
    write-ahead mode may cost the last events when the power fails, never the file; one connection
    a file stays open; and a file of events has one engine, which knows its statements."""
    if not sqlalchemy.event.contains(sqlalchemy.Engine, "connect", _ease):
        sqlalchemy.event.listen(sqlalchemy.Engine, "connect", _ease)
        SqliteEventLogStorage._connect = _connect  # type: ignore[method-assign,assignment]


def _ease(connection: Any, record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.execute("pragma synchronous = normal")
    file = connection.execute("pragma database_list").fetchone()[2]
    if file and file not in _held and len(_held) < HELD:
        _held[file] = sqlite3.connect(file, check_same_thread=False)
        _held[file].execute("pragma schema_version").fetchone()


@contextmanager
def _connect(storage: SqliteEventLogStorage, shard: str) -> Iterator[sqlalchemy.Connection]:
    """As Dagster's method, which makes an engine each time."""
    with storage._db_lock:
        url = storage.conn_string_for_shard(shard)
        engine = _engines.get(url) or sqlalchemy.create_engine(
            url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        )
        if shard not in storage._initialized_dbs:
            storage._initdb(engine)
            storage._initialized_dbs.add(shard)
        with engine.begin() as connection:
            yield connection
        if len(_engines) < HELD:
            _engines[url] = engine
        elif url not in _engines:
            engine.dispose()
