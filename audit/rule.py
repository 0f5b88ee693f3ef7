"""Rules: loading them from `rules.yml` and `rules/*.sql`, and running one on a build."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import yaml

HERE = Path(__file__).parent
SAMPLE_SIZE = 20  # offending rows kept with an outcome
SHOW_SIZE = 200  # rows of a table that a rule attaches

KEYS = {
    "name": str,
    "asset": str,
    "blocking": bool,
    "description": str,
    "show": str,
    "query": str,
    "tables": dict,
    "parameters": dict,
}
OPTIONAL = {"show", "query", "tables", "parameters"}
KINDS = {str: "text", bool: "true or false", dict: "a mapping"}


class RuleError(ValueError):
    """Faults in the rules' files, all of them at once, each with file, line and remedy."""


@dataclass(frozen=True)
class Rule:
    name: str
    asset: str
    """Key of the checked asset, e.g. `marts/index_ranking`."""
    blocking: bool
    description: str
    sql: str
    """Returns the offending rows; none means that the rule holds."""
    reads: tuple[str, ...]
    """Tables named in the SQL, the asset's own first."""
    show: str | None = None
    """Query whose result is attached to the outcome, also when the rule holds."""
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Numbers that the SQL takes with getvariable('name'), where rules share a query."""

    @property
    def severity(self) -> str:
        return "ERROR" if self.blocking else "WARN"


@dataclass(frozen=True)
class Outcome:
    rule: Rule
    passed: bool
    n_failed: int
    sample: list[dict[str, Any]] = field(default_factory=list)
    """Up to 20 offending rows, safe for JSON."""
    shown: list[dict[str, Any]] = field(default_factory=list)
    """Rows of the rule's `show`, safe for JSON."""


def load_rules(rules_file: Path = HERE / "rules.yml") -> list[Rule]:
    """The rules in the order of the file; their SQL is in the folder `rules` beside it.

    A rule's file is `<table>__<name>.sql`, or `<table>__<query>.sql` where it names a query that
    it shares with another rule of other parameters, or `<query>.sql` where it asks the same of
    other tables.

    Raises RuleError when anything is wrong with any of them.
    """
    folder = rules_file.parent / "rules"
    entries, problems = _read(rules_file)
    rules: list[Rule] = []
    lines: dict[tuple[str, str], int] = {}  # of the entries, by asset and name
    used: set[str] = set()
    for line, entry in entries:
        faults = _faults(entry)
        problems += [f"{rules_file}:{line}: {fault}" for fault in faults]
        if faults:
            continue
        table = entry["asset"].replace("/", ".")
        shared = entry.get("tables", {})
        stem = entry.get("query", entry["name"])
        file_name = f"{stem}.sql" if shared else f"{table.split('.')[1]}__{stem}.sql"
        used.add(file_name)
        first = lines.setdefault((entry["asset"], entry["name"]), line)
        if first != line:
            problems.append(
                f"{rules_file}:{line}: {entry['name']} on {entry['asset']} is listed already "
                f"in line {first}; remove one of them"
            )
            continue
        if not (folder / file_name).is_file():
            problems.append(
                f"{rules_file}:{line}: {entry['name']} has no SQL; "
                f"write {folder / file_name} or remove the entry"
            )
            continue
        sql = (folder / file_name).read_text(encoding="utf-8").rstrip().rstrip(";")
        absent = sorted(set(shared) - set(tables_in(sql)))
        problems += [
            f"{rules_file}:{line}: {folder / file_name} does not read {name}; correct its name"
            for name in absent
        ]
        for name, other in shared.items():
            sql = re.sub(rf"\b{re.escape(name)}\b", other, sql)
        show = entry.get("show")
        if show and not show.lstrip().lower().startswith(("select", "with")):
            show = f"select * from {show}"
        reads = tuple(dict.fromkeys([table, *tables_in(sql)]))
        rules.append(
            Rule(
                name=entry["name"],
                asset=entry["asset"],
                blocking=entry["blocking"],
                description=" ".join(entry["description"].split()),
                sql=sql,
                reads=reads,
                show=show,
                parameters=entry.get("parameters", {}),
            )
        )
    for file in sorted(folder.glob("*.sql")):
        if file.name not in used:
            problems.append(
                f"{file}:1: no entry in {rules_file.name}, so it would never run; "
                "add one (name, asset, blocking, description) or delete the file"
            )
    if problems:
        raise RuleError("\n".join(problems))
    return rules


def _read(rules_file: Path) -> tuple[list[tuple[int, dict[str, Any]]], list[str]]:
    """Entries with their lines."""
    loader = yaml.SafeLoader(rules_file.read_text(encoding="utf-8"))
    remedy = "write a list of rules, each with name, asset, blocking and description"
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.SequenceNode):
            return [], [f"{rules_file}:1: not a list; {remedy}"]
        entries: list[tuple[int, dict[str, Any]]] = []
        problems = []
        for node in root.value:
            line = node.start_mark.line + 1
            if isinstance(node, yaml.MappingNode):
                entry = loader.construct_mapping(node, deep=True)
                entries.append((line, {str(key): value for key, value in entry.items()}))
            else:
                problems.append(f"{rules_file}:{line}: not a rule; {remedy}")
        return entries, problems
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return [], [f"{rules_file}:{line}: not YAML ({error.problem}); correct the line"]


def _faults(entry: Mapping[str, Any]) -> list[str]:
    faults = [
        f"unknown key {key!r}; the keys are {', '.join(KEYS)}" for key in entry if key not in KEYS
    ]
    for key, kind in KEYS.items():
        if key not in entry:
            if key not in OPTIONAL:
                faults.append(f"no {key}; add it")
        elif not isinstance(entry[key], kind):
            faults.append(f"{key} is {entry[key]!r}; make it {KINDS[kind]}")
    parameters = entry.get("parameters")
    for name, value in parameters.items() if isinstance(parameters, dict) else ():
        if not re.fullmatch(r"[a-z_]+", str(name)) or not isinstance(value, (int, float)):
            faults.append(f"parameter {name} is {value!r}; make it a number with a plain name")
    tables = entry.get("tables")
    for name in chain(*tables.items()) if isinstance(tables, dict) else ():
        if not re.fullmatch(r"\w+\.\w+", str(name)):
            faults.append(f"tables has {name!r}; write schema.table: other_schema.other_table")
    if tables and "query" not in entry:
        faults.append("tables without a query; add the name of the file that is shared")
    if not faults and not re.fullmatch(r"\w+/\w+", entry["asset"]):
        faults.append(f"asset is {entry['asset']!r}; write schema/table")
    return faults


def tables_in(sql: str) -> list[str]:
    """Tables that a query reads, as schema.table."""
    without_comments = re.sub(r"--[^\n]*", "", sql)
    # `is distinct from a.b` names a column
    pattern = r"(?<!distinct\s)\b(?:from|join)\s+(\w+\.\w+)"
    return re.findall(pattern, without_comments, flags=re.IGNORECASE)


def run_rule(con: duckdb.DuckDBPyConnection, rule: Rule) -> Outcome:
    """Run a rule; reads only. A rule that can't be run has failed, and says why."""
    absent = [table for table in rule.reads if not exists(con, table)]
    if absent:
        sample = [{"problem": f"table {table} is not in this build"} for table in absent]
        return Outcome(rule, passed=False, n_failed=len(sample), sample=sample)
    try:
        for name, value in rule.parameters.items():
            con.execute(f"set variable {name} = {float(value)!r}")
        sample = query(con, rule.sql, SAMPLE_SIZE)
        n_failed = len(sample)
        if n_failed == SAMPLE_SIZE:
            counted = con.execute(f"select count(*) from (\n{rule.sql}\n)").fetchone()
            n_failed = counted[0] if counted else n_failed
        shown = query(con, rule.show, SHOW_SIZE) if rule.show else []
    except duckdb.Error as error:
        problem = f"the rule can't be run: {str(error).strip().splitlines()[0]}"
        return Outcome(rule, passed=False, n_failed=1, sample=[{"problem": problem}])
    return Outcome(rule, passed=n_failed == 0, n_failed=n_failed, sample=sample, shown=shown)


def exists(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    found = con.execute(
        "select 1 from duckdb_tables() where database_name = current_database()"
        " and schema_name = ? and table_name = ?",
        table.split("."),
    )
    return found.fetchone() is not None


def query(
    con: duckdb.DuckDBPyConnection, sql: str, limit: int = SAMPLE_SIZE
) -> list[dict[str, Any]]:
    cursor = con.execute(sql)
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, map(json_safe, row), strict=True)) for row in cursor.fetchmany(limit)]


def json_safe(value: Any) -> Any:
    """The value itself where JSON has it, else a number or text that says the same."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, Decimal)):
        number = float(value)
        return number if math.isfinite(number) else str(number)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [json_safe(item) for item in value]
    return str(value)


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table; empty text for no rows."""
    if not rows:
        return ""

    def cell(value: Any) -> str:
        if isinstance(value, float):
            value = f"{value:.6g}"
        return "" if value is None else " ".join(str(value).split()).replace("|", "\\|")

    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([cell(row.get(name)) for name in head] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
