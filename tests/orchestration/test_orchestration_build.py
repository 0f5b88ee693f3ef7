"""Builds: copies, what is kept of them, and runs whose process died."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb

from ingest.settings import Settings
from orchestration import build


def make_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> str:
    @dg.job
    def anything() -> None: ...

    return instance.create_run_for_job(anything, status=status).run_id


def test_a_copy_of_a_release_can_be_written(tmp_path: Path) -> None:
    release = tmp_path / "release" / build.WAREHOUSE
    release.parent.mkdir()
    with duckdb.connect(str(release)) as con:
        con.execute("create table t as select 1 as x")
    release.chmod(0o444)
    copy = tmp_path / "build" / build.WAREHOUSE
    build.copy(release, copy)
    with duckdb.connect(str(copy)) as con:
        con.execute("insert into t values (2)")
    assert [path.name for path in copy.parent.iterdir()] == [build.WAREHOUSE]


def test_a_new_build_is_empty(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, catalog=())
    file = build.new_build(settings, "run")
    file.write_bytes(b"left over")
    assert not build.new_build(settings, "run").exists()


def test_only_the_newest_builds_of_finished_runs_are_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, catalog=())
    with dg.DagsterInstance.ephemeral() as instance:
        ids = [make_run(instance, dg.DagsterRunStatus.SUCCESS) for _ in range(5)]
        working = make_run(instance, dg.DagsterRunStatus.STARTED)
        for age, run_id in enumerate([working, *ids]):
            build.folder(settings, run_id).mkdir(parents=True)
            os.utime(build.folder(settings, run_id), (age, age))
        build.prune(settings, instance, keep=3)
    assert {path.name for path in settings.build_dir.iterdir()} == {working, *ids[2:]}


def test_a_run_whose_process_was_killed_is_ended(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, catalog=())
    with dg.DagsterInstance.ephemeral() as instance:
        dead = make_run(instance, dg.DagsterRunStatus.STARTED)
        alive = make_run(instance, dg.DagsterRunStatus.STARTED)
        build.hold(settings, alive)
        code = (
            "import os, signal, pathlib; from orchestration import build;"
            "from ingest.settings import Settings;"
            f"build.hold(Settings(home=pathlib.Path({str(tmp_path)!r}), catalog=()), {dead!r});"
            "os.kill(os.getpid(), signal.SIGKILL)"
        )
        process = subprocess.run([sys.executable, "-c", code], check=False)
        assert process.returncode == -9
        build.end_dead_runs(settings, instance)
        status = {r.run_id: r.status for r in instance.get_runs()}
    assert status == {dead: dg.DagsterRunStatus.FAILURE, alive: dg.DagsterRunStatus.STARTED}
