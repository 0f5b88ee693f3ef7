"""`make preview`: what an edit of the catalog would change, before it is run for a release.

Builds scratch warehouses from the catalog as it stands on disk, by the same steps as a run, and
compares them with the current release. Nothing is published, and nothing that the next run holds
is touched. Where something is private, the release that would come and the whole with it are
two warehouses; the second one is kept for its owner.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

import audit
import publish
from ingest.catalog import Catalog, load_catalog
from ingest.load import load_raw
from ingest.parse import parse
from ingest.pull import pull
from ingest.settings import Settings, SettingsError
from orchestration import dbt, difference, preview_report

REPORT = "report.json"
PULLS = 8
RAW = "raw"
# What it forbids is what the preview is for.
PRIVACY_RULE = ("marts/source", "nothing_is_private")


@dataclass
class Built:
    """A scratch warehouse, and what the checks say of it."""

    file: Path
    checks: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    """Why a release of it would be refused."""


def main() -> int:
    started = time.monotonic()
    try:
        settings = Settings.from_env()
        with _scratch(settings) as scratch:
            report = preview(settings, scratch)
    except (SettingsError, dbt.DbtError) as error:
        print(error, file=sys.stderr)
        return 2
    print(preview_report.text(report))
    if report["warehouse"]:
        print(f'\nThe scratch warehouse is {report["warehouse"]}: make sql PREVIEW=1 Q="..."')
    print(f"Nothing was published. {time.monotonic() - started:.0f} s", flush=True)
    return 1 if report["refusals"] or report["faults"] or report["problems"] else 0


@contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    """A folder of this process inside the preview's, which only its owner may read."""
    folder = settings.preview_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print("Another dry run is under way here; this one waits for it.", flush=True)
            lock.acquire()
    except OSError as error:
        raise SettingsError(
            f"AICITY_HOME: {folder} can't be written ({error.strerror}). Name another folder."
        ) from error
    try:
        for left in folder.glob(".scratch-*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=".scratch-", dir=folder))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        lock.release()


def preview(settings: Settings, scratch: Path) -> dict[str, Any]:
    """Build, check and compare; leaves the warehouse and the report in the preview's folder."""
    folders = ":".join(str(folder) for folder in settings.catalog)
    print(f"Dry run of {folders}, documents: {settings.origin}", flush=True)
    step = _Steps()
    catalog = load_catalog(settings.catalog)
    private = sorted(card.id for card in catalog.sources.values() if card.private)
    frameworks = sorted(name for name, found in catalog.frameworks.items() if found.private)
    step.done("catalog", f"{len(catalog.sources)} sources, {len(private)} of them private")

    scratch_settings = _scratch_home(settings, scratch)
    problems, stale = _read(catalog, scratch_settings)
    step.done("documents", f"{len(problems)} problems")

    manifest = dbt.load_manifest(dbt.manifest_path())
    rules = audit.load_rules()
    parts = {"release": catalog.public, **({"all": catalog} if private or frameworks else {})}
    with ThreadPoolExecutor(len(parts)) as pool:
        builds = [
            pool.submit(
                _build, part, scratch / name, scratch_settings, settings.current, manifest, rules
            )
            for name, part in parts.items()
        ]
        release, *rest = (build.result() for build in builds)
    step.done("build", f"{len(release.checks)} checks")

    report: dict[str, Any] = {
        "catalog": [str(folder) for folder in settings.catalog],
        "origin": settings.origin,
        "faults": [vars(error) for error in catalog.errors],
        "problems": problems,
        "stale": stale,
        "private_sources": private,
        "private_frameworks": frameworks,
        "refusals": release.refusals,
        "checks": release.checks,
        **_compared(settings, release, rest),
    }
    if rest:
        known = {(c["asset"], c["check"]) for c in release.checks if not c["passed"]} | {
            PRIVACY_RULE
        }
        report["private_checks"] = [
            check
            for check in rest[0].checks
            if not check["passed"] and (check["asset"], check["check"]) not in known
        ]
        report["private_refusals"] = [
            reason for reason in rest[0].refusals if reason.startswith(("raw:", "dbt:"))
        ]
    step.done("compare")
    report["warehouse"] = _keep(settings, (rest or [release])[0].file, report)
    return report


class _Steps:
    def __init__(self) -> None:
        self.last = time.monotonic()

    def done(self, step: str, what: str = "") -> None:
        now = time.monotonic()
        print(f"  {step:<10} {now - self.last:5.1f} s  {what}".rstrip(), flush=True)
        self.last = now


def _scratch_home(settings: Settings, scratch: Path) -> Settings:
    """A home that has what the real one has, and keeps to itself what is pulled into it.

    Facts files are shared: their names say all that they depend on, so another run finds the same.
    """
    home = scratch / "home"
    archive = home / "archive"
    archive.mkdir(parents=True)
    settings.facts_dir.mkdir(parents=True, exist_ok=True)
    (home / "facts").symlink_to(settings.facts_dir)
    if settings.archive_dir.is_dir():
        for path in settings.archive_dir.iterdir():
            if path.is_dir():
                shutil.copytree(path, archive / path.name)
            else:  # a document, which is replaced and never changed
                (archive / path.name).symlink_to(path)
    return replace(settings, home=home)


def _read(
    catalog: Catalog, settings: Settings
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Pull and parse all sources; returns what went wrong, and which bundled facts are older than
    their cards."""
    problems, stale = [], []
    with ThreadPoolExecutor(PULLS) as pool:
        pulled = list(pool.map(lambda source: pull(catalog, source, settings), catalog.sources))
    for result in pulled:
        parsed = parse(catalog, result.source_id, settings)
        found = [f"{failure.document}: {failure.reason}" for failure in result.failures]
        found += parsed.errors
        problems += [{"source_id": result.source_id, "problem": problem} for problem in found]
        stale += [{"source_id": result.source_id, "problem": text} for text in parsed.stale]
    return problems, stale


def _build(
    catalog: Catalog,
    folder: Path,
    settings: Settings,
    current: Path,
    manifest: dict[str, Any],
    rules: Sequence[audit.Rule],
) -> Built:
    """Schema raw, dbt, the difference from the current release and the checks, as in a run."""
    folder.mkdir()
    built = Built(folder / publish.WAREHOUSE)
    with duckdb.connect(str(built.file)) as con:
        try:
            load_raw(con, catalog, settings)
        except ValueError as error:
            built.refusals.append(f"raw: {error}")
            return built
    results, _ = dbt.build(built.file, folder / "dbt", [])
    if not dbt.faults(results):
        difference.write(built.file, current)
    required = {(rule.asset, rule.name) for rule in rules if rule.blocking}
    with duckdb.connect(str(built.file)) as con:
        for test in dbt.record_tests(con, manifest, results):
            built.checks.append(
                _check(test.asset, test.name, test.passed, test.failed, test.n_failed, test.sample)
            )
        digests: dict[str, str] = {}
        for rule in rules:
            found = audit.run_rule(con, rule)
            audit.record_outcome(con, found, digests)
            built.checks.append(
                _check(
                    rule.asset, rule.name, found.passed, rule.blocking, found.n_failed, found.sample
                )
            )
        built.refusals += audit.gate(con, required | dbt.required_checks(manifest))
    faults = dbt.faults(results)
    built.refusals += [f"dbt: {name}: {reason}" for name, reason in faults.items()]
    return built


def _check(
    asset: str,
    check: str,
    passed: bool,
    blocking: bool,
    n_failed: int,
    sample: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "asset": asset,
        "check": check,
        "passed": passed,
        "blocking": blocking and not passed,
        "n_failed": n_failed,
        "sample": sample,
    }


def _compared(settings: Settings, release: Built, rest: Sequence[Built]) -> dict[str, Any]:
    """The current release against the one that would come, and that against the whole."""
    manifest = publish.current_manifest(settings.current)
    current = settings.current.resolve() / publish.WAREHOUSE if manifest else None
    before = manifest.get("tables", {})
    after = _digests(release)
    changed = [t for t in sorted({*before, *after}) if before.get(t) != after.get(t)]
    found = {
        "current": manifest.get("release_id"),
        "unchanged": manifest.get("content_digest") == publish.content_digest(after),
        "changed_tables": changed,
        "release": _changes(current, before, release, after),
    }
    for built in rest:
        old = release.file if after else None
        found["private"] = _changes(old, after, built, _digests(built, RAW))
    return found


def _digests(built: Built, schema: str | None = None) -> dict[str, Any]:
    if not built.checks:
        return {}
    with publish.open_read_only(new=built.file) as con:
        return publish.table_digests(con, "new", schema)


def _changes(
    old: Path | None, before: Mapping[str, Any], built: Built, after: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What changed; not known of a build without tables."""
    if not after:
        return None
    with publish.open_read_only(new=built.file, **({"old": old} if old else {})) as con:
        # Of tables beyond raw, values and ranks say more than numbers of rows.
        tables = publish.compare(con, _of_raw(before), _of_raw(after))["tables"]
        return {"tables": tables, **publish.changes(con)}


def _of_raw(digests: Mapping[str, Any]) -> dict[str, Any]:
    return {table: digest for table, digest in digests.items() if table.startswith(f"{RAW}.")}


def _keep(settings: Settings, file: Path, report: dict[str, Any]) -> str:
    """Put the warehouse and the report where their owner finds them, each whole or not at all."""
    folder = settings.preview_dir
    target = folder / publish.WAREHOUSE
    # A client that crashed may have left its changes to the warehouse before.
    target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
    text = file.with_name(REPORT)
    report = {"warehouse": str(target), **report}
    text.write_text(
        json.dumps(report, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8"
    )
    for path in (file, text):
        path.chmod(0o600)
        path.replace(folder / path.name)
    return str(target)


if __name__ == "__main__":
    sys.exit(main())
