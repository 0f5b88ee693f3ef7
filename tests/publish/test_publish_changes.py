"""What a dry run tells of two warehouses: facts, values of indicators, ranks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import publish

SCHEMA = """
create schema raw; create schema marts;
create table raw.city as select * from (values ('aa', 'Aa'), ('bb', 'Bb')) as t (city_id, name_en);
create table raw.observation as select * from (values
    ('o1', 'book', 'trees_count', 'aa', 2023, 10.0, 'q', 'p-1'),
    ('o2', 'book', 'trees_count', 'bb', 2023, 20.0, 'q', 'p-1'),
    ('o3', 'book', 'rot_pct', 'aa', 2023, null, 'q', 'p-1')
) as t (observation_id, source_id, indicator, city_id, year, value, quote, parser);
alter table raw.observation alter value type double;
create table raw.quarantine as select 'q1' as quarantine_id, 'book' as source_id,
    'observation' as fact_kind, 'Elsewhere' as text;
create table marts.indicator_value as
    select indicator, city_id, year, value, source_id from raw.observation;
create table marts.index_ranking as select * from (values
    ('flag', 2023, 'aa', 'Aa', 1, 9.0, null),
    ('flag', 2023, 'bb', 'Bb', 2, 5.0, null),
    ('flag', 2023, 'cc', 'Cc', null, null, 'no data'),
    ('flag', 2022, 'aa', 'Aa', 1, 9.0, null)
) as t (framework, edition, city_id, city_name, rank, score, reason);
alter table marts.index_ranking alter score type double;
"""
Changes = Callable[..., dict[str, Any]]


@pytest.fixture
def changes(tmp_path: Path) -> Changes:
    def make(sql: str, old: bool = True) -> dict[str, Any]:
        files = {
            "new": tmp_path / "new.duckdb",
            **({"old": tmp_path / "old.duckdb"} if old else {}),
        }
        for name, file in files.items():
            with duckdb.connect(str(file)) as con:
                con.execute(SCHEMA + (sql if name == "new" else ""))
        with publish.open_read_only(**files) as con:
            return publish.changes(con)

    return make


def test_equal_warehouses_have_no_changes(changes: Changes) -> None:
    assert changes("update raw.observation set parser = 'p-2'") == {
        "facts": [],
        "indicators": [],
        "rankings": [],
    }


def test_facts_are_counted_by_source_and_subject(changes: Changes) -> None:
    found = changes(
        "update raw.observation set value = 11 where observation_id = 'o1';"
        "delete from raw.observation where observation_id = 'o3';"
        "insert into raw.observation values ('o4', 'own', 'rot_pct', 'bb', 2023, 2.5, 'q', 'p-1');"
        "update raw.quarantine set text = 'Nowhere'"
    )
    counted = [
        tuple(line[key] for key in ("fact", "source_id", "added", "removed", "changed"))
        for line in found["facts"]
    ]
    assert counted == [
        ("observation", "book", 0, 1, 0),
        ("observation", "book", 0, 0, 1),
        ("observation", "own", 1, 0, 0),
        ("quarantine", "book", 0, 0, 1),
    ]
    example = found["facts"][1]["examples"][0]
    assert (example["city_name"], example["year"]) == ("Aa", 2023)
    assert (example["old"], example["new"], example["change"]) == (10.0, 11.0, "changed")


def test_the_largest_changes_of_an_indicator_come_first(changes: Changes) -> None:
    found = changes(
        "update marts.indicator_value set value = value + 1 where city_id = 'aa';"
        "update marts.indicator_value set value = 2 where city_id = 'bb'"
    )
    (line,) = found["indicators"]
    assert line["indicator"] == "trees_count"
    assert [example["new"] for example in line["examples"]] == [2.0, 11.0]


def test_a_value_that_goes_missing_has_changed(changes: Changes) -> None:
    found = changes("update marts.indicator_value set value = null where city_id = 'bb'")
    assert [(line["changed"], line["removed"]) for line in found["indicators"]] == [(1, 0)]
    assert found["indicators"][0]["examples"][0]["new"] is None


def test_the_last_bits_of_a_number_are_no_change(changes: Changes) -> None:
    found = changes(
        "update marts.indicator_value set value = value * (1 + 1e-15);"
        "update marts.index_ranking set score = score * (1 + 1e-15)"
    )
    assert found["indicators"] == found["rankings"] == []


def test_ranks_of_every_edition(changes: Changes) -> None:
    found = changes(
        "update marts.index_ranking set rank = 2, score = 4"
        " where city_id = 'aa' and edition = 2023;"
        "update marts.index_ranking set rank = null, reason = 'no data' where city_id = 'bb';"
        "update marts.index_ranking set rank = 1, score = 6 where city_id = 'cc';"
        "update marts.index_ranking set score = 8 where edition = 2022"
    )["rankings"]
    older, newer = found
    assert (older["edition"], newer["edition"]) == (2022, 2023)
    assert older["changed"][0] | {"score_new": 8.0} == older["changed"][0]
    assert older["changed"][0]["rank_old"] == older["changed"][0]["rank_new"] == 1
    assert (newer["n_ranked_old"], newer["n_ranked_new"]) == (2, 2)
    assert [(r["city_id"], r["rank_old"], r["rank_new"]) for r in newer["changed"]] == [
        ("aa", 1, 2)
    ]
    assert [(r["city_id"], r["rank_new"]) for r in newer["come"]] == [("cc", 1)]
    assert [(r["city_id"], r["reason"]) for r in newer["go"]] == [("bb", "no data")]


def test_without_an_old_warehouse_everything_is_new(changes: Changes) -> None:
    found = changes("", old=False)
    assert sum(line["added"] for line in found["facts"]) == 4
    assert sum(line["added"] for line in found["indicators"]) == 3
    assert [len(edition["come"]) for edition in found["rankings"]] == [1, 2]


def test_tables_and_columns_that_only_one_of_them_has(changes: Changes) -> None:
    found = changes(
        "alter table raw.observation add column note varchar;"
        "drop table marts.index_ranking; drop table raw.quarantine;"
        "create table raw.event as select 'e1' as event_id, 'book' as source_id, 'aa' as city_id,"
        " 'designation' as event_kind, 'Named' as title"
    )
    assert [line["fact"] for line in found["facts"]] == ["event"]
    assert found["rankings"] == [], "a build that failed says nothing of its ranks"
