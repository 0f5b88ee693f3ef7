"""What a stranger finds in the UI, and that no check escapes the gate."""

from __future__ import annotations

import dagster as dg
import duckdb
import pytest

import audit
from ingest.facts import raw_tables
from orchestration import dbt
from orchestration.assets import INBOX
from orchestration.observatory import GROUPS, OWNERS
from tests.conftest import Home


@pytest.fixture(scope="module")
def home(orchards_run: tuple[Home, dg.ExecuteInProcessResult]) -> Home:
    return orchards_run[0]


@pytest.fixture(scope="module")
def manifest() -> dict[str, object]:
    return dbt.load_manifest(dbt.manifest_path())


def test_every_asset_says_what_it_is(home: Home) -> None:
    for spec in home.definitions.resolve_all_asset_specs():
        assert spec.group_name in GROUPS.values(), spec.key
        assert spec.description, spec.key
        assert spec.owners == OWNERS, spec.key
        assert spec.kinds, spec.key


def test_there_is_one_asset_a_card_and_a_table(home: Home) -> None:
    keys = {spec.key.to_user_string() for spec in home.definitions.resolve_all_asset_specs()}
    for card in ("orchard_survey", "orchard_guide", "press_register"):
        assert {f"documents/{card}", f"facts/{card}"} <= keys
    assert {f"raw/{table}" for table in raw_tables()} <= keys
    assert {"catalog", "release", "marts/index_ranking", "staging/stg_city"} <= keys


def test_dbt_sources_are_the_raw_assets(home: Home) -> None:
    graph = home.definitions.resolve_asset_graph()
    assert not [key for key in graph.external_asset_keys if key.path[0] == "raw"]


def test_every_check_is_described(home: Home) -> None:
    checks = home.definitions.resolve_asset_graph().asset_check_keys
    assert len(checks) > 100
    for key in checks:
        assert home.definitions.resolve_asset_graph().get_check_spec(key).description, key


def test_a_check_says_what_its_test_says(home: Home) -> None:
    """In the words of the project, which dbt keeps below `meta`, before those made of its name."""
    graph = home.definitions.resolve_asset_graph()
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    found = {spec.name: spec.description for spec in specs}
    assert found["index_sensitivity_all_ranked"] == "Every published rank has its range."


def test_every_dbt_test_is_a_check(home: Home, manifest: dict[str, object]) -> None:
    names = {key.name for key in home.definitions.resolve_asset_graph().asset_check_keys}
    assert {test["name"] for test in dbt.tests(manifest).values()} <= names


def test_whatever_opens_a_build_takes_its_pool(home: Home) -> None:
    job = home.definitions.resolve_job_def("observatory")
    pools = {node.name: node.definition.pool for node in job.nodes}
    assert {n for n, pool in pools.items() if pool} >= {"raw", "dbt", "rules", "release"}
    assert not {pools[name] for name in ("catalog", "documents", "facts")} - {None}


def test_main_job_has_everything_but_the_inbox(home: Home) -> None:
    graph = home.definitions.resolve_asset_graph()
    job = home.definitions.resolve_job_def("observatory")
    assert INBOX not in graph.materializable_asset_keys
    assert job.asset_layer.selected_asset_keys == graph.materializable_asset_keys
    assert job.asset_layer.asset_graph.asset_check_keys == graph.asset_check_keys


@pytest.mark.parametrize(
    ("job", "pulled"),
    [
        ("refresh_statistics", {"orchard_survey", "press_register"}),
        ("refresh_reports", {"orchard_guide"}),
    ],
)
def test_refresh_jobs_pull_some_cards_and_rebuild_the_rest(
    home: Home, job: str, pulled: set[str]
) -> None:
    selected = home.definitions.resolve_job_def(job).asset_layer.selected_asset_keys
    assert {key.path[-1] for key in selected if key.path[0] == "documents"} == pulled
    graph = home.definitions.resolve_asset_graph()
    built = {key for key in graph.materializable_asset_keys if len(key.path) > 1}
    warehouse = {key for key in built if key.path[0] not in ("documents", "facts")}
    assert warehouse | {dg.AssetKey("release")} <= selected


def test_schedules_run_by_themselves_only_where_pulling_is_live(home: Home) -> None:
    schedules = {s.name: s for s in home.definitions.schedules or ()}
    assert schedules["refresh_statistics_schedule"].cron_schedule == "0 3 * * 1"
    assert schedules["refresh_reports_schedule"].cron_schedule == "0 4 * * *"
    assert {s.default_status for s in schedules.values()} == {dg.DefaultScheduleStatus.STOPPED}


def test_every_blocking_check_is_recorded_for_the_gate(
    home: Home, orchards_run: tuple[Home, dg.ExecuteInProcessResult], manifest: dict[str, object]
) -> None:
    required = dbt.required_checks(manifest)
    required |= {(rule.asset, rule.name) for rule in audit.load_rules() if rule.blocking}
    with duckdb.connect(str(home.build(orchards_run[1])), read_only=True) as con:
        rows = con.execute("select asset_key, check_name from audit.check_result").fetchall()
    assert required <= set(rows)
    graph = home.definitions.resolve_asset_graph()
    in_dagster = {
        ("/".join(key.asset_key.path), key.name)
        for key in graph.asset_check_keys
        if graph.get_check_spec(key).blocking
    }
    assert in_dagster == required
