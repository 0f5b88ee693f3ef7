"""JSON: lists of records as tables, JSON-stat cubes, and several JSON values one a line.

Numbers keep their printed form. A record's table has one column a field; fields of objects
inside it are named with dots. Nothing is guessed: where no list of records is certainly there,
the path has to be declared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest.reading import json_stat
from ingest.reading.content import Content, ReadingError, Table
from ingest.reading.json_values import check_depth, described, find, parse, text

MAX_RECORDS = 500_000
MAX_COLUMNS = 2_000
MAX_CELLS = 10_000_000
MAX_TABLES = 200
LIST_SEPARATOR = "|"
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def content(data: bytes, records: str | None = None) -> Content:
    """The records of a JSON document as tables.

    ``records`` is a JMESPath expression that gives a list of records (objects, or rows of plain
    values), or an object of objects whose keys become the column ``key``. Of several JSON values,
    one a line, it is asked of each, and what they give is one table. Without it, every list of
    records that stands in no other becomes a table, those at one path of several values together.

    A list of plain values inside a record is one cell, separated by ``|``. Other lists inside
    records are left out, and a note names them.

    Raises:
        ReadingError: no JSON, a key written twice, NaN or Infinity, too deep or too large, a path
            that is no JMESPath or finds no records.
    """
    values = parse(data)
    if records is not None:
        table, notes = _declared(values, records)
        return Content("json", (table,), notes=notes)
    if len(values) > 1 and all(_is_plain_record(value) for _, value in values):
        table, notes = _table([value for _, value in values], [w for w, _ in values], "lines")
        return Content("json", (table,), notes=notes)
    tables: list[Table] = []
    left: list[str] = []
    lists: dict[tuple[str, bool], tuple[list[Any], list[str]]] = {}
    for place, value in values:
        cubes = json_stat.tables(value, place)
        if cubes is not None:
            tables += cubes
            continue
        prefix = f"{place}: " if place else ""
        for path, found in _record_lists(value):
            # Lists at one path of several values, such as pages, are one table.
            records_, places = lists.setdefault((path, isinstance(found[0], dict)), ([], []))
            records_ += found
            places += [f"{prefix}{path}[{i}]" for i in range(len(found))]
    for (path, _), (records_, places) in list(lists.items())[:MAX_TABLES]:
        table, notes = _table(records_, places, path)
        tables.append(table)
        left += notes
    if len(lists) > MAX_TABLES:
        left.append(f"more than {MAX_TABLES} lists of records: declare the path of yours")
    if not tables:
        left.append(f"no list of records is certainly there, only {described(values[0][1])}")
    return Content("json", tuple(tables), notes=tuple(dict.fromkeys(left)))


def key_path(path: str, key: str) -> str:
    """Path of a key in an object, as JMESPath writes it."""
    name = key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
    return f"{path}.{name}" if path else name


def _declared(values: Sequence[tuple[str, Any]], path: str) -> tuple[Table, tuple[str, ...]]:
    records: list[Any] = []
    places: list[str] = []
    for place, value in values:
        prefix = f"{place}: " if place else ""
        found = find(path, value)
        known = _places(value)
        if isinstance(found, dict) and found and all(isinstance(v, dict) for v in found.values()):
            places += [
                f"{prefix}{known.get(id(record)) or key_path(path, key)}"
                for key, record in found.items()
            ]
            records += [{"key": key, **record} for key, record in found.items()]
            continue
        if not isinstance(found, list):
            what = "nothing" if found is None else described(found)
            raise ReadingError(
                f"the path '{path}' finds {what}, not a list; {prefix}{described(value)}"
            )
        for i, record in enumerate(found):
            records.append(record)
            places.append(f"{prefix}{known.get(id(record)) or f'record {i + 1} of {path}'}")
    if not records:
        raise ReadingError(f"the path '{path}' finds an empty list")
    return _table(records, places, path)


def _places(value: Any) -> dict[int, str]:
    """Paths of all objects and lists in a value by identity, so that a record found by an
    expression is told by its place."""
    found: dict[int, str] = {}

    def walk(value: Any, path: str, depth: int) -> None:
        check_depth(depth)
        if isinstance(value, dict):
            found[id(value)] = path or "@"
            for key, inner in value.items():
                if isinstance(inner, (dict, list)):
                    walk(inner, key_path(path, key), depth + 1)
        elif isinstance(value, list):
            found[id(value)] = path or "@"
            for i, inner in enumerate(value):
                if isinstance(inner, (dict, list)):
                    walk(inner, f"{path}[{i}]", depth + 1)

    walk(value, "", 0)
    return found


def _is_plain_record(value: Any) -> bool:
    """An object with values of its own, not a response around lists of records."""
    return isinstance(value, dict) and not any(True for _ in _record_lists(value))


def _record_lists(value: Any) -> Iterator[tuple[str, list[Any]]]:
    """Lists of records that stand in no other, and their paths."""

    def walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
        check_depth(depth)
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, key_path(path, key), depth + 1)
        elif isinstance(value, list) and value:
            if all(isinstance(item, dict) for item in value) or _is_grid(value):
                yield path, value
            else:
                for i, inner in enumerate(value):
                    yield from walk(inner, f"{path}[{i}]", depth + 1)

    yield from walk(value, "", 0)


def _is_grid(value: list[Any]) -> bool:
    """Rows of plain values, all of one length."""
    return (
        len(value) > 1
        and all(isinstance(row, list) and row for row in value)
        and len({len(row) for row in value}) == 1
        and all(_is_scalar(cell) for row in value for cell in row)
    )


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def _table(
    records: Sequence[Any], places: Sequence[str], where: str
) -> tuple[Table, tuple[str, ...]]:
    """Records as a table with a row of headings, or rows of plain values as they are."""
    where = where or "@"
    if len(records) > MAX_RECORDS:
        raise ReadingError(f"{where} has {len(records)} records, at most {MAX_RECORDS} are read")
    if all(isinstance(record, list) for record in records):
        width = max(len(record) for record in records)
        rows = [[*map(text, record), *[""] * (width - len(record))] for record in records]
        return _checked(Table(where, tuple(map(tuple, rows)), row_places=tuple(places))), ()
    columns: dict[str, int] = {}
    left: dict[str, None] = {}
    flat = []
    for place, record in zip(places, records, strict=True):
        if not isinstance(record, dict):
            raise ReadingError(f"{place} is {described(record)}, not a record")
        cells: dict[str, str] = {}
        _flatten(record, "", cells, left, 0)
        for name in cells:
            columns.setdefault(name, len(columns))
        if len(columns) > MAX_COLUMNS:
            raise ReadingError(f"the records of {where} have more than {MAX_COLUMNS} fields")
        flat.append(cells)
    if len(flat) * len(columns) > MAX_CELLS:
        raise ReadingError(f"{where} has more than {MAX_CELLS} cells")
    rows_ = [tuple(columns), *(tuple(cells.get(c, "") for c in columns) for cells in flat)]
    table = Table(where, tuple(rows_), header_rows=1, row_places=(where, *places))
    notes = tuple(f"{where}: {name} has lists of its own, left out" for name in left)
    return _checked(table), notes


def _checked(table: Table) -> Table:
    if sum(map(len, table.rows)) > MAX_CELLS:
        raise ReadingError(f"{table.where} has more than {MAX_CELLS} cells")
    return table


def _flatten(
    record: Mapping[str, Any],
    prefix: str,
    cells: dict[str, str],
    left: dict[str, None],
    depth: int,
) -> None:
    check_depth(depth)
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            _flatten(value, f"{name}.", cells, left, depth + 1)
            continue
        if isinstance(value, list):
            if not all(_is_scalar(item) for item in value):
                left[name] = None
                continue
            parts = [text(item) for item in value]
            cell = LIST_SEPARATOR.join(parts)
            if any(LIST_SEPARATOR in part for part in parts):
                cell = json.dumps(parts, ensure_ascii=False)
        else:
            cell = text(value)
        if name in cells:
            raise ReadingError(f"two fields of one record are called '{name:.60}'")
        cells[name] = cell
