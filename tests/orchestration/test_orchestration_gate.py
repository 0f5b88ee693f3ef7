"""Nothing reaches readers before its checks have passed, however a release is asked for."""

from __future__ import annotations

import csv
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from tests.conftest import Home

Run = tuple[Home, dg.ExecuteInProcessResult]


def failure(result: dg.ExecuteInProcessResult, step: str) -> str:
    event = next(e for e in result.all_events if e.is_step_failure and e.step_key == step)
    data = event.step_failure_data
    described = data.user_failure_data.description if data.user_failure_data else None
    return described or (data.error.message if data.error else "")


def steps(result: dg.ExecuteInProcessResult, kind: str) -> list[str]:
    return [e.step_key or "" for e in result.all_events if e.event_type_value == kind]


def change_fact(catalog: Path, indicator: str, city: str, factor: float) -> None:
    """Multiply a value in a bundled facts file."""
    file = catalog / "sources" / "orchard_survey" / "survey_2023.observation.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if (row["indicator"], row["city_id"]) == (indicator, city):
            row["value"] = str(float(row["value"]) * factor)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_the_release_comes_after_all_checks(orchards_run: Run) -> None:
    home, result = orchards_run
    order = steps(result, "STEP_START")
    assert order.index("raw") < order.index("dbt") < order.index("rules") < order.index("release")
    last_check = max(
        i for i, e in enumerate(result.all_events) if e.event_type_value == "ASSET_CHECK_EVALUATION"
    )
    release = next(
        i
        for i, e in enumerate(result.all_events)
        if e.event_type_value == "STEP_START" and e.step_key == "release"
    )
    assert last_check < release
    assert len(home.releases()) == 1


def test_offending_rows_and_previews_are_shown(orchards_run: Run) -> None:
    _, result = orchards_run
    shown = {
        e.asset_key.to_user_string(): e.materialization.metadata
        for e in result.all_events
        if e.event_type_value == "ASSET_MATERIALIZATION" and e.asset_key
    }
    for asset in ("marts/index_ranking", "marts/indicator_coverage"):
        assert "Amberfield" in str(shown[asset]["preview"]) or "| --- |" in str(
            shown[asset]["preview"]
        )
        assert len(str(shown[asset]["plot"].value)) < 30_100
    assert shown["raw/city"]["dagster/row_count"].value == 14
    quarantine = next(
        e.asset_check_evaluation_data
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
        and e.asset_check_evaluation_data.check_name == "nothing_in_quarantine"
    )
    assert "| --- |" in str(quarantine.metadata["offending_rows"].value)


def test_a_release_alone_on_an_empty_home_is_refused(orchards: Home) -> None:
    result = orchards.run(["release"])
    assert not result.success
    assert "has not run on this build" in failure(result, "release")
    assert orchards.releases() == []
    assert not orchards.settings.current.exists()


def test_the_same_again_makes_no_new_release(published: Home) -> None:
    before = published.releases()
    result = published.run()
    assert result.success
    assert published.releases() == before


def test_a_release_alone_on_a_published_home_changes_nothing(published: Home) -> None:
    before = published.releases()
    result = published.run(["release"])
    assert result.success
    assert published.releases() == before


def test_raw_and_release_without_the_models_between_are_refused(published: Home) -> None:
    before = published.releases()
    tables = [spec.key.path for spec in published.definitions.resolve_all_asset_specs()]
    result = published.run(["release"], *(path for path in tables if path[0] == "raw"))
    assert not result.success
    assert "not rebuilt" in failure(result, "release")
    assert published.releases() == before


def test_a_wrong_fact_publishes_nothing(published: Home) -> None:
    """A yield that someone typed a thousand times too high would put Dewgrove first."""
    before, link = published.releases(), published.settings.current.resolve()
    change_fact(published.settings.catalog[0], "yield_tonnes", "xo_dewgrove", 1000)
    broken = Home(published.settings, published.instance)
    result = broken.run()
    assert not result.success
    with duckdb.connect(str(broken.build(result)), read_only=True) as con:
        first = con.execute(
            "select city_name from marts.index_ranking where edition = 2023 and rank = 1"
        ).fetchall()
        failed = con.execute(
            "select check_name from audit.check_result where blocking and not passed"
        ).fetchall()
    assert first == [("Dewgrove",)], "the fault has to reach the ranking, or nothing is tested"
    assert failed
    assert steps(result, "STEP_FAILURE") == ["rules"]
    assert "release" not in steps(result, "STEP_START")
    assert (broken.releases(), broken.settings.current.resolve()) == (before, link)

    # A new attempt at the release alone goes on with the build that failed.
    again = broken.run(["release"], tags={"dagster/parent_run_id": result.run_id})
    assert not again.success
    assert failed[0][0] in failure(again, "release")
    assert (broken.releases(), broken.settings.current.resolve()) == (before, link)


@pytest.mark.parametrize("asset", [["marts", "index_ranking"]])
def test_a_part_starts_from_the_current_release(published: Home, asset: list[str]) -> None:
    result = published.run(asset)
    assert result.success
    with duckdb.connect(str(published.build(result))) as con:
        assert con.execute("select count(*) from raw.city").fetchall() == [(14,)]
        assert con.execute("select count(*) from marts.index_ranking").fetchall() == [(24,)]
    assert not (published.settings.current / "warehouse.duckdb").stat().st_mode & 0o222
