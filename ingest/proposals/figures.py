"""Columns of figures by place, as the entries of a card of ``long_table``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ingest.catalog_files import UNDECIDED
from ingest.facts import ParseError
from ingest.parsers.records import MAX_HEADING_ROWS, Choice, read_records
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
    the columns, named by their headings, do not give these figures.

    Args:
        columns: of one table, each with the same places.
        kinds: what the places are.
        data: the document.
    """
    first = columns[0]
    names = [first.headings.get("entity"), *(c.headings.get("score") for c in columns)]
    if None in names or len(set(names)) < len(names) or len(first.tables) != 1:
        return {}
    top = [cell for row in first.tables[0].rows[:MAX_HEADING_ROWS] for cell in row]
    year = next((cell for cell in top if fold(cell) in YEAR_COLUMN), None)
    wanted = [{(row.entity, row.score_as_printed) for row in c.rows} for c in columns]
    for choice in (None, {"where": first.tables[0].where}):
        try:
            table = Choice.model_validate(choice) if choice else None
            rows = list(read_records(data, [*names, year], table))
        except (ParseError, KeyError):
            continue
        place = str(names[0])
        found = [{(row[place].strip(), row[str(n)].strip()) for row in rows} for n in names[1:]]
        if all(want <= has for want, has in zip(wanted, found, strict=True)):
            parse: dict[str, Any] = {"place_column": place, "kinds": list(kinds)}
            parse |= {"year_column": year} if year else {}
            parse |= {"decimal": ","} if any(c.decimal == "," for c in columns) else {}
            return parse | ({"table": choice} if choice else {})
    return {}


def value_of(ranking: Ranking, dated: bool) -> dict[str, Any]:
    """A column of figures as an entry of ``values``; what is not printed is left open.

    Args:
        dated: whether a column has the year of each row.
    """
    column = ranking.headings["score"]
    bracket = _BRACKET.search(column)
    units = {row.unit for row in ranking.rows}
    unit = next(iter(units)) if len(units) == 1 else ""
    unit = unit or (bracket["unit"].strip() if bracket and not YEAR.search(bracket[0]) else "")
    years = YEAR.findall(column)
    entry = {"indicator": UNDECIDED, "column": column, "unit": unit or UNDECIDED}
    entry |= {"scope": UNDECIDED}
    if not dated:
        return entry | {"year": int(years[0]) if len(set(years)) == 1 else UNDECIDED}
    return entry
