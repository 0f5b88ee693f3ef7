"""Statistical tables in workbooks: title and unit in rows above, places down, years apart.

Tables are recognised by title and heading, never by number: yearbooks renumber their tables
and reuse a number for another subject. A column is named by the path of its headings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from ingest.cards import Entry, Identifier, Text, cjk, name_key
from ingest.facts import Facts, ParseError, short_quote
from ingest.numbers import convert, parse_number, printed
from ingest.parsers.base import BLANK_REASON, Context, Parser
from ingest.reading import ReadingError, bounded
from ingest.reading.content import column_letters

MAX_CELLS = 2_000_000
Place = tuple[int, str, list[str]]  # column, scope and headings


class Column(Entry):
    indicator: Identifier
    heading: tuple[Text, ...]
    """Headings from the top down, without their translations and units."""
    unit: Text
    years: tuple[int, ...] = ()
    """Years of the figures, where not every edition has the column in this form."""


class Table(Entry):
    title: Text
    """Title without its number."""
    scope: Identifier | None = None
    """Scope of a table that does not print one above each column."""
    columns: tuple[Column, ...]


class Options(Entry):
    place_heading: Text
    """Heading of the column of places, at which the headings begin."""
    place_columns: int = Field(2, ge=1)
    """How many columns name the place, at the left; figures stand from the next one on."""
    country_code: str
    scopes: dict[str, Identifier]
    """Scopes as printed above a column, and their codes."""
    minimum_places: int
    """Fewer places than this and the table was not read as a whole."""
    tables: tuple[Table, ...]


class DocumentOptions(Entry):
    year: int
    """Year that the figures speak of."""
    unit_printed: bool = True
    """False where the edition prints no unit: then nothing can confirm the declared one."""


def read(data: bytes, context: Context, facts: Facts) -> None:
    options: Options = context.options
    sheet, rows = _rows(data)
    top = _heading_row(rows, options.place_heading)
    titles = {_title(cell) for row in rows[:top] for cell in row}
    body = _body_row(rows, top, context)
    paths = _heading_paths(
        rows[top:body], options.place_columns, translated=bool(cjk(options.place_heading))
    )
    # Editions keep a title and change what stands below it, so the headings decide as well.
    scopes = {name_key(printed): code for printed, code in options.scopes.items()}
    year = context.document_options.year
    tables = [
        [(c, _find_column(c, table, paths, scopes)) for c in table.columns if _is_of(c, year)]
        for table in options.tables
        if _title(table.title) in titles
    ]
    tables = [columns for columns in tables if columns and all(found for _, found in columns)]
    if len(tables) != 1:
        shown = "; ".join(" > ".join(name_key(h) for h in path) for path in paths if path)
        raise ParseError(
            f"{len(tables)} declared tables have the title and the headings of this one. "
            f"Titles: {' / '.join(sorted(filter(None, titles)))}. "
            f"Headings from column {options.place_columns + 1} on: {shown}"
        )
    above = " ".join(str(cell) for row in rows[:top] for cell in row)
    for column, places in tables[0]:
        _check_unit(column, above, places, context)
        for place in places:
            _read_column(column, place, sheet, rows, body, context, facts)


def _is_of(column: Column, year: int) -> bool:
    return not column.years or year in column.years


def _rows(data: bytes) -> tuple[str, list[list[Any]]]:
    try:
        name, rows = bounded.run("ingest.reading.stored:stored_rows", data)
    except ReadingError as error:
        raise ParseError(f"not readable as a workbook: {error}") from error
    if sum(len(row) for row in rows) > MAX_CELLS:
        raise ParseError(f"the sheet has more than {MAX_CELLS} cells")
    return name, rows


def _title(cell: object) -> str:
    # Editions differ in brackets, spacing, numbering and translation, not in the characters.
    return name_key(str(cell))


def _heading_row(rows: Sequence[Sequence[Any]], place_heading: str) -> int:
    for i, row in enumerate(rows):
        if row and name_key(str(row[0])) == name_key(place_heading):
            return i
    raise ParseError(f"no row begins with the heading '{place_heading}'")


def _body_row(rows: Sequence[Sequence[Any]], top: int, context: Context) -> int:
    names = context.gazetteer
    for i in range(top + 1, len(rows)):
        if names.city(str(rows[i][0]), context.options.country_code).city_id:
            return i
    raise ParseError("no row begins with the name of a known place")


def _heading_paths(
    rows: Sequence[Sequence[Any]], place_columns: int, translated: bool
) -> list[list[str]]:
    """Headings of each column from the top down, merged cells filled to the right.

    A heading reaches right until a cell begins another heading in its own row or above it.
    Below Chinese headings, cells without Chinese are their translations.
    """
    width = max(len(row) for row in rows)
    paths: list[list[str]] = [[] for _ in range(width)]
    begins = [c <= place_columns for c in range(width)]
    for row in rows:
        filled = ""
        for c in range(place_columns, width):
            cell = " ".join(str(row[c] if c < len(row) else "").split())
            if cell:
                begins[c] = True
                filled = cell
            elif begins[c]:
                filled = ""
            if cjk(filled) if translated else name_key(filled):
                paths[c].append(filled)
    return paths


def _matches(printed_heading: str, declared: str, unit: str) -> bool:
    text, name = name_key(printed_heading), name_key(declared)
    return text.startswith(name) and text[len(name) :] in ("", name_key(unit))


def _find_column(
    column: Column, table: Table, paths: Sequence[Sequence[str]], scopes: dict[str, str]
) -> list[Place]:
    found: list[Place] = []
    for c, path in enumerate(paths):
        scope = table.scope
        headings = list(path)
        if headings and name_key(headings[-1]) in scopes:
            scope = scopes[name_key(headings.pop())]
        if (
            scope
            and len(headings) == len(column.heading)
            and all(
                _matches(h, d, column.unit) for h, d in zip(headings, column.heading, strict=True)
            )
        ):
            found.append((c, scope, headings))
    scopes_found = [scope for _, scope, _ in found]
    return found if len(set(scopes_found)) == len(found) else []


def _check_unit(column: Column, above: str, found: Sequence[Place], context: Context) -> None:
    label = " > ".join(column.heading)
    unit = context.units.get(column.unit)
    indicator = context.indicators[column.indicator]
    if unit is None or indicator.unit not in unit.units:
        raise ParseError(
            f"unit '{column.unit}' of '{label}' does not convert to '{indicator.unit}': "
            "add it to the units of indicators.yml"
        )
    for _, _, headings in found:
        # A unit stands alone or in brackets: 元 is not printed in 亿元, nor 人 in 人口数.
        alone = rf"(?<!\w){re.escape(column.unit)}(?!\w)"
        text = f"{above} {' '.join(headings)}"
        if context.document_options.unit_printed and not re.search(alone, text):
            raise ParseError(f"the unit '{column.unit}' of '{label}' is not printed in the table")


def _read_column(
    column: Column,
    place: Place,
    sheet: str,
    rows: Sequence[Sequence[Any]],
    body: int,
    context: Context,
    facts: Facts,
) -> None:
    places = sum(
        _read_cell(r, place, column, sheet, rows[r], context, facts) for r in range(body, len(rows))
    )
    if places < context.options.minimum_places:
        raise ParseError(
            f"column '{' > '.join(column.heading)}' has {places} places, "
            f"at least {context.options.minimum_places} expected"
        )


def _read_cell(
    r: int,
    place: Place,
    column: Column,
    sheet: str,
    row: Sequence[Any],
    context: Context,
    facts: Facts,
) -> int:
    """Read one cell; returns 1 when its row is a known place."""
    c, scope, headings = place
    name, cell = str(row[0]).strip(), printed(row[c] if c < len(row) else "")
    if not name:
        return 0
    resolution = context.gazetteer.city(name, context.options.country_code)
    locator = f"{sheet}!{column_letters(c)}{r + 1}"
    if resolution.city_id is None:
        # A first-level division without figures only heads the places below it.
        if any(str(value).strip() for value in row[context.options.place_columns :]):
            facts.quarantine("observation", name, "unknown place", locator, resolution.suggestions)
        return 0
    common = {
        "indicator": column.indicator,
        "city_id": resolution.city_id,
        "year": context.document_options.year,
        "scope": scope,
        "unit": context.indicators[column.indicator].unit,
        "printed_unit": column.unit,
        "locator": locator,
        "quote": short_quote(f"{name} | {' > '.join(name_key(h) for h in headings)} | {cell}"),
    }
    if not cell:
        facts.add("observation", status="missing", missing_reason=BLANK_REASON, **common)
        return 1
    try:
        value = convert(parse_number(cell), context.units[column.unit].factor)
    except ValueError as error:
        facts.quarantine("observation", f"{name}: {cell}", str(error), locator)
        return 1
    facts.add("observation", status="observed", value=value, printed_value=cell, **common)
    return 1


PARSER = Parser("statistical_table", 1, Options, DocumentOptions, read)
