"""What a warehouse says: its digest, and how two warehouses differ."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

# Columns that differ between hosts, days and origins although the content is the same, by table
# (staging's copies included).
VOLATILE = {
    "document": {
        "origin": "the same document may come from its address, a mirror or the bundle",
        "status": "bytes are held or not, according to the origin",
        "retrieved_on": "the day of the first download says nothing about the facts",
    },
    "quote_check": dict.fromkeys(
        ("read_in", "n_found", "n_unquoted", "n_unchecked", "unchecked_reason"),
        "quotes are looked up where the document is at hand, according to the origin",
    ),
}
# The schema of why ranks differ from those of the release before.
DIFFERENCE = "difference"
# Times of checking are not content, nor is what the content is compared with.
NOT_CONTENT = ("audit", DIFFERENCE)
FACTS = ("observation", "published_rank", "claim", "event")

Connection = duckdb.DuckDBPyConnection


def open_read_only(**files: Path) -> Connection:
    """A connection of its own with every file attached, read-only, under its keyword."""
    con = duckdb.connect()
    for alias, file in files.items():
        con.execute(f"attach '{quoted(file)}' as {alias} (read_only)")
    return con


def quoted(file: Path) -> str:
    return str(file).replace("'", "''")


def tables(con: Connection, database: str) -> list[str]:
    """Tables that are content, as schema.table."""
    rows = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where database_name = ? and not list_contains(?, schema_name) and not temporary"
        " order by all",
        [database, list(NOT_CONTENT)],
    ).fetchall()
    return [row[0] for row in rows]


def columns(con: Connection, database: str, table: str) -> list[tuple[str, str, str]]:
    """Name, type and comment of the columns that are content, by name."""
    return _columns(con, database, table).get(table, [])


def _columns(
    con: Connection, database: str, table: str | None = None
) -> dict[str, list[tuple[str, str, str]]]:
    """The same of one table or of all, which takes no longer."""
    rows = con.execute(
        "select schema_name, table_name, column_name, data_type, coalesce(comment, '')"
        " from duckdb_columns() where database_name = ?"
        " and coalesce(schema_name || '.' || table_name = ?, true) order by column_name",
        [database, table],
    ).fetchall()
    found: dict[str, list[tuple[str, str, str]]] = {}
    for schema, name, *field in rows:
        if field[0] not in VOLATILE.get(name.removeprefix("stg_"), {}):
            found.setdefault(f"{schema}.{name}", []).append((field[0], field[1], field[2]))
    return found


def value_as_text(value: str, kind: str) -> str:
    """SQL of a value as it is compared."""
    # Doubles count to 12 significant digits: the last bits depend on the order of summation.
    return f"printf('%.11e', {value} + 0.0)" if kind in ("DOUBLE", "FLOAT") else value


def table_digests(
    con: Connection, database: str, schema: str | None = None
) -> dict[str, dict[str, Any]]:
    """Rows and digest of every table, or of those of a schema; their order doesn't matter, nor
    that of rows and columns.

    Unlike the audit's digests these are compared over years, hence MD5 over text, which every
    version of the engine (and another engine) computes alike.
    """
    digests = {}
    fields_of = _columns(con, database)
    comments = dict(
        con.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables()"
            " where database_name = ?",
            [database],
        ).fetchall()
    )
    for table in tables(con, database):
        if schema and not table.startswith(f"{schema}."):
            continue
        fields = fields_of[table]
        # The length before each value keeps 'ab','c' apart from 'a','bc', and null from ''.
        texts = [f"({value_as_text(_quoted(field), kind)})::varchar" for field, kind, _ in fields]
        row = " || ".join(f"coalesce(strlen({text}) || ':' || {text}, '-')" for text in texts)
        rows, total = con.execute(
            f"select count(*), sum(md5_number_lower({row or repr('')})::hugeint)"
            f" from {database}.{name(table)}"
        ).fetchall()[0]
        content = repr((fields, (comments[table],), rows, total))
        digests[table] = {"rows": rows, "digest": hashlib.sha256(content.encode()).hexdigest()}
    return digests


def content_digest(digests: Mapping[str, Mapping[str, Any]]) -> str:
    """Digest of a whole warehouse from those of its tables."""
    lines = [f"{table} {entry['digest']}\n" for table, entry in sorted(digests.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def difference(old: Path | None, new: Path) -> dict[str, Any]:
    """What a reader of `old` has to know about `new`; for no `old`, everything is new.

    `rankings`: for every framework the newest edition that ranks anyone, in both files: cities
    whose rank changed (city_id, city_name, old, new), cities that came or went.
    `tables`: for every table that is not the same, rows in both files, rows added and removed (a
    changed row counts in both). `facts`: the same, of the fact tables, for short.
    """
    files = {"new": new} if old is None else {"old": old, "new": new}
    with open_read_only(**files) as con:
        return compare(con, table_digests(con, "old") if old else {}, table_digests(con, "new"))


def compare(
    con: Connection,
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The difference of the databases attached as `old` and `new`, whose digests are known."""
    changed = {
        table: _table_change(con, table, before.get(table), after.get(table))
        for table in sorted(set(before) | set(after))
        if before.get(table) != after.get(table)
    }
    return {
        "rankings": _ranking_changes(con, bool(before)),
        "facts": {
            fact: {key: changed[f"raw.{fact}"][key] for key in ("added", "removed")}
            for fact in FACTS
            if f"raw.{fact}" in changed
        },
        "tables": changed,
    }


def _table_change(
    con: Connection,
    table: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
) -> dict[str, int]:
    rows_old, rows_new = old["rows"] if old else 0, new["rows"] if new else 0
    added, removed = rows_new, rows_old
    if old and new:
        added = _surplus(con, table)
        removed = added - rows_new + rows_old
    return {"rows_old": rows_old, "rows_new": rows_new, "added": added, "removed": removed}


def _surplus(con: Connection, table: str) -> int:
    """Rows of `new` that `old` has not, seen through the columns that both have."""
    kinds = {name: kind for name, kind, _ in columns(con, "old", table)}
    common = [(name, kind) for name, kind, _ in columns(con, "new", table) if name in kinds]
    if not common:
        return int(con.execute(f"select count(*) from new.{name(table)}").fetchall()[0][0])
    # A column may have changed its type, so each file prints its own.
    new = ", ".join(f"({value_as_text(_quoted(field), kind)})::varchar" for field, kind in common)
    old = ", ".join(
        f"({value_as_text(_quoted(field), kinds[field])})::varchar" for field, _ in common
    )
    query = (
        f"select count(*) from (select {new} from new.{name(table)}"
        f" except all select {old} from old.{name(table)})"
    )
    return int(con.execute(query).fetchall()[0][0])


def name(table: str) -> str:
    """SQL name of schema.table."""
    return ".".join(map(_quoted, table.split(".")))


def _quoted(word: str) -> str:
    return f'"{word}"'


def _ranking_changes(con: Connection, has_old: bool) -> dict[str, dict[str, Any]]:
    before = _newest_rankings(con, "old") if has_old else {}
    after = _newest_rankings(con, "new")
    changes = {}
    for framework in sorted(set(before) | set(after)):
        old_edition, old = before.get(framework, (None, {}))
        new_edition, new = after.get(framework, (None, {}))
        changes[framework] = {
            "edition_old": old_edition,
            "edition_new": new_edition,
            "rank_changes": [
                {"city_id": city, "city_name": name, "old": old[city][0], "new": rank}
                for city, (rank, name) in new.items()
                if city in old and old[city][0] != rank
            ],
            "cities_added": [city for city in new if city not in old],
            "cities_dropped": [city for city in old if city not in new],
        }
    return changes


def _newest_rankings(
    con: Connection, database: str
) -> dict[str, tuple[int, dict[str, tuple[int, str]]]]:
    """framework -> newest edition that ranks anyone, {city_id: (rank, city_name)} in its order."""
    if "marts.index_ranking" not in tables(con, database):
        return {}
    rows = con.execute(
        "select framework, edition, city_id, rank, city_name from (select *,"
        " max(edition) over (partition by framework) as newest"
        f" from {database}.marts.index_ranking where rank is not null)"
        " where edition = newest order by framework, rank, city_id"
    ).fetchall()
    rankings: dict[str, tuple[int, dict[str, tuple[int, str]]]] = {}
    for framework, edition, city_id, rank, city_name in rows:
        rankings.setdefault(framework, (edition, {}))[1][city_id] = (rank, city_name)
    return rankings
