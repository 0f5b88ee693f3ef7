"""What one printed row of a ranking says, once the roles of its columns are known."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Literal

from ingest.grammar.quantities import Quantity, read_quantity
from ingest.grammar.ranks import Rank, read_rank
from ingest.reading.content import Table
from ingest.tables.blocks import Aside, Line
from ingest.tables.words import bare_value, is_ditto, is_missing, is_only, unmarked

QUOTE_LIMIT = 200
RankKind = Literal["rank", "serial", "implied", "none"]
"""``serial``: the numbers count the rows, and need not rank them. ``implied``: no rank is printed,
but the rows stand in the order of the score. ``none``: values without an order."""
_NUMBERED = re.compile(r"\s*(?:第)?(\d{1,4})(?:\s*[.)、．:：]\s*|\s+|名\s*)(?=[^\d\s.,%])(.+)")


@dataclass(frozen=True)
class Columns:
    """Positions of the columns in their block, from 0.

    ``entity`` has first the column of the name, then those that stand in where it is empty. Where
    ``rank`` is the column of the name, rank and name stand in one cell: ``1. Beijing``.
    """

    entity: tuple[int, ...]
    rank: int | None = None
    score: int | None = None
    country: int | None = None
    group: int | None = None


@dataclass(frozen=True)
class RankingRow:
    """What one printed row says. ``rank`` is as printed, and none where a range is; ``order``
    counts the rows where no rank is printed and the order implies one (ties share the best)."""

    entity: str
    rank_as_printed: str | None
    rank: int | None
    rank_from: int | None
    rank_to: int | None
    """Best and worst rank that the cell allows: 3 and 5 of ``3-5``."""
    score_as_printed: str | None
    score: Decimal | None
    unit: str
    locator: str
    quote: str
    order: int | None = None
    country: str = ""
    group: str = ""
    """Of its own column, or of the heading that it stands under."""
    tied: bool = False
    confidence: float | None = None
    """Of the least sure cell that was read by OCR."""
    note: str = ""


@dataclass(frozen=True)
class Ranking:
    """``headings`` has the heading of each role; ``confidence`` is 0 to 1, with its reasons."""

    tables: tuple[Table, ...]
    title: str
    group: str
    """Of a numbering that restarts per group: the group."""
    columns: Columns
    headings: dict[str, str]
    rank_kind: RankKind
    rows: tuple[RankingRow, ...]
    refused: tuple[Aside, ...]
    left_out: tuple[Aside, ...]
    decimal: str | None
    confidence: float
    reasons: tuple[str, ...]

    @property
    def where(self) -> str:
        first, last = self.tables[0].where, self.tables[-1].where
        return first if first == last else f"{first} to {last}"


@dataclass
class Reading:
    rows: list[RankingRow]
    refused: list[Aside]
    left_out: list[Aside]


class NotCertain(ValueError):
    """A cell that can't be read with certainty."""


def printed_row(cells: Sequence[str]) -> str:
    """The cells joined by `` | ``, 200 characters at most; each part stands in the row."""
    text = ""
    for cell in filter(None, cells):
        longer = f"{text} | {cell}" if text else cell
        if len(longer) > QUOTE_LIMIT:
            text = text or cell[:QUOTE_LIMIT]
            break
        text = longer
    return text


def read_lines(
    lines: Sequence[Line],
    columns: Columns,
    decimal: str | None,
    missing: frozenset[str] = frozenset(),
    kind: RankKind = "rank",
) -> Reading:
    """Every line as a row, refused with a reason, or left out with a reason."""
    reading = Reading([], [], [])
    before: RankingRow | None = None
    below = _ties_below(lines, columns, decimal, missing)
    for i, line in enumerate(lines):
        try:
            row = _row(line, columns, decimal, missing, below.get(i, before))
        except NotCertain as doubt:
            reading.refused.append(Aside(line.locator(), whole(line), str(doubt)))
            before = None
            continue
        if row.rank_from is None and _sums_up(row.entity):
            reading.left_out.append(Aside(row.locator, whole(line), "sums up other rows"))
            continue
        unranked = columns.rank is not None and row.rank_from is None
        if unranked and row.score is not None:
            reading.refused.append(Aside(row.locator, whole(line), "no rank is printed"))
            continue
        if unranked and not row.score_as_printed:
            reading.left_out.append(Aside(row.locator, whole(line), "neither rank nor score"))
            continue
        reading.rows.append(row)
        before = row if row.rank_from is not None else before
    return reading


def _ties_below(
    lines: Sequence[Line], columns: Columns, decimal: str | None, missing: frozenset[str]
) -> dict[int, RankingRow | None]:
    """Of lines that print no rank, the row whose rank they share for all that it stands below.

    A rank over its ties may stand on their last line, or on one between. The scores must be the
    same, and the count must need just these lines. None where the lines above and below have the
    same score.
    """
    found: dict[int, RankingRow | None] = {}
    if columns.rank is None or columns.score is None:
        return found
    waiting: list[int] = []
    before: RankingRow | None = None
    tied = 0
    """Rows so far that have the rank of the row before, that row included."""
    for i, line in enumerate(lines):
        if not line.cells[columns.rank] and line.cells[columns.score]:
            waiting.append(i)
            continue
        try:
            row = _row(line, columns, decimal, missing, None)
        except NotCertain:
            waiting, before = [], None
            continue
        score = before.score_as_printed if before else None
        above = [k for k in waiting if lines[k].cells[columns.score] == score]
        under = [k for k in waiting if lines[k].cells[columns.score] == row.score_as_printed]
        if above and above == under:
            found.update(dict.fromkeys(waiting))
        elif under and above + under == waiting and row.rank is not None:
            due = {1} if before is None and under[0] == 0 else set()
            if before and before.rank is not None:
                due = {before.rank + tied + len(above), before.rank + 1}
            if row.rank in due:
                found.update(dict.fromkeys(under, row))
        same = before is not None and before.rank == row.rank
        tied = (tied if same else 0) + 1 + sum(found.get(k) is row for k in under)
        waiting, before = [], row
    return found


def whole(line: Line) -> str:
    return printed_row(list(dict.fromkeys(line.cells)))


def _sums_up(entity: str) -> bool:
    return is_only(entity, "total")


def _row(
    line: Line,
    columns: Columns,
    decimal: str | None,
    missing: frozenset[str],
    before: RankingRow | None,
) -> RankingRow:
    cells = line.cells
    name = next((c for c in columns.entity if cells[c] and not is_missing(cells[c])), None)
    if name is None:
        raise NotCertain("the cell of the name is empty")
    rank_text = None if columns.rank is None else cells[columns.rank]
    entity = unmarked(cells[name])
    if columns.rank is not None and columns.rank == name:
        found = _NUMBERED.fullmatch(cells[name])
        rank_text, entity = (found[1], unmarked(found[2])) if found else ("", entity)
    score_text = "" if columns.score is None else cells[columns.score]
    score = _score(score_text, decimal, missing)
    if score is not None and columns.score is not None:
        score = replace(score, value=_stored(line, columns.score, score))
    rank, note = _rank(rank_text, score, before, missing)
    places = sorted(
        {c for c in (columns.rank, name, columns.score, columns.country) if c is not None}
    )
    return RankingRow(
        entity=entity,
        rank_as_printed=rank_text or None,
        rank=rank.rank_from if rank and rank.rank_from == rank.rank_to else None,
        rank_from=rank.rank_from if rank else None,
        rank_to=rank.rank_to if rank else None,
        score_as_printed=score_text or None,
        score=score.value if score and score.operator == "eq" and score.upper is None else None,
        unit=score.unit if score else "",
        locator=line.locator(),
        quote=printed_row([cells[c] for c in places]),
        country="" if columns.country is None else unmarked(cells[columns.country]),
        group=line.group if columns.group is None else unmarked(cells[columns.group]),
        tied=bool(rank and rank.tied),
        confidence=line.confidence(places),
        note=note,
    )


def _score(text: str, decimal: str | None, missing: frozenset[str]) -> Quantity | None:
    if not text or text in missing or is_missing(text):
        return None
    try:
        return quantity(text, decimal)
    except ValueError as error:
        raise NotCertain(f"the score can't be read: {error}") from error


def _stored(line: Line, column: int, score: Quantity) -> Decimal:
    """The number that a spreadsheet stores under a printed score that is it rounded."""
    stored = line.table.values.get((line.row, line.columns[column]))
    exponent = score.value.as_tuple().exponent
    if stored is None or not isfinite(stored) or not isinstance(exponent, int):
        return score.value
    # A workbook keeps fifteen digits, see ECMA-376 and IEEE 754.
    exact = Decimal(f"{stored:.15g}")
    value = exact * 100 if score.unit in ("%", "％") else exact
    near = abs(value - score.value) <= Decimal(1).scaleb(exponent) / 2
    return value if near else score.value


@lru_cache(maxsize=65536)
def quantity(text: str, decimal: str | None) -> Quantity:
    """A printed value without marks of footnotes and the year that it is of."""
    return read_quantity(bare_value(unmarked(text)), decimal)


def _rank(
    text: str | None, score: Quantity | None, before: RankingRow | None, missing: frozenset[str]
) -> tuple[Rank | None, str]:
    if text is None:
        return None, ""
    plain = unmarked(text)
    above = None
    if before and before.rank_from is not None and before.rank_to is not None:
        above = Rank(before.rank_from, before.rank_to, True, text)
    if above and is_ditto(plain):
        return above, "the rank of the row above, by a mark"
    if not plain or plain in missing or is_missing(plain):
        if above and not text and score and before and before.score == score.value:
            return above, "no rank is printed; the score is that of the row beside it"
        return None, ""
    try:
        return read_rank(plain), ""
    except ValueError as error:
        raise NotCertain(f"the rank can't be read: {error}") from error


def longest_run(values: Sequence[Decimal | int | str]) -> set[int]:
    """Positions of a longest non-decreasing subsequence (patience sorting)."""
    tails: list[int] = []
    keys: list[Decimal | int | str] = []
    links: list[int | None] = []
    for i, value in enumerate(values):
        place = bisect_right(keys, value)
        links.append(tails[place - 1] if place else None)
        if place == len(tails):
            tails.append(i)
            keys.append(value)
        else:
            tails[place], keys[place] = i, value
    kept: set[int] = set()
    at = tails[-1] if tails else None
    while at is not None:
        kept.add(at)
        at = links[at]
    return kept
