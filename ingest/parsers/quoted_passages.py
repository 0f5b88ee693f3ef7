"""Facts declared by an analyst, each in a passage that must stand in the text word for word.

The card gives the passage and what it says. The parser finds the passage, keeps its place,
and checks that every printed number of the fact stands in it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from pydantic import Field

from ingest.cards import QUOTE_LIMIT, Entry, Identifier, Precision, Text
from ingest.facts import Facts, ParseError
from ingest.numbers import parse_number
from ingest.parsers.base import Context, NoOptions, Parser


class RankedCity(Entry):
    city: Identifier
    as_printed: Text
    rank: int | None = None
    score: str | None = None
    """Score as printed."""


class Ranking(Entry):
    """A ranking in one sentence; without ranks it is a set of places without order."""

    report_id: Identifier
    quote: str = Field(max_length=QUOTE_LIMIT)
    basis: Text
    cohort: str = "all"
    rank_from: int = 1
    cities: tuple[RankedCity, ...]


class Claim(Entry):
    claim: Identifier
    kind: Literal["rank_set", "superlative", "quantity", "bound"]
    subject: Text
    cities: tuple[Identifier, ...] = Field(min_length=1)
    attributed_to: Text
    quote: str = Field(max_length=QUOTE_LIMIT)
    indicator: Identifier | None = None
    """Indicator on which it is tested."""
    ranking_subject: Identifier | None = None
    """Subject of the published rankings on which it is tested."""
    proxy: bool = False
    excluded_report: Identifier | None = None
    rank_from: int | None = None
    rank_to: int | None = None
    operator: Literal["eq", "ge", "le"] | None = None
    printed_value: str | None = None
    factor: float = 1.0
    unit: str | None = None
    years: tuple[int, int] | None = None
    untestable: str | None = None


class Event(Entry):
    kind: Identifier
    title: Text
    city: Identifier
    occurred_on: dt.date
    precision: Precision = "day"
    quote: str = Field(max_length=QUOTE_LIMIT)


class DocumentOptions(Entry):
    decimal: Literal[".", ","] = "."
    rankings: tuple[Ranking, ...] = ()
    claims: tuple[Claim, ...] = ()
    events: tuple[Event, ...] = ()


def read(data: bytes, context: Context, facts: Facts) -> None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"not readable as text in UTF-8: {error}") from error
    options: DocumentOptions = context.document_options
    for ranking in options.rankings:
        _ranking(ranking, text, options.decimal, facts)
    for claim in options.claims:
        _claim(claim, text, options.decimal, facts)
    for event in options.events:
        facts.add(
            "event",
            city_id=event.city,
            event_kind=event.kind,
            title=event.title,
            occurred_on=event.occurred_on,
            date_precision=event.precision,
            locator=_locate(event.quote, text),
            quote=event.quote,
        )


def _locate(quote: str, text: str) -> str:
    start = text.find(quote)
    if start < 0:
        raise ParseError(f"the quote does not stand in the document: '{quote}'")
    if text.find(quote, start + 1) >= 0:
        raise ParseError(f"the quote stands in the document more than once: '{quote}'")
    return f"characters {start}-{start + len(quote)}"


def _must_contain(quote: str, printed: str) -> None:
    # A number stands there only as a whole: 6 is not in 26, nor 400 in 2.400.
    if not re.search(rf"(?<!\d)(?<!\d[.,]){re.escape(printed)}(?![.,]?\d)", quote):
        raise ParseError(f"'{printed}' does not stand in the quote '{quote}'")


def _ranking(ranking: Ranking, text: str, decimal: str, facts: Facts) -> None:
    locator = _locate(ranking.quote, text)
    last = ranking.rank_from + len(ranking.cities) - 1
    for city in ranking.cities:
        _must_contain(ranking.quote, city.as_printed)
        if city.score:
            _must_contain(ranking.quote, city.score)
        facts.add(
            "published_rank",
            report_id=ranking.report_id,
            city_id=city.city,
            city_as_printed=city.as_printed,
            cohort=ranking.cohort,
            rank_as_printed=None,
            rank=city.rank,
            rank_from=city.rank or ranking.rank_from,
            rank_to=city.rank or last,
            order_certain=city.rank is not None,
            score_as_printed=city.score,
            score=float(parse_number(city.score, decimal)) if city.score else None,
            basis=ranking.basis,
            locator=locator,
            quote=ranking.quote,
        )


def _claim(claim: Claim, text: str, decimal: str, facts: Facts) -> None:
    locator = _locate(claim.quote, text)
    value = None
    if claim.printed_value:
        _must_contain(claim.quote, claim.printed_value)
        value = float(parse_number(claim.printed_value, decimal)) * claim.factor
    testable = claim.indicator or claim.ranking_subject
    if bool(testable) == bool(claim.untestable):
        raise ParseError(
            f"claim '{claim.claim}' needs either an indicator or ranking_subject, or a reason "
            "why it is untestable"
        )
    kind = "indicator" if claim.indicator else "ranking" if claim.ranking_subject else None
    for city in claim.cities:
        facts.add(
            "claim",
            claim_id=f"{facts.held.document}_{claim.claim}",
            city_id=city,
            claim_kind=claim.kind,
            subject=claim.subject,
            attributed_to=claim.attributed_to,
            measure_kind=kind,
            measure=testable,
            is_proxy=claim.proxy,
            excluded_report_id=claim.excluded_report,
            rank_from=claim.rank_from,
            rank_to=claim.rank_to,
            operator=claim.operator,
            value=value,
            unit=claim.unit,
            printed_value=claim.printed_value,
            year_from=claim.years[0] if claim.years else None,
            year_to=claim.years[1] if claim.years else None,
            untestable_reason=claim.untestable,
            locator=locator,
            quote=claim.quote,
        )


PARSER = Parser("quoted_passages", 1, NoOptions, DocumentOptions, read)
