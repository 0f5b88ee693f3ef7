"""The build: one run's private warehouse, which nobody else reads or writes."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from ingest.settings import Settings

WAREHOUSE = "warehouse.duckdb"
ALIVE = ".alive"
PARENT_TAG = "dagster/parent_run_id"  # of a run that is a new attempt at another
KEEP = 3

_held: dict[Path, FileLock] = {}


def folder(settings: Settings, run_id: str) -> Path:
    return settings.build_dir / run_id


def hold(settings: Settings, run_id: str) -> Path:
    """Make a run's folder and lock it for as long as this process lives."""
    path = folder(settings, run_id)
    path.mkdir(parents=True, exist_ok=True)
    with suppress(Timeout):  # another process of this run holds it
        _held.setdefault(path, FileLock(path / ALIVE)).acquire(timeout=0)
    return path


def end_dead_runs(settings: Settings, instance: dg.DagsterInstance) -> None:
    """End the runs whose process was killed: they look alive and keep their place in the pool."""
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(filters=started):
        alive = folder(settings, run.run_id) / ALIVE
        if not alive.exists():
            continue
        try:
            with FileLock(alive, timeout=0):
                instance.report_run_failed(run, "The process of this run was killed.")
                instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        except Timeout:
            continue


def new_build(settings: Settings, run_id: str) -> Path:
    """An empty build: everything that a release holds has to be made in this run."""
    file = hold(settings, run_id) / WAREHOUSE
    for old in (file, _wal(file)):
        old.unlink(missing_ok=True)
    return file


def open_build(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, settings: Settings
) -> Path:
    """The build of a run.

    At the first touch of a run that does not make `raw`, it is a copy: of the failed run's
    build when this is a new attempt at one, else of the current release.
    """
    run = context.run
    file = hold(settings, run.run_id) / WAREHOUSE
    if file.exists():
        return file
    candidates = [settings.current.resolve() / WAREHOUSE]
    parent = run.tags.get(PARENT_TAG)
    if parent:
        candidates.insert(0, folder(settings, parent) / WAREHOUSE)
    origin = next((candidate for candidate in candidates if candidate.exists()), None)
    if origin:
        context.log.info(f"The build starts as a copy of {origin}")
        copy(origin, file)
    return file


def copy(origin: Path, target: Path) -> None:
    """Copy a warehouse file, which then is writable and is there as a whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    attempt = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(origin, attempt)
    if _wal(origin).exists():  # a process that was killed left its last changes there
        shutil.copyfile(_wal(origin), _wal(target))
    attempt.replace(target)


def prune(settings: Settings, instance: dg.DagsterInstance, keep: int = KEEP) -> None:
    """Remove the builds of finished runs but the newest ones."""
    if not settings.build_dir.is_dir():
        return
    builds = sorted(settings.build_dir.iterdir(), key=lambda path: path.stat().st_mtime)
    for build in builds[: -keep or None]:
        run = instance.get_run_by_id(build.name)
        if run is None or run.is_finished:
            shutil.rmtree(build, ignore_errors=True)


def _wal(file: Path) -> Path:
    return file.with_name(f"{file.name}.wal")
