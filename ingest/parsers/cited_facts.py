"""Facts cited one by one from public pages: JSON with sets of rows, each set with its pages.

The file is a transcript. A fact cites the page that it was typed from, with the set's short
quote. Only an exact figure of a whole city is a value; a bound, a plan and the figure of a
part are missing for the city, with the reason, so that no register makes a zero of them.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field, field_validator, model_validator

from ingest.cards import Entry, Identifier, Precision, Text
from ingest.facts import Facts, ParseError, short_quote
from ingest.numbers import convert
from ingest.parsers.base import Context, NoOptions, Parser

MAX_BYTES = 20_000_000
MAX_YEARS = 30
DATE = r"^(\d{4}(?:-\d{2}){0,2})(?![-\d])"
"""A printed form that begins with a date."""
_ISO_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_PART = re.compile(r"(.+?)\s*[(（](.+)[)）]")
# The words of bounds and plans, in the languages of the documents.
_BEFORE = (
    r"[近约約超逾过過>≥<≤~≈]|突破|至少|不足"
    r"|\b(?:over|about|approx\w*|around|roughly|nearly|almost|lower bound|upper bound"
    r"|more than|less than|at least|at most|up to|just under)\b"
)
_AFTER = r"[余餘多+]|以上|以下|左右|上下"
_INEXACT = re.compile(f"{_BEFORE}|[余餘]|以上|以下|左右|上下", re.IGNORECASE)
_PLANNED = re.compile(
    r"规划|規劃|计划|計劃|目标|目標|拟建|在建|\b(?:plan|planned|target|goal|under construction)\b",
    re.IGNORECASE,
)


class Event(Entry):
    """A row that dates what happened to its city."""

    kind: Identifier
    title: Text
    title_printed: bool = False
    """The printed form of the row completes the title."""
    occurred_on: dt.date | None = None
    """Date of the set, where its rows print none."""
    precision: Precision = "day"
    date: Text = DATE
    """Where the date stands in the printed form: the first group."""

    @field_validator("date")
    @classmethod
    def _one_group(cls, text: str) -> str:
        if _expression(text).groups != 1:
            raise ValueError(f"'{text}' needs one group, that of the date")
        return text


class Missing(Entry):
    """A city whose figure the set leaves open: missing, and neither a zero nor too low."""

    city: Identifier
    reason: Text


class Fact(Entry):
    """What the rows of a set say."""

    set: Text
    """Id of the set in the file."""
    rows: str = ""
    """Rows that say it: an expression that their printed form matches; all without it."""
    places: tuple[str, ...] = ()
    """Rows that say it, by their place as printed; all without it."""
    indicator: Identifier | None = None
    year: int | None = None
    until: int | None = None
    """Last year for which it holds; a place on a list that is closed is kept."""
    scope: Identifier | None = None
    """Area covered, where it is not that of the indicator."""
    unit: str | None = None
    """Unit as printed, where it is not that of the set."""
    missing: tuple[Missing, ...] = ()
    event: Event | None = None

    @field_validator("rows")
    @classmethod
    def _is_an_expression(cls, text: str) -> str:
        _expression(text)
        return text

    @model_validator(mode="after")
    def _says_something(self) -> Fact:
        if self.indicator and not self.year:
            raise ValueError(f"{self.indicator} needs a year")
        if not self.indicator and (self.year or self.scope or self.unit or self.missing):
            raise ValueError("year, scope, unit and missing are those of an indicator: name it")
        if not self.indicator and not self.event:
            raise ValueError("a fact needs an indicator or an event")
        if self.year and not 0 <= (self.until or self.year) - self.year <= MAX_YEARS:
            raise ValueError(f"until must be a year from {self.year} on, {MAX_YEARS} at most")
        return self

    @property
    def years(self) -> range:
        return range(self.year, (self.until or self.year) + 1) if self.year else range(0)

    def takes(self, row: dict[str, Any]) -> bool:
        named = not self.places or str(row["city_as_printed"]) in self.places
        return named and bool(re.search(self.rows, _printed(row)))


class LeftOut(Entry):
    """Rows of a set that are read and not used; they are counted and not listed."""

    set: Text
    rows: str = ""
    reason: Text

    @field_validator("rows")
    @classmethod
    def _is_an_expression(cls, text: str) -> str:
        _expression(text)
        return text


class DocumentOptions(Entry):
    facts: tuple[Fact, ...] = Field(min_length=1)
    page: str = ""
    """Page that the set names without an address, where the document is another that prints
    the same."""
    left_out: tuple[LeftOut, ...] = ()
    country_code: str | None = None
    kinds: tuple[Identifier, ...] = Field(("city", "municipality"), min_length=1)
    """Kinds of places that a name may mean."""

    @field_validator("page")
    @classmethod
    def _has_no_address(cls, text: str) -> str:
        if re.fullmatch(r"https?://\S+", text):
            raise ValueError(f"'{text}' is an address: cite it")
        return text


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is not a regular expression: {error}") from error


def read(data: bytes, context: Context, facts: Facts) -> None:
    options: DocumentOptions = context.document_options
    sets = _sets(data)
    used: dict[str, set[int]] = {}
    for fact in options.facts:
        found = _set(sets, fact.set, options.page or context.document.address)
        _check_register(fact, found, context)
        rows = [(i, row) for i, row in _rows(found) if fact.takes(row)]
        if not rows:
            forms = "; ".join(_shown(row) for _, row in _rows(found)[:12])
            named = f" of {', '.join(fact.places)}" if fact.places else ""
            raise ParseError(f"no row of '{fact.set}'{named} matches '{fact.rows}'; it has {forms}")
        used.setdefault(fact.set, set()).update(i for i, _ in rows)
        whole = {_city(row, context)[0] for _, row in rows}
        for i, row in rows:
            _read_row(fact, found, i, row, whole, context, facts)
        for open_ in fact.missing:
            if open_.city not in whole:
                place = f"set {fact.set}"
                _observe(fact, open_.city, None, open_.reason, None, place, found, context, facts)
    kind = {fact.set: _kind(fact) for fact in reversed(options.facts)}
    for name, taken in used.items():
        for i, row in _rows(sets[name]):
            if i not in taken:
                reasons = [
                    entry.reason
                    for entry in options.left_out
                    if entry.set == name and re.search(entry.rows, _printed(row))
                ]
                text, reason = _shown(row), "the card declares no fact of this row"
                if reasons:
                    text, reason = f"rows of set {name}", reasons[0]
                facts.quarantine(kind[name], text, reason, _locator(name, i))


def _sets(data: bytes) -> dict[str, dict[str, Any]]:
    if len(data) > MAX_BYTES:
        raise ParseError(f"the file has more than {MAX_BYTES} bytes")
    try:
        return {entry["id"]: entry for entry in json.loads(data)}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParseError(f"not readable as sets of facts: {error!r}") from error


def _set(sets: dict[str, dict[str, Any]], name: str, page: str) -> dict[str, Any]:
    found = sets.get(name)
    if found is None:
        raise ParseError(f"the file has no set '{name}'")
    pages = [_address(url) for url in found["url"]]
    if page not in pages:
        raise ParseError(
            f"'{name}' does not come from {page}; its pages are {', '.join(pages) or 'none'}"
        )
    return found


def _address(url: str) -> str:
    """A page's address; a file in a repository is named github:owner/name@commit:path."""
    match = re.fullmatch(r"github:([^@]+)@([^:]+):(.+)", url)
    return "https://github.com/{}/blob/{}/{}".format(*match.groups()) if match else url


def _check_register(fact: Fact, found: dict[str, Any], context: Context) -> None:
    """A card may call a register exhaustive only where the set is complete."""
    zeros = [
        register
        for register in context.registers
        if register.indicator == fact.indicator
        and set(fact.years) & set(range(register.year_from, register.year_to + 1))
    ]
    if zeros and found.get("complete") is not True:
        raise ParseError(
            f"the card makes a zero of absence for {fact.indicator}, but the set "
            f"'{fact.set}' is not complete"
        )


def _rows(found: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(found["rows"], 1))


def _printed(row: dict[str, Any]) -> str:
    return str(row.get("printed") or "")


def _shown(row: dict[str, Any]) -> str:
    name, text = str(row["city_as_printed"]), _printed(row)
    return f"{name}: {text if text not in ('', name) else row.get('value')}"


def _locator(name: str, row: int) -> str:
    return f"set {name}, row {row}"


def _kind(fact: Fact) -> str:
    return "observation" if fact.indicator else "event"


def _city(row: dict[str, Any], context: Context) -> tuple[str | None, tuple[str, ...], str | None]:
    """The city of a row, the candidates of an ambiguous name, and the city of a mere part."""
    options: DocumentOptions = context.document_options
    code, kinds = options.country_code, options.kinds
    name = str(row["city_as_printed"])
    resolution = context.gazetteer.city(name, code, kinds=kinds)
    part = _PART.fullmatch(name)
    if resolution.city_id or part is None:
        return resolution.city_id, resolution.suggestions, None
    around = [context.gazetteer.city(t, code, kinds=kinds).city_id for t in part.groups()]
    return None, (), next(filter(None, around), None)


def _read_row(
    fact: Fact,
    found: dict[str, Any],
    i: int,
    row: dict[str, Any],
    whole: set[str | None],
    context: Context,
    facts: Facts,
) -> None:
    locator = _locator(fact.set, i)
    city, candidates, part = _city(row, context)
    if city is None:
        reason = "a part of a city or a group of cities" if part else "unknown city"
        facts.quarantine(_kind(fact), _shown(row), reason, locator, candidates)
        if part and part not in whole:
            reason = f"known of a part only: {row['city_as_printed']}"
            _observe(fact, part, None, reason, row, locator, found, context, facts)
        return
    value, reason = _value(row, str(found["quote"]))
    for open_ in fact.missing:
        if open_.city == city:
            value, reason = None, open_.reason
    _observe(fact, city, value, reason, row, locator, found, context, facts)
    if fact.event:
        _date(fact.event, city, row, locator, _quote(row, found), facts)


def _value(row: dict[str, Any], quote: str) -> tuple[Decimal | None, str]:
    """The exact number of a row, or none and the reason."""
    value, text = row.get("value"), _printed(row)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None, f"not a number: {value!r}"
    for form, what in ((_PLANNED, "planned and not observed"), (_INEXACT, "no exact figure")):
        if form.search(text):
            return None, f"{what}: {text}"
    number = re.escape(f"{value:,}") + "|" + re.escape(str(value))
    before = rf"(?:{_BEFORE})\s*[$€£¥]?(?:{number})(?![\d.,]*\d)"
    after = rf"(?<![\d.,])(?:{number})(?:{_AFTER})"
    if bound := re.search(f"{before}|{after}", quote, re.IGNORECASE):
        return None, f"no exact figure: {bound.group()}"
    return Decimal(str(value)), ""


def _observe(
    fact: Fact,
    city: str,
    value: Decimal | None,
    reason: str,
    row: dict[str, Any] | None,
    locator: str,
    found: dict[str, Any],
    context: Context,
    facts: Facts,
) -> None:
    if not fact.indicator:
        return
    indicator = context.indicators[fact.indicator]
    printed = fact.unit or str(found["unit"])
    unit = context.units.get(printed)
    if unit is None or unit.unit != indicator.unit:
        raise ParseError(
            f"unit '{printed}' of {fact.indicator} does not convert to '{indicator.unit}': "
            "add it to the units of indicators.yml"
        )
    for year in fact.years:
        facts.add(
            "observation",
            indicator=fact.indicator,
            city_id=city,
            year=year,
            scope=fact.scope or indicator.scope,
            value=None if value is None else convert(value, unit.factor),
            unit=indicator.unit,
            status="missing" if value is None else "observed",
            missing_reason=reason or None,
            printed_value=str(row.get("value")) if row else None,
            printed_unit=printed,
            locator=locator,
            quote=_quote(row, found),
        )


def _quote(row: dict[str, Any] | None, found: dict[str, Any]) -> str:
    quote = str(found["quote"])
    if row is None:
        return short_quote(quote)
    # The quote of a set need not be about each of its rows.
    name = re.sub(r"[市县]?\s*([(（].*)?$", "", str(row["city_as_printed"]))
    number = rf"(?<![\d.]){re.escape(str(row.get('value')))}(?![\d.]*\d)"
    about = (name and name in quote) or re.search(number, quote)
    return short_quote(f"{_shown(row)} | {quote}" if about else _shown(row))


def _date(
    event: Event, city: str, row: dict[str, Any], locator: str, quote: str, facts: Facts
) -> None:
    text = _printed(row)
    when, precision = event.occurred_on, event.precision
    if when is None:
        match = re.search(event.date, text)
        dates = list(_dates(match.group(1) if match else ""))
        if not dates:
            facts.quarantine("event", _shown(row), "no date in the printed form", locator)
            return
        when, precision = dates[0]
    facts.add(
        "event",
        city_id=city,
        event_kind=event.kind,
        title=f"{event.title}: {text}" if event.title_printed else event.title,
        occurred_on=when,
        date_precision=precision,
        locator=locator,
        quote=quote,
    )


def _dates(text: str) -> Iterator[tuple[dt.date, Precision]]:
    """A date as 2024-06-27, 2024-06, 2024 or 2024年6月27日, as exact as it is printed."""
    plain = re.sub(r"[日号號]$", "", text.strip()).translate(str.maketrans("年月/.", "----"))
    match = _ISO_DATE.fullmatch(plain.strip("-"))
    if match is None:
        return
    year, month, day = match.groups()
    precision: Precision = "day" if day else "month" if month else "year"
    try:
        yield dt.date(int(year), int(month or 1), int(day or 1)), precision
    except ValueError:
        return


PARSER = Parser("cited_facts", 1, NoOptions, DocumentOptions, read)
