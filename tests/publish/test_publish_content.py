"""Digests and differences of warehouses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import publish

Make = Callable[..., Path]
Row = tuple[str | None, str | None, float | None]
ROWS = st.lists(
    st.tuples(
        st.none() | st.text("a1:-", max_size=3),
        st.none() | st.text("a1:-", max_size=3),
        st.none() | st.floats(width=32, allow_nan=False),
    ),
    max_size=6,
)
SCRATCH = duckdb.connect()
SCRATCH.execute("create schema s")


def digest_of(rows: list[Row], order: str = "a, b, d") -> Any:
    SCRATCH.execute("create or replace table s.t (a varchar, b varchar, d double)")
    if rows:
        places = ", ".join(["(?, ?, ?)"] * len(rows))
        SCRATCH.execute(f"insert into s.t values {places}", [cell for row in rows for cell in row])
    SCRATCH.execute(f"create or replace table s.t as select {order} from s.t")
    return publish.content_digest(publish.table_digests(SCRATCH, "memory"))


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms())
def test_digest_knows_no_order(rows: list[Row], random: Any) -> None:
    assert digest_of(rows) == digest_of(random.sample(rows, len(rows)), "d, b, a")


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS)
def test_digest_tells_contents_apart(one: list[Row], other: list[Row]) -> None:
    def multiset(rows: list[Row]) -> list[str]:
        return sorted(repr((a, b, None if d is None else d + 0.0)) for a, b, d in rows)

    assert (digest_of(one) == digest_of(other)) == (multiset(one) == multiset(other))


def test_digest_knows_values_by_their_column() -> None:
    assert digest_of([("x", "y", None)]) != digest_of([("y", "x", None)])
    assert digest_of([("x", None, None)]) != digest_of([(None, "x", None)])
    assert digest_of([("", None, None)]) != digest_of([(None, None, None)])


def test_digest_is_the_same_in_every_version(make_build: Make) -> None:
    """Releases are compared over years; should this change, every home gets one more release."""
    with duckdb.connect(str(make_build())) as con:
        digests = publish.table_digests(con, "warehouse")
    assert digests["raw.observation"]["digest"][:16] == "02d7c3b68a0b448c"


def test_difference(make_build: Make) -> None:
    old = make_build({"aa": 1, "bb": 2, "cc": 3})
    new = make_build(
        {"bb": 1, "aa": 2, "dd": 3},
        "update raw.observation set value = 5 where observation_id = 'o1';"
        "insert into raw.observation values ('o4', 1);"
        "drop table intermediate.empty; create table marts.new as select 1 as i",
    )
    difference = publish.difference(old, new)
    assert difference["rankings"] == {
        "flag": {
            "edition_old": 2023,
            "edition_new": 2023,
            "rank_changes": [
                {"city_id": "bb", "city_name": "BB", "old": 2, "new": 1},
                {"city_id": "aa", "city_name": "AA", "old": 1, "new": 2},
            ],
            "cities_added": ["dd"],
            "cities_dropped": ["cc"],
        }
    }
    assert difference["facts"] == {"observation": {"added": 2, "removed": 1}}
    assert difference["tables"]["raw.observation"] == {
        "rows_old": 3,
        "rows_new": 4,
        "added": 2,
        "removed": 1,
    }
    assert sorted(difference["tables"]) == [
        "intermediate.empty",
        "marts.index_ranking",
        "marts.new",
        "raw.observation",
    ]


def test_difference_of_equal_builds(make_build: Make) -> None:
    difference = publish.difference(make_build(), make_build())
    assert difference["tables"] == {}
    assert difference["facts"] == {}
    assert difference["rankings"]["flag"]["rank_changes"] == []


def test_difference_to_nothing(make_build: Make) -> None:
    difference = publish.difference(None, make_build())
    assert difference["rankings"]["flag"]["edition_old"] is None
    assert difference["rankings"]["flag"]["cities_added"] == ["aa", "bb", "cc"]
    assert difference["facts"] == {"observation": {"added": 3, "removed": 0}}


@pytest.mark.parametrize(
    ("change", "added"),
    [
        ("alter table raw.observation add column note varchar", 0),
        ("alter table raw.observation alter value type decimal(9, 1)", 2),
        ("create or replace table raw.observation as select 1 as other", 1),
    ],
)
def test_difference_of_other_columns(make_build: Make, change: str, added: int) -> None:
    difference = publish.difference(make_build(), make_build(sql=change))
    assert difference["tables"]["raw.observation"]["added"] == added


def test_difference_without_a_ranking(make_build: Make) -> None:
    difference = publish.difference(make_build(), make_build(sql="drop table marts.index_ranking"))
    assert difference["rankings"]["flag"]["cities_dropped"] == ["aa", "bb", "cc"]
