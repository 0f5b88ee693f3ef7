"""Reads COINr's two input files: iData (a row a unit) and iMeta (a row a column and aggregate).

What they must have is what ``check_iData`` and ``check_iMeta`` of COINr demand, and what the
catalog needs besides; every fault is told with its file, line, column and remedy.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest.catalog_errors import CatalogError, did_you_mean
from ingest.framework_cards import MAX_LEVELS

META_COLUMNS = ("Level", "iCode", "Parent", "Direction", "Type", "Weight")
TYPES = ("Indicator", "Aggregate", "Denominator", "Group", "Other")
UNIT_COLUMNS = ("uCode", "uName", "Time")
MISSING = ("", "NA", "NaN")
"""Cells without a value, as R and others write them."""
NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?|\d(\.\d+)?[eE][+-]?\d{1,2})")
SHOWN = 3
"""Faulty cells of a column that are told one by one."""


class CoinrError(ValueError):
    """Files that can't be taken as they are; ``faults`` are all that was found."""

    def __init__(self, faults: list[CatalogError]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True)
class Meta:
    """A row of iMeta."""

    line: int
    code: str
    type: str
    name: str
    level: int | None = None
    parent: str = ""
    direction: int | None = None
    weight: float | None = None
    unit: str = ""
    target: float | None = None
    denominator: str = ""


@dataclass(frozen=True)
class Unit:
    code: str
    name: str
    groups: Mapping[str, str]
    """Values of the columns of type Group, where it has one."""


@dataclass(frozen=True)
class Coin:
    """What the two files say. ``units`` and ``meta`` are in the order of the files, by code."""

    units: dict[str, Unit]
    meta: dict[str, Meta]
    years: tuple[int, ...]
    """Of the column Time, rising; none without it."""
    figures: frozenset[str]
    """Codes of the columns of numbers: indicators, denominators and the numbers among Other."""
    negative: frozenset[str]
    """Those of them with a value below zero."""
    has_gaps: bool
    """Whether an indicator is unknown of some unit."""

    def of_type(self, *types: str) -> list[Meta]:
        return [meta for meta in self.meta.values() if meta.type in types]

    def children(self, code: str) -> list[Meta]:
        tree = self.of_type("Indicator", "Aggregate")
        return [meta for meta in tree if meta.parent == code]

    @property
    def root(self) -> Meta:
        return max(self.of_type("Aggregate"), key=lambda meta: meta.level or 0)


def identifier(code: str) -> str:
    """A code as an identifier of the catalog: lower case, anything but letters and digits ``_``."""
    plain = unicodedata.normalize("NFKD", code).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"u_{text}" if text[:1].isdigit() else text


def read_coin(idata: Path, imeta: Path) -> Coin:
    """Read and check both files.

    Raises:
        CoinrError: anything that COINr would refuse, or that the catalog can't hold.
    """
    faults = _Faults()
    meta = _read_meta(imeta, faults)
    coin = _read_data(idata, imeta, meta, faults)
    faults.stop()
    assert coin is not None
    return coin


@dataclass
class _Faults:
    found: list[CatalogError] = field(default_factory=list)
    cells: dict[tuple[str, str], list[tuple[int, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, path: Path, line: int, column: str, message: str, remedy: str) -> None:
        place = f"column {column}" if column else "header"
        self.found.append(CatalogError(path.name, line, place, message, remedy))

    def cell(self, path: Path, line: int, column: str, text: str) -> None:
        """A cell that is no number: of a column only the first ones are told."""
        told = self.cells[path.name, column]
        told.append((line, text))
        if len(told) <= SHOWN:
            remedy = "Write a plain number such as 1234.5, or leave the cell empty."
            self.add(path, line, column, f"'{text}' is not a number", remedy)

    def stop(self) -> None:
        for (file, column), cells in self.cells.items():
            if len(cells) > SHOWN:
                message = f"{len(cells) - SHOWN} more cells of it are not numbers"
                remedy = "If it holds groups, its Type in iMeta is Group."
                self.found.append(
                    CatalogError(file, cells[SHOWN][0], f"column {column}", message, remedy)
                )
        if self.found:
            raise CoinrError(self.found)


def _rows(path: Path, faults: _Faults) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header, and the rows with their lines; cells stripped, those without a value empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        faults.add(path, 1, "", f"can't be read: {error.strerror}", "Name an existing CSV file.")
        return [], []
    except UnicodeDecodeError:
        faults.add(path, 1, "", "not in UTF-8", "Save the file as UTF-8.")
        return [], []
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip() for cell in next(reader, [])]
    if len(header) < 2:
        remedy = "Save it as CSV with commas, as write.csv(x, row.names = FALSE) does."
        faults.add(path, 1, "", "one column only", remedy)
        return [], []
    for name in sorted({name for name in header if header.count(name) > 1}):
        remedy = "Give each column its own name; write.csv needs row.names = FALSE."
        faults.add(path, 1, name or "(blank)", "the heading stands twice", remedy)
    rows = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            message = f"{len(cells)} cells, the header has {len(header)}"
            faults.add(path, reader.line_num, "", message, "Quote cells that contain commas.")
            continue
        stripped = [cell.strip() for cell in cells]
        values = ["" if cell in MISSING else cell for cell in stripped]
        rows.append((reader.line_num, dict(zip(header, values, strict=True))))
    return header, rows


def _number(text: str) -> float | None:
    if not NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _read_meta(path: Path, faults: _Faults) -> dict[str, Meta]:
    header, rows = _rows(path, faults)
    absent = [name for name in META_COLUMNS if header and name not in header]
    for name in absent:
        faults.add(path, 1, name, "the column is missing", f"Add it; found: {', '.join(header)}.")
    if absent or not header:
        return {}
    found: dict[str, Meta] = {}
    names: dict[str, str] = {}
    for line, row in rows:
        code = row["iCode"]
        if not identifier(code):
            message = f"'{code}' is no code" if code else "the code is missing"
            faults.add(path, line, "iCode", message, "Give the row a code of Latin letters.")
        elif code in found:
            message = f"'{code}' stands on line {found[code].line} already"
            faults.add(path, line, "iCode", message, "Give one of the rows another code.")
        elif identifier(code) in names:
            message = f"'{code}' and '{names[identifier(code)]}' differ in case or signs only"
            faults.add(path, line, "iCode", message, "Give one of the rows another code.")
        else:
            names[identifier(code)] = code
            found[code] = _meta(path, line, row, faults)
    _check_tree(path, found, faults)
    return found


def _meta(path: Path, line: int, row: dict[str, str], faults: _Faults) -> Meta:
    code, kind = row["iCode"], row["Type"]
    if kind not in TYPES:
        faults.add(
            path, line, "Type", f"unknown type '{kind}' of '{code}'", did_you_mean(kind, TYPES)
        )
    in_tree = kind in ("Indicator", "Aggregate")

    def number(column: str) -> float | None:
        text = row.get(column, "")
        value = _number(text) if text else None
        if text and value is None:
            faults.add(
                path, line, column, f"'{text}' of '{code}' is not a number", "Write a number."
            )
        return value

    level, direction, weight = (
        number(column) if in_tree else None for column in ("Level", "Direction", "Weight")
    )
    if in_tree:
        for column, value in (("Level", level), ("Direction", direction), ("Weight", weight)):
            if not row[column]:
                message = f"'{code}' has no {column}"
                faults.add(path, line, column, message, "Every indicator and aggregate has one.")
            elif value is None:
                continue
            elif column == "Direction" and value not in (1, -1):
                message = f"the direction of '{code}' is {row[column]}"
                remedy = "Write 1 where more is better, -1 where less is."
                faults.add(path, line, column, message, remedy)
            elif column == "Weight" and value <= 0:
                message = f"the weight of '{code}' is {row[column]}"
                remedy = "Give it a weight above 0, or delete the row and its column of iData."
                faults.add(path, line, column, message, remedy)
            elif column == "Level" and (value != int(value) or value < 1):
                message = f"the level of '{code}' is {row[column]}"
                remedy = "Write 1 for an indicator, 2 for its parent and so on."
                faults.add(path, line, column, message, remedy)
                level = None
    return Meta(
        line=line,
        code=code,
        type=kind,
        name=row.get("iName", "") or code,
        level=int(level) if level is not None else None,
        parent=row["Parent"] if in_tree else "",
        direction=int(direction) if direction in (1, -1) else None,
        weight=weight,
        unit=row.get("Unit", ""),
        target=number("Target") if kind == "Indicator" else None,
        denominator=row.get("Denominator", "") if kind == "Indicator" else "",
    )


def _check_tree(path: Path, metas: Mapping[str, Meta], faults: _Faults) -> None:
    tree = {code: m for code, m in metas.items() if m.type in ("Indicator", "Aggregate")}
    levels = {m.level: m for m in tree.values() if m.level}
    top = max(levels, default=0)
    if not any(m.type == "Indicator" for m in tree.values()) or top < 2:
        message = "no row of Type Indicator below one of Type Aggregate"
        faults.add(path, 1, "Type", message, "An index has indicators and what they make up.")
        return
    if top > MAX_LEVELS:
        message = f"'{levels[top].code}' stands at level {top}, five are the most"
        faults.add(path, levels[top].line, "Level", message, "Take a level out of the tree.")
    for gap in sorted(set(range(1, top)) - set(levels)):
        above = levels[min(level for level in levels if level > gap)]
        message = f"nothing stands at level {gap}, '{above.code}' stands at {above.level}"
        faults.add(path, above.line, "Level", message, "Number the levels without a gap.")
    roots = [m for m in tree.values() if m.level == top]
    for second in roots[1:]:
        message = f"'{second.code}' stands beside '{roots[0].code}' at the highest level"
        remedy = "An index has one root: put both below an aggregate, or import them apart."
        faults.add(path, second.line, "Level", message, remedy)
    parents = {m.parent for m in tree.values()}
    for meta in tree.values():
        _check_place(path, meta, metas, top, faults)
        if meta.type == "Aggregate" and meta.code not in parents:
            message = f"nothing has the parent '{meta.code}'"
            faults.add(path, meta.line, "iCode", message, "Delete the row, or put something below.")
        named = metas.get(meta.denominator)
        if meta.denominator and (named is None or named.type not in ("Denominator", "Indicator")):
            known = [m.code for m in metas.values() if m.type == "Denominator"]
            message = f"unknown denominator '{meta.denominator}' of '{meta.code}'"
            remedy = did_you_mean(meta.denominator, known)
            faults.add(path, meta.line, "Denominator", message, remedy)


def _check_place(
    path: Path, meta: Meta, metas: Mapping[str, Meta], top: int, faults: _Faults
) -> None:
    """A node's level and its parent's."""
    if meta.type == "Indicator" and meta.level not in (1, None):
        message = f"the indicator '{meta.code}' stands at level {meta.level}"
        faults.add(path, meta.line, "Level", message, "Indicators stand at level 1.")
        return
    if meta.type == "Aggregate" and meta.level == 1:
        message = f"the aggregate '{meta.code}' stands at level 1"
        faults.add(path, meta.line, "Level", message, "Aggregates stand at level 2 or higher.")
        return
    if meta.level == top:
        if meta.parent:
            message = (
                f"'{meta.code}' stands at the highest level and has the parent '{meta.parent}'"
            )
            faults.add(path, meta.line, "Parent", message, "Leave its parent empty.")
        return
    if not meta.parent:
        message = f"'{meta.code}' has no parent"
        remedy = "Name the aggregate of the level above that it belongs to."
        faults.add(path, meta.line, "Parent", message, remedy)
        return
    parent = metas.get(meta.parent)
    if parent is None or parent.type != "Aggregate":
        known = [m.code for m in metas.values() if m.type == "Aggregate"]
        message = f"unknown parent '{meta.parent}' of '{meta.code}'"
        faults.add(path, meta.line, "Parent", message, did_you_mean(meta.parent, known))
    elif meta.level and parent.level and parent.level != meta.level + 1:
        message = (
            f"'{meta.code}' stands at level {meta.level}, its parent '{parent.code}' at "
            f"{parent.level}"
        )
        faults.add(path, meta.line, "Parent", message, "A parent stands one level above.")


def _read_data(path: Path, imeta: Path, meta: Mapping[str, Meta], faults: _Faults) -> Coin | None:
    header, rows = _rows(path, faults)
    if not header or not meta:
        return None
    if "uCode" not in header:
        message = "the column is missing"
        remedy = f"Add the codes of the units; found: {', '.join(header[:8])}."
        faults.add(path, 1, "uCode", message, remedy)
        return None
    columns = [name for name in header if name not in UNIT_COLUMNS]
    for name in columns:
        if name not in meta:
            remedy = f"Add a row to {imeta.name} (Type Other if the index has no use for it). "
            faults.add(path, 1, name, f"no iCode '{name}'", remedy + did_you_mean(name, meta))
        elif meta[name].type == "Aggregate":
            message = f"'{name}' is an aggregate in {imeta.name}"
            remedy = "Delete the column: aggregates are computed."
            faults.add(path, 1, name, message, remedy)
    for m in meta.values():
        if m.type != "Aggregate" and m.code not in columns:
            message = f"{path.name} has no column '{m.code}'"
            faults.add(imeta, m.line, "iCode", message, did_you_mean(m.code, columns))
    if not rows:
        faults.add(path, 1, "uCode", "no units", "A row is a unit.")
        return None
    known = [meta[name] for name in columns if name in meta]
    numbers = {m.code for m in known if m.type in ("Indicator", "Denominator")}
    numbers |= {
        m.code
        for m in known
        if m.type == "Other"
        and all(not r[m.code] or _number(r[m.code]) is not None for _, r in rows)
    }
    words = [m.code for m in known if m.type in ("Group", "Other") and m.code not in numbers]
    for code in sorted(numbers):
        for line, row in rows:
            if row[code] and _number(row[code]) is None:
                faults.cell(path, line, code, row[code])
    years = sorted(set(_years(path, header, rows, faults)))
    return Coin(
        units=_units(path, rows, words, faults),
        meta={m.code: m for m in meta.values() if m.type == "Aggregate" or m.code in columns},
        years=tuple(years),
        figures=frozenset(numbers),
        negative=frozenset(
            code for code in numbers for _, row in rows if (_number(row[code]) or 0) < 0
        ),
        has_gaps=any(not row[m.code] for _, row in rows for m in known if m.type == "Indicator"),
    )


def _years(
    path: Path, header: list[str], rows: list[tuple[int, dict[str, str]]], faults: _Faults
) -> Iterator[int]:
    for line, row in rows if "Time" in header else ():
        text = row["Time"]
        if re.fullmatch(r"[1-9]\d{3}", text):
            yield int(text)
        else:
            message = f"'{text}' is no year" if text else "the year is missing"
            faults.add(path, line, "Time", message, "Write a year of four digits.")


def _units(
    path: Path, rows: list[tuple[int, dict[str, str]]], words: list[str], faults: _Faults
) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    names: dict[str, str] = {}
    lines: dict[tuple[str, str], int] = {}
    for line, row in rows:
        code, year = row["uCode"], row.get("Time", "")
        if not identifier(code):
            message = f"'{code}' is no code" if code else "the code is missing"
            faults.add(path, line, "uCode", message, "Give the unit a code of Latin letters.")
            continue
        if (code, year) in lines:
            when = f" in {year}" if year else ""
            message = f"'{code}' stands on line {lines[code, year]} already{when}"
            remedy = "A unit has one row a year: delete one, or add the column Time."
            faults.add(path, line, "uCode", message, remedy)
            continue
        lines[code, year] = line
        if names.setdefault(identifier(code), code) != code:
            message = f"'{code}' and '{names[identifier(code)]}' differ in case or signs only"
            faults.add(path, line, "uCode", message, "Give one of the units another code.")
            continue
        unit = Unit(code, row.get("uName", "") or code, {w: row[w] for w in words if row[w]})
        before = units.setdefault(code, unit)
        for column in words:
            if before.groups.get(column) != unit.groups.get(column):
                message = (
                    f"'{code}' is in '{unit.groups.get(column, '')}', on an earlier line in "
                    f"'{before.groups.get(column, '')}'"
                )
                remedy = "A unit is in one group in all years: write the same one."
                faults.add(path, line, column, message, remedy)
    return units
