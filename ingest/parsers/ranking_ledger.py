"""Rankings typed from public pages into a ledger: JSON with editions, rows and evidence.

The ledger is a transcript. The facts cite the page that it was typed from, with the short
quote that the ledger keeps as evidence. A document is one page, which may hold several tables
and rankings. Every row becomes a rank, or is kept in quarantine with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, model_validator

from ingest.cards import CountryCode, Entry, Identifier, Text
from ingest.facts import Facts, ParseError, short_quote
from ingest.numbers import parse_number
from ingest.parsers.base import Context, NoOptions, Parser

# Keys under which a row names several places: without an order (a tier, a set), or in it.
SETS = ("cities", "set")
ORDERS = ("subset_order", "set_in_order", "claimed_order")
Kind = Literal["city", "municipality", "province", "metro", "cluster"]
NO_QUOTE = "no passage of the page was kept: the quote is the row as printed"


class Bounds(Entry):
    """The ranks between which all places of a tier or set lie, named together in one row."""

    row: int = Field(ge=1)
    rank_from: int = Field(ge=1)
    rank_to: int = Field(ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Bounds:
        if self.rank_from > self.rank_to:
            raise ValueError("rank_from must not be above rank_to")
        return self


class Place(Entry):
    """A name so printed that only a reader knows which place is meant."""

    printed: Text
    city: Identifier


class Doubt(Entry):
    """A name that can't be taken as printed."""

    printed: Text
    reason: Text


class Table(Entry):
    """Rows of an edition that are one ranking."""

    report_id: Identifier
    table: str | None = None
    """Name of the table, where an edition has several; without it, rows without a table."""
    rows: tuple[int, ...] = ()
    """Numbers of the rows that stand in this document, where it does not have all of them."""
    ordered: bool = False
    """Take the rows that list places in their order, which is then the rank."""
    cohort: str = "all"
    """Where a row has a cohort of its own, that counts."""
    cohort_country_code: CountryCode | None = None
    """Country whose cities, as the publisher counts them, are all that the cohort ranks."""
    kinds: tuple[Kind, ...] = Field(("city", "municipality"), min_length=1)
    """Kinds of places that are ranked."""
    country_code: str | None = None
    bounds: tuple[Bounds, ...] = ()
    places: tuple[Place, ...] = ()
    doubtful: tuple[Doubt, ...] = ()

    @model_validator(mode="after")
    def _country_of_a_cohort(self) -> Table:
        if self.cohort_country_code and self.cohort == "all":
            raise ValueError(
                "cohort_country_code is for a cohort; whose cities the whole ranks is said by "
                "universe_country_code of the report"
            )
        return self


class DocumentOptions(Entry):
    edition: Text
    """Id of the edition in the ledger."""
    partial: bool = False
    """Whether other documents of the card have the rest of the edition."""
    tables: tuple[Table, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Row:
    """``number`` counts the rows of an edition, or of one of its extra tables, from 1."""

    number: int
    values: dict[str, Any]
    table: str | None
    locator: str

    @property
    def printed(self) -> str:
        """The row as one line of text."""
        columns = ("rank_as_printed", "city_as_printed", "score_as_printed")
        shown = [self.values[c] for c in columns if self.values.get(c) is not None]
        if "city_as_printed" not in self.values:
            shown = [f"{k} {_flat(v)}" for k, v in self.values.items() if v not in (None, [])]
        return short_quote(" | ".join(map(str, shown)))

    def places(self, *keys: str) -> list[str]:
        """Places that the row names together under one of these keys."""
        return [str(name) for key in keys for name in self.values.get(key, ())]

    def holds(self, *keys: str) -> bool:
        return any(key in self.values for key in keys)


def read(data: bytes, context: Context, facts: Facts) -> None:
    options: DocumentOptions = context.document_options
    edition = _edition(data, options.edition)
    quotes = _quotes(edition, context.document.address)
    left = list(_rows(edition))
    for table in options.tables:
        own = [row for row in left if _belongs(row, table)]
        if not own:
            tables = ", ".join(sorted({_named(row.table) for row in left}))
            raise ParseError(
                f"edition '{options.edition}' has nothing for report '{table.report_id}' in "
                f"{_named(table.table)}; left are {tables or 'no rows'}"
            )
        _Reading(context, facts, table, quotes).read(own)
        left = [row for row in left if row not in own]
    for row in left if not options.partial else ():
        _set_aside(facts, row, row.printed, "the card declares no table for this row")


def _edition(data: bytes, name: str) -> dict[str, Any]:
    try:
        editions: list[dict[str, Any]] = json.loads(data)["editions"]
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError(f"not readable as a ledger of editions: {error}") from error
    for edition in editions:
        if edition.get("id") == name:
            return edition
    raise ParseError(f"the ledger has no edition '{name}'")


def _quotes(edition: dict[str, Any], address: str) -> list[str]:
    """What was kept of the page at this address."""
    evidence = edition.get("evidence", [])
    known = [e["url"] for e in (*edition.get("sources", []), *evidence)]
    if address not in known:
        raise ParseError(
            f"edition '{edition['id']}' was not read from {address}, but from "
            f"{', '.join(dict.fromkeys(known)) or 'no address'}"
        )
    return [e["quote"] for e in evidence if e["url"] == address]


def _rows(edition: dict[str, Any]) -> Iterator[Row]:
    where = f"ledger edition {edition['id']}"
    for i, values in enumerate(edition.get("rows", []), 1):
        yield Row(i, values, values.get("table"), f"{where}, row {i}")
    for extra in edition.get("extra_tables", []):
        for i, values in enumerate(extra["rows"], 1):
            yield Row(i, values, extra["name"], f"{where}, table {extra['name']}, row {i}")


def _belongs(row: Row, table: Table) -> bool:
    if table.rows and row.number not in table.rows:
        return False
    return row.table == table.table and row.holds(*ORDERS) == table.ordered


def _named(table: str | None) -> str:
    return f"table '{table}'" if table else "the rows without a table"


def _flat(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _set_aside(
    facts: Facts, row: Row, text: str, reason: str, candidates: Iterable[str] = ()
) -> None:
    facts.quarantine("published_rank", text, reason, row.locator, tuple(candidates), apart=True)


@dataclass(frozen=True)
class _Reading:
    """Reads the rows of one table."""

    context: Context
    facts: Facts
    table: Table
    quotes: list[str]

    def read(self, rows: list[Row]) -> None:
        self._check_declarations(rows)
        unordered = [
            _rank(row)
            for row in rows
            if row.values.get("order_certain") is False and row.values.get("rank") is not None
        ]
        for row in rows:
            if self.table.ordered:
                for i, name in enumerate(row.places(*ORDERS), 1):
                    self._add(row, name, (i, i), "order of naming")
            elif row.holds(*SETS):
                self._read_set(row)
            elif row.values.get("rank") is None:
                self._without_rank(row)
            else:
                rank = _rank(row)
                certain = row.values.get("order_certain") is not False
                bounds = (rank, rank) if certain else (min(unordered), max(unordered))
                self._add(row, str(row.values["city_as_printed"]), bounds, certain=certain)

    def _check_declarations(self, rows: list[Row]) -> None:
        names = {str(row.values.get("city_as_printed")) for row in rows}
        names |= {name for row in rows for name in row.places(*SETS, *ORDERS)}
        sets = {row.number for row in rows if row.holds(*SETS)}
        spoken_of: list[Place | Doubt] = [*self.table.places, *self.table.doubtful]
        for named in spoken_of:
            if named.printed not in names:
                raise ParseError(
                    f"the card speaks of '{named.printed}', which is not printed in "
                    f"{_named(self.table.table)}"
                )
        for bounds in self.table.bounds:
            if bounds.row not in sets:
                raise ParseError(
                    f"the card gives bounds for row {bounds.row}, which is no tier or set; those "
                    f"are rows {', '.join(map(str, sorted(sets))) or 'none'}"
                )

    def _read_set(self, row: Row) -> None:
        bounds = next((b for b in self.table.bounds if b.row == row.number), None)
        names = row.places(*SETS)
        if bounds is None or not names:
            reason = "no place is named" if not names else "the ledger gives no ranks for this set"
            _set_aside(self.facts, row, row.printed, reason)
            return
        size = bounds.rank_to - bounds.rank_from + 1
        # What stands in brackets is a remark: the list goes on.
        listed = [name for name in names if not name.startswith("(")]
        if len(listed) > size or row.values.get("count", size) != size:
            raise ParseError(
                f"{row.locator}: the card gives {size} ranks to "
                f"{row.values.get('count', len(listed))} places"
            )
        label = f"tier {row.values['tier']}" if "tier" in row.values else "set"
        constraint = row.values.get("constraint")
        for name in names:
            if name in listed:
                basis = f"{label}: {constraint}" if constraint else label
                certain = bounds.rank_from == bounds.rank_to
                self._add(row, name, (bounds.rank_from, bounds.rank_to), basis, certain)
            else:
                _set_aside(self.facts, row, name, f"{label} is not named in full")

    def _without_rank(self, row: Row) -> None:
        reason = row.values.get("rank_note") or "no rank is printed"
        candidates = []
        if "corrected_rank" in row.values:
            reason = "the printed rank does not fit its score"
            candidates = [f"rank {row.values['corrected_rank']}"]
        _set_aside(self.facts, row, row.printed, reason, candidates)

    def _add(
        self, row: Row, name: str, bounds: tuple[int, int], basis: str = "", certain: bool = True
    ) -> None:
        doubt = next((d for d in self.table.doubtful if d.printed == name), None)
        if doubt:
            _set_aside(self.facts, row, name, doubt.reason)
            return
        city_id = next((p.city for p in self.table.places if p.printed == name), None)
        if city_id is None:
            found = self.context.gazetteer.city(
                name, self.table.country_code, kinds=self.table.kinds
            )
            if found.city_id is None:
                _set_aside(self.facts, row, name, "unknown city", found.suggestions)
                return
            city_id = found.city_id
        # Of several passages, the one that names the place.
        quote = next((q for q in self.quotes if name in q), next(iter(self.quotes), None))
        own_cohort = row.values.get("cohort")
        marks = [row.values.get("basis"), basis, None if quote else NO_QUOTE]
        self.facts.add(
            "published_rank",
            report_id=self.table.report_id,
            city_id=city_id,
            city_as_printed=name,
            cohort=own_cohort or self.table.cohort,
            cohort_country_code=None if own_cohort else self.table.cohort_country_code,
            rank_as_printed=row.values.get("rank_as_printed"),
            rank=bounds[0] if certain else None,
            rank_from=bounds[0],
            rank_to=bounds[1],
            order_certain=certain,
            score_as_printed=row.values.get("score_as_printed"),
            score=_score(row),
            basis="; ".join(filter(None, marks)) or None,
            locator=row.locator,
            quote=short_quote(quote or row.printed),
        )


def _rank(row: Row) -> int:
    rank, printed = row.values["rank"], row.values.get("rank_as_printed")
    digits = re.match(r"\d+", str(printed))
    if not isinstance(rank, int) or rank < 1 or (digits and int(digits[0]) != rank):
        raise ParseError(f"{row.locator}: rank {rank} is printed as '{printed}'")
    return rank


def _score(row: Row) -> float | None:
    score, printed = row.values.get("score"), row.values.get("score_as_printed")
    if score is None:
        return None
    if printed is None or float(parse_number(str(printed))) != score:
        raise ParseError(f"{row.locator}: score {score} is printed as '{printed}'")
    return float(score)


PARSER = Parser("ranking_ledger", 2, NoOptions, DocumentOptions, read)
