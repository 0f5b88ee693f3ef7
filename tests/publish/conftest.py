"""A small build, and a data home to publish it to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

import publish

Ranks = dict[str, int]


@dataclass
class Home:
    folder: Path

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    @property
    def current(self) -> Path:
        return self.folder / "current"

    def release(self, build: Path, **changes: Any) -> publish.ReleaseResult:
        arguments: dict[str, Any] = {"refusals": [], "inputs": {"run": "r1"}} | changes
        return publish.release(build, self.releases, self.current, **arguments)

    def ids(self) -> list[str]:
        """Releases, and whatever else lies about, except the lock."""
        if not self.releases.exists():
            return []
        return sorted(p.name for p in self.releases.iterdir() if p.name != ".publish.lock")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def make_build(tmp_path: Path) -> Callable[..., Path]:
    """Builds are told apart by the ranks that they give."""
    made: list[Path] = []

    def make(ranks: Ranks | None = None, sql: str = "") -> Path:
        file = tmp_path / "build" / str(len(made)) / "warehouse.duckdb"
        file.parent.mkdir(parents=True)
        write_build(file, ranks or {"aa": 1, "bb": 2, "cc": 3}, sql)
        made.append(file)
        return file

    return make


def write_build(file: Path, ranks: Ranks, sql: str = "") -> None:
    with duckdb.connect(str(file)) as con:
        con.execute("""
            create schema raw; create schema intermediate; create schema marts; create schema audit;
            create table raw.document (
                document_id varchar primary key, source_id varchar, origin varchar,
                status varchar, retrieved_on date
            );
            comment on table raw.document is 'Every document';
            comment on column raw.document.document_id is 'SHA-256 of the document''s bytes';
            insert into raw.document values ('d2', 'book', 'bundled', 'cited', date '2024-01-01'),
                ('d1', 'book', 'bundled', 'cited', null);
            create table raw.quote_check as
                select 'd1' as document_id, null::varchar as read_in, 3 as n_facts, 0 as n_found,
                    3 as n_unchecked;
            create table raw.observation (observation_id varchar primary key, value double);
            insert into raw.observation values ('o1', 0.1), ('o2', 2), ('o3', null);
            create table intermediate.empty (i integer);
            create table marts.index_ranking (
                framework varchar, edition integer, city_id varchar, city_name varchar,
                rank integer, primary key (framework, edition, city_id)
            );
            create table audit.check_result (
                asset_key varchar, check_name varchar, blocking boolean, passed boolean,
                severity varchar, description varchar, n_failed bigint
            );
            insert into audit.check_result values
                ('marts/index_ranking', 'ranks', true, true, 'ERROR', 'Ranks agree', 0),
                ('marts/document', 'age', false, false, 'WARN', 'Documents are recent', 2);
        """)
        for city, rank in ranks.items():
            con.execute(
                "insert into marts.index_ranking values"
                " ('flag', 2022, ?, upper(?), 1), ('flag', 2023, ?, upper(?), ?),"
                " ('flag', 2024, ?, upper(?), null)",
                [city, city, city, city, rank, city, city],
            )
        if sql:
            con.execute(sql)
