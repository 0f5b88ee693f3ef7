"""The catalog examples/human_development reproduces the Human Development Index."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from ingest.bundle import bundle
from ingest.settings import PROJECT, Settings
from orchestration.build import WAREHOUSE
from tests.conftest import Home

CATALOG = PROJECT / "examples" / "human_development"
DOCUMENTS = PROJECT.parent / "shared" / "documents"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Path:
    """The release of the catalog alone, by the main job."""
    home = Home(Settings(home=tmp_path_factory.mktemp("human"), catalog=(CATALOG,)), instance)
    result = home.run()
    assert result.success, [e.message for e in result.all_events if e.is_step_failure]
    return home.settings.current / WAREHOUSE


@pytest.fixture(scope="module")
def countries(release: Path) -> pd.DataFrame:
    """Score and rank by country, and the published value."""
    query = """
        select ranking.city_name, ranking.rank, ranking.score, ranking.reason,
            published.value as published
        from marts.index_ranking as ranking
        left join marts.indicator_value as published
            on ranking.city_id = published.city_id and ranking.edition = published.year
            and published.indicator = 'published_hdi_index'
        where ranking.framework = 'human_development'
    """
    with duckdb.connect(str(release), read_only=True) as con:
        return con.execute(query).df().set_index("city_name")


def test_every_published_value_is_met_to_three_decimals(countries: pd.DataFrame) -> None:
    published = countries[countries["published"].notna()]
    assert len(published) == 191
    differing = published[published["score"].round(3) != published["published"]]
    assert differing.empty, differing


def test_ranks_are_those_of_the_report(countries: pd.DataFrame) -> None:
    """The report ranks the values as it prints them, to three decimals."""
    ranked = countries[countries["rank"].notna()]
    printed = ranked["score"].round(3).rank(method="min", ascending=False)
    published = ranked["published"].rank(method="min", ascending=False)
    assert printed.to_dict() == published.to_dict()
    assert printed[["Switzerland", "Norway", "Bulgaria", "Grenada", "South Sudan"]].to_list() == [
        *(1, 2, 68, 68, 191)
    ]


def test_countries_without_all_components_have_no_rank_and_a_reason(
    countries: pd.DataFrame,
) -> None:
    without = countries[countries["rank"].isna()]
    assert sorted(without.index) == [
        "Korea (Democratic People's Rep. of)",
        "Monaco",
        "Nauru",
        "Somalia",
    ]
    assert without["reason"].notna().all()


def test_its_facts_are_those_of_the_document(tmp_path: Path) -> None:
    document = DOCUMENTS / "hdr2122_hdi.xlsx"
    if not document.exists():
        pytest.skip("the report's table is not beside the project: shared/documents")
    files = {p.relative_to(CATALOG): p.read_bytes() for p in CATALOG.rglob("*") if p.is_file()}
    catalog = tmp_path / "human_development"
    for name, data in files.items():
        (catalog / name).parent.mkdir(parents=True, exist_ok=True)
        (catalog / name).write_bytes(data)
    settings = Settings(home=tmp_path / "home", catalog=(catalog,), mirror=(DOCUMENTS,))
    assert [line.outcome for line in bundle(settings)] == ["written"]
    again = {p.relative_to(catalog): p.read_bytes() for p in catalog.rglob("*") if p.is_file()}
    assert again == files
