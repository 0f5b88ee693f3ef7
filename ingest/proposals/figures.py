"""Columns of figures by place, as the entries of a card of ``long_table``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ingest.catalog_files import UNDECIDED
from ingest.facts import ParseError
from ingest.parsers.records import MAX_HEADING_ROWS, MAX_TOP_ROWS, PATH_JOIN, Choice, read_records
from ingest.tables.rankings import Ranking
from ingest.tables.words import fold

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
YEAR_COLUMN = frozenset(map(fold, ("year", "年份", "年度", "年", "tahun", "jahr", "année")))
_BRACKET = re.compile(r"[(（](?P<unit>[^()（）]+)[)）]\s*$")


def is_year(ranking: Ranking) -> bool:
    """Whether a column of values has the years of the rows."""
    return fold(ranking.headings.get("score", "")) in YEAR_COLUMN


def reading_of(columns: Sequence[Ranking], kinds: Sequence[str], data: bytes) -> dict[str, Any]:
    """How ``long_table`` reads the place, the year and these columns of one table; nothing where
    the columns, named by their headings, do not give these figures. ``columns`` has their names.

    Args:
        columns: of one table, each with the same places.
        kinds: what the places are.
        data: the document.
    """
    first = columns[0]
    names = _names(columns)
    if len(set(names)) < len(columns) + 1 or len(first.tables) != 1:
        return {}
    top = [cell for row in first.tables[0].rows[:MAX_HEADING_ROWS] for cell in row]
    year = next((cell for cell in top if fold(cell) in YEAR_COLUMN), None)
    wanted = [{(row.entity, row.score_as_printed or "") for row in c.rows} for c in columns]
    for choice in (None, {"where": first.tables[0].where}):
        try:
            table = Choice.model_validate(choice) if choice else None
            rows = list(read_records(data, [*names, year], table))
        except (ParseError, KeyError):
            continue
        place = names[0]
        found = [{(row[place].strip(), row[n].strip()) for row in rows} for n in names[1:]]
        if all(want <= has for want, has in zip(wanted, found, strict=True)):
            parse: dict[str, Any] = {"place_column": place, "kinds": list(kinds)}
            parse |= {"year_column": year} if year else {}
            parse |= {"columns": names[1:]}
            parse |= {"decimal": ","} if any(c.decimal == "," for c in columns) else {}
            return parse | ({"table": choice} if choice else {})
    return {}


def _names(columns: Sequence[Ranking]) -> list[str]:
    """Names of the columns of places and figures: their headings, or the paths of these."""
    first = columns[0]
    printed = {first.columns.entity[0]: first.headings.get("entity") or ""}
    printed |= {c.columns.score or 0: c.headings.get("score") or "" for c in columns}
    rows = first.tables[0].rows
    for depth in range(1, MAX_HEADING_ROWS + 1):
        for top in range(min(MAX_TOP_ROWS, len(rows) - depth)):
            paths = {c: _path(rows[top : top + depth], c) for c in printed}
            if all(paths[c] and fold(" ".join(paths[c])) == fold(printed[c]) for c in printed):
                return [PATH_JOIN.join(path) for path in paths.values()]
    return [name for name in printed.values() if name]


def _path(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    cells = [row[column] for row in rows if column < len(row) and row[column]]
    return [cell for i, cell in enumerate(cells) if cell not in cells[max(i - 1, 0) : i]]


def value_of(ranking: Ranking, column: str, dated: bool) -> dict[str, Any]:
    """A column of figures as an entry of ``values``; what is not printed is left open.

    Args:
        column: its name.
        dated: whether another column has the year of each row.
    """
    bracket = _BRACKET.search(column.split(PATH_JOIN)[0]) or _BRACKET.search(column)
    units = {row.unit for row in ranking.rows}
    unit = next(iter(units)) if len(units) == 1 else ""
    unit = unit or (bracket["unit"].strip() if bracket and not YEAR.search(bracket[0]) else "")
    years = YEAR.findall(column)
    entry = {"indicator": UNDECIDED, "column": column, "unit": unit or UNDECIDED}
    entry |= {"scope": UNDECIDED}
    if not dated:
        return entry | {"year": int(years[0]) if len(set(years)) == 1 else UNDECIDED}
    return entry
