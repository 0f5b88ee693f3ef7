"""The audit table of a build, and the gate that reads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from audit.rule import SAMPLE_SIZE, Outcome, exists, json_safe

COLUMNS = {
    "asset_key": ("varchar not null", "Checked asset, e.g. marts/index_ranking."),
    "check_name": ("varchar not null", "Name of the check."),
    "blocking": ("boolean not null", "Whether a failure prevents a release."),
    "passed": ("boolean not null", "Whether the check holds."),
    "severity": ("varchar not null", "ERROR or WARN."),
    "description": ("varchar", "What the check demands."),
    "n_failed": ("bigint", "Number of offending rows."),
    "sample": ("varchar", "Up to 20 offending rows, JSON."),
    "table_digest": ("varchar not null", "Digests of the checked tables at that moment, JSON."),
    "checked_at": ("timestamp not null", "When the check ran, UTC."),
}


def record(
    con: duckdb.DuckDBPyConnection,
    *,
    asset_key: str,
    check_name: str,
    blocking: bool,
    passed: bool,
    severity: str,
    description: str,
    n_failed: int,
    sample: Sequence[Mapping[str, Any]],
    tables: Iterable[str],
    digests: dict[str, str] | None = None,
) -> None:
    """Keep the outcome of a check, with the digests that `tables` (schema.table) have now.

    Call it while the tables are as they were when the check ran. The newest outcome of a check
    replaces the one before. Where many checks are kept at once, pass them one dictionary of
    `digests`: it is filled and used, so that no table is digested twice.
    """
    known = {} if digests is None else digests
    if not known:  # the first of many makes the table
        _create(con)
    names = sorted(set(tables))
    for table in names:
        if table not in known:
            known[table] = table_digest(con, table)
    con.execute(
        f"insert or replace into audit.check_result ({', '.join(COLUMNS)}) "
        f"values ({', '.join('?' * len(COLUMNS))})",
        [
            asset_key,
            check_name,
            blocking,
            passed,
            severity,
            description,
            n_failed,
            json.dumps(json_safe(sample[:SAMPLE_SIZE]), ensure_ascii=False),
            json.dumps({table: known[table] for table in names}),
            datetime.now(UTC).replace(tzinfo=None),
        ],
    )


def record_outcome(
    con: duckdb.DuckDBPyConnection, outcome: Outcome, digests: dict[str, str] | None = None
) -> None:
    """Keep the outcome of a rule that has just been run; `digests` as in `record`."""
    rule = outcome.rule
    record(
        con,
        asset_key=rule.asset,
        check_name=rule.name,
        blocking=rule.blocking,
        passed=outcome.passed,
        severity=rule.severity,
        description=rule.description,
        n_failed=outcome.n_failed,
        sample=outcome.sample,
        tables=rule.reads,
        digests=digests,
    )


def _create(con: duckdb.DuckDBPyConnection) -> None:
    if exists(con, "audit.check_result"):
        return
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    con.execute("create schema if not exists audit")
    con.execute(f"create table audit.check_result ({columns}, primary key (asset_key, check_name))")
    con.execute(
        "comment on table audit.check_result is "
        "'Newest outcome of every check of this build, one row a check.'"
    )
    for name, (_, comment) in COLUMNS.items():
        con.execute(f"comment on column audit.check_result.{name} is '{comment}'")


def table_digest(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Digest of a table's content; the order of rows doesn't matter. 'absent' for no table.

    Taken once or more per check, hence DuckDB's own fast hash: compare it within a build only,
    since another version may hash otherwise.
    """
    if not exists(con, table):
        return "absent"
    schema, name = table.split(".")
    described = con.execute(f'select * from "{schema}"."{name}" limit 0').description or []
    columns = sorted((column[0], str(column[1])) for column in described)
    # Doubles count to 12 significant digits: the last bits depend on the order of summation.
    values = [
        f"printf('%.11e', \"{column}\" + 0.0)" if kind in ("DOUBLE", "FLOAT") else f'"{column}"'
        for column, kind in columns
    ]
    content = con.execute(
        f'select count(*), sum(hash({", ".join(values)})) from "{schema}"."{name}"'
    ).fetchone()
    return hashlib.sha256(repr((columns, content)).encode()).hexdigest()[:16]


def gate(con: duckdb.DuckDBPyConnection, required: Iterable[tuple[str, str]]) -> list[str]:
    """Reasons not to publish this build; none means that it may be published.

    `required` are the (asset_key, check_name) that must have run. A build is refused when one of
    them has not, when a blocking check failed, or when a table was changed after its check.
    """
    wanted = set(required)
    if not wanted:
        return ["no check is required, so nothing vouches for this build"]
    found = {}
    if exists(con, "audit.check_result"):
        rows = con.execute(
            "select asset_key, check_name, blocking, passed, description, n_failed, table_digest"
            " from audit.check_result"
        ).fetchall()
        found = {(row[0], row[1]): row[2:] for row in rows}
    now: dict[str, str] = {}  # a table is digested once, however many checks read it
    reasons = []
    for key in sorted(wanted | set(found)):
        label = f"{key[0]} {key[1]}"
        if key not in found:
            reasons.append(f"{label}: has not run on this build")
            continue
        blocking, passed, description, n_failed, digests = found[key]
        if blocking and not passed:
            reasons.append(f"{label}: failed, {n_failed} offending rows ({description})")
        if key not in wanted:
            continue
        for table, digest in json.loads(digests).items():
            if table not in now:
                now[table] = table_digest(con, table)
            if now[table] != digest:
                reasons.append(f"{label}: is older than its table {table}; run it again")
    return reasons
