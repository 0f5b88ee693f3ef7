"""Writes a release and swaps the link, so that readers see the old one or the new one whole."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from publish import content, index_report, reasons

WAREHOUSE = "warehouse.duckdb"
MANIFEST = "manifest.json"
# The oldest storage, which DuckDB 1.x reads; the engine's default is for 2.x only.
STORAGE_VERSION = "v1.0.0"
SOFTWARE = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "pandas", "numpy")
LOCK_SECONDS = 600


class PublishError(RuntimeError):
    """Nothing was published, and the release before is still the current one."""


@dataclass(frozen=True)
class ReleaseResult:
    status: str
    """published, unchanged (the current release has this content already) or refused."""
    release_id: str | None
    """The new or the unchanged release."""
    path: Path | None
    """Its folder."""
    reasons: list[str]
    """Why the build was refused."""
    digest: str | None
    """Digest of the build's content."""
    difference: dict[str, Any] = field(default_factory=dict)
    """See publish.difference and, for its `reasons`, publish.reasons; empty unless published."""


def release(
    build_file: Path,
    releases_dir: Path,
    current: Path,
    *,
    refusals: Sequence[str],
    inputs: Mapping[str, Any],
    checks: Sequence[Mapping[str, Any]] | None = None,
) -> ReleaseResult:
    """Publish a build as an immutable release and point the link `current` to it.

    `refusals` are the gate's reasons not to; one of them, a failed blocking check or no check at
    all, and nothing is written. `inputs` (catalog digest, origin, run, ...) go into the manifest as
    they are. `checks` are rows of the build's audit.check_result, which is read when they are not
    given. Close every connection to the build first. Raises PublishError when writing fails; the
    build itself is only read.
    """
    try:
        with content.open_read_only(new=build_file) as con:
            checks = _checks(con) if checks is None else checks
            refused = _refusals(refusals, checks)
            if refused:
                return ReleaseResult("refused", None, None, refused, None)
            releases_dir.mkdir(parents=True, exist_ok=True)
            with FileLock(releases_dir / ".publish.lock", timeout=LOCK_SECONDS):
                return _publish(con, releases_dir, current, inputs, checks)
    except Timeout as error:
        raise PublishError(
            f"another run has been publishing to {releases_dir} for {LOCK_SECONDS} s; "
            "nothing was published, try again when it has ended"
        ) from error
    except (OSError, duckdb.Error) as error:
        raise PublishError(
            f"the build {build_file} could not be published ({error}); "
            "the release before stays current"
        ) from error


def _publish(
    con: duckdb.DuckDBPyConnection,
    releases_dir: Path,
    current: Path,
    inputs: Mapping[str, Any],
    checks: Sequence[Mapping[str, Any]],
) -> ReleaseResult:
    _remove_leftovers(releases_dir, current)
    views = con.execute(
        "select schema_name || '.' || view_name from duckdb_views()"
        " where database_name = 'new' and not internal"
    ).fetchall()
    if views:
        names = ", ".join(view for (view,) in views)
        raise PublishError(f"the build holds views ({names}), which would not survive; make tables")
    tables = content.table_digests(con, "new")
    digest = content.content_digest(tables)
    before = current_manifest(current)
    if before.get("content_digest") == digest:
        release_id = before["release_id"]
        return ReleaseResult("unchanged", release_id, releases_dir / release_id, [], digest)

    reports = index_report.reports(con, "new")
    release_id = _new_id(releases_dir, digest)
    difference = content.compare(con, _attach_old(con, current, before), tables)
    difference["reasons"] = reasons.summary(con, before.get("release_id"))
    manifest = {
        "release_id": release_id,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "previous": before.get("release_id"),
        "content_digest": digest,
        "tables": tables,
        "inputs": dict(inputs),
        "documents": _documents(con),
        "reports": {
            name: hashlib.sha256(text.encode()).hexdigest() for name, text in reports.items()
        },
        "checks": _summary(checks),
        "difference": difference,
        "storage_version": STORAGE_VERSION,
        "software": _software(),
    }
    attempt = releases_dir / f".{release_id}.tmp-{os.getpid()}"
    try:
        attempt.mkdir()
        _copy(con, attempt / WAREHOUSE)
        text = json.dumps(manifest, indent=2, ensure_ascii=False, default=str)
        files = {MANIFEST: text + "\n", **reports}
        for name, written in files.items():
            (attempt / name).parent.mkdir(exist_ok=True)
            (attempt / name).write_text(written, encoding="utf-8", newline="\n")
        for name in (WAREHOUSE, *files):
            _sync(attempt / name)
            (attempt / name).chmod(0o444)
        for folder in {(attempt / name).parent for name in files}:
            _sync(folder)
        attempt.rename(releases_dir / release_id)
    except BaseException:
        shutil.rmtree(attempt, ignore_errors=True)
        raise
    _sync(releases_dir)
    _swap(current, releases_dir / release_id)
    return ReleaseResult("published", release_id, releases_dir / release_id, [], digest, difference)


def _checks(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The outcomes that the build keeps; none when it has no audit table."""
    names = "asset_key, check_name, blocking, passed, severity, description, n_failed"
    try:
        cursor = con.execute(f"select {names} from new.audit.check_result order by 1, 2")
    except duckdb.CatalogException:
        return []
    return [dict(zip(names.split(", "), row, strict=True)) for row in cursor.fetchall()]


def _refusals(refusals: Sequence[str], checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The gate's reasons, and what speaks against a release even if nobody asked the gate."""
    reasons = list(refusals)
    if not reasons:
        reasons = [
            f"{check['asset_key']} {check['check_name']}: failed"
            for check in checks
            if check["blocking"] and not check["passed"]
        ]
    if not checks:
        reasons.append("the build has no recorded checks")
    return reasons


def _summary(checks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "run": len(checks),
        "passed": sum(1 for check in checks if check["passed"]),
        "failed": [dict(check) for check in checks if not check["passed"]],
    }


def _documents(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Digests of the documents that the facts stand in, by source."""
    if "raw.document" not in content.tables(con, "new"):
        return {}
    rows = con.execute(
        "select source_id, document_id from new.raw.document order by source_id, document_id"
    ).fetchall()
    documents: dict[str, list[str]] = {}
    for source_id, document_id in rows:
        documents.setdefault(source_id, []).append(document_id)
    return documents


def _software() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in SOFTWARE:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def current_manifest(current: Path) -> dict[str, Any]:
    """Manifest of the current release; empty when there is none that can be read."""
    try:
        found = json.loads((current / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if (current / WAREHOUSE).is_file() else {}


def _attach_old(
    con: duckdb.DuckDBPyConnection, current: Path, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Attach the current release as `old`; its tables' digests, none when it can't be read."""
    try:
        con.execute(f"attach '{content.quoted(current / WAREHOUSE)}' as old (read_only)")
    except duckdb.Error:
        return {}
    return dict(before.get("tables", {}))


def _new_id(releases_dir: Path, digest: str) -> str:
    while True:
        release_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{digest[:8]}"
        if not (releases_dir / release_id).exists():
            return release_id
        time.sleep(0.2)  # a release of this second, whose link was never swapped


def _remove_leftovers(releases_dir: Path, current: Path) -> None:
    """Attempts of dead processes: whoever holds the lock is the only living one."""
    for attempt in releases_dir.glob(".*.tmp-*"):
        shutil.rmtree(attempt, ignore_errors=True)
    for link in current.parent.glob(f".{current.name}.tmp-*"):
        link.unlink()


def _copy(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    con.execute(f"attach '{content.quoted(file)}' as target (storage_version '{STORAGE_VERSION}')")
    try:
        con.execute("copy from database new to target")
        con.execute("checkpoint target")
    finally:
        con.execute("detach target")


def _sync(path: Path) -> None:
    """Have the bytes of a file, or the entries of a folder, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _swap(current: Path, target: Path) -> None:
    current.parent.mkdir(parents=True, exist_ok=True)
    link = current.parent / f".{current.name}.tmp-{os.getpid()}"
    link.symlink_to(os.path.relpath(target, current.parent.resolve()))
    link.replace(current)  # atomic: there is no moment without a link
    _sync(current.parent)
