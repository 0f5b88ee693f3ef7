"""Why the ranks of a build differ from those of the release before: tables that a release carries.

They stand in a schema of their own and are no content: a release that says the same as the one
before is no new release, whatever led to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import yaml

from publish.content import DIFFERENCE, Connection, columns, tables

# What an index is computed from, by the names that the decomposition knows.
INDEX_TABLES = {
    "nodes": "staging.stg_framework_node",
    "stages": "staging.stg_framework_stage",
    "denominated": "intermediate.int_index_denominated",
    "imputed": "intermediate.int_index_imputed",
    "screened": "intermediate.int_index_screened",
    "screened_leaves": "intermediate.int_index_screened_leaf",
    "weights": "intermediate.int_index_weight",
    "groups": "staging.stg_city_group",
}
# What is told of a change.
TOLD = {
    "marts.index_ranking": ("framework", "edition", "city_id", "rank", "score", "reason"),
    "marts.index_contribution": (
        "framework", "edition", "city_id", "node", "value", "value_year", "unit", "source_id",
    ),
}  # fmt: skip
SENTENCES = 20
"""Moves of a framework's edition that a manifest tells of."""
READS = (*INDEX_TABLES.values(), *TOLD, "staging.stg_city")
FIRST = "There is no release before this one."

QUOTE = "'"

TABLES: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("difference_tables.yml").read_text(encoding="utf-8")
)


def why_not_compared(con: Connection, release_id_before: str | None) -> str | None:
    """Why `new` can't be compared with the release attached as `old`; None when it can."""
    if release_id_before is None:
        return FIRST
    wanted = {table: _columns(con, "new", table) for table in INDEX_TABLES.values()} | TOLD
    for table, names in wanted.items():
        lacking = sorted(set(names) - set(_columns(con, "old", table)))
        if lacking:
            return (
                f"The release before, {release_id_before}, was made by another version of the "
                f"project: its {table} lacks {', '.join(lacking)}. The next release can be "
                "compared with this one."
            )
    return None


def _columns(con: Connection, database: str, table: str) -> list[str]:
    if table not in tables(con, database):
        return []
    return [name for name, _, _ in columns(con, database, table)]


def index_tables(con: Connection, database: str) -> dict[str, pd.DataFrame]:
    """The tables that an index is computed from."""
    return {
        name: con.execute(f"select * from {database}.{table}").df()
        for name, table in INDEX_TABLES.items()
    }


def comparison(con: Connection, release_id_before: str | None, reason: str | None) -> pd.DataFrame:
    """Rows of release_comparison, without the numbers of cities."""
    in_old = "select distinct framework, edition from old.marts.index_ranking"
    if reason:
        in_old = "select null as framework, null as edition limit 0"
    return con.execute(
        f"""
        select
            new.framework, new.edition, ? as release_id_before,
            ? is null and old.framework is not null as is_compared,
            case when ? is not null then ?
                when old.framework is null then 'The release before did not have the edition.'
            end as not_compared_reason
        from (select distinct framework, edition from new.marts.index_ranking) as new
        left join ({in_old}) as old on new.framework = old.framework and new.edition = old.edition
        order by new.framework, new.edition
        """,
        [release_id_before, reason, reason, reason],
    ).df()


def moves(con: Connection) -> pd.DataFrame:
    """Cities whose score or rank is another in `new` than in `old`, or that come or go."""
    return con.execute(
        """
        select
            coalesce(new.framework, old.framework) as framework,
            coalesce(new.edition, old.edition) as edition,
            coalesce(new.city_id, old.city_id) as city_id,
            coalesce(new.city_name, old.city_name) as city_name,
            case when old.rank is null then 'entered' when new.rank is null then 'left'
                else 'moved' end as change_kind,
            old.rank as rank_before, new.rank,
            old.rank - new.rank as rank_change,
            old.score as score_before, new.score,
            round(new.score - old.score, 12) as score_change,
            case when old.rank is null then coalesce(old.reason, 'not in the universe')
                when new.rank is null then coalesce(new.reason, 'not in the universe')
            end as not_ranked_reason
        from (
            select * from new.marts.index_ranking semi join old.marts.index_ranking
                using (framework, edition)
        ) as new
        full join (
            select * from old.marts.index_ranking semi join new.marts.index_ranking
                using (framework, edition)
        ) as old
            on new.framework = old.framework and new.edition = old.edition
            and new.city_id = old.city_id
        where (new.rank is not null or old.rank is not null)
            and (new.rank is distinct from old.rank
                or printf('%.11e', new.score + 0.0)
                    is distinct from printf('%.11e', old.score + 0.0))
        order by framework, edition, coalesce(new.rank, old.rank), city_id
        """
    ).df()


def with_figures(con: Connection, parts: pd.DataFrame) -> pd.DataFrame:
    """Parts (framework, edition, city_id, factor, node, ...) with titles and figures."""
    con.register("part", parts.astype({"framework": str, "edition": int, "city_id": str}))
    try:
        return con.execute(
            """
            select
                part.framework, part.edition, part.city_id, city.name_en as city_name,
                part.factor as change_factor, part.node, node.level, node.title,
                part.score_part, part.rank_part, part.own_score_part, part.own_rank_part,
                old.value as value_before, new.value,
                old.value_year as value_year_before, new.value_year,
                coalesce(new.unit, old.unit) as unit,
                old.source_id as source_id_before, new.source_id
            from part
            left join new.staging.stg_city as city on part.city_id = city.city_id
            left join (
                select framework, node, level, title from new.staging.stg_framework_node
                union all
                select framework, node, level, title from old.staging.stg_framework_node
                    anti join new.staging.stg_framework_node using (framework, node)
            ) as node on part.framework = node.framework and part.node = node.node
            left join new.marts.index_contribution as new
                on part.framework = new.framework and part.edition = new.edition
                and part.city_id = new.city_id and part.node = new.node
            left join old.marts.index_contribution as old
                on part.framework = old.framework and part.edition = old.edition
                and part.city_id = old.city_id and part.node = old.node
            order by part.framework, part.edition, part.city_id, level desc,
                abs(part.score_part) desc, part.node, part.factor
            """
        ).df()
    finally:
        con.unregister("part")


def _counted(compared: pd.DataFrame, reasons: pd.DataFrame | None) -> pd.DataFrame:
    """With numbers of cities that moved, entered and left, where there is a comparison."""
    key = ["framework", "edition"]
    counts = compared.copy()
    for kind in ("moved", "entered", "left"):
        counts[f"n_{kind}"] = pd.array([None] * len(counts), dtype="Int64")
        if reasons is not None:
            of_kind = reasons[reasons["change_kind"] == kind].groupby(key).size()
            found = [of_kind.get(tuple(row), 0) for row in counts[key].itertuples(index=False)]
            is_compared = counts["is_compared"].astype(bool)
            counts[f"n_{kind}"] = pd.array(found, dtype="Int64")
            counts[f"n_{kind}"] = counts[f"n_{kind}"].where(is_compared)
    return counts


def write_difference(
    build_file: Path,
    compared: pd.DataFrame,
    parts: pd.DataFrame | None,
    reasons: pd.DataFrame | None,
) -> None:
    """Replace the tables of the difference in a build.

    Args:
        compared: rows of :func:`comparison`.
        parts: rows of :func:`with_figures`; None where nothing is compared.
        reasons: rows of :func:`moves` with their sentences; likewise.
    """
    frames = {
        "release_comparison": _counted(compared, reasons),
        "release_change_part": pd.DataFrame() if parts is None else parts,
        "release_change_reason": pd.DataFrame() if reasons is None else reasons,
    }
    with duckdb.connect(str(build_file)) as con:
        con.execute("begin")
        con.execute(f"create schema if not exists {DIFFERENCE}")
        for table, spec in TABLES.items():
            name, fields = f"{DIFFERENCE}.{table}", spec["columns"]
            typed = ", ".join(f"{field} {column['type']}" for field, column in fields.items())
            con.execute(f"create or replace table {name} ({typed})")
            if len(frames[table]):
                con.register("frame", frames[table][list(fields)])
                con.execute(f"insert into {name} by name select * from frame")
                con.unregister("frame")
            comments = {f"table {name}": spec["description"]}
            for field, column in fields.items():
                comments[f"column {name}.{field}"] = column["description"]
            for what, text in comments.items():
                con.execute(f"comment on {what} is '{text.replace(QUOTE, QUOTE * 2)}'")
        con.execute("commit")


def summary(con: Connection, release_id_before: str | None) -> dict[str, Any]:
    """What the difference in the build attached as `new` says, for short.

    `not_compared`: reasons, with the frameworks and editions they hold for. `sentences`: for every
    framework and edition with a change, how many cities moved, entered and left, and the sentences
    of the largest moves. Empty when the build has no difference.
    """
    found = con.execute(
        "select 1 from duckdb_tables() where database_name = 'new' and schema_name = ?"
        " and table_name = 'release_comparison'",
        [DIFFERENCE],
    ).fetchall()
    if not found:
        return {}
    rows = con.execute(f"select * from new.{DIFFERENCE}.release_comparison order by all").fetchall()
    names = list(TABLES["release_comparison"]["columns"])
    compared = [dict(zip(names, row, strict=True)) for row in rows]
    others = {row["release_id_before"] for row in compared} - {release_id_before}
    if others:
        return {
            "not_compared": {
                f"The difference was made with {', '.join(map(str, others))}; meanwhile another "
                f"run published {release_id_before}.": []
            },
            "sentences": [],
        }
    not_compared: dict[str, list[str]] = {}
    for row in compared:
        if not row["is_compared"]:
            of_edition = f"{row['framework']} {row['edition']}"
            not_compared.setdefault(row["not_compared_reason"], []).append(of_edition)
    sentences = con.execute(
        f"""
        select framework, edition, city_name, sentence from (
            select *, row_number() over (
                partition by framework, edition
                order by abs(rank_change) desc nulls first, abs(score_change) desc, city_id
            ) as place
            from new.{DIFFERENCE}.release_change_reason
        ) where place <= {SENTENCES} order by framework, edition, place
        """
    ).fetchall()
    said: dict[tuple[str, int], list[dict[str, str]]] = {}
    for framework, edition, city_name, sentence in sentences:
        said.setdefault((framework, edition), []).append(
            {"city_name": city_name, "sentence": sentence}
        )
    counts = ("framework", "edition", "n_moved", "n_entered", "n_left")
    return {
        "not_compared": not_compared,
        "sentences": [
            {**{name: row[name] for name in counts}, "largest": said[key]}
            for row in compared
            if (key := (row["framework"], row["edition"])) in said
        ],
    }
