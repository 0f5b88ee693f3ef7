"""Dagster's history in SQLite, without waiting for the disk after each of its thousands of events.

Dagster opens and closes a connection for every event. SQLite then writes through to the disk
twice: when it commits, and when the last connection of a file closes.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy

HELD = 16  # files: those of the process's own run, and the index
_held: dict[str, sqlite3.Connection] = {}


def wait_less() -> None:
    """Ease SQLite in this process: commits no longer wait for the disk, which in Dagster's
    write-ahead mode may cost the last events when the power fails, never the file; and one
    connection a file stays open."""
    if not sqlalchemy.event.contains(sqlalchemy.Engine, "connect", _ease):
        sqlalchemy.event.listen(sqlalchemy.Engine, "connect", _ease)


def _ease(connection: Any, record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.execute("pragma synchronous = normal")
    file = connection.execute("pragma database_list").fetchone()[2]
    if file and file not in _held and len(_held) < HELD:
        _held[file] = sqlite3.connect(file, check_same_thread=False)
        _held[file].execute("pragma schema_version").fetchone()
