"""Rankings in tables, whatever the form of the document: rows with rank, name and score.

:func:`find_rankings` proposes: roles of columns come from their headings and from their cells,
and a row that is not certain is refused with its reason. It knows no cards and no cities.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.grammar.ranks import Rank
from ingest.reading.content import Content
from ingest.tables.blocks import Aside, Block, Line, blocks, joined
from ingest.tables.ranking_rows import (
    Columns,
    Ranking,
    RankingRow,
    RankKind,
    Reading,
    longest_run,
    read_lines,
    whole,
)
from ingest.tables.roles import (
    FEW,
    FOLLOWS,
    IMPLIES,
    WRAPPED,
    Order,
    RankColumn,
    alphabetical,
    decimal_of,
    entity_columns,
    follows,
    numbered_name,
    order,
    out_of_count,
    parallel_columns,
    perhaps_wrapped,
    rank_columns,
    segments,
    value_columns,
    values_of,
    whole_column,
)
from ingest.tables.words import fold, rank_of, says

__all__ = ["Aside", "Columns", "Ranking", "RankingRow", "find_rankings"]
_YEAR = re.compile(r"(?:19|20)\d\d")
FEWEST = 2
"""Rows below which a table tells too little about its columns; one more without a rank column."""


def find_rankings(content: Content) -> list[Ranking]:
    """Rankings and columns of values that the tables of a document hold, in reading order.

    A table with ranks gives one ranking per numbering; a table without gives one per column of
    values, of which those in whose order the rows stand are ``implied``.
    """
    found: list[Ranking] = []
    for block in joined(blocks(content)):
        found += _of_block(block)
    return found


def _of_block(block: Block) -> Iterator[Ranking]:
    ranks = rank_columns(block)
    if len(block.lines) < (FEWEST if any(r.by != "cells" for r in ranks) else FEWEST + 1):
        return
    numbered = numbered_name(block) if not ranks else None
    if numbered is not None:
        yield from _ranked(block, RankColumn(numbered, "cells"), (numbered,), 0.9)
        return
    entity, certain = entity_columns(block, [r.column for r in ranks])
    if not entity:
        return
    first = list(_ranked(block, ranks[0], entity, certain, ranks)) if ranks else []
    # Names in alphabetical order are counted, not ranked, unless a score follows all the same.
    counts_only = (
        not any(r.rank_kind == "rank" for r in first)
        and bool(ranks)
        and alphabetical(block.lines, [entity[0], *_whole(block, [ranks[0].column, *entity])])
    )
    if not ranks or counts_only:
        taken = [*entity, *(r.column for r in ranks)]
        yield from _values(block, entity, taken, certain, serial=counts_only)
        return
    yield from first
    for c in parallel_columns(block, entity[0], [r.column for r in ranks]):
        yield from _ranked(block, ranks[0], (c,), certain, ranks)
    used = {r.columns.score for r in first}
    for other in ranks[1:]:
        if other.by == "rank":
            more = list(_ranked(block, other, entity, certain, ranks, frozenset(used)))
            used |= {r.columns.score for r in more}
            yield from more


def _whole(block: Block, taken: Sequence[int]) -> list[int]:
    return [
        c for role in ("country", "group") if (c := whole_column(block, taken, role)) is not None
    ]


@dataclass(frozen=True)
class _Plan:
    """What is known of a run of lines before its rows are read."""

    block: Block
    lines: Sequence[Line]
    columns: Columns
    kind: RankKind
    decimal: str | None
    reasons: tuple[str, ...]
    confidence: float
    out: frozenset[int] = frozenset()
    why_out: str = ""
    follows: bool = False
    """Whether the score follows the ranks."""


def _ranked(
    block: Block,
    rank: RankColumn,
    entity: tuple[int, ...],
    certain: float,
    others: Sequence[RankColumn] = (),
    used: frozenset[int | None] = frozenset(),
) -> Iterator[Ranking]:
    """Rankings by one column of ranks, one for each numbering.

    Where scores are ``used`` by other ranks, these have one of their own, or are left out: they
    are those of another year, say.
    """
    taken = [rank.column, *entity]
    country = whole_column(block, taken, "country")
    group = whole_column(block, [*taken, *([] if country is None else [country])], "group")
    runs = segments(block, rank.column) if rank.column not in entity else [block.lines]
    columns = Columns(entity, rank.column, None, country, group)
    plans: dict[int, _Plan] = {}
    # A group of a few rows may follow any column by chance: the larger ones come first.
    for k in sorted(range(len(runs)), key=lambda k: len(runs[k]) < FEW):
        values = value_columns(block, runs[k], [*taken, *(r.column for r in others)])
        values = [c for c in values if c not in used]
        if len(runs) > 1 and len(runs[k]) < FEW:
            values = _for_all(block, runs, columns, values, rank, plans.values())
        plans[k] = _with_score(block, runs[k], columns, values, rank, certain)
    for _, plan in sorted(plans.items()):
        if plan.follows or not used:
            yield _read(plan)


def _for_all(
    block: Block,
    runs: Sequence[Sequence[Line]],
    columns: Columns,
    values: Sequence[int],
    rank: RankColumn,
    plans: Iterable[_Plan],
) -> list[int]:
    """Column of the score of all small groups: that of the larger ones, one that follows the ranks
    in all of them together, or else the one that is named a score."""
    scores = Counter(p.columns.score for p in plans if p.follows and len(p.lines) >= FEW)
    if scores:
        return [c for c in values if c == scores.most_common(1)[0][0]]
    if len(values) < 2:
        return list(values)
    small = [run for run in runs if len(run) < FEW]
    agreeing: list[tuple[float, bool, int]] = []
    for c in values:
        decimal = decimal_of(block, block.lines, c, values)
        for sign in (-1, 1):
            kept = number = 0
            for run in small:
                read = values_of(run, c, decimal)
                ranks = {i: _rank_in(run[i], columns, rank) for i in read}
                pairs = sorted((r.rank_from, sign * read[i]) for i, r in ranks.items() if r)
                if len(pairs) > 1:
                    # The first of a group says nothing of an order.
                    kept += len(longest_run([value for _, value in pairs])) - 1
                    number += len(pairs) - 1
            if number and kept >= FOLLOWS * number:
                agreeing.append((kept / number, says(block.heading(c), "score"), -c))
    if agreeing:
        return [-max(agreeing)[2]]
    named = [c for c in values if says(block.heading(c), "score")]
    return named if len(named) == 1 else []


def _with_score(
    block: Block,
    lines: Sequence[Line],
    columns: Columns,
    values: Sequence[int],
    rank: RankColumn,
    certain: float,
) -> _Plan:
    """The column whose values follow the ranks is the score; of several, the first."""
    ranks = {
        i: r.rank_from
        for i, line in enumerate(lines)
        if (r := _rank_in(line, columns, rank)) is not None
    }
    out, count = out_of_count(_filled(ranks, len(lines)))
    reasons = [f"ranks by {'the heading' if rank.by == 'rank' else 'their cells'}; {count}"]
    confidence = certain * (1.0 if rank.by == "rank" else 0.9)
    confidence *= 0.8 if count == "gaps" else 1.0
    tried = []
    for c in values:
        decimal = decimal_of(block, lines, c, values)
        read = values_of(lines, c, decimal)
        both = [i for i in ranks if i in read and i not in out]
        found = order([(ranks[i], read[i]) for i in both])
        if found and follows(found, len(both)) and len(both) * 2 > len(ranks):
            tried.append((found, c, decimal, {both[i] for i in found.out}))
    score: int | None = None
    decimal = None
    if tried:
        best = max(tried, key=lambda t: _telling(block, rank.column, t[1], t[0]))
        score, decimal = best[1], best[2]
        out |= best[3]
        reasons.append(f"'{block.heading(score)}' follows the ranks")
    elif values:
        named = [c for c in values if says(block.heading(c), "score")]
        likely = values if len(values) == 1 else named
        if len(likely) == 1:
            score = likely[0]
            decimal = decimal_of(block, lines, score, values)
            reasons.append(f"'{block.heading(score)}' does not follow the ranks")
        else:
            reasons.append("no column of values follows the ranks")
        confidence *= 0.6
    kind: RankKind = "rank" if rank.by == "rank" else "serial"
    if kind == "serial" and tried:
        kind = "rank"
    elif kind == "serial":
        reasons.append("the numbers may only count the rows")
        confidence *= 0.7
    return _Plan(
        block,
        lines,
        replace(columns, score=score),
        kind,
        decimal,
        tuple(reasons),
        confidence,
        frozenset(out),
        "rank or score is out of order",
        bool(tried),
    )


def _telling(block: Block, rank: int, column: int, found: Order) -> tuple[float, ...]:
    """How much speaks for a column that follows the ranks; the first from the left wins a tie."""
    heading = block.heading(column)
    years = set(_YEAR.findall(heading)) & set(_YEAR.findall(block.heading(rank)))
    own, other = block.headings[rank], block.headings[column]
    return (
        # Under one heading with the rank: 产业: 得分, 排名.
        len(own) > 1 and len(other) > 1 and own[0] == other[0],
        round(found.share, 2),
        not says(heading, "growth"),
        bool(years),
        says(heading, "score"),
        round(found.ties, 1),
        -column,
    )


def _filled(ranks: dict[int, int], number: int) -> list[tuple[int, int]]:
    """Ranks in printed order; a line that prints none counts as a tie with the one above."""
    filled: list[tuple[int, int]] = []
    for i in range(number):
        if i in ranks or (filled and i <= max(ranks)):
            filled.append((i, ranks.get(i, filled[-1][1] if filled else 0)))
    return filled


def _rank_in(line: Line, columns: Columns, rank: RankColumn) -> Rank | None:
    text = line.cells[rank.column]
    if rank.column in columns.entity:
        text = text.split()[0].rstrip(".)、．") if text else ""
    return rank_of(text)


def _values(
    block: Block, entity: tuple[int, ...], taken: list[int], certain: float, serial: bool
) -> Iterator[Ranking]:
    country = whole_column(block, taken, "country")
    group = whole_column(block, [*taken, *([] if country is None else [country])], "group")
    columns = Columns(entity, None, None, country, group)
    numbers = value_columns(block, block.lines, taken)
    block = replace(block, lines=tuple(x for x in block.lines if any(x.cells[c] for c in numbers)))
    plans = []
    for c in numbers:
        decimal = decimal_of(block, block.lines, c, numbers)
        read = values_of(block.lines, c, decimal)
        found = order(list(read.items()))
        implied = (
            found is not None
            and found.falls
            and len(read) >= 5
            and follows(found, len(read), IMPLIES)
            and len(set(read.values())) * 3 > len(read)
            and not alphabetical(block.lines, [entity[0]])
        )
        reasons = ["the numbers in front count the rows"] if serial else []
        reasons += [] if block.heading(c) else ["the column has no heading"]
        reasons.append(
            "the rows stand in the order of these values" if implied else "values without ranks"
        )
        if not block.heading(c) and not implied:
            continue
        out = frozenset(list(read)[i] for i in found.out) if implied and found else frozenset()
        plans.append(
            _Plan(
                block,
                block.lines,
                replace(columns, score=c),
                "implied" if implied else "none",
                decimal,
                tuple(reasons),
                certain * (0.9 if block.heading(c) else 0.5),
                out,
                "the value is out of order",
            )
        )
    for plan in plans:
        if plan.kind == "implied" or any(p.kind == "implied" for p in plans):
            yield _read(plan)
        else:
            for lines in _by_title(block):
                yield _read(replace(plan, lines=lines))


def _by_title(block: Block) -> list[list[Line]]:
    """Lines of tables that have titles of their own."""
    runs: list[list[Line]] = []
    title = None
    for line in block.lines:
        own = line.title
        new = own and title is not None and fold(own) != fold(title)
        if not runs or (new and not says(own, "continued")):
            runs.append([])
        title = own or title
        runs[-1].append(line)
    return runs


def _read(plan: _Plan) -> Ranking:
    block, columns = plan.block, plan.columns
    wrapped = perhaps_wrapped(plan.lines, columns.entity)
    out = plan.out | wrapped
    kept = [line for i, line in enumerate(plan.lines) if i not in out]
    reading: Reading = read_lines(kept, columns, plan.decimal, kind=plan.kind)
    refused = [
        Aside(line.locator(), whole(line), WRAPPED if i in wrapped else plan.why_out)
        for i, line in enumerate(plan.lines)
        if i in out
    ]
    rows = reading.rows if plan.kind != "implied" else _in_order(reading.rows)
    refused += reading.refused
    read = len(rows) + len(refused)
    own = {line.table.where for line in plan.lines}
    roles = {
        "entity": columns.entity[0] if columns.entity else None,
        "rank": columns.rank,
        "score": columns.score,
        "country": columns.country,
        "group": columns.group,
    }
    first = plan.lines[0]
    groups = {line.group for line in plan.lines}
    return Ranking(
        tables=tuple({id(line.table): line.table for line in plan.lines}.values()),
        title=first.title or block.title,
        group=groups.pop() if len(groups) == 1 else "",
        columns=columns,
        headings={role: block.heading(c) for role, c in roles.items() if c is not None},
        rank_kind=plan.kind,
        rows=tuple(rows),
        refused=tuple(refused),
        left_out=(
            *reading.left_out,
            *(a for a in block.asides if a.locator.split(", row")[0] in own or "!" in a.locator),
        ),
        decimal=plan.decimal,
        confidence=round(plan.confidence * (len(rows) / read if read else 0), 2),
        reasons=plan.reasons,
    )


def _in_order(rows: Sequence[RankingRow]) -> list[RankingRow]:
    """Rows with the place that the order of their scores implies; ties share the best."""
    placed: list[RankingRow] = []
    count = 0
    for row in rows:
        if row.score is None:
            placed.append(row)
            continue
        count += 1
        same = placed and placed[-1].score == row.score
        placed.append(replace(row, order=placed[-1].order if same else count))
    return placed
