"""Composition root: everything that Dagster knows of the observatory."""

import dagster as dg

import audit
from ingest.settings import Settings
from orchestration import (
    assets,
    automation,
    backfill,
    checks,
    dbt,
    dbt_assets,
    difference_assets,
    history,
    progress,
)
from orchestration.observatory import Observatory


def build_definitions(settings: Settings) -> dg.Definitions:
    """Definitions of the observatory that the settings describe; reads the catalog."""
    observatory = Observatory.load(settings)
    manifest = dbt.load_manifest(dbt.manifest_path())
    rules = audit.load_rules()
    required = checks.required_checks(rules) | dbt.required_checks(manifest)

    raw = assets.raw(observatory)
    models = dbt_assets.dbt_models(observatory, manifest)
    compared = difference_assets.difference_assets(observatory, list(models.specs))
    sources = [assets.documents(observatory), assets.facts(observatory)]
    jobs = automation.jobs(observatory)
    return dg.Definitions(
        assets=[
            assets.catalog_asset(observatory),
            *(sources if observatory.catalog.sources else []),
            assets.inbox_document(),
            *backfill.specs(observatory),
            raw,
            models,
            compared,
            assets.release(observatory, [*raw.specs, *models.specs, *compared.specs], required),
        ],
        asset_checks=checks.rule_checks(observatory, rules),
        jobs=jobs,
        schedules=automation.schedules(observatory, jobs),
        sensors=[automation.inbox_sensor(observatory, jobs)],
        # Steps are short and starting a process for each costs seconds.
        executor=dg.in_process_executor,
        loggers={"console": dg.colored_console_logger, "progress": progress.progress_logger},
    )


@dg.definitions
def defs() -> dg.Definitions:
    history.wait_less()
    return build_definitions(Settings.from_env())
