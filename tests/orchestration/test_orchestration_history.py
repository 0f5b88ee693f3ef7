"""Dagster's SQLite: less waiting, nothing lost between processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.pool import NullPool

from orchestration import history


@pytest.fixture
def eased() -> None:
    history.wait_less()
    history.wait_less()  # a second call does no more than the first


def test_what_is_written_can_be_read_at_once(eased: None, tmp_path: Path) -> None:
    file = tmp_path / "runs.db"
    engine = sqlalchemy.create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with engine.connect() as con:
        assert con.execute(sqlalchemy.text("pragma journal_mode = wal")).scalar() == "wal"
        assert con.execute(sqlalchemy.text("pragma synchronous")).scalar() == 1
    with engine.begin() as con:
        con.execute(sqlalchemy.text("create table run (id integer)"))
        con.execute(sqlalchemy.text("insert into run values (7)"))
    with sqlite3.connect(file) as other:
        assert other.execute("select id from run").fetchall() == [(7,)]


def test_few_files_are_held_open(eased: None, tmp_path: Path) -> None:
    for i in range(2 * history.HELD):
        engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / f'{i}.db'}")
        with engine.connect() as con:
            con.execute(sqlalchemy.text("select 1"))
        engine.dispose()
    assert len(history._held) <= history.HELD
