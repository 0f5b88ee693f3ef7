"""The dbt models as assets, their tests as checks, all of them from one invocation of dbt."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import dagster_dbt
import duckdb

from orchestration import build, dbt, previews
from orchestration.observatory import GROUPS, OWNERS, POOL, Observatory

UNIQUE_ID = "dagster_dbt/unique_id"  # metadata by which dagster-dbt names a node
MODEL_BUILT = {"success", "no-op"}


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
        return spec and spec._replace(description=dbt.describe(test))


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

        with duckdb.connect(str(file)) as con:
            tests = dbt.record_tests(con, manifest, results)
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
        for test in tests:
            key = checks.get(test.unique_id)
            if key and key in context.selected_asset_check_keys:
                yield _check_result(key, test)
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


def _check_result(key: dg.AssetCheckKey, test: dbt.Outcome) -> dg.AssetCheckResult:
    metadata: dict[str, dg.MetadataValue | int] = {"failed_rows": test.n_failed}
    if test.sample:
        metadata["offending_rows"] = previews.table_metadata(test.sample)
    warned = not test.passed and not test.failed
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=test.passed,
        severity=dg.AssetCheckSeverity.WARN if warned else dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
    )


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
    faults = dbt.faults(results)
    if faults:
        raise dg.Failure(
            description=f"{len(faults)} dbt nodes failed or were skipped: "
            + "; ".join(f"{name}: {message}" for name, message in faults.items()),
            metadata={"dbt": dg.MetadataValue.md(f"```\n{printed[-4000:]}\n```")},
        )
