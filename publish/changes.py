"""What differs between two warehouses for whoever edited the catalog: facts, values, ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from publish.content import Connection, columns, name, tables, value_as_text

EXAMPLES = 3
# Columns that say how a fact was read, not what it says.
PROVENANCE = ("parser",)


class Counted(NamedTuple):
    """How the rows of a table are told apart, counted and shown."""

    key: tuple[str, ...]
    by: tuple[str, ...]
    shown: str


FACTS: Mapping[str, Counted] = {
    "raw.observation": Counted(("observation_id",), ("source_id", "indicator"), "value"),
    "raw.published_rank": Counted(("published_rank_id",), ("source_id", "report_id"), "rank"),
    "raw.claim": Counted(("claim_id", "city_id"), ("source_id", "claim_kind"), "printed_value"),
    "raw.event": Counted(("event_id",), ("source_id", "event_kind"), "title"),
    "raw.quarantine": Counted(("quarantine_id",), ("source_id", "fact_kind"), "text"),
}
VALUES = Counted(("indicator", "city_id", "year"), ("indicator",), "value")


def changes(con: Connection) -> dict[str, Any]:
    """The changes from the database attached as `old`, if there is one, to `new`.

    `facts` and `indicators`: rows added, removed and changed, a line for each source and subject or
    for each indicator, with the largest changes as examples. `rankings`: for every framework and
    edition with a change, the cities that come, go, or change their rank or score. Of a table that
    `new` lacks, because its build failed, nothing is said.
    """
    cities = _cities(con)
    return {
        "facts": [
            {"fact": table.split(".")[1], **line}
            for table, counted in FACTS.items()
            for line in _lines(con, table, counted, cities)
        ],
        "indicators": _lines(con, "marts.indicator_value", VALUES, cities),
        "rankings": _rankings(con),
    }


def _relation(con: Connection, database: str, table: str) -> tuple[str, dict[str, str]] | None:
    """A table as SQL and its columns; one that is new has no rows in `old`."""
    for holder, rows in ((database, ""), ("new", " limit 0")):
        if table in tables(con, holder):
            kinds = {column: kind for column, kind, _ in columns(con, holder, table)}
            return f"(select * from {holder}.{name(table)}{rows})", kinds
    return None


def _cities(con: Connection) -> dict[str, str]:
    found: dict[str, str] = {}
    for database in ("old", "new"):
        if "raw.city" in tables(con, database):
            rows = con.execute(f"select city_id, name_en from {database}.raw.city").fetchall()
            found.update(dict(rows))
    return found


def _lines(
    con: Connection, table: str, counted: Counted, cities: Mapping[str, str]
) -> list[dict[str, Any]]:
    old, new = _relation(con, "old", table), _relation(con, "new", table)
    if not old or not new:
        return []
    said = [c for c in new[1] if c in old[1] and c not in PROVENANCE]
    differs = " or ".join(
        f"{value_as_text(f'old.{column}', old[1][column])}"
        f" is distinct from {value_as_text(f'new.{column}', new[1][column])}"
        for column in said
    )
    by = ", ".join(f"coalesce(new.{c}, old.{c})::varchar as {c}" for c in counted.by)
    places = [c for c in ("city_id", "year") if c in said]
    shown = ", ".join(f"coalesce(new.{c}, old.{c}) as {c}" for c in places)
    number = new[1].get(counted.shown) in ("DOUBLE", "INTEGER")
    ratio = f"abs(new.{counted.shown} - old.{counted.shown}) / nullif(greatest("
    ratio += f"abs(new.{counted.shown}), abs(old.{counted.shown})), 0)"
    con.execute(
        f"""
        create or replace temp table changed_row as
        select
            {by},
            {shown or "null as city_id"},
            case when old.{counted.key[0]} is null then 'added'
                when new.{counted.key[0]} is null then 'removed' else 'changed' end as change,
            old.{counted.shown} as old,
            new.{counted.shown} as new,
            {ratio if number else "null::double"} as size
        from {new[0]} as new
        full join {old[0]} as old
            on {" and ".join(f"new.{c} = old.{c}" for c in counted.key)}
        where old.{counted.key[0]} is null or new.{counted.key[0]} is null or {differs}
        """
    )
    groups = ", ".join(counted.by)
    cursor = con.execute(
        f"select {groups}, count(*) filter (change = 'added') as added,"
        " count(*) filter (change = 'removed') as removed,"
        " count(*) filter (change = 'changed') as changed"
        f" from changed_row group by {groups} order by all"
    )
    lines = _dicts(cursor)
    examples: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in _dicts(
        con.execute(
            f"""
            select * exclude (place) from (
                select *, row_number() over (
                    partition by {groups} order by change = 'changed' desc, size desc nulls last,
                    {", ".join(places)}{", " if places else ""} new, old
                ) as place
                from changed_row
            ) where place <= {EXAMPLES} order by place
            """
        )
    ):
        key = tuple(row.pop(column) for column in counted.by)
        del row["size"]
        if row.get("city_id"):
            row["city_name"] = cities.get(row["city_id"], row["city_id"])
        examples.setdefault(key, []).append(row)
    return [
        {**line, "examples": examples[tuple(line[column] for column in counted.by)]}
        for line in lines
    ]


def _rankings(con: Connection) -> list[dict[str, Any]]:
    old, new = (_relation(con, database, "marts.index_ranking") for database in ("old", "new"))
    if not old or not new or not {"score", "reason"} <= old[1].keys() & new[1].keys():
        return []
    rows = _dicts(
        con.execute(
            f"""
            select
                coalesce(new.framework, old.framework) as framework,
                coalesce(new.edition, old.edition) as edition,
                coalesce(new.city_id, old.city_id) as city_id,
                coalesce(new.city_name, old.city_name) as city_name,
                old.rank as rank_old, new.rank as rank_new,
                old.score as score_old, new.score as score_new,
                new.reason,
                {value_as_text("old.score", "DOUBLE")}
                    is distinct from {value_as_text("new.score", "DOUBLE")} as score_changed
            from {new[0]} as new
            full join {old[0]} as old
                on new.framework = old.framework and new.edition = old.edition
                and new.city_id = old.city_id
            where coalesce(new.rank, old.rank) is not null
            order by framework, edition, abs(new.rank - old.rank) desc nulls last,
                abs(new.score - old.score) desc nulls last, new.rank, old.rank, city_id
            """
        )
    )
    editions: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        editions.setdefault((row["framework"], row["edition"]), []).append(row)
    return [
        {"framework": framework, "edition": edition, **found}
        for (framework, edition), cities in editions.items()
        if (found := _edition(cities))
    ]


def _edition(cities: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What changed in a framework's edition; nothing when nothing did."""

    def part(*names: str, **where: bool) -> list[dict[str, Any]]:
        return [
            {key: row[key] for key in ("city_id", "city_name", *names)}
            for row in cities
            if (row["rank_old"] is not None, row["rank_new"] is not None) == tuple(where.values())
        ]

    both = part(
        "rank_old", "rank_new", "score_old", "score_new", "score_changed", old=True, new=True
    )
    changed = [
        {key: value for key, value in row.items() if key != "score_changed"}
        for row in both
        if row["score_changed"] or row["rank_old"] != row["rank_new"]
    ]
    come = part("rank_new", "score_new", old=False, new=True)
    go = part("rank_old", "score_old", "reason", old=True, new=False)
    if not (changed or come or go):
        return {}
    return {
        "n_ranked_old": len(both) + len(go),
        "n_ranked_new": len(both) + len(come),
        "come": sorted(come, key=lambda row: row["rank_new"]),
        "go": sorted(go, key=lambda row: row["rank_old"]),
        "changed": changed,
    }


def _dicts(cursor: Connection) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
