"""Facts declared by an analyst, each in a passage that must stand in the text word for word.

The card gives the passage and what it says. The parser finds the passage in the running text
of a document of any form, keeps its place, and checks that every printed number of the fact
stands in it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

from pydantic import Field

from ingest.cards import QUOTE_LIMIT, Entry, Identifier, Precision, Text
from ingest.facts import Facts, ParseError, how_read
from ingest.numbers import parse_number
from ingest.parsers.base import Context, NoOptions, Parser
from ingest.reading import read as read_content
from ingest.reading import recognise
from ingest.reading.content import Passage, ReadingError

# Forms whose bytes are their text.
PLAIN_FORMS = ("text", "csv", "json")


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
    kind: Literal["rank_set", "superlative", "quantity", "bound", "dominance"]
    """``dominance``: of all dimensions of an index the cities stand highest in this one."""
    subject: Text
    cities: tuple[Identifier, ...] = Field(min_length=1)
    attributed_to: Text
    quote: str = Field(max_length=QUOTE_LIMIT)
    indicator: Identifier | None = None
    """Indicator on which it is tested."""
    ranking_subject: Identifier | None = None
    """Subject of the published rankings on which it is tested."""
    index_node: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    """Node of an index at which it is tested, as ``framework.node``."""
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


class Place(NamedTuple):
    """Where a quote stands, and how it was read there."""

    locator: str
    confidence: float | None


def read(data: bytes, context: Context, facts: Facts) -> None:
    try:
        text = passages(data)
    except ReadingError as error:
        raise ParseError(str(error)) from error
    read_passages(text, context, facts)


def read_passages(text: Sequence[Passage], context: Context, facts: Facts) -> None:
    """Add the facts that the card declares of running text."""
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
            locator=_locate(event.quote, text).locator,
            quote=event.quote,
        )


def passages(data: bytes) -> tuple[Passage, ...]:
    """Running text of a document of any form.

    Plain text in UTF-8 is taken character by character, so that a span counts in the file as
    it is.

    Raises:
        ReadingError: the document can't be read, or has no running text.
    """
    if recognise(data)[0] in PLAIN_FORMS:
        with suppress(UnicodeDecodeError):
            return (Passage("", data.decode("utf-8")),)
    content = read_content(data)
    if not content.passages:
        raise ReadingError("; ".join([f"no running text in this {content.form}", *content.notes]))
    return content.passages


def _locate(quote: str, text: Sequence[Passage]) -> Place:
    form = spaced(quote)
    found = [(passage, match.span()) for passage in text for match in form.finditer(passage.text)]
    if not found:
        raise ParseError(f"the quote does not stand in the document: '{quote}'")
    if len(found) > 1:
        raise ParseError(f"the quote stands in the document more than once: '{quote}'")
    [(passage, span)] = found
    return Place(passage.locator(*span), passage.confidence)


def spaced(quote: str) -> re.Pattern[str]:
    """A quote with any white space between its words, as where a line of the text is wrapped."""
    return re.compile(r"\s+".join(map(re.escape, quote.split())))


def _must_contain(quote: str, printed: str) -> None:
    # A number stands there only as a whole: 6 is not in 26, nor 400 in 2.400.
    if not re.search(rf"(?<!\d)(?<!\d[.,]){re.escape(printed)}(?![.,]?\d)", quote):
        raise ParseError(f"'{printed}' does not stand in the quote '{quote}'")


def _ranking(ranking: Ranking, text: Sequence[Passage], decimal: str, facts: Facts) -> None:
    place = _locate(ranking.quote, text)
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
            locator=place.locator,
            **how_read(place.confidence),
            quote=ranking.quote,
        )


def _claim(claim: Claim, text: Sequence[Passage], decimal: str, facts: Facts) -> None:
    place = _locate(claim.quote, text)
    value = None
    if claim.printed_value:
        _must_contain(claim.quote, claim.printed_value)
        value = float(parse_number(claim.printed_value, decimal)) * claim.factor
    measures = {
        "indicator": claim.indicator,
        "ranking": claim.ranking_subject,
        "index": claim.index_node,
    }
    kinds = [kind for kind, measure in measures.items() if measure]
    if len(kinds) + bool(claim.untestable) != 1:
        raise ParseError(
            f"claim '{claim.claim}' needs either one of indicator, ranking_subject and "
            "index_node, or a reason why it is untestable"
        )
    kind = kinds[0] if kinds else None
    if claim.kind == "dominance" and kind in ("indicator", "ranking"):
        raise ParseError(f"claim '{claim.claim}' of dominance needs an index_node: framework.node")
    for city in claim.cities:
        facts.add(
            "claim",
            claim_id=f"{facts.held.document}_{claim.claim}",
            city_id=city,
            claim_kind=claim.kind,
            subject=claim.subject,
            attributed_to=claim.attributed_to,
            measure_kind=kind,
            measure=measures[kind] if kind else None,
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
            locator=place.locator,
            **how_read(place.confidence),
            quote=claim.quote,
        )


PARSER = Parser("quoted_passages", 1, NoOptions, DocumentOptions, read)
