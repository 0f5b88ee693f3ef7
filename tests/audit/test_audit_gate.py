"""The audit table, digests, and the gate."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit

REQUIRED = [(rule.asset, rule.name) for rule in audit.load_rules() if rule.blocking]


def run_all(con: duckdb.DuckDBPyConnection) -> None:
    for rule in audit.load_rules():
        audit.record_outcome(con, audit.run_rule(con, rule))


def record(con: duckdb.DuckDBPyConnection, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "asset_key": "marts/city",
        "check_name": "not_null_city_id",
        "blocking": True,
        "passed": True,
        "severity": "ERROR",
        "description": "a test of dbt",
        "n_failed": 0,
        "sample": [],
        "tables": ["marts.city"],
    }
    audit.record(con, **(fields | changes))


def test_a_good_build_passes(build: duckdb.DuckDBPyConnection) -> None:
    run_all(build)
    assert audit.gate(build, REQUIRED) == []


def test_a_check_that_has_not_run(build: duckdb.DuckDBPyConnection) -> None:
    required = [("marts/city", "not_null_city_id")]
    assert audit.gate(build, required) == ["marts/city not_null_city_id: has not run on this build"]
    record(build)
    assert audit.gate(build, required) == []


def test_nothing_required_is_no_licence(build: duckdb.DuckDBPyConnection) -> None:
    assert audit.gate(build, []) != []


def test_a_failed_blocking_check(build: duckdb.DuckDBPyConnection) -> None:
    build.execute(
        "update marts.index_ranking set rank = rank + 1 where city_id = 'ee' and edition = 2023"
    )
    run_all(build)
    reasons = audit.gate(build, REQUIRED)
    assert [reason.split(":")[0] for reason in reasons] == [
        "marts/index_ranking agrees_with_index_score",
        "marts/index_ranking ranks_follow_scores",
    ]
    assert "failed, 1 offending rows" in reasons[0]


def test_a_failed_blocking_check_that_nobody_required(build: duckdb.DuckDBPyConnection) -> None:
    record(build)
    record(build, check_name="unique", passed=False, n_failed=3)
    (reason,) = audit.gate(build, [("marts/city", "not_null_city_id")])
    assert reason.startswith("marts/city unique: failed, 3")


def test_a_failed_warning_blocks_nothing(build: duckdb.DuckDBPyConnection) -> None:
    record(build, blocking=False, passed=False, severity="WARN")
    assert audit.gate(build, [("marts/city", "not_null_city_id")]) == []


def test_a_table_changed_after_its_check(build: duckdb.DuckDBPyConnection) -> None:
    run_all(build)
    build.execute("update marts.index_ranking set score = score + 0.001 where city_id = 'aa'")
    reasons = audit.gate(build, REQUIRED)
    assert reasons
    assert all("older than its table marts.index_ranking; run it again" in r for r in reasons)


def test_a_table_that_a_rule_reads_changed_after_its_check(
    build: duckdb.DuckDBPyConnection,
) -> None:
    run_all(build)
    build.execute("insert into raw.claim values ('c2', 'cc', 'book', null, 'quote')")
    stale = [reason.split(":")[0] for reason in audit.gate(build, REQUIRED)]
    assert stale == [
        "marts/claim every_claim_has_a_verdict",
        "marts/document facts_have_documents",
        "marts/document quotes_are_short",
    ]


def test_a_table_dropped_after_its_check(build: duckdb.DuckDBPyConnection) -> None:
    record(build)
    build.execute("drop table marts.city")
    assert "older than its table" in audit.gate(build, [("marts/city", "not_null_city_id")])[0]


def test_a_table_made_again_with_the_same_content_is_the_same(
    build: duckdb.DuckDBPyConnection,
) -> None:
    record(build)
    build.execute("create or replace table marts.city as from marts.city order by city_id desc")
    assert audit.gate(build, [("marts/city", "not_null_city_id")]) == []


def test_the_newest_outcome_replaces_the_one_before(build: duckdb.DuckDBPyConnection) -> None:
    record(build, passed=False, n_failed=2, sample=[{"city_id": None}] * 30)
    first = build.execute("select passed, sample from audit.check_result").fetchall()
    assert len(first) == 1
    assert len(json.loads(first[0][1])) == 20
    record(build)
    rows = build.execute("select passed, n_failed, sample from audit.check_result").fetchall()
    assert rows == [(True, 0, "[]")]


def test_the_audit_table_is_described(build: duckdb.DuckDBPyConnection) -> None:
    record(build)
    comments = build.execute(
        "select comment from duckdb_columns() where schema_name = 'audit'"
        " union all select comment from duckdb_tables() where schema_name = 'audit'"
    ).fetchall()
    assert len(comments) == 11
    assert all(comment for (comment,) in comments)


# ---------------------------------------------------------------- digests

Row = tuple[int | None, str | None, float | None]
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-5, 5),
        st.none() | st.text("ab,|:'", max_size=3),
        st.none() | st.floats(width=32),
    ),
    max_size=6,
)


SCRATCH = duckdb.connect()
SCRATCH.execute("create schema s")


def digest_of(rows: list[Row], order: str = "i, t, d") -> str:
    SCRATCH.execute("create or replace table s.t (i integer, t varchar, d double)")
    if rows:
        places = ", ".join(["(?, ?, ?)"] * len(rows))
        SCRATCH.execute(f"insert into s.t values {places}", [cell for row in rows for cell in row])
    SCRATCH.execute(f"create or replace table s.t as select {order} from s.t")
    return audit.table_digest(SCRATCH, "s.t")


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms())
def test_digest_knows_no_order(rows: list[Row], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert digest_of(rows) == digest_of(shuffled, "d, i, t")


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS)
def test_digest_tells_contents_apart(one: list[Row], other: list[Row]) -> None:
    def multiset(rows: list[Row]) -> list[str]:
        return sorted(repr((i, t, None if d is None else d + 0.0)) for i, t, d in rows)

    assert (digest_of(one) == digest_of(other)) == (multiset(one) == multiset(other))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.1 + 0.2, 0.3, True),  # the last bit
        (0.0, -0.0, True),
        (0.3, 0.3000000001, False),
        (1e300, 2e300, False),
        (float("nan"), None, False),
    ],
)
def test_digest_of_doubles(one: float, other: float | None, same: bool) -> None:
    assert (digest_of([(1, "a", one)]) == digest_of([(1, "a", other)])) is same


def test_digest_of_an_absent_table(build: duckdb.DuckDBPyConnection) -> None:
    assert audit.table_digest(build, "marts.nothing") == "absent"


def test_digest_is_cheap(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        texts = ", ".join(f"'some text {n} ' || i as t{n}" for n in range(8))
        con.execute(
            "create schema marts; create table marts.observation as"
            f" select i, i / 3.0 as value, {texts} from range(50000) as r(i)"
        )
        audit.table_digest(con, "marts.observation")
        start = time.perf_counter()
        for _ in range(5):
            audit.table_digest(con, "marts.observation")
        assert (time.perf_counter() - start) / 5 < 0.2
