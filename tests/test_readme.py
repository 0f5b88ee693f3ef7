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


NAMES = ["ranking", "reasons", "figure", "city", "consensus", "claims", "counts"]
QUERY = dict(zip(NAMES, QUERIES, strict=True))


@pytest.mark.parametrize("query", QUERIES, ids=NAMES)
def test_a_query_answers(con: duckdb.DuckDBPyConnection, query: str) -> None:
    rows = con.execute(query).fetchall()
    assert len(rows) >= 1
    assert any(value is not None for value in rows[0])


def test_a_figure_comes_with_its_document_and_quote(con: duckdb.DuckDBPyConnection) -> None:
    names = [c[0] for c in con.execute(QUERY["figure"]).description]
    row = dict(zip(names, con.execute(QUERY["figure"]).fetchall()[0], strict=True))
    for column in ("value", "printed_value", "locator", "quote", "address", "licence", "citation"):
        assert row[column], column
    assert row["printed_value"] in row["quote"]


def test_every_claim_has_a_verdict_and_a_reason(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(QUERY["claims"]).fetchall()
    assert len(rows) >= 20
    assert {row[0] for row in rows} <= {"supported", "contradicted", "not_testable"}
    assert all(row[3] for row in rows)


def test_the_counts_in_the_readme_are_those_of_the_warehouse(
    con: duckdb.DuckDBPyConnection,
) -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    cursor = con.execute(QUERY["counts"])
    names = [c[0] for c in cursor.description]
    counts = dict(zip(names, cursor.fetchall()[0], strict=True))
    counts["themes"] = con.execute("select count(*) from marts.theme").fetchall()[0][0]
    for what, name in {
        r"(\d+) Chinese cities": "chinese_cities",
        r"(\d+) other cities": "other_cities",
        r"(\d+) indicators collected": "indicators_collected",
        r"(\d+) derived": "indicators_derived",
        r"(\d+) themes": "themes",
        r"(\d+) published rankings": "published_rankings",
        r"(\d+) series": "series",
        r"(\d+) sources": "sources",
    }.items():
        stated = re.search(what, text)
        assert stated, what
        assert int(stated.group(1)) == counts[name], what


def test_the_points_of_a_city_add_up_to_its_score(con: duckdb.DuckDBPyConnection) -> None:
    names = [c[0] for c in con.execute(QUERY["reasons"]).description]
    rows = con.execute(QUERY["reasons"]).fetchall()
    points = sum(row[names.index("contribution")] or 0 for row in rows)
    ((score,),) = con.execute(
        "select score from marts.index_ranking "
        "where framework = 'ai_city_cn' and edition = 2025 and city_id = 'cn_shenzhen'"
    ).fetchall()
    assert abs(points - score) < 1e-9


def test_the_correlation_in_the_readme_is_that_of_the_warehouse(
    con: duckdb.DuckDBPyConnection,
) -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"score of (\d+) correlates with gross product at (0\.\d+)", text)
    assert stated
    found = con.execute(
        "select pearson from marts.index_correlation "
        "where framework = 'ai_city_cn' and indicator = 'gdp_cny' and edition = ?",
        [int(stated.group(1))],
    ).fetchall()
    assert abs(found[0][0] - float(stated.group(2))) <= 0.01
