"""The dbt models as assets, their tests as checks, all of them from one invocation of dbt."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import dagster_dbt
import duckdb

import audit
from orchestration import build, dbt, previews
from orchestration.observatory import GROUPS, OWNERS, POOL, Observatory

UNIQUE_ID = "dagster_dbt/unique_id"  # metadata by which dagster-dbt names a node
PASSED, MODEL_BUILT = {"pass"}, {"success", "no-op"}
TEST_RAN = {"pass", "warn", "fail"}


class Translator(dagster_dbt.DagsterDbtTranslator):
    """Keys are [schema, relation], groups follow the data, tests keep their descriptions."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["alias"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return GROUPS.get(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        return OWNERS

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        test = dbt.node(manifest, unique_id)
        return spec and spec._replace(description=describe(test))


def describe(test: Mapping[str, Any]) -> str:
    """What a test demands, from its own words or from its name and column."""
    if test.get("description"):
        return str(test["description"])
    generic = test.get("test_metadata") or {}
    name = str(generic.get("name", test["name"])).replace("_", " ")
    column = test.get("column_name")
    return f"dbt test: {column} {name}" if column else f"dbt test: {name}"


def severity_is_error(test: Mapping[str, Any]) -> bool:
    return str(test["config"].get("severity") or "error").lower() == "error"


def checked_asset(manifest: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    """schema/relation that a test is about: what it is attached to, else its first parent."""
    parent = dbt.node(manifest, test.get("attached_node") or test["depends_on"]["nodes"][0])
    return f"{parent['schema']}/{parent.get('alias') or parent['name']}"


def tests(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The data tests, also those that dagster-dbt can't show as a check."""
    nodes = manifest["nodes"].items()
    return {key: node for key, node in nodes if node["resource_type"] == "test"}


def required_checks(manifest: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(asset, check) of the tests without which nothing is published."""
    return {
        (checked_asset(manifest, test), test["name"])
        for test in tests(manifest).values()
        if severity_is_error(test)
    }


def dbt_models(observatory: Observatory, manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """All models as one subsettable asset definition."""
    settings = observatory.settings

    @dagster_dbt.dbt_assets(
        manifest=manifest,
        name="dbt",
        pool=POOL,
        dagster_dbt_translator=Translator(
            dagster_dbt.DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True)
        ),
    )
    def dbt_assets(context: dg.AssetExecutionContext) -> Iterator[Any]:
        keys = {s.metadata[UNIQUE_ID]: s.key for s in context.assets_def.specs}
        checks = {s.metadata[UNIQUE_ID]: s.key for s in context.assets_def.check_specs}
        select = []
        if context.is_subset:
            select = _selection(context, manifest, keys, checks)
        file = build.open_build(context, settings)
        target = build.folder(settings, context.run_id) / "dbt"
        results, printed = dbt.build(file, target, select)
        context.log.info(printed)

        digests: dict[str, str] = {}
        with duckdb.connect(str(file)) as con:
            con.execute("begin")
            outcomes = [
                record_test(con, manifest, result, digests)
                for result in results
                if result["unique_id"].startswith("test.") and result["status"] in TEST_RAN
            ]
            con.execute("commit")
            built: list[dg.MaterializeResult[Any]] = [
                dg.MaterializeResult(
                    asset_key=keys[result["unique_id"]],
                    metadata=_table_metadata(con, keys[result["unique_id"]], result),
                )
                for result in results
                if result["unique_id"] in keys and result["status"] in MODEL_BUILT
            ]
        # The file is closed before Dagster hears of anything: a failure below must not hold it.
        yield from built
        for unique_id, outcome in outcomes:
            key = checks.get(unique_id)
            if key and key in context.selected_asset_check_keys:
                yield dg.AssetCheckResult(asset_key=key.asset_key, check_name=key.name, **outcome)
        _raise_on_faults(results, printed)

    return dbt_assets


def _selection(
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    keys: Mapping[str, dg.AssetKey],
    checks: Mapping[str, dg.AssetCheckKey],
) -> list[str]:
    """Names of what a part of the graph asks for; dbt adds the tests of a model by itself."""
    models = [uid for uid, key in keys.items() if key in context.selected_asset_keys]
    alone = [
        uid
        for uid, key in checks.items()
        if key in context.selected_asset_check_keys
        and key.asset_key not in context.selected_asset_keys
    ]
    return [dbt.node(manifest, unique_id)["name"] for unique_id in [*models, *alone]]


def record_test(
    con: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    result: Mapping[str, Any],
    digests: dict[str, str],
) -> tuple[str, dict[str, Any]]:
    """Keep a test's outcome in the build; returns it with the offending rows as metadata."""
    test = dbt.node(manifest, result["unique_id"])
    passed = result["status"] in PASSED
    sample = [] if passed else previews.query(con, result["compiled_code"])
    audit.record(
        con,
        asset_key=checked_asset(manifest, test),
        check_name=test["name"],
        blocking=severity_is_error(test),
        passed=passed,
        severity="ERROR" if severity_is_error(test) else "WARN",
        description=describe(test),
        n_failed=result["failures"] or 0,
        sample=sample,
        tables=[_table(manifest, parent) for parent in test["depends_on"]["nodes"]],
        digests=digests,
    )
    failed = result["status"] == "fail"
    metadata: dict[str, Any] = {"failed_rows": result["failures"] or 0}
    if sample:
        metadata["offending_rows"] = previews.table_metadata(sample)
    severity = dg.AssetCheckSeverity.ERROR if failed or passed else dg.AssetCheckSeverity.WARN
    return test["unique_id"], {"passed": passed, "severity": severity, "metadata": metadata}


def _table(manifest: Mapping[str, Any], unique_id: str) -> str:
    parent = dbt.node(manifest, unique_id)
    return f"{parent['schema']}.{parent.get('alias') or parent['name']}"


def _table_metadata(
    con: duckdb.DuckDBPyConnection, key: dg.AssetKey, result: Mapping[str, Any]
) -> dict[str, Any]:
    table = ".".join(key.path)
    rows = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": previews.column_schema(con, table),
        "seconds": round(result["execution_time"], 2),
        **previews.preview(con, table),
    }


def _raise_on_faults(results: Sequence[Mapping[str, Any]], printed: str) -> None:
    faults = {
        result["unique_id"].split(".", 2)[-1]: result["message"] or result["status"]
        for result in results
        if result["status"] in ("error", "runtime error", "fail", "skipped")
    }
    if faults:
        raise dg.Failure(
            description=f"{len(faults)} dbt nodes failed or were skipped: "
            + "; ".join(
                f"{name}: {' '.join(message.split())[:300]}" for name, message in faults.items()
            ),
            metadata={"dbt": dg.MetadataValue.md(f"```\n{printed[-4000:]}\n```")},
        )


def load_manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest
