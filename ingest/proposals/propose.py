"""What a document seems to say, for an analyst to accept, correct or reject: ``make propose``.

The tables and the running text of a document without a card are searched for rankings and
claims. What is found with enough confidence is declared as a card declares it, and read by the
parser that will read the card, so that a proposal has exactly the facts that accepting it would
give. Proposals lie in a folder of their own, from which nothing is loaded.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ingest import archive
from ingest.archive import HeldDocument
from ingest.cards import CITY_KINDS, GROUP_KINDS, PROVINCE_KINDS, Document
from ingest.catalog import Catalog
from ingest.facts import Facts, ParseError, as_date, short_quote
from ingest.grammar.prose import decimal_of, read_statements
from ingest.grammar.statements import Refusal, Statement
from ingest.names.gazetteer import Gazetteer, Resolution
from ingest.parsers import quoted_passages, ranking_table
from ingest.parsers.base import Context
from ingest.proposals.claims import Piece, Reports, pieces
from ingest.reading import read as read_content
from ingest.reading.content import Content, Passage, ReadingError
from ingest.tables.rankings import Ranking, find_rankings

LEAST_CONFIDENCE = 0.5
"""What is less certain is shown, and not written into the card."""
LEAST_ENTRIES = 3
"""Fewer names than this in a text are no table's rows."""
ALL_KINDS = CITY_KINDS | PROVINCE_KINDS | GROUP_KINDS


@dataclass(frozen=True)
class Line:
    """A row of a candidate: what is printed, and what accepting it would make of it."""

    item: str
    """Id of the report or claim in the card; empty where the card does not have it."""
    kind: str
    """``table``, or the kind of the statement: ranking, set, tier, bound, quantity, withheld."""
    outcome: str
    """``proposed``, ``quarantined`` (the card has its row, and the reader sets it aside),
    ``left out`` (the card does not have it) or ``refused`` (it can't be read with certainty)."""
    confidence: float | None
    locator: str
    name: str
    city_id: str
    suggestions: str
    """Places that an ambiguous or unknown name may mean."""
    rank_as_printed: str
    rank_from: int | None
    rank_to: int | None
    score_as_printed: str
    score: float | None
    unit: str
    read_confidence: float | None
    """Of text read by OCR."""
    reason: str
    quote: str


@dataclass(frozen=True)
class Candidate:
    """A ranking or claim that was found. ``declared`` is how the card has it, if it does: entries
    of ``options`` by their key (``tables``, ``rankings``, ``claims``)."""

    kind: str
    where: str
    title: str
    confidence: float
    reason: str
    declared: Mapping[str, Sequence[Mapping[str, Any]]]
    lines: tuple[Line, ...]

    @property
    def counts(self) -> Counter[str]:
        return Counter(line.outcome for line in self.lines)


@dataclass(frozen=True)
class Proposal:
    """What was found in a document. ``slug`` is the id of its card."""

    name: str
    slug: str
    sha256: str
    content: Content
    decimal: str
    """Decimal sign of the running text."""
    tables: tuple[Candidate, ...]
    statements: tuple[Candidate, ...]
    refused: tuple[Line, ...]
    """Passages that look like statements and can't be read with certainty."""

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return (*self.tables, *self.statements)

    @property
    def lines(self) -> tuple[Line, ...]:
        return (*(line for found in self.candidates for line in found.lines), *self.refused)


def propose(data: bytes, name: str, catalog: Catalog) -> Proposal:
    """Candidates in a document of any form; ``name`` is that of its file.

    Raises:
        ReadingError: the document can't be read; the message says why.
    """
    content = read_content(data, name)
    slug = _slug(name, data, catalog)
    try:
        text: tuple[Passage, ...] = quoted_passages.passages(data)
    except ReadingError:  # tables alone
        text = ()
    trial = _Trial(slug, data, content, text, catalog)
    tables = [_table(r, f"{slug}_table_{i}", trial) for i, r in enumerate(_rankings(content), 1)]
    decimal = decimal_of("\n".join(passage.text for passage in content.passages)) or "."
    statements: list[Candidate] = []
    refused: list[Line] = []
    reports = Reports(slug)
    for passage in content.passages:
        try:
            said = read_statements(passage.text, trial.is_name, decimal)
        except ValueError as error:  # too long
            where = passage.where or "the running text"
            refused.append(_line(kind="text", outcome="refused", locator=where, reason=str(error)))
            continue
        for found in said:
            if isinstance(found, Refusal):
                refused.append(_refused(found, passage))
            else:
                number = len(statements) + 1
                statements.append(
                    _statement(found, passage, number, decimal, trial, tables, reports)
                )
    return Proposal(
        name=name,
        slug=slug,
        sha256=archive.sha256(data),
        content=content,
        decimal=decimal,
        tables=tuple(tables),
        statements=tuple(statements),
        refused=tuple(refused),
    )


def _rankings(content: Content) -> list[Ranking]:
    """Rankings first, then mere columns of values, each in reading order."""
    return sorted(find_rankings(content), key=lambda ranking: ranking.rank_kind == "none")


def _slug(name: str, data: bytes, catalog: Catalog) -> str:
    """An id out of the file's name, that no card has."""
    digest = archive.sha256(data)
    plain = unicodedata.normalize("NFKD", Path(name).stem).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")[:50]
    if not re.match("[a-z]", slug):
        slug = f"document_{slug or digest[:8]}"
    return f"{slug}_{digest[:6]}" if slug in catalog.sources else slug


@dataclass(frozen=True)
class _Trial:
    """Reads a document by what a card would declare of it."""

    slug: str
    data: bytes
    content: Content
    text: tuple[Passage, ...]
    catalog: Catalog
    known: dict[str, Resolution] = field(default_factory=dict)

    @property
    def names(self) -> Gazetteer:
        return self.catalog.gazetteer

    def is_name(self, name: str) -> bool:
        return bool(self.place(name).city_id or self.place(name).candidates)

    def place(self, name: str) -> Resolution:
        """The city of a name, or else the province, metro or cluster."""
        if name not in self.known:
            found = self.names.city(name)
            if not (found.city_id or found.candidates):
                found = self.names.city(name, kinds=ALL_KINDS)
            self.known[name] = found
        return self.known[name]

    def table(self, options: Mapping[str, Any]) -> Facts:
        """Facts of the tables declared.

        Raises:
            ParseError, ValidationError: the document does not have them as declared.
        """
        facts, context = self._begin(ranking_table.PARSER, options)
        ranking_table.read_tables(self.content, self.data, context, facts)
        return facts

    def passages(self, options: Mapping[str, Any]) -> Facts:
        """Facts of the passages declared.

        Raises:
            ParseError, ValidationError: the document does not have them as declared.
        """
        facts, context = self._begin(quoted_passages.PARSER, options)
        quoted_passages.read_passages(self.text, context, facts)
        return facts

    def _begin(self, parser: Any, options: Mapping[str, Any]) -> tuple[Facts, Context]:
        day = as_date("1970-01-01")
        document = Document(
            id=self.slug, title=self.slug, address="https://proposed.invalid/", published_on=day
        )
        blob = archive.sha256(self.data)
        held = HeldDocument(
            source_id=self.slug,
            document=self.slug,
            blob=blob,
            origin="proposed",
            fact_kind="",
            document_id=blob,
            sha256=blob,
            title=document.title,
            address=document.address,
            media_type="",
            size_bytes=len(self.data),
            published_on=day,
            retrieved_on=None,
            vintage_on=day,
            seen="full",
        )
        context = Context(
            self.names,
            self.catalog.indicators,
            self.catalog.units,
            document,
            parser.options.model_validate({}),
            parser.document_options.model_validate(options),
        )
        return Facts(held, parser.label), context


# ---------------------------------------------------------------- tables


def _table(ranking: Ranking, item: str, trial: _Trial) -> Candidate:
    declared, doubt = None, ""
    if ranking.rank_kind == "none":
        doubt = "values without an order: long_table or statistical_table may read them"
    elif ranking.confidence < LEAST_CONFIDENCE:
        doubt = f"confidence below {LEAST_CONFIDENCE}"
    elif not (kinds := _kinds([row.entity for row in ranking.rows], trial.names)):
        doubt = "none of the names is a place of cities.csv"
    else:
        declared = _declaration(ranking, item, kinds, trial)
        doubt = "" if declared else "no declaration of table and columns gives exactly these rows"
    if declared:
        rows = trial.table({"tables": [declared]}).rows
        lines = [_line_of_fact(row, item, ranking.confidence) for row in rows]
    else:
        lines = [_line_of_row(row, doubt, ranking.confidence) for row in ranking.rows]
        lines += [
            _line(
                kind="table",
                outcome="refused",
                confidence=ranking.confidence,
                locator=aside.locator,
                reason=aside.reason,
                quote=short_quote(aside.text),
            )
            for aside in ranking.refused
        ]
    return Candidate(
        kind="table",
        where=ranking.where,
        title=" - ".join(dict.fromkeys(filter(None, (ranking.title, ranking.group)))),
        confidence=ranking.confidence,
        reason="; ".join(filter(None, (doubt, *ranking.reasons))),
        declared={"tables": [declared]} if declared else {},
        lines=tuple(lines),
    )


def _kinds(names: Sequence[str], gazetteer: Gazetteer) -> list[str]:
    """Kinds of places that the names are: provinces, where more of them are provinces."""

    def known(kinds: Iterable[str]) -> set[str]:
        found = {
            name: gazetteer.city(name, kinds=frozenset(kinds)) for name in dict.fromkeys(names)
        }
        return {name for name, place in found.items() if place.city_id or place.candidates}

    cities = known(CITY_KINDS)
    if len(known(PROVINCE_KINDS)) > len(cities):
        return sorted(PROVINCE_KINDS)
    groups = [kind for kind in sorted(GROUP_KINDS) if known([kind]) - cities]
    return [*sorted(CITY_KINDS), *groups] if cities or groups else []


def _declaration(
    ranking: Ranking, item: str, kinds: Sequence[str], trial: _Trial
) -> dict[str, Any] | None:
    """The first of the ways to declare a ranking that gives its rows and no others."""
    wanted = [(row.locator, row.entity, row.rank, row.score) for row in ranking.rows]
    for declared in _declarations(ranking, item):
        if set(kinds) != CITY_KINDS:
            declared["kinds"] = list(kinds)
        try:
            table = ranking_table.Table.model_validate(declared)
            read = ranking_table.read_table(trial.content, table, trial.data)
        except (ParseError, ValidationError):
            continue
        if wanted == [(f.row.locator, f.row.entity, f.row.rank, f.row.score) for f in read.found]:
            return declared
    return None


def _declarations(ranking: Ranking, item: str) -> Iterator[dict[str, Any]]:
    """Ways to declare a ranking, best first: columns by heading, or by position."""
    order = "implied" if ranking.rank_kind == "implied" else "printed"
    without_rank = sum(row.rank is None for row in ranking.rows) if order == "printed" else 0
    columns = ranking.columns
    positions: dict[str, int] = {"entity": columns.entity[0] + 1}
    if len(columns.entity) > 1:
        positions["entity_if_empty"] = columns.entity[1] + 1
    for role, column in (("rank", columns.rank), ("score", columns.score)):
        if column is not None and not (role == "rank" and order != "printed"):
            positions[role] = column + 1
    if columns.country is not None:
        positions["country"] = columns.country + 1
    headings = {role: ranking.headings.get(role) or place for role, place in positions.items()}
    for table in _places(ranking):
        for named in (headings, positions):
            declared: dict[str, Any] = {"report_id": item, "table": table, "columns": named}
            declared["rows"] = len(ranking.rows) + len(ranking.refused)
            if order != "printed":
                declared["order"] = order
            if ranking.group:
                declared["group"] = ranking.group
            if ranking.refused or without_rank:
                declared["quarantined"] = len(ranking.refused) + without_rank
            yield declared
            if ranking.decimal:
                yield declared | {"decimal": ranking.decimal}


def _places(ranking: Ranking) -> Iterator[dict[str, Any]]:
    """Ways to say which tables are meant."""
    tables = ranking.tables
    pages = [table.page for table in tables if table.page is not None]
    if len(tables) > 1:
        if pages:
            yield {"pages": [min(pages), max(pages)]}
        return
    [table] = tables
    if table.where.startswith("sheet "):
        yield {"sheet": table.where.removeprefix("sheet ")}
    yield {"where": table.where}


def _line(**values: Any) -> Line:
    empty: dict[str, Any] = dict.fromkeys(Line.__dataclass_fields__, "")
    empty |= dict.fromkeys(("confidence", "rank_from", "rank_to", "score", "read_confidence"))
    return Line(**(empty | values))


def _line_of_fact(row: Mapping[str, Any], item: str, confidence: float) -> Line:
    if row["kind"] == "quarantine":
        return _line(
            item=item,
            kind="table",
            outcome="quarantined",
            confidence=confidence,
            locator=row["locator"],
            name=row["text"],
            suggestions=row["candidates"] or "",
            reason=row["reason"],
        )
    return _line(
        item=item,
        kind="table",
        outcome="proposed",
        confidence=confidence,
        locator=row["locator"],
        name=row["city_as_printed"],
        city_id=row["city_id"],
        rank_as_printed=row["rank_as_printed"] or "",
        rank_from=row["rank_from"],
        rank_to=row["rank_to"],
        score_as_printed=row["score_as_printed"] or "",
        score=row["score"],
        read_confidence=row.get("read_confidence"),
        reason=row["basis"] or "",
        quote=row["quote"],
    )


def _line_of_row(row: Any, doubt: str, confidence: float) -> Line:
    rank = row.order if row.rank is None else row.rank
    return _line(
        kind="table",
        outcome="left out",
        confidence=confidence,
        locator=row.locator,
        name=row.entity,
        rank_as_printed=row.rank_as_printed or "",
        rank_from=rank,
        rank_to=row.rank_to or rank,
        score_as_printed=row.score_as_printed or "",
        score=None if row.score is None else float(row.score),
        unit=row.unit,
        read_confidence=row.confidence,
        reason=doubt,
        quote=short_quote(row.quote),
    )


# ---------------------------------------------------------------- running text


def _refused(refusal: Refusal, passage: Passage) -> Line:
    """With both lists, that did not fit each other."""
    lists = {"names": refusal.names, "values": refusal.values}
    shown = [f"{what}: {', '.join(texts)}" for what, texts in lists.items() if texts]
    return _line(
        kind="text",
        outcome="refused",
        locator=passage.locator(refusal.start, refusal.end),
        read_confidence=passage.confidence,
        reason="; ".join([refusal.reason, *shown]),
        quote=short_quote(refusal.quote),
    )


def _statement(
    statement: Statement,
    passage: Passage,
    number: int,
    decimal: str,
    trial: _Trial,
    tables: Sequence[Candidate],
    reports: Reports,
) -> Candidate:
    places = {entry.name: trial.place(entry.name) for entry in statement.entries}
    declared: dict[str, list[Mapping[str, Any]]] = {}
    lines: list[Line] = []
    doubts: list[str] = []
    tabulated = _tabulated(statement, passage, tables)
    cohort = statement.cohort.printed if statement.cohort else ""
    for piece in pieces(statement, places, number, decimal, trial.text):
        doubt = tabulated or piece.doubt
        if not doubt and statement.confidence < LEAST_CONFIDENCE:
            doubt = f"confidence below {LEAST_CONFIDENCE}"
        if not doubt and piece.key == "rankings":
            if reports.repeated(piece, passage.where):
                doubt = "the text has said so before"
            else:
                piece = reports.take(piece, passage.where, cohort, decimal)
        if not doubt:
            try:
                trial.passages({"decimal": decimal, piece.key: [piece.tried]})
                declared.setdefault(piece.key, []).append(piece.declared)
            except (ParseError, ValidationError) as error:
                doubt = str(error)
        doubts += [doubt] if doubt else []
        lines += _lines_of_piece(piece, statement, passage, doubt, places)
    return Candidate(
        kind=statement.kind,
        where=passage.locator(statement.start, statement.end),
        title="",
        confidence=statement.confidence,
        reason="; ".join(dict.fromkeys([*doubts, statement.reason, *filter(None, [cohort])])),
        declared=declared,
        lines=tuple(lines),
    )


def _tabulated(statement: Statement, passage: Passage, tables: Sequence[Candidate]) -> str:
    """Why a statement is left to a table: the text of a page has that of its tables as well."""
    page = passage.where
    if not page or len(statement.entries) < LEAST_ENTRIES:
        return ""
    for table in tables:
        names = {line.name for line in table.lines if line.locator.startswith(f"{page},")}
        # In running text the cells of a row may stand in one name.
        shared = sum(not names.isdisjoint([e.name, *e.name.split()]) for e in statement.entries)
        if 2 * shared > len(statement.entries):
            return f"the rows stand in {table.where}"
    return ""


def _lines_of_piece(
    piece: Piece,
    statement: Statement,
    passage: Passage,
    doubt: str,
    places: Mapping[str, Resolution],
) -> Iterator[Line]:
    for entry in piece.entries:
        place = places[entry.name]
        unknown = "" if place.city_id else "ambiguous name" if place.candidates else "unknown name"
        score = entry.score
        yield _line(
            item="" if doubt or unknown else piece.item,
            kind=statement.kind,
            outcome="left out" if doubt or unknown else "proposed",
            confidence=statement.confidence,
            locator=passage.locator(statement.start, statement.end),
            name=entry.name,
            city_id=place.city_id or "",
            suggestions="; ".join(place.suggestions),
            rank_from=entry.rank_from,
            rank_to=entry.rank_to,
            score_as_printed=score.printed if score else "",
            score=float(score.value) if score else None,
            unit=score.unit if score else "",
            read_confidence=passage.confidence,
            reason=unknown or doubt or entry.missing or "",
            quote=short_quote(statement.quote),
        )
