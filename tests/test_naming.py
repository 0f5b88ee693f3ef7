"""The naming law of docs/naming.md, held against the tables of a built warehouse."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

SUFFIX_TYPES = {"_on": "DATE", "_at": "TIMESTAMP"}
PREFIX_TYPES = {"is_": "BOOLEAN", "n_": "BIGINT|INTEGER|HUGEINT"}


@pytest.fixture(scope="module")
def columns(warehouse: Path) -> list[tuple[str, str, str, str]]:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return con.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() "
            "where schema_name in ('raw', 'staging', 'intermediate', 'marts', 'difference')"
        ).fetchall()


def test_names_are_lower_case_words(columns: list[tuple[str, str, str, str]]) -> None:
    names = {name for row in columns for name in row[1:3]}
    assert [n for n in names if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", n)] == []


def test_models_say_their_layer(columns: list[tuple[str, str, str, str]]) -> None:
    prefixes = {"staging": "stg_", "intermediate": "int_"}
    wrong = {
        f"{schema}.{table}"
        for schema, table, _, _ in columns
        if schema in prefixes and not table.startswith(prefixes[schema])
    }
    assert wrong == set()


def test_suffixes_and_prefixes_tell_the_type(columns: list[tuple[str, str, str, str]]) -> None:
    wrong = []
    for schema, table, column, data_type in columns:
        for mark, expected in SUFFIX_TYPES.items():
            if column.endswith(mark) and not data_type.startswith(expected):
                wrong.append(f"{schema}.{table}.{column} {data_type}")
        for mark, expected in PREFIX_TYPES.items():
            if column.startswith(mark) and not re.match(expected, data_type):
                wrong.append(f"{schema}.{table}.{column} {data_type}")
        if data_type == "DATE" and not column.endswith("_on"):
            wrong.append(f"{schema}.{table}.{column} {data_type}")
    assert wrong == []


def test_one_name_has_one_type(columns: list[tuple[str, str, str, str]]) -> None:
    types: dict[str, set[str]] = defaultdict(set)
    for _, _, column, data_type in columns:
        types[column].add(data_type)
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


def test_every_column_of_the_marts_is_described(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        bare = con.execute(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name in ('marts', 'difference') and coalesce(comment, '') = ''"
        ).fetchall()
    assert bare == []
