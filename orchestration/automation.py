"""Jobs, schedules and the inbox sensor."""

import json
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration import backfill
from orchestration.assets import inbox_job, inbox_partitions, source_keys
from orchestration.observatory import GROUPS, Observatory

MAIN_JOB = "observatory"
JobDefinition = Any  # Dagster's name for unresolved asset jobs is private


def jobs(observatory: Observatory) -> list[JobDefinition]:
    found: list[JobDefinition] = [
        dg.define_asset_job(
            MAIN_JOB,
            dg.AssetSelection.all(),
            description="Everything, from the catalog to the release, with all checks.",
        ),
        inbox_job(observatory),
        *backfill.jobs(observatory),
    ]
    refreshes = {
        "refresh_statistics": ("statistics", "register"),
        "refresh_reports": ("report", "news"),
    }
    for name, kinds in refreshes.items():
        cards = source_keys(observatory, "documents", *kinds)
        if cards:
            # raw is made as a whole, hence everything after it as well.
            raw = dg.AssetSelection.groups(GROUPS["raw"])
            selection = dg.AssetSelection.assets(*cards).downstream() | raw.downstream()
            description = f"Pulls the sources of kind {' and '.join(kinds)} and rebuilds the rest."
            found.append(dg.define_asset_job(name, selection, description=description))
    return found


def schedules(
    observatory: Observatory, jobs: Sequence[JobDefinition]
) -> list[dg.ScheduleDefinition]:
    """Weekly for statistics, daily for reports; they run by themselves where pulling is live."""
    live = observatory.settings.origin == "live"
    status = dg.DefaultScheduleStatus.RUNNING if live else dg.DefaultScheduleStatus.STOPPED
    crons = {"refresh_statistics": "0 3 * * 1", "refresh_reports": "0 4 * * *"}
    return [
        dg.ScheduleDefinition(
            name=f"{job.name}_schedule",
            job=job,
            cron_schedule=crons[job.name],
            execution_timezone="UTC",
            default_status=status,
            description=job.description,
        )
        for job in jobs
        if job.name in crons
    ]


def inbox_sensor(observatory: Observatory, jobs: Sequence[JobDefinition]) -> dg.SensorDefinition:
    inbox_dir = observatory.settings.inbox_dir

    @dg.sensor(
        name="inbox_sensor",
        job=next(job for job in jobs if job.name == "inbox"),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for a run, once per content, when a file in the inbox stopped growing.",
    )
    def inbox_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        before = json.loads(context.cursor or "{}")
        now, stable = _look(inbox_dir, before)
        digests = {name: _digest(inbox_dir / name) for name in stable}
        requests = [
            dg.RunRequest(
                run_key=digest,  # Dagster asks once per key
                run_config={
                    "ops": {"receive_document": {"config": {"name": name, "sha256": digest}}}
                },
            )
            for name, digest in digests.items()
        ]
        context.update_cursor(json.dumps(now))
        if not requests:
            return dg.SkipReason(f"no new file with a stable size in {inbox_dir}")
        partitions = inbox_partitions.build_add_request(list(digests.values()))
        return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=[partitions])

    return inbox_sensor


def _look(inbox_dir: Path, before: dict[str, list[int]]) -> tuple[dict[str, list[int]], list[str]]:
    """State of the files as [size, mtime, ticks unchanged], and those to be asked for now."""
    now: dict[str, list[int]] = {}
    paths = sorted(inbox_dir.iterdir()) if inbox_dir.is_dir() else []
    for path in paths:
        if path.name.startswith(".") or not path.is_file():
            continue
        stat = path.stat()
        state = [stat.st_size, stat.st_mtime_ns]
        *last, ticks = before.get(path.name, [0])
        now[path.name] = [*state, ticks + 1 if state == last else 0]
    return now, [name for name, (*_, ticks) in now.items() if ticks == 1]


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
