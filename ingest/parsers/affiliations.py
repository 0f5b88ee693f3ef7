"""Organisations in the rows of a register: where they are, and whether that agrees with the
countries that the row states.

A row states its countries as a list. It belongs to the row and not to an organisation, so an
organisation can be tested only where every entry of the list is a country that is known: then
its own country must be among them (``listed``). Where the list is as long as that of the
organisations, the entry at its own place must be its country (``aligned``), which is the
stricter test. Answers that the stated countries helped to find are not tested by them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ingest.facts import Facts
from ingest.names.organisations import Affiliation, Organisations
from ingest.names.territories import Territories
from ingest.parsers.records import Record

LISTED, ALIGNED = "listed", "aligned"


class Lists(Protocol):
    """What a card says of the columns."""

    @property
    def organisation_column(self) -> str | None: ...
    @property
    def separator(self) -> str: ...
    @property
    def country_column(self) -> str | None: ...
    @property
    def country_separator(self) -> str: ...
    @property
    def countries(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class Mention:
    """An organisation as a row prints it, and the countries that the row states."""

    name: str
    countries: frozenset[str]
    is_complete: bool
    """Whether every entry of the list is a known country."""
    aligned: str | None
    """Country at the same place of a complete list of the same length."""


def mentions(row: Record, lists: Lists, territories: Territories) -> list[Mention]:
    """The organisations of a row, in their order."""
    names = [n.strip() for n in (row[str(lists.organisation_column)] or "").split(lists.separator)]
    stated: list[str | None] = []
    if lists.country_column:
        printed = [
            c.strip() for c in (row[lists.country_column] or "").split(lists.country_separator)
        ]
        stated = [lists.countries.get(c) or territories.country(c) for c in printed]
    known = frozenset(code for code in stated if code)
    is_complete = bool(stated) and None not in stated
    is_aligned = is_complete and len(stated) == len(names)
    return [
        Mention(name, known, is_complete, stated[i] if is_aligned else None)
        for i, name in enumerate(names)
        if name
    ]


@dataclass
class Agreement:
    """How many mentions are resolved, and how many of those agree with the stated countries."""

    n_left_out: int = 0
    n_mentions: int = 0
    n_resolved: int = 0
    n_placed: int = 0
    n_by_country: int = 0
    n_compared: dict[str, int] = field(default_factory=lambda: {LISTED: 0, ALIGNED: 0})
    n_agreeing: dict[str, int] = field(default_factory=lambda: {LISTED: 0, ALIGNED: 0})

    def add(self, mention: Mention, found: Affiliation, territories: Territories) -> bool:
        """Count a mention; returns whether it contradicts the countries stated with it."""
        if not found.is_organisation:
            self.n_left_out += 1
            return False
        self.n_mentions += 1
        if not found.is_resolved or found.site is None:
            return False
        self.n_resolved += 1
        self.n_placed += found.city_id is not None
        if found.basis == "country":
            self.n_by_country += 1
            return False
        if not mention.is_complete:
            return False
        country = found.site.country_code
        tests = {LISTED: mention.countries, ALIGNED: {mention.aligned} - {None}}
        for test, countries in tests.items():
            if countries:
                self.n_compared[test] += 1
                self.n_agreeing[test] += any(territories.is_within(country, c) for c in countries)
        return not any(territories.is_within(country, c) for c in mention.countries)

    def as_facts(self, rows: str, locator: str, facts: Facts) -> None:
        """Add a fact for each test."""
        for test in (LISTED, ALIGNED):
            facts.add(
                "organisation_resolution",
                rows_counted=rows,
                comparison=test,
                n_left_out=self.n_left_out,
                n_mentions=self.n_mentions,
                n_resolved=self.n_resolved,
                n_placed=self.n_placed,
                n_by_country=self.n_by_country,
                n_compared=self.n_compared[test],
                n_agreeing=self.n_agreeing[test],
                locator=locator,
            )


def resolve(
    found: Iterable[Mention], organisations: Organisations
) -> list[tuple[Mention, Affiliation]]:
    """Each mention with what it means."""
    return [(m, organisations.resolve(m.name, m.countries)) for m in found]


def where(found: Affiliation) -> tuple[str, ...]:
    """Candidates of an unresolved mention, in words."""
    return tuple(
        sorted({site.city_id or f"{site.place} ({site.country_code})" for site in found.candidates})
    )
