"""Figures in a table of any form: one row a place and year (wide), or one row a figure (long).

The rows name their places; the card says which kinds of places they may be, so that the figure
of a province never lands on a city of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from ingest.cards import CITY_KINDS, Entry, Identifier, Kind, Text
from ingest.catalog_errors import did_you_mean
from ingest.facts import Facts, ParseError, how_read, short_quote
from ingest.numbers import convert, parse_number
from ingest.parsers.base import BLANK_REASON, Context, Filter, Parser
from ingest.parsers.printed_units import check_unit
from ingest.parsers.records import Choice, Record, read_records
from ingest.pulling.links import Pattern

MAX_ROWS = 200_000
_EXPONENT = re.compile(r"[+-]?\d(\.\d+)?[eE][+-]?\d{1,2}")


class Place(Entry):
    """A place by its printed name, where the gazetteer can't know it."""

    printed: Text
    city: Identifier


class Value(Entry):
    """A column of figures, or those of its rows that pass the filters."""

    indicator: Identifier
    column: Text
    unit: Text
    scope: Identifier | None = None
    """Without it that of the indicator."""
    where: tuple[Filter, ...] = ()
    year: int | None = None
    """Year of the column, where years stand side by side."""


class Options(Entry):
    place_column: Text
    kinds: frozenset[Kind] = CITY_KINDS
    """Kinds of places that the rows are about."""
    country_code: str | None = None
    country_column: str | None = None
    country_pattern: Pattern | None = None
    """Regular expression of the country within its cell, e.g. ``^[A-Z]+`` in ``DE001F``."""
    countries: dict[str, str] = Field({})
    """Countries as printed and their codes; a code needs no entry."""
    province_column: str | None = None
    """Column that tells two cities of one name apart."""
    places: tuple[Place, ...] = ()
    left_out: tuple[Text, ...] = ()
    """Printed names that are none of our places: totals, and namesakes."""
    other_places: Literal["quarantine", "expected"] = "quarantine"
    """Whether every place outside the gazetteer is quarantined, or counted in one entry."""
    minimum_places: int = Field(1, ge=1)
    """Fewer places than this and the file was not read as a whole."""
    year_column: str | None = None
    """Without it the document's year counts."""
    year_from: int = 0
    year_to: int = 9999
    where: tuple[Filter, ...] = ()
    """Rows read: the cell of each column is one of the values."""
    values: tuple[Value, ...] = ()
    indicator_column: str | None = None
    """Column with the code of the indicator, where each row is a figure of its own."""
    value_column: str = "value"
    unit_column: str | None = None
    """Column with the unit as printed. Under ``values`` it must print the declared one."""
    scope_column: str | None = None
    """Column with the scope, for ``indicator_column``; without it that of the indicator."""
    note_column: str | None = None
    """Column with a remark, for ``indicator_column``; of a missing figure it is the reason."""
    missing: dict[str, Text] = Field({})
    """Cells that stand for a missing figure, and the reason."""
    multiplier_column: str | None = None
    """Column with the power of ten by which the figure is multiplied, such as ``UNIT_MULT``."""
    status_column: str | None = None
    """Column with the status of the figure, such as ``OBS_STATUS``. Under ``missing`` it may be
    one that stands for a missing figure; else it must be one of ``statuses``."""
    statuses: tuple[str, ...] = ()
    """Statuses besides blank of figures that count as they are, such as ``A`` (normal), ``p``
    (provisional) or ``e`` (estimated)."""
    decimal: Literal[".", ","] = "."
    exponents: bool = False
    """Whether figures of a CSV may have an exponent, as ``1e+05`` that a program wrote."""
    table: Choice | None = None
    """Which table is read, where the columns alone do not tell."""

    @model_validator(mode="after")
    def _one_form(self) -> Options:
        if bool(self.values) == bool(self.indicator_column):
            raise ValueError("declare either values or an indicator_column")
        if self.indicator_column and not self.unit_column:
            raise ValueError("an indicator_column needs a unit_column: each figure has its unit")
        if self.values and (self.scope_column or self.note_column):
            raise ValueError("scope_column and note_column go with an indicator_column")
        if self.statuses and not self.status_column:
            raise ValueError("statuses need the status_column in which they stand")
        return self


class DocumentOptions(Entry):
    year: int | None = None
    table: Choice | None = None
    """Instead of the source's own."""


@dataclass(frozen=True)
class Figure:
    """A figure before its cell is read. ``heading`` says in the quote what it is."""

    indicator: str
    column: str
    unit: str
    scope: str
    year: int
    heading: str
    note: str = ""


def read(data: bytes, context: Context, facts: Facts) -> None:
    options: Options = context.options
    found: dict[tuple[str, str, int, str], str] = {}
    others: set[str] = set()
    checked: set[tuple[str, ...]] = set()
    for row in _rows(data, context):
        figures = _figures(row, context, facts)
        if not figures or row[options.place_column].strip() in options.left_out:
            continue
        city = _place(row, context, facts, others)
        for figure in figures if city else ():
            key = (figure.indicator, str(city), figure.year, figure.scope)
            if key in found:
                raise ParseError(
                    f"{row.place}: {figure.indicator} of {city} in {figure.year}, scope "
                    f"{figure.scope}, stands on {found[key]} already: delete one of them"
                )
            found[key] = row.place
            _check_unit(figure, row, context, checked)
            _read_cell(figure, str(city), row, context, facts)
    if others:
        facts.quarantine(
            "observation",
            f"{len(others)} places: {', '.join(sorted(others))}",
            "outside the gazetteer, as the card expects",
            f"column {options.place_column}",
        )
    places = {city for _, city, _, _ in found}
    if len(places) < options.minimum_places:
        raise ParseError(
            f"{len(places)} known places with the declared figures, at least "
            f"{options.minimum_places} expected"
        )


def _rows(data: bytes, context: Context) -> Iterator[Record]:
    options: Options = context.options
    filters = [*options.where, *(f for value in options.values for f in value.where)]
    needed = [options.place_column, options.country_column, options.province_column]
    needed += [options.year_column, options.indicator_column, options.unit_column]
    needed += [options.scope_column, options.note_column, options.status_column]
    needed += [options.multiplier_column]
    needed += [f.column for f in filters] + [value.column for value in options.values]
    needed += [options.value_column] if options.indicator_column else []
    choice = context.document_options.table or options.table
    for i, row in enumerate(read_records(data, needed, choice, units=context.units)):
        if i == MAX_ROWS:
            raise ParseError(f"the file has more than {MAX_ROWS} rows")
        if _passes(row, options.where):
            yield row


def _passes(row: Record, filters: tuple[Filter, ...]) -> bool:
    return all(row[f.column] in f.values for f in filters)


def _figures(row: Record, context: Context, facts: Facts) -> list[Figure]:
    """The figures of a row that are of the declared years."""
    options: Options = context.options
    if options.indicator_column:
        return _own_figure(row, context, facts)
    figures = []
    for value in options.values:
        if not _passes(row, value.where):
            continue
        year = value.year or _year(row, context, facts)
        if year is None:
            continue
        unit = row[options.unit_column].strip() if options.unit_column else value.unit
        if unit != value.unit:
            raise ParseError(
                f"{row.place}: the unit is '{unit}', the card declares '{value.unit}' for "
                f"{value.indicator}"
            )
        heading = " ".join(row[f.column] for f in value.where) or value.column
        scope = value.scope or context.indicators[value.indicator].scope
        figures.append(Figure(value.indicator, value.column, unit, scope, year, heading))
    return figures


def _own_figure(row: Record, context: Context, facts: Facts) -> list[Figure]:
    options: Options = context.options
    code = row[str(options.indicator_column)].strip()
    if code not in context.indicators:
        raise ParseError(
            f"{row.place}: unknown indicator '{code}'. "
            f"{did_you_mean(code, context.indicators)} New ones are added to indicators.yml"
        )
    year = _year(row, context, facts)
    if year is None:
        return []
    scope = row[options.scope_column].strip() if options.scope_column else ""
    figure = Figure(
        indicator=code,
        column=options.value_column,
        unit=row[str(options.unit_column)].strip(),
        scope=scope or context.indicators[code].scope,
        year=year,
        heading=code,
        note=row[options.note_column].strip() if options.note_column else "",
    )
    return [figure]


def _year(row: Record, context: Context, facts: Facts) -> int | None:
    """Year of a row, ``None`` where it is not read."""
    options: Options = context.options
    if options.year_column is None:
        if context.document_options.year is None:
            raise ParseError("the card names neither a year_column nor a year of the document")
        return int(context.document_options.year)
    text = row[options.year_column].strip()
    if len(text) != 4 or not text.isdecimal():
        if not row.is_text:
            facts.quarantine("observation", text or "(blank)", "not a year", row.place)
        return None
    return int(text) if options.year_from <= int(text) <= options.year_to else None


def _place(row: Record, context: Context, facts: Facts, others: set[str]) -> str | None:
    options: Options = context.options
    name = row[options.place_column].strip()
    for place in options.places:
        if place.printed == name:
            return place.city
    country = options.country_code
    if options.country_column:
        printed = row[options.country_column].strip()
        if options.country_pattern:
            match = re.search(options.country_pattern, printed)
            printed = match[0] if match else printed
        country = options.countries.get(printed, printed)
        if len(country) != 2:
            raise ParseError(f"{row.place}: country '{printed}': add its code to countries")
    province = row[options.province_column].strip() if options.province_column else None
    found = context.gazetteer.city(name, country, province or None, kinds=options.kinds)
    if found.city_id is None and row.is_text:
        return None
    if found.city_id is None and options.other_places == "expected" and not found.candidates:
        others.add(name)
    elif found.city_id is None:
        reason = "unknown place" if name else "no place"
        facts.quarantine("observation", name or "(blank)", reason, row.place, found.suggestions)
    return found.city_id


def _read_cell(
    figure: Figure,
    city: str,
    row: Record,
    context: Context,
    facts: Facts,
) -> None:
    options: Options = context.options
    indicator = context.indicators[figure.indicator]
    cell, name = row[figure.column].strip(), row[options.place_column].strip()
    status = row[options.status_column].strip() if options.status_column else ""
    locator = row.locator(figure.column)
    common = {
        "indicator": indicator.indicator,
        "city_id": city,
        "year": figure.year,
        "scope": figure.scope,
        "unit": indicator.unit,
        "printed_unit": figure.unit,
        "locator": locator,
        "quote": short_quote(
            " | ".join(filter(None, (name, figure.heading, cell or "(blank)", status, figure.note)))
        ),
        **how_read(row.confidence),
    }
    factor = _factor(figure, row, context)
    reason = options.missing.get(cell) or (options.missing.get(status) if status else None)
    if not cell or row.is_text or reason:
        reason = reason or figure.note or BLANK_REASON
        facts.add("observation", status="missing", missing_reason=reason, **common)
        return
    try:
        if status and status not in options.statuses:
            raise ValueError(f"status '{status}' that the card names neither as missing nor known")
        number = _number(cell, figure, options, row)
        if options.multiplier_column:
            number = number.scaleb(_power(row[options.multiplier_column]))
    except ValueError as error:
        reason = str(error)
        if not any(c.isdigit() for c in cell):
            reason += "; if it stands for a missing figure, name it under missing"
        facts.quarantine("observation", f"{name}: {cell}", reason, locator)
        return
    value = convert(number, factor)
    facts.add("observation", status="observed", value=value, printed_value=cell, **common)


def _check_unit(
    figure: Figure, row: Record, context: Context, checked: set[tuple[str, ...]]
) -> None:
    """The declared unit against the one printed in the headings or above the table, once for a
    column; a unit in the cell itself, or in a column of units, is nearer than both."""
    options: Options = context.options
    own = row[figure.column].strip().endswith(figure.unit)
    key = (row.table.where if row.table else "", figure.indicator, figure.column, figure.unit)
    if own or options.unit_column or options.multiplier_column or key in checked:
        return
    checked.add(key)
    remedy = "write 'unit: {}', or name the column that is meant"
    indicator = context.indicators[figure.indicator]
    check_unit(row, figure.column, figure.unit, indicator, context.units, remedy)


def _number(cell: str, figure: Figure, options: Options, row: Record) -> Decimal:
    """A figure in its printed form. Besides plain numbers: in JSON and workbooks an exponent,
    which a machine wrote, and after the number the unit that it is declared to have. Where a
    workbook stores more digits than it prints, those that it stores."""
    if _EXPONENT.fullmatch(cell) and (row.table is not None or options.exponents):
        return Decimal(cell)
    if row.table is None:
        return parse_number(cell, options.decimal)
    number = parse_number(cell.removesuffix(figure.unit).rstrip(), options.decimal)
    stored = row.stored(figure.column)
    for exact in (Decimal(repr(stored)), Decimal(repr(stored)) * 100) if stored is not None else ():
        if round(exact, max(0, -int(number.as_tuple().exponent))) == number:
            return exact
    return number


def _power(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,2}", text.strip()):
        raise ValueError(f"the multiplier '{text}' is no power of ten")
    return int(text)


def _factor(figure: Figure, row: Record, context: Context) -> float:
    """What one of the printed unit is in the indicator's own unit, which may be printed too."""
    own = context.indicators[figure.indicator].unit
    if figure.unit == own:
        return 1.0
    unit = context.units.get(figure.unit)
    if unit is None or own not in unit.units:
        raise ParseError(
            f"{row.place}, column {row.printed_name(figure.column)}: the unit "
            f"'{figure.unit}' does not convert to '{own}' of {figure.indicator}: add it to the "
            "units of indicators.yml"
        )
    return unit.factor


PARSER = Parser("long_table", 1, Options, DocumentOptions, read)
