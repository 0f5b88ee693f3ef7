"""Dagster's SQLite: less waiting, nothing lost between processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import dagster as dg
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


def test_events_are_read_by_others_at_once(eased: None, tmp_path: Path) -> None:
    """Two instances, of which one keeps its engines, and a reader that knows nothing of it."""
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        before = set(history._engines)
        for i in range(3):
            instance.report_runless_asset_event(dg.AssetMaterialization("tree", metadata={"i": i}))
        assert len(set(history._engines) - before) <= 2
        with dg.DagsterInstance.from_ref(instance.get_ref()) as other:
            records = other.fetch_materializations(dg.AssetKey("tree"), limit=10).records
        file = next(tmp_path.rglob("index.db"))
        with sqlite3.connect(file) as reader:
            stored = reader.execute("select count(*) from event_logs").fetchone()
    found = [record.asset_materialization for record in records]
    assert [m.metadata["i"].value for m in found if m] == [2, 1, 0]
    assert stored == (3,)
