"""dbt: the guarded manifest, one invocation a run, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from ingest.settings import PROJECT
from orchestration.observatory import OFFLINE

DBT_PROJECT = PROJECT / "dbt_project"
TARGET = DBT_PROJECT / "target"
PARSED, LOCK = "partial_parse.msgpack", ".parse.lock"
IGNORED = {"target", "logs", "dbt_packages", ".user.yml"}


class DbtError(RuntimeError):
    """dbt ended without results; the message holds the end of what it printed."""


def manifest_path() -> Path:
    """The manifest, parsed anew only when a file of the dbt project is newer."""
    manifest = TARGET / "manifest.json"
    TARGET.mkdir(exist_ok=True)
    with FileLock(TARGET / LOCK):
        if not manifest.exists() or manifest.stat().st_mtime < _newest_source():
            started = time.time()
            process = run_dbt("parse", target=TARGET)
            if process.returncode:
                raise DbtError(f"dbt parse failed:\n{_tail(process)}")
            os.utime(manifest, (started, started))  # a file edited meanwhile is newer
    return manifest


def run_dbt(
    *args: str, target: Path, build_file: Path | None = None, parsed: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a dbt command, on a build if one is named, with its artefacts in `target`.

    In a process of its own, which lets go of the build when it ends. DbtCliResource would start
    dbt once more for its version and hold an adapter in this process (5 s and a lock more).
    """
    env = {**os.environ, **OFFLINE}
    env |= {"DBT_PROFILES_DIR": str(DBT_PROJECT), "DBT_LOG_PATH": str(target)}
    env["PYTHONPATH"] = str(PROJECT)
    if build_file:
        env["AICITY_BUILD"] = str(build_file)
    program = ["orchestration.dbt_process", str(parsed)] if parsed else ["dbt.cli.main"]
    return subprocess.run(
        [sys.executable, "-m", *program, "--no-use-colors", *args, "--target-path", str(target)],
        cwd=DBT_PROJECT,  # partial parsing stores paths relative to it
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def build(build_file: Path, target: Path, select: list[str]) -> tuple[list[dict[str, Any]], str]:
    """Build the selected nodes (all when none is named) with their tests.

    Returns dbt's results, one a node, and what it printed.
    """
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(TARGET / LOCK):  # another process may be parsing
        parsed = shutil.copyfile(TARGET / PARSED, target / PARSED)
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    process = run_dbt(
        "build", "--exclude-resource-type", "unit_test",
        *(["--select", *select] if select else []),
        target=target, build_file=build_file, parsed=parsed,
    )  # fmt: skip
    if not results.exists():
        raise DbtError(f"dbt build failed:\n{_tail(process)}")
    return json.loads(results.read_text(encoding="utf-8"))["results"], process.stdout


def node(manifest: Mapping[str, Any], unique_id: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]
    return found


def _newest_source() -> float:
    """Time of the last change; folders count, since removing a file changes only them."""
    tops = [path for path in DBT_PROJECT.iterdir() if path.name not in IGNORED]
    paths = [*tops, *(path for top in tops if top.is_dir() for path in top.rglob("*"))]
    return max(path.stat().st_mtime for path in paths)


def _tail(process: subprocess.CompletedProcess[str]) -> str:
    return process.stdout[-4000:]
