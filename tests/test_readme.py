"""The README keeps its word: its queries answer on the published warehouse of the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingest.settings import PROJECT

QUERIES = re.findall(r"```sql\n(.*?)```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.S)


@pytest.fixture
def con(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        yield con


def test_there_are_four_questions() -> None:
    assert len(QUERIES) == 4


@pytest.mark.parametrize("query", QUERIES, ids=["ranking", "figure", "city", "claims"])
def test_a_query_answers(con: duckdb.DuckDBPyConnection, query: str) -> None:
    rows = con.execute(query).fetchall()
    assert len(rows) >= 1
    assert any(value is not None for value in rows[0])


def test_a_figure_comes_with_its_document_and_quote(con: duckdb.DuckDBPyConnection) -> None:
    names = [c[0] for c in con.execute(QUERIES[1]).description]
    row = dict(zip(names, con.execute(QUERIES[1]).fetchall()[0], strict=True))
    for column in ("value", "printed_value", "locator", "quote", "address", "licence", "citation"):
        assert row[column], column
    assert row["printed_value"] in row["quote"]


def test_every_claim_has_a_verdict_and_a_reason(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(QUERIES[3]).fetchall()
    assert len(rows) >= 20
    assert {row[0] for row in rows} <= {"supported", "contradicted", "not_testable"}
    assert all(row[3] for row in rows)


def test_the_counts_in_the_readme_are_those_of_the_warehouse(
    con: duckdb.DuckDBPyConnection,
) -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    for what, query in {
        r"(\d+) Chinese cities": "select count(*) from marts.city where country_code = 'CN'",
        r"(\d+) indicators": "select count(*) from marts.indicator",
        r"(\d+) themes": "select count(*) from marts.theme",
        r"(\d+) published rankings": "select count(*) from marts.report",
        r"(\d+) sources": "select count(*) from marts.source",
    }.items():
        stated = re.search(what, text)
        assert stated, what
        assert int(stated.group(1)) == con.execute(query).fetchall()[0][0], what


def test_the_correlation_in_the_readme_is_that_of_the_warehouse(
    con: duckdb.DuckDBPyConnection,
) -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"score of (\d+) correlates with gross product at (0\.\d+)", text)
    assert stated
    found = con.execute(
        "select pearson from marts.index_correlation where indicator = 'gdp_cny' and edition = ?",
        [int(stated.group(1))],
    ).fetchall()
    assert abs(found[0][0] - float(stated.group(2))) <= 0.01
