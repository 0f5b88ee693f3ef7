"""Registers as CSV, one row a thing: count the rows, or their share, by city and year.

A row belongs to every city of its organisations, once each (whole counting).
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from ingest.cards import Entry, Identifier, Text
from ingest.facts import Facts, ParseError, short_quote
from ingest.parsers.base import Context, Parser

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class Filter(Entry):
    column: Text
    values: tuple[str, ...]


class Options(Entry):
    indicator: Identifier
    measure: Literal["count", "share_pct"]
    key_column: Text
    """Column that names the thing; its values are quoted as evidence."""
    city_column: str | None = None
    """Column with the city itself."""
    organisation_column: str | None = None
    """Column with a list of organisations, each of which the catalog places in a city."""
    separator: str = ","
    year_column: str | None = None
    """Column that begins with the year; without it the document's year counts."""
    scope: Identifier
    where: tuple[Filter, ...] = ()
    """Rows counted: the value of each column is one of those listed."""
    quarantine_where: Filter | None = None
    """Rows of which an organisation without a city is quarantined: those whose cell lists
    nothing but these values. Elsewhere it may belong to another country."""
    year_from: int
    year_to: int


class DocumentOptions(Entry):
    year: int | None = None


def read(data: bytes, context: Context, facts: Facts) -> None:
    options: Options = context.options
    rows = list(_rows(data, options))
    totals: dict[int, int] = defaultdict(int)
    keys: dict[tuple[str, int], list[str]] = defaultdict(list)
    for line, row in rows:
        year = _year(row, line, context)
        if not options.year_from <= year <= options.year_to:
            continue
        totals[year] += 1
        for city in sorted(_cities(row, line, context, facts)):
            keys[city, year].append(row[options.key_column].strip())
    if not totals:  # else every city of an exhaustive register would have a zero
        raise ParseError("no row is of the declared years and passes the declared filters")
    indicator = context.indicators[options.indicator]
    for (city, year), found in sorted(keys.items()):
        share = options.measure == "share_pct"
        facts.add(
            "observation",
            indicator=indicator.indicator,
            city_id=city,
            year=year,
            scope=options.scope,
            value=100.0 * len(found) / totals[year] if share else float(len(found)),
            unit=indicator.unit,
            status="observed",
            printed_value=f"{len(found)} of {totals[year]} rows" if share else str(len(found)),
            printed_unit="rows",
            locator=f"rows of {year}{_described(options.where)} in {city}",
            quote=short_quote("; ".join(found)),
        )


def _rows(data: bytes, options: Options) -> Iterable[tuple[int, dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), restval="")
        needed = [options.key_column, options.city_column, options.organisation_column]
        needed += [options.year_column, *(f.column for f in options.where)]
        needed += [options.quarantine_where.column] if options.quarantine_where else []
        missing = [c for c in needed if c and c not in (reader.fieldnames or [])]
        if missing:
            raise ParseError(
                f"no column {', '.join(missing)}; the file has {', '.join(reader.fieldnames or [])}"
            )
        for row in reader:
            if all((row[f.column] or "") in f.values for f in options.where):
                yield reader.line_num, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise ParseError(f"not readable as CSV in UTF-8: {error}") from error


def _year(row: dict[str, str], line: int, context: Context) -> int:
    options: Options = context.options
    if options.year_column is None:
        year = context.document_options.year
        if year is None:
            raise ParseError("the card names neither a year_column nor a year of the document")
        return int(year)
    text = (row[options.year_column] or "")[:4]
    if not text.isdigit():
        return 0  # an undated row belongs to no year
    return int(text)


def _cities(row: dict[str, str], line: int, context: Context, facts: Facts) -> set[str]:
    options: Options = context.options
    names = context.gazetteer
    if options.city_column:
        text = (row[options.city_column] or "").strip()
        resolution = names.city(text)
        if resolution.city_id is None and text:
            facts.quarantine(
                "observation", text, "unknown city", f"line {line}", resolution.candidates
            )
        return {resolution.city_id} if resolution.city_id else set()
    found: set[str] = set()
    report = options.quarantine_where
    for name in (row[str(options.organisation_column)] or "").split(options.separator):
        if not name.strip():
            continue
        city = names.organisation(name)
        if city:
            found.add(city)
        elif report and _listed(row.get(report.column) or "") <= set(report.values):
            facts.quarantine(
                "observation", name.strip(), "organisation without a city", f"line {line}"
            )
    return found


def _listed(text: str) -> set[str]:
    """The values of a cell that may list several."""
    return {part.strip() for part in re.split(r"[,;|]", text) if part.strip()} or {text}


def _described(filters: tuple[Filter, ...]) -> str:
    return "".join(f", {f.column} {'/'.join(f.values)}" for f in filters)


PARSER = Parser("register_count", 1, Options, DocumentOptions, read)
