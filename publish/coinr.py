"""An index of a warehouse as COINr's tables: iData, iMeta, and the data of every stage.

``new_coin(iData, iMeta)`` takes the first two: columns and types are those that its
``check_iData`` and ``check_iMeta`` ask for. The stages are the data sets of a coin, wide.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
Table = tuple[list[str], list[Row]]
NOT_KNOWN = "NA"
FORMULA = ("=", "+", "-", "@")
_CODE = re.compile(r"(?!NA$)[^\W\d_]\w*")
# The data sets of COINr, and the query of each.
_LEAVES = {
    "Raw": "select edition, city_id, node, numerator_value as value from int_index_denominated",
    "Denominated": "select edition, city_id, node, value from int_index_denominated",
    "Imputed": "select edition, city_id, node, value from int_index_imputed",
    "Transformed": "select edition, city_id, node, value from int_index_transformed",
    "Treated": "select edition, city_id, node, value from int_index_treated",
    "Normalised": "select edition, city_id, node, score as value from int_index_normalised",
}


class ExportError(ValueError):
    """What can't be exported; the message says why and what to do."""


@dataclass(frozen=True)
class _Names:
    """Codes of COINr: those that came with units and nodes, else their identifiers."""

    units: dict[str, str]
    nodes: dict[str, str]
    denominators: dict[tuple[str, int], str]
    """Columns of denominators, by indicator and by what a ratio is multiplied with."""
    others: dict[str, str]
    groups: dict[str, str]


def export(warehouse: Path, framework: str, target: Path, edition: int | None = None) -> list[Path]:
    """Write an index as CSV files that COINr reads: numbers with 17 digits, ``NA`` for none.

    Args:
        warehouse: the DuckDB file of a release or a build.
        framework: the index.
        target: a folder that does not exist yet, or an empty one.
        edition: the only one wanted; without it all, which COINr calls a panel.

    Returns:
        The files.

    Raises:
        ExportError: unknown framework or edition, or a folder in use.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExportError(f"{target} is not empty: name a folder that does not exist yet.")
    with duckdb.connect(str(warehouse), read_only=True) as con:
        con.execute("set search_path = 'marts,intermediate,staging'")
        found = _Index(con, framework, edition)
        tables: dict[str, Table] = {"iData": found.idata(), "iMeta": found.imeta()}
        tables |= {name: found.stage(name) for name in found.stage_names()}
        tables["Aggregated"] = found.aggregated()
        tables["results_scores"] = found.results("score")
        tables["results_ranks"] = found.results("rank")
        tables["effective_weights"] = found.weights()
    target.mkdir(parents=True, exist_ok=True)
    files = []
    for name, (columns, rows) in tables.items():
        files.append(target / f"{name}.csv")
        _write(files[-1], columns, rows)
    return files


class _Index:
    """An index in a warehouse."""

    def __init__(self, con: duckdb.DuckDBPyConnection, framework: str, edition: int | None):
        self.con = con
        known = [row["framework"] for row in self._rows("select framework from framework")]
        if framework not in known:
            raise ExportError(f"no framework '{framework}'; there are {', '.join(sorted(known))}.")
        self.framework = framework
        self.editions = [
            row["edition"]
            for row in self._rows(
                "select edition from stg_framework_edition where framework = $f order by edition"
            )
        ]
        if edition is not None and edition not in self.editions:
            shown = ", ".join(map(str, self.editions))
            raise ExportError(f"'{framework}' has no edition {edition}; it has {shown}.")
        if edition is not None:
            self.editions = [edition]
        self.nodes = self._rows(
            "select * from framework_node where framework = $f order by position"
        )
        self.units = self._rows(
            "select * from city where city_id in (select city_id from int_index_universe"
            " where framework = $f) order by city_id"
        )
        self.names = self._names()

    def _rows(self, query: str, **parameters: Any) -> list[Row]:
        named = {"f": getattr(self, "framework", "")} if "$f" in query else {}
        cursor = self.con.execute(query, {**named, **parameters})
        columns = [name for name, *_ in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def _names(self) -> _Names:
        taken: set[str] = set()
        units = {u["city_id"]: _own(u["code"], u["city_id"], taken) for u in self.units}
        nodes = {n["node"]: _own(n["code"], n["node"], taken) for n in self.nodes}
        codes = {
            row["indicator"]: row["code"]
            for row in self._rows("select indicator, code from indicator")
        }
        denominators = {}
        for node in self.nodes:
            key = (node["denominator"], node["per"])
            if node["denominator"] and key not in denominators:
                scale = f"_per_{node['per']}" if node["per"] != 1 else ""
                code = codes[node["denominator"]] or node["denominator"]
                name = f"{node['denominator']}{scale}"
                denominators[key] = _own(f"{code}{scale}", name, taken)
        references = self._rows(
            "select indicator from stg_framework_reference where framework = $f order by indicator"
        )
        others = {
            row["indicator"]: _own(codes[row["indicator"]], row["indicator"], taken)
            for row in references
        }
        groupings = self._rows(
            "select distinct grouping from stg_city_group inner join int_index_universe"
            " using (city_id) where framework = $f and (grouping not in ('country', 'province')"
            " or grouping in (select grouping from stg_framework_stage where framework = $f))"
            " order by grouping"
        )
        groups = {g["grouping"]: _own(None, g["grouping"], taken) for g in groupings}
        return _Names(units, nodes, denominators, others, groups)

    @property
    def leaves(self) -> list[Row]:
        return [node for node in self.nodes if node["level"] == 1]

    def imeta(self) -> Table:
        """A row a node, denominator, group and other column; weights of the newest edition."""
        weights = {
            row["node"]: row["weight"]
            for row in self._rows(
                "select node, weight from index_weight where framework = $f and edition = $e",
                e=self.editions[-1],
            )
        }
        printed = self._printed_units()
        columns = ["Level", "iCode", "iName", "Direction", "Weight", "Unit", "Target"]
        columns += ["Denominator", "Parent", "Type"]
        rows: list[Row] = []
        for node in self.nodes:
            leaf = node["level"] == 1
            denominator = (node["denominator"], node["per"])
            row = {
                "Level": node["level"],
                "iCode": self.names.nodes[node["node"]],
                "iName": node["title"],
                "Direction": -1 if node["direction"] == "lower" else 1,
                "Weight": weights.get(node["node"], node["weight"]),
                "Unit": printed.get(node["indicator"]) if leaf else "Score",
                "Target": node["target"],
                "Denominator": self.names.denominators.get(denominator),
                "Parent": self.names.nodes.get(node["parent"]),
                "Type": "Indicator" if leaf else "Aggregate",
            }
            rows.append(row)
        if any(node["target"] is None for node in self.leaves):
            columns.remove("Target")  # COINr wants one of all indicators, or none
        titles = {r["indicator"]: r["title"] for r in self._rows("select * from indicator")}
        for (indicator, per), code in self.names.denominators.items():
            name = titles[indicator] if per == 1 else f"{titles[indicator]} / {per}"
            unit = printed.get(indicator)
            rows.append({"iCode": code, "iName": name, "Unit": unit, "Type": "Denominator"})
        for indicator, code in self.names.others.items():
            unit = printed.get(indicator)
            rows.append({"iCode": code, "iName": titles[indicator], "Unit": unit, "Type": "Other"})
        for grouping, code in self.names.groups.items():
            rows.append({"iCode": code, "iName": grouping, "Type": "Group"})
        rows.sort(key=lambda row: row.get("Level") or math.inf)
        return columns, rows

    def _printed_units(self) -> dict[str, str]:
        """Unit of each indicator as its figures print it, where all print the same."""
        rows = self._rows(
            "select indicator.indicator, case when count(distinct printed_unit) = 1"
            " then min(printed_unit) else min(indicator.unit) end as unit"
            " from indicator left join observation using (indicator) group by indicator.indicator"
        )
        return {row["indicator"]: row["unit"] for row in rows}

    def idata(self) -> Table:
        """A row a unit and edition: what is known of it before anything is computed."""
        names = self.names
        groups: dict[str, Row] = {unit["city_id"]: {} for unit in self.units}
        for row in self._rows("select city_id, grouping, group_name from stg_city_group"):
            if row["city_id"] in groups and row["grouping"] in names.groups:
                groups[row["city_id"]][names.groups[row["grouping"]]] = row["group_name"]
        figures = self._figures()
        columns = ["uName", "uCode", *names.groups.values(), "Time"]
        columns += [*names.denominators.values(), *names.others.values()]
        columns += [names.nodes[leaf["node"]] for leaf in self.leaves]
        rows = []
        for edition in self.editions:
            for unit in self.units:
                city = unit["city_id"]
                row = {"uName": unit["name_en"], "uCode": names.units[city], "Time": edition}
                row |= groups[city]
                for (indicator, per), code in names.denominators.items():
                    row[code] = _divided(figures.get((edition, city, indicator)), per)
                for indicator, code in names.others.items():
                    row[code] = figures.get((edition, city, indicator))
                for leaf in self.leaves:
                    code = names.nodes[leaf["node"]]
                    row[code] = figures.get((edition, city, leaf["indicator"]))
                rows.append(row)
        return columns, rows

    def _figures(self) -> dict[tuple[int, str, str], Any]:
        """Figures by edition, unit and indicator: as printed where that is the same number."""
        rows = self._rows(
            """
            select edition, city_id, indicator, value, observation_id from int_index_selected
            where framework = $f
            union all
            select edition, city_id, indicator, value, observation_id
            from stg_framework_edition
            inner join stg_framework_reference using (framework)
            inner join indicator_value using (indicator)
            where framework = $f and year = edition
            """
        )
        printed = {
            row["observation_id"]: row["printed_value"]
            for row in self._rows(
                "select observation_id, printed_value from observation"
                " where printed_value is not null"
            )
        }
        return {
            (row["edition"], row["city_id"], row["indicator"]): _as_printed(
                row["value"], printed.get(row["observation_id"])
            )
            for row in rows
        }

    def stage_names(self) -> list[str]:
        """The data sets that the framework has, in the order of its stages."""
        names = {
            "denominate": "Denominated",
            "impute": "Imputed",
            "screen": "Screened",
            "transform": "Transformed",
            "treat": "Treated",
            "normalise": "Normalised",
        }
        stages = self._rows(
            "select stage from stg_framework_stage where framework = $f order by position"
        )
        return ["Raw", *(names[s["stage"]] for s in stages if s["stage"] in names)]

    def stage(self, name: str) -> Table:
        """A data set of the indicators, wide: those of units and indicators that it still has."""
        before = self.stage_names()[: self.stage_names().index(name)]
        source = name
        if name == "Screened":
            source = "Imputed" if "Imputed" in before else "Denominated"
        rows = self._rows(f"{_LEAVES[source]} where framework = $f")
        nodes = [leaf["node"] for leaf in self.leaves]
        if "Screened" in (*before, name):
            kept = self._kept()
            rows = [row for row in rows if (row["edition"], row["city_id"]) in kept]
            known = {row["node"] for row in rows if row["value"] is not None}
            nodes = [node for node in nodes if node in known]
        return self._wide(rows, nodes)

    def _kept(self) -> set[tuple[int, str]]:
        """Units that screening let through, by edition."""
        rows = self._rows(
            "select distinct edition, city_id from int_index_screened"
            " where framework = $f and is_ranked"
        )
        return {(row["edition"], row["city_id"]) for row in rows}

    def aggregated(self) -> Table:
        """The scores of all nodes, indicators first and the root last."""
        rows = self._rows(
            f"{_LEAVES['Normalised']} where framework = $f union all"
            " select edition, city_id, node, score as value from index_score"
            " where framework = $f and is_ranked and level > 1"
        )
        nodes = sorted(self.nodes, key=lambda node: (node["level"], node["position"]))
        return self._wide(rows, [node["node"] for node in nodes])

    def results(self, what: str) -> Table:
        """Scores or ranks of all nodes, the root first; the best unit first."""
        rows = self._rows(
            f"select edition, city_id, node, {what} as value from index_score"
            " where framework = $f and is_ranked"
        )
        nodes = sorted(self.nodes, key=lambda node: (-node["level"], node["position"]))
        columns, table = self._wide(rows, [node["node"] for node in nodes])
        root = self.names.nodes[nodes[0]["node"]]
        sign = -1 if what == "score" else 1
        table.sort(
            key=lambda row: (
                row.get("Time", 0),
                row.get(root) is None,
                sign * (row.get(root) or 0),
                row["uCode"],
            )
        )
        return columns, table

    def weights(self) -> Table:
        """Weights among siblings and in the whole index, by edition."""
        rows = self._rows(
            "select edition, node, level, weight, effective_weight from index_weight"
            " where framework = $f"
        )
        position = {node["node"]: node["position"] for node in self.nodes}
        rows = [row for row in rows if row["edition"] in self.editions]
        rows.sort(key=lambda row: (row["edition"], row["level"], position[row["node"]]))
        table = [
            {
                "Time": row["edition"],
                "iCode": self.names.nodes[row["node"]],
                "Level": row["level"],
                "Weight": row["weight"],
                "EffWeight": row["effective_weight"],
            }
            for row in rows
        ]
        return [*self._time(), "iCode", "Level", "Weight", "EffWeight"], table

    def _time(self) -> list[str]:
        return ["Time"] if len(self.editions) > 1 else []

    def _wide(self, rows: Iterable[Row], nodes: Sequence[str]) -> Table:
        found: dict[tuple[int, str], Row] = {}
        for row in rows:
            if row["edition"] in self.editions:
                key = (row["edition"], row["city_id"])
                found.setdefault(key, {})[self.names.nodes[row["node"]]] = row["value"]
        codes = self.names.units
        table = [
            {"uCode": codes[city], "Time": edition, **values}
            for (edition, city), values in sorted(found.items())
        ]
        return ["uCode", *self._time(), *(self.names.nodes[node] for node in nodes)], table


def _own(code: str | None, identifier: str, taken: set[str]) -> str:
    """A code that no other column or unit has, and that COINr takes."""
    name = code if code and _CODE.fullmatch(code) and code not in taken else identifier
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _divided(value: Any, per: int) -> Any:
    return value if value is None or per == 1 else float(value) / per


def _as_printed(value: float | None, printed: str | None) -> Any:
    if value is None or printed is None:
        return value
    return printed if _is_number(printed) and float(printed) == value else value


def _text(value: Any) -> str:
    if value is None:
        return NOT_KNOWN
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.17g}"
    text = str(value)
    # A spreadsheet that opens the file would compute a text that begins so. Space is stripped when
    # the file is brought in again.
    return f" {text}" if text.startswith(FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(row.get(column)) for column in columns] for row in rows)
