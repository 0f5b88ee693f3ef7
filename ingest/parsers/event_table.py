"""Dated events about cities as CSV, one row an event."""

from __future__ import annotations

import csv
import datetime as dt
import io

from ingest.cards import Entry, Identifier, Text
from ingest.facts import Facts, ParseError, short_quote
from ingest.parsers.base import Context, NoOptions, Parser


class Options(Entry):
    event_kind: Identifier
    title: Text
    city_column: Text
    province_column: str | None = None
    """Column that tells two cities of one name apart."""
    country_code: str
    date_columns: tuple[Text, ...]
    """Columns with an ISO date, year-month or year; the first that is filled in counts."""


def read(data: bytes, context: Context, facts: Facts) -> None:
    options: Options = context.options
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), restval="")
        for row in reader:
            _read_row(row, reader.line_num, context, facts)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ParseError(f"not readable as CSV in UTF-8: {error}") from error
    except KeyError as error:
        raise ParseError(
            f"no column {error}; the file has {', '.join(reader.fieldnames or [])}"
        ) from error
    if not facts.rows:
        raise ParseError(f"no event found for {options.event_kind}")


def _read_row(row: dict[str, str], line: int, context: Context, facts: Facts) -> None:
    options: Options = context.options
    name, locator = row[options.city_column], f"line {line}"
    when = next((row[column] for column in options.date_columns if row[column]), "")
    province = row[options.province_column] if options.province_column else None
    resolution = context.gazetteer.city(name, options.country_code, province)
    if resolution.city_id is None:
        facts.quarantine("event", name, "unknown city", locator, resolution.suggestions)
        return
    precision, rest = {4: ("year", "-01-01"), 7: ("month", "-01")}.get(len(when), ("day", ""))
    try:
        occurred = dt.date.fromisoformat(when + rest)
    except ValueError:
        facts.quarantine("event", f"{name}: {when}", "not a date", locator)
        return
    facts.add(
        "event",
        city_id=resolution.city_id,
        event_kind=options.event_kind,
        title=options.title,
        occurred_on=occurred,
        date_precision=precision,
        locator=locator,
        quote=short_quote(f"{name} | {when}"),
    )


PARSER = Parser("event_table", 1, Options, NoOptions, read)
