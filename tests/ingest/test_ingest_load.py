"""Catalog and facts into schema raw."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from ingest_bench import ORCHARDS, REGISTER, Bench, register_card

from ingest.catalog import Catalog, load_catalog
from ingest.facts import raw_tables
from ingest.load import load_raw
from ingest.parse import parse
from ingest.pull import pull
from ingest.settings import PROJECT, Settings

Connection = duckdb.DuckDBPyConnection
TABLES = sorted(raw_tables())


@pytest.fixture(scope="module")
def orchards(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, Settings]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), catalog=(ORCHARDS,))
    catalog = load_catalog([ORCHARDS])
    for source in catalog.sources:
        assert pull(catalog, source, settings).failures == []
        assert parse(catalog, source, settings).errors == []
    return catalog, settings


@pytest.fixture(scope="module")
def loaded(orchards: tuple[Catalog, Settings]) -> Iterator[Connection]:
    with duckdb.connect() as connection:
        load_raw(connection, *orchards)
        yield connection


def rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def content(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(connection, f"from raw.{table}") for table in TABLES}


def test_every_table_is_there_as_defined(loaded: Connection) -> None:
    found = rows(
        loaded,
        "select table_name, comment from duckdb_tables() where schema_name = 'raw' order by all",
    )
    assert found == [(table, raw_tables()[table]["description"]) for table in TABLES]


@pytest.mark.parametrize("table", TABLES)
def test_columns_comments_and_primary_key(loaded: Connection, table: str) -> None:
    spec = raw_tables()[table]
    found = rows(
        loaded,
        "select column_name, lower(data_type), comment from duckdb_columns() "
        f"where schema_name = 'raw' and table_name = '{table}' order by column_index",
    )
    assert found == [
        (name, column["type"], column["description"]) for name, column in spec["columns"].items()
    ]
    keys = rows(
        loaded,
        "select constraint_column_names from duckdb_constraints() where schema_name = 'raw' "
        f"and table_name = '{table}' and constraint_type = 'PRIMARY KEY'",
    )
    assert keys == [(spec["key"],)]


def test_the_same_documents_give_the_same_content(orchards: tuple[Catalog, Settings]) -> None:
    catalog, settings = orchards
    with duckdb.connect() as connection, duckdb.connect() as other:
        counts = load_raw(connection, catalog, settings)
        first = content(connection)
        for source in catalog.sources:
            pull(catalog, source, settings)
            assert parse(catalog, source, settings).parsed == 0
        assert load_raw(connection, catalog, settings) == counts
        assert content(connection) == first
        load_raw(other, load_catalog([ORCHARDS]), settings)
        assert content(other) == first
    assert counts == {table: len(found) for table, found in first.items()}


def test_facts_of_another_subject(loaded: Connection) -> None:
    by_source = rows(
        loaded, "select source_id, count(*) from raw.observation group by all order by all"
    )
    assert by_source == [("orchard_survey", 145), ("press_register", 17)]
    assert rows(loaded, "select count(*) from raw.published_rank") == [(11,)]
    assert rows(loaded, "select text, occurrences from raw.quarantine") == [("Mistletoe Farm", 2)]
    assert rows(loaded, "select count(*) from raw.claim") == [(0,)]


def test_every_fact_has_its_document(loaded: Connection) -> None:
    for kind in ("observation", "published_rank", "claim", "event", "quarantine"):
        orphans = f"select * from raw.{kind} anti join raw.document using (document_id, source_id)"
        assert rows(loaded, orphans) == []
    bad = "select * from raw.observation where locator is null or quote is null or parser is null"
    assert rows(loaded, bad) == []


def test_a_restated_value_is_a_row_of_a_later_vintage(loaded: Connection) -> None:
    found = rows(
        loaded,
        "select value, vintage_on::varchar from raw.observation where indicator = 'yield_tonnes' "
        "and city_id = 'xo_birchholt' and year = 2022 order by vintage_on",
    )
    assert found == [(1680.0, "2023-03-01"), (1660.0, "2024-03-01")]


def test_missing_is_not_zero(loaded: Connection) -> None:
    found = rows(
        loaded,
        "select distinct status, value, missing_reason from raw.observation "
        "where city_id = 'xo_lowbough' and indicator in ('yield_tonnes', 'rot_pct')",
    )
    assert found == [("missing", None, "not surveyed (blank in the source)")]


def test_the_tree_of_an_index(loaded: Connection) -> None:
    found = rows(
        loaded,
        "select node, parent, level, weight, aggregation, indicator, denominator, direction "
        "from raw.framework_node order by position",
    )
    assert found[0] == ("orchard_index", None, 3, 1.0, "a_amean", None, None, None)
    assert found[1] == ("vigour", "orchard_index", 2, 0.3, "a_amean", None, None, None)
    assert found[2] == (
        "trees_count_per_area_hectares",
        "vigour",
        1,
        1.0,
        None,
        "trees_count",
        "area_hectares",
        "higher",
    )
    assert found[5][0] == "rot_pct"
    assert found[5][7] == "lower"
    stages = rows(loaded, "select stage, method from raw.framework_stage order by position")
    assert stages[0] == ("select", "newest")
    assert rows(loaded, "select framework from raw.framework where is_flagship") == [
        ("orchard_index",)
    ]


DERIVED = """\
  - indicator: trees_per_thousand_hectares
    title: Trees per area
    theme: land
    unit: per_thousand_hectares
    direction: higher
    measures: intensity
    scope: whole_orchard
    definition: Trees per thousand hectares.
    derive: {ratio: {numerator: trees_count, denominator: area_hectares, per: 1000}}
  - indicator: yield_pct_change
    title: Growth of the yield
    theme: harvest
    unit: pct_change
    direction: higher
    measures: intensity
    scope: whole_orchard
    definition: Change of the yield in two years.
    derive: {growth: {of: yield_tonnes, years: 2}}
"""


def test_derived_indicators_and_their_parts(tmp_path: Path) -> None:
    folder = shutil.copytree(ORCHARDS, tmp_path / "orchards")
    with (folder / "indicators.yml").open("a") as file:
        file.write(DERIVED)
    catalog = load_catalog([folder])
    assert catalog.errors == ()
    with duckdb.connect() as connection:
        load_raw(connection, catalog, Settings(home=tmp_path / "home", catalog=(folder,)))
        assert rows(connection, "from raw.indicator_derivation order by all") == [
            ("trees_per_thousand_hectares", "ratio", 1000),
            ("yield_pct_change", "growth", None),
        ]
        assert rows(connection, "from raw.indicator_part order by indicator, position") == [
            ("trees_per_thousand_hectares", "numerator", "trees_count", 0, 1),
            ("trees_per_thousand_hectares", "denominator", "area_hectares", 0, 2),
            ("yield_pct_change", "end", "yield_tonnes", 0, 1),
            ("yield_pct_change", "start", "yield_tonnes", 2, 2),
        ]
        derived = rows(
            connection, "select indicator from raw.indicator where is_derived order by 1"
        )
        assert derived == [("trees_per_thousand_hectares",), ("yield_pct_change",)]
        sources = "select count(*) from raw.indicator_source where indicator like '%_pct_change'"
        assert rows(connection, sources) == [(0,)]


def test_errors_of_the_catalog_are_a_table(bench: Bench) -> None:
    bench.write(register_card(trust_tier=9, cadence="hourly"))
    catalog = load_catalog(bench.settings.catalog)
    with duckdb.connect() as connection:
        counts = load_raw(connection, catalog, bench.settings)
        found = rows(connection, "select file, line, entity, remedy from raw.catalog_error")
    assert counts["catalog_error"] == len(found) == 2
    assert {file for file, *_ in found} == {"catalog/sources/things.yml"}
    assert all(line > 1 and entity == "things" and remedy for _, line, entity, remedy in found)


def test_an_empty_catalog_gives_empty_tables(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    settings = Settings(home=tmp_path / "home", catalog=(tmp_path / "catalog",))
    with duckdb.connect() as connection:
        counts = load_raw(connection, load_catalog(settings.catalog), settings)
    assert counts == dict.fromkeys(raw_tables(), 0)


def test_two_facts_with_one_key_are_refused_and_the_build_stays(bench: Bench) -> None:
    claims = "claim_id,city_id,claim_kind,subject,locator,quote\nc1,cn_beijing,bound,models,1,q\n"
    source = register_card()
    source["documents"].append(
        {**source["documents"][0], "id": "other", "address": "https://things.example/other"}
    )
    bench.write(source)
    folder = bench.folder / "catalog" / "sources" / "things"
    folder.mkdir()
    (folder / "documents.csv").write_text("document,document_id\ndoc,cited:1\nother,cited:2\n")
    (folder / "doc.claim.csv").write_text(claims)
    bench.use(origin="bundled")
    with duckdb.connect() as connection:
        bench.pull()
        bench.parse()
        assert load_raw(connection, bench.catalog(), bench.settings)["claim"] == 1
        (folder / "other.claim.csv").write_text(claims)
        bench.pull()
        assert bench.parse().errors == []
        with pytest.raises(ValueError, match=r"two facts with one key: .*c1, cn_beijing"):
            load_raw(connection, bench.catalog(), bench.settings)
        assert rows(connection, "select count(*) from raw.claim") == [(1,)]


@pytest.mark.parametrize("origin", ["bundled", "mirror"])
def test_the_origin_of_a_document_is_told(bench: Bench, origin: str) -> None:
    from ingest.bundle import bundle

    bench.write(register_card())
    (bench.mirror / "doc.bin").write_bytes(REGISTER)
    assert [line.outcome for line in bundle(bench.settings)] == ["written"]
    bench.use(origin=origin)
    bench.pull()
    bench.parse()
    with duckdb.connect() as connection:
        load_raw(connection, bench.catalog(), bench.settings)
        found = rows(connection, "select origin, status, size_bytes from raw.document")
    assert found == [(origin, "held" if origin == "mirror" else "cited", len(REGISTER))]


# ---------------------------------------------------------------- caveats and breaks
def test_caveats_and_breaks_of_a_card(bench: Bench) -> None:
    caveats = [{"indicator": "models_count", "reason": "counts drafts"}]
    breaks = [{"indicator": "models_count", "year": year, "reason": "r"} for year in (2021, 2023)]
    bench.write(register_card(caveats=caveats, breaks=breaks))
    with duckdb.connect() as connection:
        load_raw(connection, bench.catalog(), bench.settings)
        assert rows(connection, "from raw.source_caveat") == [
            ("things", "models_count", "counts drafts")
        ]
        assert rows(connection, "from raw.series_break") == [
            ("things", "models_count", 2021, "r"),
            ("things", "models_count", 2023, "r"),
        ]


@pytest.mark.parametrize("part", ["caveats", "breaks"])
def test_a_faulty_caveat_or_break(bench: Bench, part: str) -> None:
    entry: dict[str, Any] = {"indicator": "models_count", "reason": "r"}
    if part == "breaks":
        entry["year"] = 2023
    bench.write(register_card(**{part: [entry, entry]}))
    (twice,) = load_catalog(bench.settings.catalog).errors[:1]
    assert f"two {part} of one kind: models_count" in twice.message
    bench.write(register_card(**{part: [entry | {"indicator": "model_count"}]}))
    unknown = load_catalog(bench.settings.catalog).errors[0]
    text = (bench.folder / "catalog" / unknown.file.partition("/")[2]).read_text().splitlines()
    assert "indicator: model_count" in text[unknown.line - 1]
    assert (unknown.message, unknown.remedy) == (
        "unknown indicator 'model_count'",
        "Did you mean 'models_count'?",
    )


# ---------------------------------------------------------------- agreement with dbt
SOURCES = PROJECT / "dbt_project" / "models" / "staging" / "sources.yml"


def declared_sources() -> dict[str, Any]:
    if not SOURCES.exists():
        pytest.skip("no dbt sources here")
    (source,) = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))["sources"]
    assert source["name"] == "raw"
    return {table["name"]: table for table in source["tables"]}


def test_the_sources_of_dbt_are_the_raw_tables() -> None:
    assert sorted(declared_sources()) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_a_source_of_dbt_has_the_columns_of_its_raw_table(table: str) -> None:
    declared, spec = declared_sources()[table], raw_tables()[table]
    assert declared["description"] == spec["description"]
    assert declared["config"]["meta"]["dagster"]["asset_key"] == ["raw", table]
    assert {c["name"]: (c["data_type"], c["description"]) for c in declared["columns"]} == {
        name: (column["type"], column["description"]) for name, column in spec["columns"].items()
    }


def test_nothing_is_lost_when_facts_were_not_parsed(
    orchards: tuple[Catalog, Settings], loaded: Connection, tmp_path: Path
) -> None:
    """Another run may share the home, or raw be made alone: what is missing is read now."""
    catalog, settings = orchards
    with duckdb.connect() as connection:
        load_raw(connection, catalog, Settings(home=tmp_path, catalog=settings.catalog))
        assert content(connection) == content(loaded)
