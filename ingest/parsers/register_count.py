"""Registers in a table of any form, one row a thing: count rows, their share, or a column's sum.

A row belongs to every city of its organisations, once each (whole counting). Several counts
of one register are read together. Where a row may belong to a city that can't be told, the
count of that city is missing and not low.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from ingest.cards import Entry, Identifier, Text
from ingest.facts import Facts, ParseError, short_quote
from ingest.names.organisations import Affiliation
from ingest.numbers import convert, parse_number
from ingest.parsers.affiliations import Agreement, Mention, mentions, resolve, where
from ingest.parsers.base import Context, Filter, Parser
from ingest.parsers.printed_units import check_unit
from ingest.parsers.records import Choice, Record, read_records
from ingest.reading.content import Table

MAX_NAME = 8
"""Characters of the longest name of a city that an organisation's name may begin with."""


class Count(Entry):
    """What is counted for an indicator."""

    indicator: Identifier
    measure: Literal["count", "share_pct", "sum"]
    column: str | None = None
    """Column whose numbers a sum adds."""
    unit: Text | None = None
    """Unit of that column as printed, where it is not the indicator's own."""
    where: tuple[Filter, ...] = ()
    """Rows counted, of those that pass the filters of the register. A share is of the latter."""
    cumulative: bool = False
    """Rows of the year and of all years before: a stock."""

    @model_validator(mode="after")
    def _sum_has_a_column(self) -> Count:
        if (self.measure == "sum") != bool(self.column):
            raise ValueError("a sum names its column, and nothing else has one")
        if self.unit and not self.column:
            raise ValueError("only a sum has a unit: that of its column")
        return self


class Place(Entry):
    """A printed name that cities.csv can't know, such as a district or a suburb."""

    printed: Text
    country: str = ""
    """Country as printed beside it."""
    city: Identifier


class Options(Entry):
    counts: tuple[Count, ...] = Field(min_length=1)
    key_column: Text
    """Column that names the thing; its values are quoted as evidence."""
    distinct_columns: tuple[Text, ...] = ()
    """Rows of a city that agree in all of these are one thing."""
    city_column: str | None = None
    """Column with the city itself."""
    country_column: str | None = None
    """Column with the country of the city, or the countries of the organisations."""
    countries: dict[str, str] = Field(default_factory=dict)
    """Countries as printed, and their codes; rows of others are no city's. Of organisations
    those alone that go by no common name."""
    kinds: tuple[Identifier, ...] = Field(("city", "municipality"), min_length=1)
    """Kinds of places that a name may mean."""
    places: tuple[Place, ...] = ()
    division_column: str | None = None
    """Column with a first-level division. A row belongs to the division itself, where that is
    a city, else to its city with whose name the cell of ``name_column`` begins or has in
    brackets, as registered names do."""
    name_column: str | None = None
    organisation_column: str | None = None
    """Column with a list of organisations, each of which the catalog places in a city."""
    separator: str = ","
    country_separator: str = ","
    """Between the countries of a row of organisations, which ``country_column`` lists."""
    year_column: str | None = None
    """Column that begins with the year; without it the document's year counts."""
    scope: Identifier
    where: tuple[Filter, ...] = ()
    """Rows of the register that are read: the value of each column is one of those listed."""
    quarantine_where: Filter | None = None
    """Rows whose unplaced names are quarantined one by one: those whose cell lists nothing but
    these values. Elsewhere an organisation may belong to another country, and a place is
    counted with the others of its country."""
    year_from: int
    year_to: int
    table: Choice | None = None
    """Which table is read, where the columns alone do not tell."""

    @model_validator(mode="after")
    def _one_way_to_a_city(self) -> Options:
        ways = (self.city_column, self.organisation_column, self.division_column)
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "name one of city_column, organisation_column and division_column: "
                "it says to which city a row belongs"
            )
        if bool(self.division_column) != bool(self.name_column):
            raise ValueError("division_column and name_column go together")
        return self


class DocumentOptions(Entry):
    year: int | None = None
    scope: Identifier | None = None
    """Instead of the source's own, where its documents are registers of their own."""
    table: Choice | None = None
    """Instead of the source's own."""


@dataclass
class _Placed:
    """Where a row belongs: to cities, or perhaps to some of the doubtful ones."""

    cities: set[str] = field(default_factory=set)
    doubtful: dict[str, str] = field(default_factory=dict)
    """Cities, and why the row may be theirs."""
    division: str | None = None


@dataclass
class _Tally:
    """What was counted for one indicator, by city and year."""

    rows: int = 0
    totals: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    keys: dict[tuple[str, int], list[str]] = field(default_factory=lambda: defaultdict(list))
    sums: dict[tuple[str, int], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unknown: dict[tuple[str, int], str] = field(default_factory=dict)
    """Cities and years whose count can't be told, and why."""
    unplaced: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    """Rows of a division that name none of its cities."""
    seen: set[tuple[str, ...]] = field(default_factory=set)


def read(data: bytes, context: Context, facts: Facts) -> None:
    options: Options = context.options
    tallies = [_Tally() for _ in options.counts]
    divisions: dict[str, str] = {}
    resolutions = _Resolutions(context)
    choice = context.document_options.table or options.table
    checked: list[Table | None] = []
    for row in rows(data, options, choice, context.units):
        if not checked or row.table is not checked[-1]:
            checked.append(row.table)
            _check_units(row, context)
        year = _year(row, context)
        affiliations = resolutions.count(row, year) if options.organisation_column else []
        if not _passes(row, options.where):
            continue
        if not year:
            continue  # an undated row belongs to no year
        counted = []
        for count, tally in zip(options.counts, tallies, strict=True):
            for y in _years(year, count, options):
                tally.totals[y] += 1
            if _years(year, count, options) and _passes(row, count.where):
                counted.append((count, tally))
        if not counted:
            continue
        placed = _place(row, affiliations, context, facts)
        divisions |= {city: placed.division for city in placed.cities if placed.division}
        for count, tally in counted:
            tally.rows += 1
            for y in _years(year, count, options):
                _tally(row, y, placed, count, tally, context, facts)
    for count, tally in zip(options.counts, tallies, strict=True):
        if not tally.rows:  # else every city of an exhaustive register would have a zero
            raise ParseError(
                f"no row of {count.indicator} is of the declared years and passes the filters"
            )
        for (division, year), n in tally.unplaced.items():
            reason = f"{n} rows of {division} name no city, so that the count may be too low"
            for city in [c for c, y in tally.keys if y == year and divisions.get(c) == division]:
                tally.unknown.setdefault((city, year), reason)
        _add(count, tally, context, facts)
    if options.organisation_column:
        resolutions.add(facts)


def _check_units(row: Record, context: Context) -> None:
    """The unit of what is summed against the one printed in the headings of a table, or above."""
    options: Options = context.options
    for count in options.counts:
        if count.column:
            indicator, units = context.indicators[count.indicator], context.units
            remedy = "write 'unit: {}' beside the column"
            check_unit(row, count.column, _unit(count, context), indicator, units, remedy)


def _unit(count: Count, context: Context) -> str:
    """Unit of a sum: as printed, or the indicator's own."""
    own = context.indicators[count.indicator].unit
    unit = context.units.get(count.unit or "")
    if count.unit not in (None, own) and (unit is None or own not in unit.units):
        raise ParseError(
            f"unit '{count.unit}' of column '{count.column}' does not convert to '{own}' of "
            f"{count.indicator}: add it to the units of indicators.yml"
        )
    return count.unit or own


def _years(year: int, count: Count, options: Options) -> range:
    """The years in which a row of a year counts."""
    if count.cumulative:
        return range(max(year, options.year_from), options.year_to + 1)
    return range(year, year + 1) if options.year_from <= year <= options.year_to else range(0)


def _tally(
    row: Record,
    year: int,
    placed: _Placed,
    count: Count,
    tally: _Tally,
    context: Context,
    facts: Facts,
) -> None:
    options: Options = context.options
    for city, reason in placed.doubtful.items():
        tally.unknown.setdefault((city, year), reason)
    if placed.division and not placed.cities:
        tally.unplaced[placed.division, year] += 1
    key = row[options.key_column].strip()
    for city in sorted(placed.cities):
        if options.distinct_columns:
            same = (city, str(year), *(row[c] or "" for c in options.distinct_columns))
            if same in tally.seen:
                continue
            tally.seen.add(same)
        if count.column:
            text = (row[count.column] or "").strip()
            try:
                tally.sums[city, year] += parse_number(text)
            except ValueError as error:
                facts.quarantine("observation", f"{key}: {text}", str(error), row.place)
                tally.unknown[city, year] = f"no number in {count.column} of {key}"
            tally.keys[city, year].append(f"{key} {text}")
        else:
            tally.keys[city, year].append(key)


def _add(count: Count, tally: _Tally, context: Context, facts: Facts) -> None:
    options: Options = context.options
    indicator = context.indicators[count.indicator]
    of = f"{'rows to' if count.cumulative else 'rows of'} {{}}{_described(options, count)}"
    of = f"sum of {count.column} in {of}" if count.column else of
    for city, year in sorted(tally.keys | tally.unknown):
        found = tally.keys.get((city, year), [])
        common = {
            "indicator": indicator.indicator,
            "city_id": city,
            "year": year,
            "scope": context.document_options.scope or options.scope,
            "unit": indicator.unit,
            "locator": f"{of.format(year)} in {city}",
            "quote": short_quote("; ".join(found)) or None,
        }
        printed, value = str(len(found)), float(len(found))
        if count.measure == "share_pct":
            printed = f"{len(found)} of {tally.totals[year]} rows"
            value = 100.0 * len(found) / tally.totals[year]
        elif count.column:
            unit = _unit(count, context)
            factor = 1 if unit == indicator.unit else context.units[unit].factor
            printed, value = f"{tally.sums[city, year]:f}", convert(tally.sums[city, year], factor)
        if (city, year) in tally.unknown:
            reason = tally.unknown[city, year]
            printed_value = printed if found else None  # at least so many
            facts.add(
                "observation",
                status="missing",
                missing_reason=reason,
                printed_value=printed_value,
                **common,
            )
            continue
        facts.add(
            "observation",
            value=value,
            status="observed",
            printed_value=printed,
            printed_unit=count.unit or count.column or "rows",
            **common,
        )


def rows(
    data: bytes, options: Options, choice: Choice | None, units: Collection[str] = ()
) -> Iterator[Record]:
    """All rows of a register, those that its filters leave out among them.

    Raises:
        ParseError: it can't be read, or lacks a column that the options name.
    """
    filters = [*options.where, *(f for c in options.counts for f in c.where)]
    filters += [options.quarantine_where] if options.quarantine_where else []
    needed = [options.key_column, options.city_column, options.organisation_column]
    needed += [options.country_column, options.division_column, options.name_column]
    needed += [options.year_column, *(c.column for c in options.counts)]
    needed += [*options.distinct_columns, *(f.column for f in filters)]
    for row in read_records(data, needed, choice, strict=False, units=units):
        if not row.is_text:
            yield row


def _passes(row: Record, filters: tuple[Filter, ...]) -> bool:
    return all((row[f.column] or "") in f.values for f in filters)


def _year(row: Record, context: Context) -> int:
    options: Options = context.options
    if options.year_column is None:
        year = context.document_options.year
        if year is None:
            raise ParseError("the card names neither a year_column nor a year of the document")
        return int(year)
    text = (row[options.year_column] or "")[:4]
    return int(text) if text.isdecimal() else 0


def _place(
    row: Record,
    affiliations: list[tuple[Mention, Affiliation]],
    context: Context,
    facts: Facts,
) -> _Placed:
    options: Options = context.options
    if options.city_column:
        return _place_by_city(row, context, facts)
    if options.division_column:
        return _place_by_division(row, context, facts)
    one_by_one = options.quarantine_where is not None and _one_by_one(row, options)
    for mention, found in affiliations if one_by_one else ():
        if found.is_organisation and not found.city_id:
            reason, candidates = "organisation without a city", where(found)
            if found.site and found.site.place:
                reason = "organisation in a place that is not in cities.csv"
                candidates = (f"{found.site.place} ({found.site.country_code})",)
            facts.quarantine("observation", mention.name, reason, row.place, candidates)
    return _Placed({found.city_id for _, found in affiliations if found.city_id})


class _Resolutions:
    """Counts how many organisations are resolved: of the rows of the figures, and of all."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.figures, self.all = Agreement(), Agreement()

    def count(self, row: Record, year: int) -> list[tuple[Mention, Affiliation]]:
        options: Options = self.context.options
        names = self.context.gazetteer
        found = resolve(mentions(row, options, names.territories), names.organisations)
        of_figures = _passes(row, options.where) and options.year_from <= year <= options.year_to
        for mention, affiliation in found:
            self.all.add(mention, affiliation, names.territories)
            if of_figures:
                self.figures.add(mention, affiliation, names.territories)
        return found

    def add(self, facts: Facts) -> None:
        options: Options = self.context.options
        years = f"{options.year_from} to {options.year_to}"
        column = options.organisation_column
        locator = f"{column}, rows of {years}{_filters(options.where)}"
        self.figures.as_facts("figures", locator, facts)
        self.all.as_facts("all", f"{column}, all rows", facts)


def _place_by_city(row: Record, context: Context, facts: Facts) -> _Placed:
    options: Options = context.options
    text = (row[str(options.city_column)] or "").strip()
    country = (row[options.country_column] or "").strip() if options.country_column else ""
    for place in options.places:
        if (place.printed, place.country) == (text, country):
            return _Placed({place.city})
    code = options.countries.get(country)
    if options.country_column and code is None:
        facts.quarantine(
            "observation",
            "rows of other countries",
            "country that the card does not name",
            row.place,
        )
        return _Placed()
    resolution = context.gazetteer.city(text, code, kinds=options.kinds)
    if resolution.city_id:
        return _Placed({resolution.city_id})
    if not text:
        if country:
            facts.quarantine("observation", country, "no place named", row.place)
    elif resolution.candidates or _one_by_one(row, options):
        facts.quarantine("observation", text, "unknown city", row.place, resolution.suggestions)
    else:
        facts.quarantine("observation", country, "places that are not in cities.csv", row.place)
    reason = f"the register prints '{text}', which may be this city or another"
    return _Placed(doubtful=dict.fromkeys(resolution.candidates, reason))


def _place_by_division(row: Record, context: Context, facts: Facts) -> _Placed:
    options: Options = context.options
    division = (row[str(options.division_column)] or "").strip()
    name = (row[str(options.name_column)] or "").strip()
    whole = context.gazetteer.city(division).city_id
    if whole:
        return _Placed({whole})
    # A name that the division shares, as 吉林 the province and the city, tells nothing.
    parts = [name[:n] for n in range(MAX_NAME, 1, -1)]
    parts += re.findall(r"[(（]([^()（）]+)[)）]", name)
    for part in parts:
        city = context.gazetteer.city(f"{division}{part}").city_id
        if city and not division.startswith(part):
            return _Placed({city}, division=division)
    facts.quarantine("observation", name, f"no city of {division} in the name", row.place)
    return _Placed(division=division)


def _one_by_one(row: Record, options: Options) -> bool:
    """Whether an unplaced name of the row is quarantined by itself."""
    where = options.quarantine_where
    return where is None or _listed(row[where.column]) <= set(where.values)


def _listed(text: str) -> set[str]:
    """The values of a cell that may list several."""
    return {part.strip() for part in re.split(r"[,;|]", text) if part.strip()} or {text}


def _described(options: Options, count: Count) -> str:
    return _filters((*options.where, *count.where))


def _filters(filters: Iterable[Filter]) -> str:
    return "".join(f", {f.column} {'/'.join(f.values)}" for f in filters)


PARSER = Parser("register_count", 3, Options, DocumentOptions, read)
