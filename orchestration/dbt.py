"""dbt: the guarded manifest, one invocation a run, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

import audit
from ingest.settings import PROJECT

DBT_PROJECT = PROJECT / "dbt_project"
TARGET = DBT_PROJECT / "target"
PARSED, LOCK = "partial_parse.msgpack", ".parse.lock"
OFFLINE = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
PASSED = {"pass"}
TEST_RAN = {"pass", "warn", "fail"}
TAIL = 4000  # characters of what dbt printed
_waiting: subprocess.Popen[str] | None = None
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
    *args: str, target: Path, build_file: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a dbt command, on a build if one is named, with its artefacts in `target`.

    In a process of its own, which lets go of the build when it ends. DbtCliResource would start
    dbt once more for its version and hold an adapter in this process (5 s and a lock more).
    """
    return subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *_arguments(args, target)],
        cwd=DBT_PROJECT,  # partial parsing stores paths relative to it
        env=os.environ | _environment(target, build_file),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def start_early() -> None:
    """Start the process of the next build, which imports dbt meanwhile."""
    global _waiting
    _waiting = _waiting or _process()


def _process() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.dbt_process"],
        cwd=DBT_PROJECT,
        env={**os.environ, **OFFLINE, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _arguments(args: Sequence[str], target: Path) -> list[str]:
    return ["--no-use-colors", *args, "--target-path", str(target)]


def _environment(target: Path, build_file: Path | None) -> dict[str, str]:
    found = {**OFFLINE, "DBT_PROFILES_DIR": str(DBT_PROJECT), "DBT_LOG_PATH": str(target)}
    found["PYTHONPATH"] = str(PROJECT)
    return found | ({"AICITY_BUILD": str(build_file)} if build_file else {})


def build(build_file: Path, target: Path, select: list[str]) -> tuple[list[dict[str, Any]], str]:
    """Build the selected nodes (all when none is named) with their tests.

    Returns dbt's results, one a node, and what it printed.
    """
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(TARGET / LOCK):  # another process may be parsing
        parsed = shutil.copyfile(TARGET / PARSED, target / PARSED)
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    command = ["build", "--exclude-resource-type", "unit_test"]
    request = {
        "manifest": str(parsed),
        "arguments": _arguments([*command, *(["--select", *select] if select else [])], target),
        "environment": _environment(target, build_file),
    }
    global _waiting
    process, _waiting = _waiting or _process(), None
    printed, _ = process.communicate(json.dumps(request) + "\n")
    if not results.exists():
        raise DbtError(f"dbt build failed:\n{printed[-TAIL:]}")
    return json.loads(results.read_text(encoding="utf-8"))["results"], printed


def node(manifest: Mapping[str, Any], unique_id: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]
    return found


def load_manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def describe(test: Mapping[str, Any]) -> str:
    """What a test demands, from its own words or from its name and column."""
    said = test.get("description") or test["config"].get("meta", {}).get("description")
    if said:
        return str(said)
    generic = test.get("test_metadata") or {}
    name = str(generic.get("name", test["name"])).replace("_", " ")
    column = test.get("column_name")
    return f"dbt test: {column} {name}" if column else f"dbt test: {name}"


def severity_is_error(test: Mapping[str, Any]) -> bool:
    return str(test["config"].get("severity") or "error").lower() == "error"


def checked_asset(manifest: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    """schema/relation that a test is about: what it is attached to, else its first parent."""
    parent = node(manifest, test.get("attached_node") or test["depends_on"]["nodes"][0])
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


@dataclass(frozen=True)
class Outcome:
    unique_id: str
    asset: str
    name: str
    passed: bool
    failed: bool
    """A failure that blocks; a test that neither passed nor failed has warned."""
    n_failed: int
    sample: list[dict[str, Any]]
    """Offending rows."""


def record_tests(
    con: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    results: Sequence[Mapping[str, Any]],
) -> list[Outcome]:
    """Keep the outcomes of the tests that have run in the build."""
    digests: dict[str, str] = {}
    con.execute("begin")
    outcomes = [
        _record_test(con, manifest, result, digests)
        for result in results
        if result["unique_id"].startswith("test.") and result["status"] in TEST_RAN
    ]
    con.execute("commit")
    return outcomes


def _record_test(
    con: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    result: Mapping[str, Any],
    digests: dict[str, str],
) -> Outcome:
    test = node(manifest, result["unique_id"])
    passed = result["status"] in PASSED
    outcome = Outcome(
        unique_id=result["unique_id"],
        asset=checked_asset(manifest, test),
        name=test["name"],
        passed=passed,
        failed=result["status"] == "fail",
        n_failed=result["failures"] or 0,
        sample=[] if passed else audit.query(con, result["compiled_code"]),
    )
    audit.record(
        con,
        asset_key=outcome.asset,
        check_name=outcome.name,
        blocking=severity_is_error(test),
        passed=passed,
        severity="ERROR" if severity_is_error(test) else "WARN",
        description=describe(test),
        n_failed=outcome.n_failed,
        sample=outcome.sample,
        tables=[_table(manifest, parent) for parent in test["depends_on"]["nodes"]],
        digests=digests,
    )
    return outcome


def _table(manifest: Mapping[str, Any], unique_id: str) -> str:
    parent = node(manifest, unique_id)
    return f"{parent['schema']}.{parent.get('alias') or parent['name']}"


def faults(results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Nodes that failed or were skipped, and why."""
    return {
        result["unique_id"].split(".", 2)[-1]: " ".join(
            (result["message"] or result["status"]).split()
        )[:300]
        for result in results
        if result["status"] in ("error", "runtime error", "fail", "skipped")
    }


def _newest_source() -> float:
    """Time of the last change; folders count, since removing a file changes only them."""
    tops = [path for path in DBT_PROJECT.iterdir() if path.name not in IGNORED]
    paths = [*tops, *(path for top in tops if top.is_dir() for path in top.rglob("*"))]
    return max(path.stat().st_mtime for path in paths)


def _tail(process: subprocess.CompletedProcess[str]) -> str:
    return process.stdout[-TAIL:]
