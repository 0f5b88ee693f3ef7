"""What the grammar reads in running text, as the entries of a card of ``quoted_passages``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.cards import QUOTE_LIMIT
from ingest.catalog_files import UNDECIDED
from ingest.grammar.quantities import Quantity
from ingest.grammar.statements import Entry, Statement
from ingest.names.gazetteer import Resolution
from ingest.numbers import parse_number
from ingest.parsers.quoted_passages import spaced
from ingest.reading.content import Passage

OPERATORS = {"eq": "eq", "ge": "ge", "gt": "ge", "le": "le", "lt": "le"}
_KINDS = {"set": "rank_set", "tier": "rank_set", "bound": "bound", "ranking": "bound"}
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


@dataclass(frozen=True)
class Piece:
    """Part of a statement that is one entry of the card, or can't be one for the ``doubt``."""

    item: str
    key: str
    """``rankings`` or ``claims``."""
    entries: tuple[Entry, ...]
    declared: dict[str, Any] = field(default_factory=dict)
    doubt: str = ""

    @property
    def tried(self) -> dict[str, Any]:
        """The entry as if the analyst had decided, to read the document with it."""
        if self.key == "rankings":
            return self.declared
        decided = {"subject": "s", "attributed_to": "a", "untestable": "u"}
        return {k: v for k, v in self.declared.items() if v != UNDECIDED} | decided


@dataclass
class Reports:
    """Gathers rankings that go on from sentence to sentence: the first in one, the second and
    third in the next, are one report."""

    slug: str
    number: int = 0
    where: str = ""
    cohort: str = ""
    places: dict[str, int] = field(default_factory=dict)
    score: float | None = None

    def repeated(self, piece: Piece, where: str) -> bool:
        """Whether the report has all these ranks already."""
        ranks = {city["city"]: city["rank"] for city in piece.declared["cities"]}
        return where == self.where and ranks.items() <= self.places.items()

    def take(self, piece: Piece, where: str, cohort: str, decimal: str) -> Piece:
        """The piece as a part of the report that it goes on, or else of the next one."""
        cities = piece.declared["cities"]
        ranks = [city["rank"] for city in cities]
        scores = [float(parse_number(c["score"], decimal)) for c in cities if c.get("score")]
        goes_on = (
            bool(self.places)
            and (where, cohort) == (self.where, self.cohort)
            and self.places.keys().isdisjoint(city["city"] for city in cities)
            and min(ranks) > max(self.places.values())
            and (self.score is None or not scores or scores[0] <= self.score)
        )
        if not goes_on:
            self.number, self.where, self.cohort = self.number + 1, where, cohort
            self.places, self.score = {}, None
        self.places |= {city["city"]: city["rank"] for city in cities}
        self.score = scores[-1] if scores else self.score
        report_id = f"{self.slug}_text_{self.number}"
        return replace(piece, item=report_id, declared=piece.declared | {"report_id": report_id})


def pieces(
    statement: Statement,
    places: Mapping[str, Resolution],
    number: int,
    decimal: str,
    text: Sequence[Passage],
) -> Iterator[Piece]:
    """The entries that a statement makes: of its certain ranks a ranking, in as many quotes as
    it needs; of bounds and sets claims, each of the places that share it; of a quantity one
    claim a place. The report of a ranking is left to `Reports`.

    Args:
        statement: from the grammar.
        places: what its names mean.
        number: of the statement in its document.
        decimal: decimal sign of the text.
        text: passages in which the quotes will be looked up.
    """
    entries, item = statement.entries, f"c{number}"
    if statement.kind == "withheld":
        yield Piece(item, "claims", entries, doubt="the text withholds it")
    elif statement.kind == "quantity":
        for i, entry in enumerate(entries, 1):
            own = f"{item}_{i}" if len(entries) > 1 else item
            yield _quantity(entry, statement, places, own, decimal, text)
    else:
        sure = [e for e in entries if e.rank_from and e.rank_from == e.rank_to and e.order_certain]
        if sure:
            yield from _rankings(replace(statement, entries=tuple(sure)), places, decimal, text)
        groups: dict[tuple[int | None, int | None], list[Entry]] = {}
        for entry in entries:
            if entry not in sure:
                groups.setdefault((entry.rank_from, entry.rank_to), []).append(entry)
        for i, group in enumerate(groups.values(), 1):
            own = f"{item}_{i}" if len(groups) > 1 else item
            yield _claim(replace(statement, entries=tuple(group)), places, own, text)


def _rankings(
    statement: Statement,
    places: Mapping[str, Resolution],
    decimal: str,
    text: Sequence[Passage],
) -> Iterator[Piece]:
    cohort = statement.cohort
    narrower = {"cohort": UNDECIDED} if cohort and cohort.relation == "excludes" else {}
    for entries, quote in _quoted(statement, decimal):
        known = [entry for entry in entries if places[entry.name].city_id]
        cities = [
            {"city": places[e.name].city_id, "as_printed": e.name, "rank": e.rank_from}
            | ({"score": score} if (score := _plain_score(e, decimal)) else {})
            for e in known
        ]
        declared = {
            "report_id": "",
            "quote": quote and _unique(quote, text),
            "basis": statement.reason,
            **narrower,
            "cities": cities,
        }
        doubt = "" if quote else f"a quote of it is longer than {QUOTE_LIMIT} characters"
        doubt = doubt or ("" if known else "none of the names is a place of cities.csv")
        yield Piece("", "rankings", tuple(entries), declared, doubt)


def _quoted(statement: Statement, decimal: str) -> Iterator[tuple[Sequence[Entry], str]]:
    """The entries with their quote; of a long listing in several parts, each with its own."""
    rest = list(statement.entries)
    text, offset = statement.quote, statement.start
    if len(text) <= QUOTE_LIMIT:
        yield rest, text
        return
    while rest:
        start = rest[0].start - offset
        for n in range(len(rest), 0, -1):
            end = rest[n].start - offset if n < len(rest) else len(text)
            quote = text[start:end].strip(" \n,;、，；")
            has = all(_has(quote, entry, decimal) for entry in rest[:n])
            if has and 0 <= start < end and len(quote) <= QUOTE_LIMIT:
                yield rest[:n], quote
                rest = rest[n:]
                break
        else:
            yield rest, ""
            return


def _has(quote: str, entry: Entry, decimal: str) -> bool:
    return entry.name in quote and (_plain_score(entry, decimal) or "") in quote


def _claim(
    statement: Statement, places: Mapping[str, Resolution], item: str, text: Sequence[Passage]
) -> Piece:
    entries = statement.entries
    unknown = [entry.name for entry in entries if not places[entry.name].city_id]
    ranks = {(entry.rank_from, entry.rank_to) for entry in entries}
    declared = _basis(statement, statement.quote, item, text) | {
        "kind": _KINDS[statement.kind],
        "cities": [places[entry.name].city_id for entry in entries],
    }
    if len(ranks) == 1:
        [(low, high)] = ranks
        declared |= {k: v for k, v in (("rank_from", low), ("rank_to", high)) if v is not None}
    doubt = f"unknown: {', '.join(unknown)}" if unknown else ""
    if ranks == {(None, None)} and statement.kind == "bound":
        doubt = "it is behind or ahead of another, and the text gives no rank"
    if len(statement.quote) > QUOTE_LIMIT:
        doubt = f"a quote of it is longer than {QUOTE_LIMIT} characters"
    return Piece(item, "claims", entries, declared, doubt)


def _quantity(
    entry: Entry,
    statement: Statement,
    places: Mapping[str, Resolution],
    item: str,
    decimal: str,
    text: Sequence[Passage],
) -> Piece:
    city, figure = places[entry.name].city_id, entry.score
    number = _plain_number(figure, decimal) if figure else None
    if city is None or figure is None or number is None:
        doubt = f"unknown: {entry.name}" if city is None else entry.missing or "no plain number"
        return Piece(item, "claims", (entry,), doubt=doubt)
    if len(statement.quote) > QUOTE_LIMIT:
        doubt = f"a quote of it is longer than {QUOTE_LIMIT} characters"
        return Piece(item, "claims", (entry,), doubt=doubt)
    declared = _basis(statement, statement.quote, item, text) | {
        "kind": "quantity",
        "cities": [city],
        "printed_value": number,
    }
    if figure.operator in OPERATORS and figure.upper is None:
        declared["operator"] = OPERATORS[figure.operator]
    factor = float(figure.value / parse_number(number, decimal))
    if factor != 1:
        declared["factor"] = factor
    if figure.unit:
        declared["unit"] = figure.unit
    return Piece(item, "claims", (entry,), declared)


def _basis(statement: Statement, quote: str, item: str, text: Sequence[Passage]) -> dict[str, Any]:
    return {
        "claim": item,
        "kind": "",
        "subject": UNDECIDED,
        "cities": [],
        "attributed_to": UNDECIDED,
        "quote": _unique(quote, text),
        "untestable": UNDECIDED,
    }


def _plain_number(quantity: Quantity, decimal: str) -> str | None:
    """The digits of a figure as they are printed, where they stand for one number."""
    found = _NUMBER.findall(quantity.printed)
    if len(found) != 1:
        return None
    try:
        return found[0] if parse_number(found[0], decimal) else None
    except ValueError:
        return None


def _plain_score(entry: Entry, decimal: str) -> str | None:
    """A score that a card can repeat as printed: its number is its value."""
    number = _plain_number(entry.score, decimal) if entry.score else None
    if number is None or entry.score is None:
        return None
    return number if parse_number(number, decimal) == entry.score.value else None


def _unique(quote: str, text: Sequence[Passage]) -> str:
    """The quote, with words before and after it where it stands in the text more than once."""
    quote = " ".join(quote.split())
    places = [(p.text, m.start(), m.end()) for p in text for m in spaced(quote).finditer(p.text)]
    if len(places) < 2:
        return quote
    whole, start, end = places[0]
    before, after = whole[:start].split(), whole[end:].split()
    longer = quote
    while len(longer) <= QUOTE_LIMIT and (before or after):
        longer = f"{before.pop()} {longer}" if before else f"{longer} {after.pop(0)}"
        if sum(len(spaced(longer).findall(p.text)) for p in text) == 1:
            return longer if len(longer) <= QUOTE_LIMIT else quote
    return quote
