"""A source that has years is pulled a year at a time; the main job takes all that is held."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingest import archive
from ingest.catalog import load_catalog
from ingest.pull import pull
from orchestration.automation import MAIN_JOB
from tests.conftest import Home

YEARS = (2021, 2022, 2023)


CARD = """\
id: yearly_presses
title: Presses by year
publisher: Guild of Pressers (made up)
kind: statistics
licence: Invented for the tests; Apache-2.0 like the project
redistribution: open
citation: Guild of Pressers, Presses by year (made up)
cadence: yearly
trust_tier: 2
parser: long_table
parse:
  place_column: place
  values: [{indicator: presses_count, column: n, unit: count, scope: register}]
documents:
  - id: presses_{year}
    title: Presses of {year}
    address: https://presses.example/{year}.csv
    mirror: "{year}.csv"
    published_on: "{year}-01-01"
    options: {year: {year}}
    over: {year: {from: 2021, to: 2023}}
"""


@pytest.fixture
def yearly(tmp_path: Path, orchards: Home) -> Home:
    """The orchards with a yearly source, whose files are in a mirror but for the last year's."""
    (catalog,) = orchards.settings.catalog
    (catalog / "sources" / "yearly_presses.yml").write_text(CARD)
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for year in YEARS[:-1]:
        (mirror / f"{year}.csv").write_text(f"place,n\nAmberfield,{year - 2000}\n")
    settings = replace(orchards.settings, origin="mirror", mirror=(mirror,))
    return Home(settings, orchards.instance)


def backfill(home: Home, year: int) -> dg.ExecuteInProcessResult:
    job = home.definitions.resolve_job_def("backfill_yearly_presses")
    return job.execute_in_process(
        instance=home.instance, partition_key=str(year), raise_on_error=False
    )


def reason(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    return str(next(e.step_failure_data for e in result.all_events if e.is_step_failure))


def held(home: Home) -> list[str]:
    folder = home.settings.archive_dir
    return sorted(h.document for h in archive.read_holdings(folder, "mirror", "yearly_presses"))


def test_a_partition_is_a_year(yearly: Home) -> None:
    job = yearly.definitions.resolve_job_def("backfill_yearly_presses")
    assert job.partitions_def is not None
    assert job.partitions_def.get_partition_keys() == [str(year) for year in YEARS]
    result = backfill(yearly, 2022)
    assert result.success
    [event] = [e for e in result.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
    assert (event.partition, event.asset_key) == (
        "2022",
        dg.AssetKey(["backfill", "yearly_presses"]),
    )
    assert held(yearly) == ["presses_2022"]
    assert not yearly.settings.build_dir.exists(), "it opens no database"


def test_a_year_that_can_not_be_had_fails_and_harms_no_other(yearly: Home) -> None:
    assert backfill(yearly, 2021).success
    assert "presses_2023: no file 2023.csv in the mirror" in reason(backfill(yearly, 2023))
    assert held(yearly) == ["presses_2021"]


def test_a_year_that_can_not_be_read_fails(yearly: Home) -> None:
    (yearly.settings.mirror[0] / "2022.csv").write_text("place,presses\nAmberfield,1\n")
    assert "presses_2022: no column n" in reason(backfill(yearly, 2022))


def test_years_at_once_lose_none_of_each_other(
    yearly: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = archive.read_holdings

    def read_slowly(*args: Any) -> list[archive.HeldDocument]:
        found = read(*args)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(archive, "read_holdings", read_slowly)
    catalog = load_catalog(yearly.settings.catalog)
    with ThreadPoolExecutor(2) as pool:
        years = ({year} for year in YEARS[:2])
        list(pool.map(lambda y: pull(catalog, "yearly_presses", yearly.settings, y), years))
    assert held(yearly) == ["presses_2021", "presses_2022"]


def test_the_main_job_has_no_partitions_and_takes_all_years(yearly: Home) -> None:
    for year in YEARS[:2]:
        assert backfill(yearly, year).success
    for file in yearly.settings.mirror[0].iterdir():
        file.unlink()
    result = yearly.run(["documents", "yearly_presses"], ["facts", "yearly_presses"])
    assert result.success
    [facts] = [e for e in result.all_events if e.is_step_materialization and e.step_key == "facts"]
    metadata = facts.step_materialization_data.materialization.metadata
    assert metadata["observation"].value == 2
    graph = yearly.definitions.resolve_asset_graph()
    job = yearly.definitions.resolve_job_def(MAIN_JOB)
    assert job.partitions_def is None
    assert job.asset_layer.selected_asset_keys == graph.materializable_asset_keys


def test_bundled_has_nothing_to_pull(yearly: Home) -> None:
    bundled = replace(yearly.settings, origin="bundled")
    assert "Origin bundled has nothing to pull" in reason(
        backfill(Home(bundled, yearly.instance), 2022)
    )
