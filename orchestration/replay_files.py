"""The files of a design that is replayed: the choices and the weights of each replication.

``choices.csv`` has a row a replication: its id under ``replication``, and under
``<stage>.<parameter>`` what is chosen in place of what the framework says; an empty cell leaves it
as it is. ``weights.csv`` is long: replication (or the set of weights that a column ``weights`` of
the choices names), node and weight; or wide, with a column a node. Faults are told all at once,
each with file, line and remedy.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray
from pydantic import ValidationError

from analysis.chain import NOMINAL, Array, Index, Variant
from ingest.catalog_errors import did_you_mean, explain
from ingest.framework_cards import COLUMN_OF, METHODS, Stage
from ingest.framework_method_checks import VALUES_OF
from ingest.framework_stage_checks import faults_of_stage

REPLICATION, WEIGHTS, SET = "replication", "weights", "set"
# Stages of which a replication may choose another method or parameter.
CHOSEN = ("impute", "transform", "treat", "normalise", "aggregate", "scale")
# Those that may be left out: `none` in place of a method.
OPTIONAL = ("impute", "transform", "treat", "scale")
# What the other stages do is done before a replication begins, or stands elsewhere.
ELSEWHERE = {
    "weight": "Write the weights themselves into weights.csv.",
    **dict.fromkeys(
        ("select", "denominate", "screen"),
        "Replications begin with the figures that this stage leaves: write a variant of the "
        "framework (variant_of).",
    ),
}
BY_LEVEL = ("method", "power")
"""Parameters of the stage aggregate that may be chosen for a level."""
EMPTY = ("", "NA", "NaN", "nan")
# Columns of weights, whatever the case, and COINr's names of them.
OF_WEIGHTS = {
    **{name: name for name in (REPLICATION, SET, "node", "weight", "level")},
    "icode": "node",
}
# What COINr calls an argument, and the columns of choices that it stands in.
OF_COINR = {
    "f_i": "'impute.method'",
    "use_group": "'impute.grouping'",
    "winmax": "'treat.points_max'",
    "skew_thresh": "'treat.skewness_max'",
    "kurt_thresh": "'treat.kurtosis_max'",
    "f2": "'treat.fallback'",
    "f_n": "'normalise.method'",
    "l_u": "'normalise.score_min' and 'normalise.score_max'",
    "m_sd": "'normalise.mean' and 'normalise.sd'",
    "npara": "'normalise.shift' and 'normalise.factor': (value - shift) / factor",
    "iref": "'normalise.reference_unit'",
    "cap_max": "'normalise.is_capped'",
    "f_ag": "'aggregate.method', or 'aggregate.method.2', 'aggregate.method.3', ... by level",
    "dat_thresh": "'aggregate.children_coverage_min'",
    "w": "'weights' with the name of a set, and the sets into weights.csv",
}
# A number as it is written where semicolons part the cells.
DECIMAL_COMMA = r"^([-+]?[0-9]*),([0-9]+([eE][-+]?[0-9]+)?)$"
MOST_FAULTS = 50
Codes = NDArray[np.int64]


class ReplayError(ValueError):
    """What can't be replayed; the message says why and what to do."""


class Fault(NamedTuple):
    """A fault in a file, and what to do about it."""

    file: str
    lines: Sequence[int]
    """Every line that has it; none for a fault of the whole file."""
    entity: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.lines[0]}" if len(self.lines) else self.file
        entity = f" {self.entity}:" if self.entity else ""
        return f"{place}:{entity} {self.message}. {self.remedy}{self._others()}"

    def _others(self) -> str:
        others = self.lines[1:]
        if not len(others):
            return ""
        shown = ", ".join(map(str, others[:3]))
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        return f" (So in line{'s' if len(others) > 1 else ''} {shown}{more}.)"


@dataclass(frozen=True)
class Known:
    """What a design can name: the index, and what else the release says of it."""

    index: Index
    edition: int
    codes: Mapping[str, str]
    """Code that others give a node -> node."""
    units: Mapping[str, str]
    """City_id or code of a ranked unit -> city_id."""
    groupings: frozenset[str]

    @property
    def nodes(self) -> list[str]:
        """All nodes, leaves first and the root last."""
        leaves = [leaf.node for leaf in self.index.leaves]
        return leaves + [branch.node for branch in self.index.branches]


class Choice(NamedTuple):
    """What a replication chooses, weights aside."""

    variant: Variant = NOMINAL
    missing_children: str | None = None
    children_coverage_min: float | None = None


@dataclass(frozen=True)
class Design:
    """n replications: the choices and the weights of each."""

    ids: NDArray[np.object_]
    """(n,): as they stand in the files, in the order of the choices."""
    choices: Sequence[Choice]
    choice: Codes
    """(n,): position in ``choices``."""
    nodes: Sequence[str] = ()
    """Nodes to which any replication gives a weight."""
    weights: Array = field(default_factory=lambda: np.empty((0, 0)))
    """(sets, nodes): relative within the parent, NaN for a node left out."""
    weight_set: Codes | None = None
    """(n,): row of ``weights``, -1 for the weights of the framework; None: all have those."""


def read_design(known: Known, choices: Path | None, weights: Path | None) -> Design:
    """The design of two files, of which one may be missing.

    Raises:
        ReplayError: the faults of both.
    """
    faults: list[Fault] = []
    chosen = _Table.read(choices, faults) if choices else None
    weighed = _Table.read(weights, faults) if weights else None
    if faults:
        raise ReplayError(_told(faults))
    design = _Reader(known, chosen, weighed, faults).design()
    if faults or design is None:
        raise ReplayError(_told(faults))
    return design


def _told(faults: list[Fault]) -> str:
    faults.sort(key=lambda fault: (fault.file, fault.lines[0] if len(fault.lines) else 0))
    shown = [str(fault) for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        shown.append(f"... and {len(faults) - MOST_FAULTS} more faults")
    return "\n".join(shown)


# ---------------------------------------------------------------- tables


class _Column(NamedTuple):
    """Texts by the number of each in those that differ."""

    codes: Codes
    texts: list[str]


@dataclass(frozen=True)
class _Table:
    """A CSV file as texts, without spaces around them; lines without any are left out."""

    file: str
    lines: Codes
    """(rows,): line of each row in the file."""
    columns: Mapping[str, pa.Array]

    @classmethod
    def read(cls, path: Path, faults: list[Fault]) -> _Table | None:
        """The table, or its faults."""
        known = len(faults)

        def fault(lines: Sequence[int], entity: str, message: str, remedy: str) -> None:
            faults.append(Fault(path.name, lines, entity, message, remedy))

        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                first = stream.readline()
                delimiter = max(",;\t", key=first.count)
                stream.seek(0)
                cells = next(csv.reader(stream, delimiter=delimiter), [])
                header = [name.strip() for name in cells]
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            fault((), "", f"{path} can't be read: {reason}", "Name a CSV file in UTF-8.")
            return None
        if not header:
            fault((), "", "the file is empty", "Write a header and a row a replication.")
        elif "" in header[1:]:
            nameless = header.index("", 1) + 1
            fault((1,), "", f"column {nameless} has no name", "Name it, or leave it out.")
        for name in sorted({name for name in header if name and header.count(name) > 1}):
            fault((1,), name, "the column stands twice", "Leave one of them out.")
        if len(faults) > known:
            return None
        skipped: list[int] = []

        def skip(row: Any) -> str:
            skipped.append(row.number)
            message = f"{row.actual_columns} cells, and the header has {row.expected_columns}"
            fault((row.number,), "", message, "Write a cell a column; quote one with a comma.")
            return "skip"

        names = [str(i) for i in range(len(header))]
        try:
            table = pacsv.read_csv(
                path,
                pacsv.ReadOptions(use_threads=False, skip_rows=1, column_names=names),
                pacsv.ParseOptions(
                    delimiter=delimiter, invalid_row_handler=skip, ignore_empty_lines=False
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            fault((), "", str(error).partition("\n")[0], "Write it as a CSV file in UTF-8.")
            return None
        columns = [
            pc.utf8_trim_whitespace(column).combine_chunks() for column in table.itercolumns()
        ]
        if delimiter != ",":
            columns = [
                pc.replace_substring_regex(column, DECIMAL_COMMA, r"\1.\2") for column in columns
            ]
        # Names of rows, as R writes them.
        if header[0] == "" and len(header) > 1:
            del header[0], columns[0]
        lines = np.arange(2, table.num_rows + len(skipped) + 2)
        lines = np.delete(lines, np.array(skipped, dtype=np.int64) - 2)
        filled = np.zeros(len(lines), dtype=bool)
        for column in columns:
            filled |= np.asarray(pc.not_equal(column, ""))
        if not filled.any() and not skipped:
            fault((), "", "there is no row below the header", "Write a row a replication.")
        kept = [column.filter(pa.array(filled)) for column in columns]
        return cls(path.name, lines[filled], dict(zip(header, kept, strict=True)))

    def column(self, name: str) -> _Column:
        encoded = self.columns[name].dictionary_encode()
        return _Column(np.asarray(encoded.indices).astype(np.int64), encoded.dictionary.to_pylist())

    def renamed(self, names: Mapping[str, str]) -> _Table:
        """With other names for some columns, told in lower case, where these are not there yet."""
        taken = set(self.columns)
        columns = {}
        for name, column in self.columns.items():
            other = names.get(name.casefold(), name)
            columns[name if other in taken else other] = column
            taken.add(other)
        return _Table(self.file, self.lines, columns)

    def long(self, key: str | None, names: Sequence[str]) -> _Table:
        """A row a cell of the columns ``names`` that is not empty: key, node, weight."""
        n = len(self.lines)
        order = np.arange(n * len(names)).reshape(len(names), n).T.reshape(-1)
        weights = pa.concat_arrays([self.columns[name] for name in names]).take(pa.array(order))
        filled = ~np.asarray(pc.is_in(weights, pa.array(EMPTY)))
        row, node = (part[filled] for part in np.divmod(np.arange(len(order)), len(names)))
        columns = {
            "node": pa.array(names, pa.string()).take(pa.array(node)),
            "weight": weights.filter(pa.array(filled)),
        }
        if key:
            columns[key] = self.columns[key].take(pa.array(row))
        return _Table(self.file, self.lines[row], columns)

    def lines_of(self, rows: NDArray[Any]) -> list[int]:
        """Lines of rows, told by a mask or by numbers."""
        found: list[int] = self.lines[rows].tolist()
        return found


# ---------------------------------------------------------------- the two together


class _Reader:
    """Reads a design from its tables and notes the faults."""

    def __init__(
        self, known: Known, chosen: _Table | None, weighed: _Table | None, faults: list[Fault]
    ) -> None:
        self.known = known
        self.faults = faults
        of_choices = {name: name for name in (REPLICATION, WEIGHTS, *_columns())}
        self.chosen = chosen.renamed(of_choices) if chosen else None
        self.weighed = self._long(weighed.renamed(OF_WEIGHTS)) if weighed else None

    def _fault(
        self, table: _Table, lines: Sequence[int], entity: str, message: str, remedy: str
    ) -> None:
        self.faults.append(Fault(table.file, lines, entity, message, remedy))

    def _long(self, table: _Table) -> _Table:
        """A table of weights with a column a node as one with a row a node."""
        known = {*self.known.nodes, *self.known.codes}
        if not {"node", "weight"}.isdisjoint(table.columns) or known.isdisjoint(table.columns):
            return table
        key = next((name for name in (REPLICATION, SET) if name in table.columns), None)
        named = [name for name in table.columns if name not in (REPLICATION, SET)]
        for name in named:
            if name not in known:
                message = f"'{self.known.index.framework}' has no such node"
                self._fault(table, (1,), name, message, did_you_mean(name, known))
        named = [name for name in named if name in known]
        empty = np.all([np.asarray(pc.is_in(table.columns[n], pa.array(EMPTY))) for n in named], 0)
        if empty.any():
            remedy = "Write one, or leave the line out: it is as the framework says."
            self._fault(table, table.lines_of(empty), "", "no node has a weight", remedy)
        return table.long(key, named)

    def design(self) -> Design | None:
        if self.chosen is None and self.weighed is None:
            self.faults.append(
                Fault("", (), "", "neither choices nor weights are given", "Name a file of them.")
            )
            return None
        ids, choices, choice = None, [Choice()], None
        if self.chosen is not None:
            ids = self._ids(self.chosen)
            choices, choice = self._choices(self.chosen)
        sets = self._sets(self.weighed) if self.weighed is not None else None
        weight_set = self._weight_set(ids, sets)
        if self.faults:
            return None
        if ids is None and sets is not None:
            ids = sets.names
        assert ids is not None
        n = len(ids)
        return Design(
            ids=np.array(ids, dtype=object),
            choices=choices,
            choice=np.zeros(n, dtype=np.int64) if choice is None else choice,
            nodes=sets.nodes if sets else (),
            weights=sets.weights if sets else np.empty((0, 0)),
            weight_set=weight_set,
        )

    def _ids(self, table: _Table) -> list[str] | None:
        """The replications, each once."""
        if REPLICATION not in table.columns:
            remedy = "Add it, with an id of each replication."
            self._fault(table, (1,), "", f"the column '{REPLICATION}' is missing", remedy)
            return None
        codes, texts = table.column(REPLICATION)
        self._without_name(table, REPLICATION, codes, texts)
        counts = np.bincount(codes, minlength=len(texts))
        for code in np.flatnonzero(counts > 1):
            if texts[code] not in EMPTY:
                lines = table.lines_of(codes == code)
                message = f"the replication stands {counts[code]} times"
                self._fault(table, lines, texts[code], message, "Give each row an id of its own.")
        return [texts[code] for code in codes]

    def _without_name(self, table: _Table, column: str, codes: Codes, texts: Sequence[str]) -> None:
        nameless = [code for code, text in enumerate(texts) if text in EMPTY]
        if nameless:
            lines = table.lines_of(np.isin(codes, nameless))
            self._fault(table, lines, column, "the cell is empty", "Write an id.")

    # ------------------------------------------------------------ choices

    def _choices(self, table: _Table) -> tuple[list[Choice], Codes]:
        """The different choices, and which of them each row makes."""
        by_stage: dict[str, dict[str, str]] = {stage: {} for stage in CHOSEN}
        # Stages of which a column is not known: their cells would seem to lack it.
        unclear = set()
        for name in table.columns:
            if name in (REPLICATION, WEIGHTS):
                continue
            stage, _, parameter = name.partition(".")
            problem = self._unknown(name, stage, parameter)
            if problem:
                self._fault(table, (1,), name, *problem)
                unclear |= {s for s in CHOSEN if s == stage or f"'{s}." in problem[1]}
            else:
                by_stage[stage][parameter] = name
        n = len(table.lines)
        # Of each stage the different rows of its cells, and which of them each row has.
        resolved: dict[str, list[Any]] = {}
        parts: dict[str, Codes] = {}
        for stage, columns in by_stage.items():
            if not columns or stage in unclear:
                continue
            encoded = [table.column(name) for name in columns.values()]
            different, part = np.unique(
                np.column_stack([column.codes for column in encoded]), axis=0, return_inverse=True
            )
            parts[stage] = part.reshape(-1)
            resolved[stage] = []
            for number, row in enumerate(different):
                texts = [column.texts[code] for column, code in zip(encoded, row, strict=True)]
                cells = {
                    parameter: text
                    for parameter, text in zip(columns, texts, strict=True)
                    if text not in EMPTY
                }
                found: Any = None
                if cells:
                    found, problems = self._resolve(stage, cells)
                    for parameter, message, remedy in problems:
                        lines = table.lines_of(parts[stage] == number)
                        self._fault(table, lines, f"{stage}.{parameter}", message, remedy)
                resolved[stage].append((cells, found))
        if not parts or self.faults:
            return [Choice()], np.zeros(n, dtype=np.int64)
        different, choice = np.unique(
            np.column_stack(list(parts.values())), axis=0, return_inverse=True
        )
        choices = [
            self._choice({s: resolved[s][k] for s, k in zip(parts, row, strict=True)})
            for row in different
        ]
        return choices, choice.reshape(-1)

    def _unknown(self, name: str, stage: str, parameter: str) -> tuple[str, str] | None:
        """Why a column is not one of choices, and what to do."""
        # COINr's address of an argument ends with its name.
        own_name = name.rpartition("$")[2].rpartition(".")[2]
        by_coinr = f"Write {OF_COINR[own_name]}." if own_name in OF_COINR else None
        if stage in ELSEWHERE:
            return "nothing can be chosen of this stage", ELSEWHERE[stage]
        if stage not in CHOSEN:
            return "unknown column", by_coinr or did_you_mean(name, _columns())
        base, _, level = parameter.partition(".")
        if stage == "aggregate" and base in BY_LEVEL and level:
            levels = sorted({str(branch.level) for branch in self.known.index.branches})
            if level in levels:
                return None
            remedy = f"Levels are {', '.join(levels)}; 2 is the parent of indicators."
            return f"no node with children is on level '{level}'", remedy
        known = _parameters(stage)
        if parameter in known:
            return None
        return f"the stage {stage} has no parameter '{parameter}'", (
            by_coinr or did_you_mean(parameter, known)
        )

    def _resolve(
        self, stage: str, cells: Mapping[str, str]
    ) -> tuple[Any, list[tuple[str, str, str]]]:
        """What the cells of a stage choose: its method and parameters, None for no stage; and the
        problems: parameter, message, remedy."""
        if stage == "aggregate":
            return self._resolve_aggregate(cells)
        own = self.known.index.stages.get(stage)
        method = cells.get("method") or (own["method"] if own else "")
        if method == "none" and stage in OPTIONAL:
            idle = [name for name in cells if name != "method"]
            return None, [
                (name, "a parameter of a stage that is left out", "Leave the cell empty.")
                for name in idle
            ]
        if not method:
            remedy = f"Add the column '{stage}.method' with one of {', '.join(METHODS[stage])}."
            return None, [
                (name, f"'{self.known.index.framework}' has no stage {stage}", remedy)
                for name in cells
            ]
        stated = dict(cells, method=method)
        if (unit := cells.get("reference_unit")) is not None:
            if unit not in self.known.units:
                message = f"'{unit}' is not ranked in {self.known.edition}"
                remedy = did_you_mean(unit, set(self.known.units))
                return None, [("reference_unit", message, remedy)]
            stated["reference_unit"] = self.known.units[unit]
        if method in METHODS[stage]:
            known = _of_method(stage, method)
            if own and own["method"] == method:
                values = {p: own.get(COLUMN_OF.get(p, p)) for p in known}
                kept = {p: _plain(v) for p, v in values.items() if v is not None}
                # A parameter of another than the fallback in force would be at odds with it.
                if cells.get("fallback", "boxcox") != "boxcox":
                    kept.pop("boxcox_lambda", None)
                stated = {**kept, **stated}
        found, problems = _stage(stage, stated)
        if found is None or problems:
            return None, [(p if p in cells else next(iter(cells)), m, r) for p, m, r in problems]
        values = {
            COLUMN_OF.get(name, name): found.parameter(name) for name in _of_method(stage, method)
        }
        result = {"method": method, **{p: v for p, v in values.items() if v is not None}}
        problems += self._of_framework(result)
        return result, problems

    def _of_framework(self, stage: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Problems of a stage with the groupings of the units and with the leaves."""
        if "grouping" in stage and stage["grouping"] not in self.known.groupings:
            message = f"no unit has the grouping '{stage['grouping']}'"
            yield "grouping", message, did_you_mean(stage["grouping"], self.known.groupings)
        for name in VALUES_OF.get(stage["method"], ()):
            without = [leaf.node for leaf in self.known.index.leaves if getattr(leaf, name) is None]
            if without:
                message = f"{stage['method']} needs {name} of every leaf, and '{without[0]}' has"
                remedy = f"Add it in the framework file ({len(without)} leaves have none)."
                yield "method", f"{message} none", remedy

    def _resolve_aggregate(
        self, cells: Mapping[str, str]
    ) -> tuple[Any, list[tuple[str, str, str]]]:
        """Methods of nodes, and the parameters that all share."""
        problems: list[tuple[str, str, str]] = []
        shared: dict[str, Any] = {}
        for name, text in cells.items():
            base = name.partition(".")[0]
            stated: dict[str, Any] = {"method": "a_genmean", "power": 1.0, base: text}
            if stated["method"] != "a_genmean":
                del stated["power"]
            found, wrong = _stage("aggregate", stated)
            problems += [(name, message, remedy) for _, message, remedy in wrong]
            if found is not None and not wrong:
                shared[name] = getattr(found, base)
        if problems:
            return None, problems
        aggregation: dict[str, tuple[str, float | None]] = {}
        used = set()
        for branch in self.known.index.branches:

            def of_level(base: str, level: int = branch.level) -> str | None:
                return next((n for n in (f"{base}.{level}", base) if n in shared), None)

            by, power_by = of_level("method"), of_level("power")
            method = shared[by] if by else branch.aggregation
            power = None
            if method == "a_genmean":
                power = shared[power_by] if power_by else branch.power
                used |= {power_by}
                if power is None:
                    message = f"a_genmean needs a power on level {branch.level}"
                    problems.append((by or "method", message, "Add the column 'aggregate.power'."))
            if by or (power_by and method == "a_genmean"):
                aggregation[branch.node] = (method, power)
        for name in shared:
            if name.partition(".")[0] == "power" and name not in used:
                message = "a power, but nothing is combined by a_genmean"
                problems.append((name, message, "Leave the cell empty, or name that method."))
        if shared.get("missing_children") == "none" and "children_coverage_min" in shared:
            message = "without one child there is no score"
            problems.append(("children_coverage_min", message, "Leave the cell empty."))
        return (aggregation, shared), _once(problems)

    def _choice(self, stages: Mapping[str, tuple[dict[str, str], Any]]) -> Choice:
        chosen = {
            stage: found
            for stage, (cells, found) in stages.items()
            if cells and stage != "aggregate"
        }
        if "aggregate" not in stages or not stages["aggregate"][0]:
            return Choice(Variant(chosen))
        aggregation, shared = stages["aggregate"][1]
        rules = ("missing_children", "children_coverage_min")
        return Choice(Variant(chosen, aggregation), *(shared.get(rule) for rule in rules))

    # ------------------------------------------------------------ weights

    def _sets(self, table: _Table) -> _Sets | None:
        """The sets of weights, by replication or by their own names."""
        by = SET if SET in table.columns and REPLICATION not in table.columns else REPLICATION
        for name in table.columns:
            if name not in (REPLICATION, SET, "node", "weight", "level"):
                remedy = f"Columns are {by}, node, weight (COINr: iCode, Weight, Level)."
                self._fault(table, (1,), name, "unknown column", remedy)
        if REPLICATION in table.columns and SET in table.columns:
            message = f"'{REPLICATION}' and '{SET}' stand side by side"
            self._fault(table, (1,), SET, message, "Leave one of them out.")
        missing = [name for name in (by, "node", "weight") if name not in table.columns]
        for name in missing:
            other = f" (or '{SET}')" if name == REPLICATION else ""
            self._fault(table, (1,), "", f"the column '{name}'{other} is missing", "Add it.")
        if missing:
            return None
        codes, names = table.column(by)
        self._without_name(table, by, codes, names)
        node_codes, texts = table.column("node")
        nodes = self._nodes(table, node_codes, texts)
        numbers = self._numbers(table)
        if nodes is None or numbers is None:
            return None
        different = list(dict.fromkeys(nodes))
        column = np.array([different.index(node) for node in nodes])[node_codes]
        root = self.known.index.root
        if root in different:
            lost = (column == different.index(root)) & np.isnan(numbers)
            if lost.any():
                remedy = "Write any weight above 0: it has no effect."
                message = "the index itself can't be left out"
                self._fault(table, table.lines_of(lost), root, message, remedy)
        self._twice(table, codes, column, names, different)
        weights = np.full((len(names), len(different)), np.inf)
        weights[codes, column] = numbers
        # What a set does not name is as in the framework.
        own = self.known.index.weights[self.known.edition]
        nominal = np.array([own[node] for node in different])
        weights = np.where(np.isinf(weights), nominal, weights)
        # A leaf that screening has dropped stays so.
        weights[:, np.isnan(nominal)] = np.nan
        return _Sets(by, names, different, weights)

    def _nodes(self, table: _Table, codes: Codes, texts: Sequence[str]) -> list[str] | None:
        """Nodes of what names them: their id, or the code that others give them."""
        ids = set(self.known.nodes)
        found = []
        for code, text in enumerate(texts):
            node = text if text in ids else self.known.codes.get(text)
            if node is None:
                remedy = did_you_mean(text, ids | set(self.known.codes))
                message = f"'{self.known.index.framework}' has no such node"
                self._fault(table, table.lines_of(codes == code), text, message, remedy)
            else:
                found.append(node)
        return found if len(found) == len(texts) else None

    def _numbers(self, table: _Table) -> Array | None:
        """Weights, NaN for what leaves a node out: nothing, or zero."""
        column = table.columns["weight"]
        empty = np.asarray(pc.is_in(column, pa.array(EMPTY)))
        filled = pc.if_else(pa.array(empty), "0", column)
        try:
            numbers = np.asarray(pc.cast(filled, pa.float64()))
        except pa.ArrowInvalid:
            numbers = np.array([_number(text) for text in filled.to_pylist()])
        wrong = ~np.isfinite(numbers)
        texts: dict[str, list[int]] = {}
        for row in np.flatnonzero(wrong):
            texts.setdefault(filled[row].as_py(), []).append(int(table.lines[row]))
        for text, lines in texts.items():
            comma = "," in text
            remedy = f"Write {text.replace(',', '.')}." if comma else "Write a number, 0 for none."
            self._fault(table, lines, text, "the weight is no finite number", remedy)
        return None if wrong.any() else np.where(numbers == 0, np.nan, numbers)

    def _twice(
        self,
        table: _Table,
        codes: Codes,
        column: Codes,
        names: Sequence[str],
        nodes: Sequence[str],
    ) -> None:
        keys = codes * len(nodes) + column
        counts = np.bincount(keys, minlength=len(names) * len(nodes))
        for key in np.flatnonzero(counts > 1).tolist():
            name, node = names[key // len(nodes)], nodes[key % len(nodes)]
            message = f"'{name}' has {counts[key]} weights for it"
            self._fault(table, table.lines_of(keys == key), node, message, "Leave one of them.")

    def _weight_set(self, ids: list[str] | None, sets: _Sets | None) -> Codes | None:
        """Set of weights of each replication."""
        named = self.chosen is not None and WEIGHTS in self.chosen.columns
        if named and self.chosen is not None:
            return self._named_sets(self.chosen, sets)
        if self.weighed is None or sets is None:
            return None
        if sets.by == SET:
            remedy = f"Add a column '{WEIGHTS}' to the choices, with the set of each replication."
            self._fault(self.weighed, (1,), SET, "no replication names a set", remedy)
            return None
        if ids is None:
            return np.arange(len(sets.names))
        rows = {name: row for row, name in enumerate(sets.names)}
        assert self.chosen is not None
        for table, here, there in (
            (self.chosen, ids, set(rows)),
            (self.weighed, sets.names, set(ids)),
        ):
            alone = [name for name in dict.fromkeys(here) if name not in {*there, *EMPTY}]
            if alone:
                other = self.weighed if table is self.chosen else self.chosen
                column = table.column(REPLICATION)
                where = np.isin(column.codes, [column.texts.index(name) for name in alone])
                count = f"{len(alone)} replications are" if len(alone) > 1 else "it is"
                message = f"{count} in {table.file} only"
                remedy = f"Add its rows to {other.file}, or leave it out here."
                self._fault(table, table.lines_of(where), alone[0], message, remedy)
        return np.array([rows.get(name, -1) for name in ids])

    def _named_sets(self, table: _Table, sets: _Sets | None) -> Codes | None:
        codes, texts = table.column(WEIGHTS)
        if self.weighed is None:
            remedy = "Name the file of the sets (WEIGHTS=), or leave the column out."
            self._fault(table, (1,), WEIGHTS, "there is no file of weights", remedy)
            return None
        if sets is None:
            return None
        if sets.by != SET:
            message = f"the choices name sets of weights, and this file has '{REPLICATION}'"
            self._fault(self.weighed, (1,), REPLICATION, message, f"Call the column '{SET}'.")
            return None
        rows = {name: row for row, name in enumerate(sets.names)}
        for code, text in enumerate(texts):
            if text not in EMPTY and text not in rows:
                message = f"{self.weighed.file} has no such set"
                remedy = did_you_mean(text, rows)
                self._fault(table, table.lines_of(codes == code), text, message, remedy)
        return np.array([rows.get(text, -1) for text in texts])[codes]


class _Sets(NamedTuple):
    """Sets of weights."""

    by: str
    names: list[str]
    nodes: list[str]
    weights: Array
    """(sets, nodes)"""


def _columns() -> set[str]:
    return {f"{stage}.{name}" for stage in CHOSEN for name in _parameters(stage)}


def _parameters(stage: str) -> set[str]:
    """Names that a column may have after its stage."""
    names = {name for method in METHODS[stage] for name in _of_method(stage, method)}
    return {"method", *names} - {"by_level"}


def _of_method(stage: str, method: str) -> tuple[str, ...]:
    needs, may_have = METHODS[stage][method]
    return (*needs, *may_have)


def _stage(
    stage: str, stated: Mapping[str, Any]
) -> tuple[Stage | None, list[tuple[str, str, str]]]:
    """A stage of what is stated, or its problems: parameter, message, remedy."""
    try:
        found = Stage.model_validate({"stage": stage, **stated})
    except ValidationError as error:
        return None, [(str(fault["loc"][-1]), *explain(fault, Stage)) for fault in error.errors()]
    problems = []
    for fault in faults_of_stage(found):
        parameter = str(fault.at[-1]) if fault.at else "method"
        remedy = fault.remedy
        if not fault.at:
            missing = remedy.split("'")[1].rstrip(":")
            remedy = f"Add the column '{stage}.{missing}'."
        elif parameter != "method" and remedy.startswith("It has"):
            remedy = f"Leave the cell empty. {remedy}"
        problems.append((parameter, fault.message, remedy))
    return found, problems


def _once(problems: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return list(dict.fromkeys(problems))


def _plain(value: Any) -> Any:
    """A value of NumPy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def _number(text: str) -> float:
    try:
        return float("nan" if "_" in text else text)
    except ValueError:
        return float("nan")
