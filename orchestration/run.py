"""`make run`: the whole pipeline in this process, its outcome on the terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import dagster as dg
import duckdb

import audit
from ingest.settings import Settings, SettingsError
from orchestration import build, dbt, history, previews
from orchestration.automation import MAIN_JOB
from orchestration.observatory import prepare_home

TOP = 20
REASONS = 3
RANKING = """
with ranked as (
    select r.*, f.title, max(r.edition) over () as newest
    from marts.index_ranking as r
    join marts.framework as f on r.framework = f.framework
    where f.is_flagship and r.rank is not null
)
select title, edition, n_ranked, rank, rank_p05, rank_p95, city_name, score, coverage
from ranked where edition = newest order by rank, city_name
"""


def main() -> int:
    started = time.monotonic()
    try:
        settings = Settings.from_env()
        prepare_home(settings)
        dbt.start_early()
        print(f"Data home {settings.home}, documents: {settings.origin}", flush=True)
        # Imported here: it takes seconds, and the settings may be at fault before.
        from orchestration.definitions import build_definitions

        job = build_definitions(settings).resolve_job_def(MAIN_JOB)
    except (SettingsError, dbt.DbtError) as error:
        print(error, file=sys.stderr)
        return 2
    history.wait_less()
    with dg.DagsterInstance.get() as instance:
        build.end_dead_runs(settings, instance)
        run_id = str(uuid4())
        build.hold(settings, run_id)
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            run_config={"loggers": {"progress": {}}},
        )
        file = build.folder(settings, run_id) / build.WAREHOUSE
        events = result.all_events
        if result.success:
            print_ranking(file)
        print_checks(events)
        if result.success:
            print_release(events)
            shutil.rmtree(file.parent, ignore_errors=True)
        else:
            print_failures(events)
            print("\nNothing was published.")
            if file.exists():  # for a look at what is wrong; a release left its own copy
                build.copy(file, settings.dev_dir / build.WAREHOUSE)
                print(f"The build is {file}")
        build.prune(settings, instance)
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return 0 if result.success else 1


def print_ranking(file: Path) -> None:
    with duckdb.connect(str(file), read_only=True) as con:
        rows = audit.query(con, RANKING, TOP)
    if not rows:
        print("\nNo city is ranked in the flagship index.")
        return
    first = rows[0]
    print(f"\n{first['title']}, edition {first['edition']}: {first['n_ranked']} cities ranked\n")
    width = max(len(row["city_name"]) for row in rows)
    print(f"  rank  {'range':<7}  {'city':<{width}}   score  coverage")
    for row in rows:
        reached = f"{row['rank_p05']}-{row['rank_p95']}" if row["rank_p05"] else ""
        print(
            f"  {row['rank']:>4}  {reached:<7}  {row['city_name']:<{width}}  {row['score']:>6.2f}"
            f"  {row['coverage']:>8.0%}"
        )
    print("\nrange: where 90 % of the replications put the city, in which methods and weights vary")


def print_checks(events: Sequence[dg.DagsterEvent]) -> None:
    evaluation = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    found = [e.asset_check_evaluation_data for e in events if e.event_type == evaluation]
    warned = [c for c in found if not c.passed and c.severity == dg.AssetCheckSeverity.WARN]
    failed = [c for c in found if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR]
    passed = len(found) - len(warned) - len(failed)
    print(f"\nChecks: {passed} passed, {len(warned)} warned, {len(failed)} failed")
    for word, checks in (("failed", failed), ("warned", warned)):
        for check in checks:
            rows = check.metadata.get("failed_rows")
            count = f" ({rows.value} rows)" if rows else ""
            print(f"  {word}  {'/'.join(check.asset_key.path)}: {check.check_name}{count}")
            for reason in previews.first_rows(check.metadata)[:REASONS]:
                print(f"          {reason}")


def print_release(events: Sequence[dg.DagsterEvent]) -> None:
    steps = [e for e in events if e.is_step_materialization and e.step_key == "release"]
    if not steps:
        return
    metadata = steps[-1].step_materialization_data.materialization.metadata
    status, release_id = metadata["status"].value, metadata["release_id"].value
    words = {"published": "published", "unchanged": "is still current, its content is the same"}
    print(f"\nRelease {release_id} {words.get(str(status), status)}\n  {metadata['path'].value}")


def print_failures(events: Sequence[dg.DagsterEvent]) -> None:
    for event in events:
        if event.is_step_failure:
            data = event.step_failure_data
            reason = data.user_failure_data.description if data.user_failure_data else None
            error = data.error.message.strip() if data.error else ""
            cause = data.error.cause.message.strip() if data.error and data.error.cause else ""
            print(f"\nStep {event.step_key} failed: {reason or cause or error}")


if __name__ == "__main__":
    sys.exit(main())
