"""Rankings in tables of a document of any form, each declared by its table and columns.

The card says which table it is, which columns hold rank, name and score, and how many rows it
has. Every one of these rows becomes a rank, or is kept in quarantine with the reason; a row that
the card does not speak of, or one too few, is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field, model_validator

from ingest import reading
from ingest.cards import CountryCode, Entry, Identifier, Kind, Text
from ingest.facts import Facts, ParseError, how_read, short_quote
from ingest.grammar.quantities import decimal_sign
from ingest.parsers.base import Context, NoOptions, Parser
from ingest.parsers.table_choice import (
    ChosenLines,
    ColumnName,
    TableChoice,
    choose,
    chosen_lines,
)
from ingest.reading.content import Content, ReadingError
from ingest.tables.blocks import Aside, Line
from ingest.tables.ranking_rows import Columns, RankingRow, read_lines, whole
from ingest.tables.roles import WRAPPED, decimal_of, order, out_of_count, perhaps_wrapped
from ingest.tables.words import bare_value, fold, unmarked

SHOWN = 5
ORDERED = 0.9
"""Share of rows in one order from which on the others are taken for misread."""
BASIS = {
    "printed": "",
    "implied": "rank implied by the order of the scores",
    "none": "scores without ranks",
}
NO_RANK = "no rank is printed"


class Named(Entry):
    """Columns that are read, by heading or position."""

    entity: ColumnName
    """The name of the place. Where rank and name stand in one cell, ``1. Beijing``, name this
    column as the rank too."""
    entity_if_empty: ColumnName | None = None
    """Stands in where the name is empty."""
    rank: ColumnName | None = None
    score: ColumnName | None = None
    country: ColumnName | None = None
    """Tells places of one name apart; so does the province."""
    province: ColumnName | None = None
    cohort: ColumnName | None = None
    """Each row's own group within which the ranks count."""


class Rows(Entry):
    """Rows that are no part of the ranking, by what a cell of theirs is."""

    column: ColumnName
    values: tuple[Text, ...] = Field(min_length=1)
    reason: Text


class Place(Entry):
    """A name so printed that only a reader knows which place is meant."""

    printed: Text
    city: Identifier


class Table(Entry):
    """A ranking, and where it stands."""

    report_id: Identifier
    table: TableChoice = TableChoice()
    columns: Named
    rows: int = Field(ge=1)
    """Rows of the ranking, all of which must be there."""
    order: Literal["printed", "implied", "none"] = "printed"
    """Whether ranks are printed, or only the order of the scores tells them, or nothing does."""
    group: Text | None = None
    """Only the rows below this heading, where a table has several groups."""
    until: Text | None = None
    """Text of the row before which the ranking ends."""
    left_out: tuple[Rows, ...] = ()
    quarantined: int = Field(0, ge=0)
    """How many of the rows print no rank where others do, or something that can't be read."""
    decimal: Literal[".", ","] | None = None
    """Decimal sign, where the numbers do not tell it by themselves."""
    missing: tuple[Text, ...] = ()
    """Cells that stand for no value, besides the usual signs."""
    cohort: str = "all"
    cohort_country_code: CountryCode | None = None
    """Country whose cities, as the publisher counts them, are all that the cohort ranks."""
    kinds: tuple[Kind, ...] = Field(("city", "municipality"), min_length=1)
    """Kinds of places that are ranked."""
    country_code: CountryCode | None = None
    countries: dict[str, CountryCode] = Field({})
    """Countries as printed and their codes, where their usual names do not tell."""
    places: tuple[Place, ...] = ()

    @model_validator(mode="after")
    def _columns_fit(self) -> Table:
        if self.order == "printed" and self.columns.rank is None:
            raise ValueError("name the rank's column, or declare 'order: implied' or 'none'")
        if self.order != "printed" and (self.columns.rank or self.columns.score is None):
            raise ValueError(f"order '{self.order}' needs the score's column, and no rank")
        if self.cohort_country_code and self.cohort == "all":
            raise ValueError(
                "cohort_country_code is for a cohort; whose cities the whole ranks is said by "
                "universe_country_code of the report"
            )
        return self


class DocumentOptions(Entry):
    tables: tuple[Table, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Found:
    """A row of the ranking with what its other columns say."""

    row: RankingRow
    province: str = ""
    cohort: str = ""


@dataclass(frozen=True)
class Declared:
    """All rows of a declared ranking: those that were read, and those set aside."""

    found: tuple[Found, ...]
    aside: tuple[Aside, ...]


def read(data: bytes, context: Context, facts: Facts) -> None:
    try:
        content = reading.read(data, context.document.address)
    except ReadingError as error:
        raise ParseError(str(error)) from error
    read_tables(content, data, context, facts)


def read_tables(content: Content, data: bytes, context: Context, facts: Facts) -> None:
    """Add the ranks of a document that was read, see :func:`read_table`."""
    options: DocumentOptions = context.document_options
    for table in options.tables:
        declared = read_table(content, table, data)
        for aside in declared.aside:
            _set_aside(facts, aside.text, aside.reason, aside.locator)
        one_unit = len({f.row.unit for f in declared.found if f.row.score is not None}) < 2
        for found in declared.found:
            _add(found, table, context, facts, one_unit)


def read_table(content: Content, table: Table, data: bytes = b"") -> Declared:
    """The rows of one declared ranking, exactly as many as the card says.

    Args:
        content: what the document holds.
        table: the card's declaration.
        data: the document's bytes, for a CSS selector.

    Raises:
        ParseError: table, columns, rows or their number are not as declared.
    """
    chosen = chosen_lines(choose(content, table.table, data), _names(table), table.table.headings)
    decimal = table.decimal or _decimal(chosen)
    found: list[Found] = []
    refused: list[Aside] = []
    left_out: list[Aside] = []
    for block, lines in _lines(chosen, table):
        columns = _columns(block)
        wrapped = perhaps_wrapped(lines, columns.entity, grouped=True)
        refused += [Aside(lines[i].locator(), whole(lines[i]), WRAPPED) for i in sorted(wrapped)]
        lines = [line for i, line in enumerate(lines) if i not in wrapped]
        rows = read_lines(lines, columns, decimal, frozenset(table.missing))
        by_place = {line.locator(): line for line in lines}
        for row in rows.rows:
            line = by_place[row.locator]
            found.append(Found(row, _cell(block, line, "province"), _cell(block, line, "cohort")))
        refused += rows.refused
        left_out += rows.left_out
    _check_refused(table, found, refused)
    doubtful: list[Aside] = []
    if table.order == "implied":
        found = _implied(found)
    elif table.order == "printed":
        found, doubtful = _misread(found)
    aside = [*refused, *doubtful]
    _count(table, found, aside, left_out)
    return Declared(tuple(found), tuple(aside))


def _check_refused(table: Table, found: Sequence[Found], refused: Sequence[Aside]) -> None:
    doubts = list(refused)
    if table.order == "printed":
        doubts += [Aside(f.row.locator, f.row.quote, NO_RANK) for f in found if not f.row.rank_from]
    if len(doubts) != table.quarantined:
        shown = "; ".join(f"{a.locator}: {a.reason} ('{a.text}')" for a in doubts[:SHOWN])
        raise ParseError(
            f"{len(doubts)} rows do not fit, the card expects {table.quarantined}: "
            f"{shown or 'none'}. Leave them out, end the ranking before them with 'until', or "
            "count them under 'quarantined'"
        )


def _names(table: Table) -> dict[str, ColumnName]:
    names = {k: n for k, n in table.columns.model_dump().items() if n is not None}
    return names | {f"left_out {i}": rule.column for i, rule in enumerate(table.left_out)}


def _columns(block: ChosenLines) -> Columns:
    at = block.columns
    stand_in = (at["entity_if_empty"],) if "entity_if_empty" in at else ()
    return Columns(
        (at["entity"], *stand_in), at.get("rank"), at.get("score"), at.get("country"), None
    )


def _cell(block: ChosenLines, line: Line, role: str) -> str:
    return unmarked(line.cells[block.columns[role]]) if role in block.columns else ""


def _decimal(chosen: Sequence[ChosenLines]) -> str | None:
    """The decimal sign on which the column agrees over all its pages."""
    scored = [c for c in chosen if "score" in c.columns]
    texts = [c.block.column(c.columns["score"]) for c in scored]
    sign = decimal_sign(bare_value(unmarked(t)) for column in texts for t in column)
    if sign or not scored:
        return sign
    first = scored[0]
    everything = range(len(first.block.headings))
    return decimal_of(first.block, first.lines, first.columns["score"], everything)


def _lines(chosen: Sequence[ChosenLines], table: Table) -> Iterator[tuple[ChosenLines, list[Line]]]:
    """The lines of the ranking, block by block, without those that the card leaves out."""
    ended = False
    for block in chosen:
        kept = []
        for line in block.lines:
            ended = ended or _ends(block, line, table)
            if ended or (table.group and fold(table.group) not in fold(line.group)):
                continue
            if not any(
                unmarked(line.cells[block.columns[f"left_out {i}"]]) in rule.values
                for i, rule in enumerate(table.left_out)
            ):
                kept.append(line)
        yield block, kept
    if table.until and not ended:
        raise ParseError(f"no row says '{table.until}', before which the ranking should end")


def _ends(block: ChosenLines, line: Line, table: Table) -> bool:
    if not table.until:
        return False
    return fold(table.until) in (fold(line.group), *map(fold, line.cells))


def _misread(found: Sequence[Found]) -> tuple[list[Found], list[Aside]]:
    """Rows that OCR read out of the order of the others, set aside."""
    ranks = [(i, f.row.rank_from) for i, f in enumerate(found) if f.row.rank_from is not None]
    if not any(f.row.confidence is not None for f in found):
        return list(found), []
    out, _ = out_of_count(ranks)
    scored = [(i, r, s) for i, r in ranks if i not in out and (s := found[i].row.score) is not None]
    scores = order([(rank, score) for _, rank, score in scored])
    if scores and scores.share > ORDERED:
        out |= {scored[k][0] for k in scores.out}
    reason = "read by OCR, and out of the order of the others"
    aside = [Aside(found[i].row.locator, found[i].row.quote, reason) for i in sorted(out)]
    return [f for i, f in enumerate(found) if i not in out], aside


def _implied(found: Sequence[Found]) -> list[Found]:
    placed: list[Found] = []
    for i, one in enumerate(found):
        if one.row.score is None:
            raise ParseError(f"{one.row.locator}: without a score the order implies no rank")
        place = i + 1
        if placed and placed[-1].row.score is not None:
            before = placed[-1].row.score
            if before < one.row.score:
                raise ParseError(
                    f"{one.row.locator}: {one.row.score_as_printed} is above the row before, so "
                    "that the order of the rows implies no rank"
                )
            if before == one.row.score:
                place = placed[-1].row.order or place
        placed.append(replace(one, row=replace(one.row, order=place)))
    return placed


def _count(
    table: Table, found: Sequence[Found], aside: Sequence[Aside], left_out: Sequence[Aside]
) -> None:
    number = len(found) + len(aside)
    if number == table.rows:
        return
    ends = [f.row.quote for f in (*found[:1], *found[-1:])]
    without = "; ".join(f"{a.locator} ({a.reason}: '{a.text}')" for a in left_out[:SHOWN])
    raise ParseError(
        f"report '{table.report_id}' has {number} rows, the card expects {table.rows}; the first "
        f"and the last are '{' and '.join(ends) or 'none'}'; left out are {without or 'none'}"
    )


def _add(found: Found, table: Table, context: Context, facts: Facts, one_unit: bool) -> None:
    row = found.row
    city_id = next((p.city for p in table.places if p.printed == row.entity), None)
    if city_id is None:
        named = table.countries.get(row.country)
        code = named or context.gazetteer.territories.country(row.country) or table.country_code
        if row.country and code is None:  # no guess at a city without its country
            reason = f"unknown country '{row.country}'"
            _set_aside(facts, row.quote, reason, row.locator)
            return
        resolved = context.gazetteer.city(
            row.entity, code, found.province or None, kinds=table.kinds
        )
        if resolved.city_id is None:
            reason = "ambiguous city" if resolved.candidates else "unknown city"
            _set_aside(facts, row.entity, reason, row.locator, resolved.suggestions)
            return
        city_id = resolved.city_id
    if table.order == "printed" and row.rank_from is None:
        _set_aside(facts, row.quote, NO_RANK, row.locator)
        return
    rank, rank_to = {
        "printed": (row.rank_from, row.rank_to),
        "implied": (row.order, row.order),
        "none": (1, table.rows),
    }[table.order]
    certain = rank == rank_to
    marks = [BASIS[table.order], row.note, "tie" if row.tied else ""]
    marks += [] if one_unit else ["scores in several units"]
    facts.add(
        "published_rank",
        report_id=table.report_id,
        city_id=city_id,
        city_as_printed=row.entity,
        cohort=found.cohort or table.cohort,
        cohort_country_code=None if found.cohort else table.cohort_country_code,
        rank_as_printed=row.rank_as_printed,
        rank=rank if certain else None,
        rank_from=rank,
        rank_to=rank_to,
        order_certain=certain,
        score_as_printed=row.score_as_printed,
        score=float(row.score) if row.score is not None and one_unit else None,
        basis="; ".join(filter(None, marks)) or None,
        locator=row.locator,
        quote=short_quote(row.quote),
        **how_read(row.confidence),
    )


def _set_aside(
    facts: Facts, text: str, reason: str, locator: str, candidates: Sequence[str] = ()
) -> None:
    facts.quarantine("published_rank", text, reason, locator, tuple(candidates), apart=True)


PARSER = Parser("ranking_table", 1, NoOptions, DocumentOptions, read)
