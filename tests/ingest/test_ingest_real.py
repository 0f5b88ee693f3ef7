"""The facts that ship, and the raw files that they were read from."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.bundle import bundle
from ingest.catalog import catalog_files, load_catalog
from ingest.load import load_raw
from ingest.parse import parse
from ingest.pull import pull
from ingest.settings import PROJECT, Settings

CATALOG = PROJECT / "catalog"
CARDS = load_catalog([CATALOG]).sources
YEARBOOK = "china_city_statistical_yearbook"


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), catalog=(CATALOG,))
    catalog = load_catalog([CATALOG])
    for source in catalog.sources:
        assert pull(catalog, source, settings).failures == []
        assert parse(catalog, source, settings).errors == []
    with duckdb.connect() as connection:
        load_raw(connection, catalog, settings)
        yield connection


def observed(facts: duckdb.DuckDBPyConnection, indicator: str, city: str, year: int) -> Any:
    return facts.execute(
        "select status, value from raw.observation join raw.indicator using (indicator, scope) "
        "where source_id = ? and indicator = ? and city_id = ? and year = ?",
        [YEARBOOK, indicator, city, year],
    ).fetchall()


@pytest.mark.parametrize(
    ("indicator", "city", "year", "value"),
    [
        ("gdp_cny", "cn_beijing", 2023, 4376100000000),
        ("high_tech_enterprises_count", "cn_beijing", 2023, 28330),
        ("resident_population_persons", "cn_beijing", 2023, 21860000),
        ("gdp_per_capita_cny", "cn_beijing", 2023, 200278),
    ],
)
def test_spot_values(
    facts: duckdb.DuckDBPyConnection, indicator: str, city: str, year: int, value: float
) -> None:
    assert observed(facts, indicator, city, year) == [("observed", value)]


@pytest.mark.parametrize("city", ["cn_shanghai", "cn_shenzhen"])
def test_the_gaps_of_the_leaders_are_missing_and_not_zero(
    facts: duckdb.DuckDBPyConnection, city: str
) -> None:
    assert observed(facts, "high_tech_enterprises_count", city, 2023) == [("missing", None)]
    ((status, value),) = observed(facts, "technology_contracts_cny", city, 2023)
    assert status == "observed"
    assert value > 0


def test_the_ranking_of_the_seed_article(facts: duckdb.DuckDBPyConnection) -> None:
    found = facts.execute(
        "select report_id, city_id, rank, score, rank_from, rank_to, order_certain "
        "from raw.published_rank where source_id = 'securities_times_ai_cities' order by 1, 3, 2"
    ).fetchall()
    assert found == [
        ("ai_city_competitiveness_2024", "cn_beijing", 1, 1.0, 1, 1, True),
        ("ai_city_competitiveness_2024", "cn_shenzhen", 2, 0.7449, 2, 2, True),
        ("ai_city_competitiveness_2024", "cn_shanghai", 3, 0.6266, 3, 3, True),
        ("city_ai_development_2023", "cn_beijing", None, None, 1, 3, False),
        ("city_ai_development_2023", "cn_shanghai", None, None, 1, 3, False),
        ("city_ai_development_2023", "cn_shenzhen", None, None, 1, 3, False),
    ]


def test_every_source_gives_facts(facts: duckdb.DuckDBPyConnection) -> None:
    kinds = ("observation", "published_rank", "claim", "event")
    union = " union ".join(f"select source_id from raw.{kind}" for kind in kinds)
    silent = facts.execute(f"select source_id from raw.source except ({union})").fetchall()
    live = {card.id for card in CARDS.values() if all(d.live_only for d in card.documents)}
    # The two open tiers of one study give no place to a city, and stand in quarantine.
    assert {source for (source,) in silent} == {"accuracy_ai_hubs", *live}
    indicators = (
        "select indicator from raw.indicator_source except select indicator from raw.observation"
    )
    assert facts.execute(indicators).fetchall() == []


def test_enough_cities_for_a_ranking(facts: duckdb.DuckDBPyConnection) -> None:
    ((n,),) = facts.execute(
        "select count(distinct city_id) from raw.observation join raw.city using (city_id) "
        "where country_code = 'CN' and status = 'observed' and indicator = 'gdp_cny' "
        "and year = 2023"
    ).fetchall()
    assert n >= 100


def test_the_flagship_counts_what_it_has(facts: duckdb.DuckDBPyConnection) -> None:
    missing = facts.execute(
        "select indicator from raw.framework_node where indicator is not null "
        "except select indicator from raw.observation where status = 'observed'"
    ).fetchall()
    assert missing == []


# ---------------------------------------------------------------- with the raw files at hand
@pytest.fixture(scope="module")
def rebuilt(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog, bundled anew from the raw files."""
    folder = tmp_path_factory.mktemp("rebuilt") / "catalog"
    shutil.copytree(CATALOG, folder)
    for path in (folder / "sources").glob("*/*.csv"):
        path.unlink()
    mirror = tuple(shared / name for name in ("mirror", "reports", "seed", "facts"))
    settings = Settings(home=folder.parent / "home", catalog=(folder,), mirror=mirror)
    lines = list(bundle(settings))
    assert {line.outcome for line in lines} == {"written"}, lines
    return folder


def test_the_bundled_facts_are_what_the_readers_give(rebuilt: Path) -> None:
    files = {str(p.relative_to(CATALOG)): p.read_bytes() for p in catalog_files([CATALOG])}
    made = {str(p.relative_to(rebuilt)): p.read_bytes() for p in catalog_files([rebuilt])}
    assert sorted(made) == sorted(files)
    assert [name for name in files if made[name] != files[name]] == []


def test_claims_stand_where_they_were_read_by_hand(shared: Path) -> None:
    by_hand = json.loads((shared / "seed" / "claims.json").read_text(encoding="utf-8"))["claims"]
    places = {c["quote"]: f"characters {c['char_start']}-{c['char_end']}" for c in by_hand}
    folder = CATALOG / "sources" / "securities_times_ai_cities"
    compared = 0
    for path in folder.glob("article_2024.*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row.get("quote") in places:
                    assert row["locator"] == places[row["quote"]]
                    compared += 1
    assert compared >= 10


def test_quotes_of_the_article_stand_in_it(shared: Path) -> None:
    text = (shared / "seed" / "000_96a45cccd803079a.txt").read_text(encoding="utf-8")
    folder = CATALOG / "sources" / "securities_times_ai_cities"
    for path in folder.glob("article_2024.*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                start, end = map(int, row["locator"].removeprefix("characters ").split("-"))
                assert text[start:end] == row["quote"]


def test_every_row_of_the_ledger_is_entered_set_aside_or_left_out(
    shared: Path, facts: duckdb.DuckDBPyConnection
) -> None:
    ledger = json.loads((shared / "reports" / "published_rankings.json").read_text("utf-8"))
    rows = {
        edition["id"]: len(edition["rows"])
        + sum(len(table["rows"]) for table in edition.get("extra_tables", []))
        for edition in ledger["editions"]
    }
    # A tier has one locator for several places.
    found = facts.execute(
        "select edition, count(distinct locator) from ("
        "    select locator, regexp_extract(locator, 'ledger edition ([^,]+),', 1) as edition"
        "    from (select locator from raw.published_rank union select locator from raw.quarantine)"
        ") where edition <> '' group by edition"
    ).fetchall()
    left_out = facts.execute("select ledger_edition, n_rows from raw.left_out").fetchall()
    assert dict(found).keys() & dict(left_out).keys() == set()
    assert dict(found) | dict(left_out) == rows
