"""What the columns of a block are: rank, name, score, country, group.

Headings and cells both speak: a heading by its words, in any of our languages, and the cells by
what they hold. Where they do not settle it, there is no role.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, pairwise
from statistics import median

from ingest.grammar.quantities import canonical_unit, decimal_sign
from ingest.grammar.ranks import Rank
from ingest.tables.blocks import ANYWHERE, Block, Line
from ingest.tables.ranking_rows import longest_run, quantity
from ingest.tables.words import (
    bare_value,
    fold,
    hold_numbers,
    is_ditto,
    is_missing,
    is_number,
    is_year,
    rank_of,
    says,
    unmarked,
    usual_decimal,
)

_CODE = re.compile(r"[A-Z0-9]{1,4}|\d+|https?://\S+|www\.\S+|\S+@\S+")
_NUMBERED = re.compile(r"(\d{1,4})(?:\s*[.)、．]\s*|\s+)(?=[^\d\s.,%])(.+)")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_ORDINAL = re.compile(r"第|名|位|(?<=\d)(?:st|nd|rd|th|er|ère|e|º|ª)\b|^[^\W\d_]{4,}$", re.I)
FOLLOWS, IMPLIES = 0.9, 0.97
"""Share of rows that must follow the ranks, or be in the order that implies them."""
ROWS_OF_A_GROUP = 3
"""With fewer rows to a heading, on average, the headings may be parts of names."""
_MIDDLE = re.compile(r"[a-zà-ÿ(,;&/-]")
_OPEN = re.compile(r"(?:[,;&/(-]|\b(?:and|of|the|de|la|und|et|y|dan|di))$", re.I)
WRAPPED = "a text stands alone above or below: the name may go on there"
MOSTLY = 0.8
"""Share of ranks in printed order from which on the others are taken for misread."""
FEW = 10
"""Below so many rows there may be no exception."""
FLOPS = {"EFLOPS": Decimal(1000), "PFLOPS": Decimal(1), "TFLOPS": Decimal("0.001")}


@dataclass(frozen=True)
class RankColumn:
    """``by`` is why it is taken for one: ``rank`` or ``serial`` by its heading, or ``cells``."""

    column: int
    by: str


def rank_columns(block: Block) -> list[RankColumn]:
    """Columns that hold ranks or count the rows, the likeliest first."""
    found = []
    for c in range(len(block.headings)):
        heading = block.heading(c)
        printed = [t for t in block.column(c) if t and not is_missing(t) and not is_ditto(t)]
        ranks = [rank.rank_from for t in printed if (rank := rank_of(t))]
        if not printed or len(ranks) < 0.9 * len(printed) or len(printed) * 2 < len(block.lines):
            continue
        if max(ranks) > max(10 * len(block.lines), 1000) or len(set(ranks)) == 1 < len(ranks) - 1:
            continue
        own = block.headings[c][-1] if block.headings[c] else ""
        if says(heading, "other_time"):
            continue
        # Ranks of several years stand under the years alone.
        if says(heading, "rank") or (is_year(own) and _counts_from_one(ranks)):
            # A rank that its own heading names comes before one that a heading above it names.
            found.append((0 if says(own, "rank") or len(own) < 6 else 1, c, "rank"))
        elif says(heading, "serial") and _counts_from_one(ranks):
            found.append((2, c, "serial"))
        elif c == 0 and _counts_from_one(ranks) and not _has_unit(printed):
            ordinal = sum(map(bool, map(_ORDINAL.search, printed))) * 2 > len(printed)
            found.append((3, c, "rank" if ordinal else "serial" if heading else "cells"))
    found.sort(key=lambda f: (f[0], not _rises(block.column(f[1])), f[1]))
    return [RankColumn(c, by) for _, c, by in found]


def _has_unit(printed: Sequence[str]) -> bool:
    return any("%" in t or re.search(r"\d[.,]\d", t) for t in printed)


def _counts_from_one(ranks: Sequence[int]) -> bool:
    """Whether numbers count from 1 without large gaps, perhaps several times."""
    distinct = set(ranks)
    return min(distinct) == 1 and len(distinct) > 1 and max(distinct) <= 1.2 * len(ranks) + 1


def _rises(texts: Sequence[str]) -> bool:
    ranks = [rank.rank_from for t in texts if (rank := rank_of(t))]
    falls = sum(a > b for a, b in pairwise(ranks))
    return falls * 5 <= len(ranks)


def numbered_name(block: Block) -> int | None:
    """A column whose cells hold rank and name together: ``1. Beijing``."""
    for c in range(len(block.headings)):
        found = [_NUMBERED.fullmatch(t) for t in block.column(c) if t]
        numbers = [int(f[1]) for f in found if f]
        if len(numbers) >= 3 and len(numbers) >= 0.9 * len(found) and _counts_from_one(numbers):
            return c
    return None


def segments(block: Block, column: int) -> list[tuple[Line, ...]]:
    """Runs of lines, each with a numbering of its own: a new one starts where 1 comes again."""
    numbered = [(line, rank_of(line.cells[column])) for line in block.lines]
    ranks = [rank.rank_from for _, rank in numbered if rank]
    by_group = _first_of_groups(numbered)
    if not by_group and not _rises([line.cells[column] for line in block.lines]):
        return [block.lines]
    runs: list[list[Line]] = [[]]
    last, seen, k = 0, 0, 0
    for line, rank in numbered:
        new = False
        if rank:
            ahead = ranks[k + 1] if k + 1 < len(ranks) else 1
            k += 1
            # A misread 11 among tens is no new beginning: what follows must go on from it.
            new = rank.rank_from == 1 and last > 1 and ahead <= 3 and seen > 1
            new = new or (by_group and bool(runs[-1]) and runs[-1][-1].group != line.group)
            last, seen = rank.rank_from, seen + 1
        if new:
            runs.append([])
            seen = 1
        runs[-1].append(line)
    return [tuple(run) for run in runs if run]


def _first_of_groups(numbered: Sequence[tuple[Line, Rank | None]]) -> bool:
    """Whether every group heading starts the count again."""
    first: dict[str, int] = {}
    for line, rank in numbered:
        if rank:
            first.setdefault(line.group, rank.rank_from)
    return len(first) > 1 and "" not in first and set(first.values()) == {1}


def entity_columns(block: Block, taken: Sequence[int]) -> tuple[tuple[int, ...], float]:
    """The column of names and those that stand in where it is empty, and how sure that is."""
    scored: list[tuple[float, int]] = []
    right = taken[0] + 1 if taken else 0
    names = sum(says(block.heading(c), "name") for c in range(len(block.headings)))
    for c in range(len(block.headings)):
        texts = [t for t in block.column(c) if t]
        if c in taken or not texts:
            continue
        words = [t for t in texts if not is_missing(t)]
        if hold_numbers(texts) or len(words) < 0.6 * len(texts):
            continue
        heading = block.heading(c)
        points = 2.0 * len(set(words)) / len(words)
        # An empty short name is what the full name beside it is for.
        if not (says(heading, "name") and names > 1):
            points -= 2.0 * (1 - len(texts) / len(block.lines))
        if sum(len(_DIGITS.findall(t)) > 1 for t in words) * 2 > len(words):
            points -= 2
        if says(heading, "city"):
            points += 3
        elif says(heading, "name"):
            points += 2
        elif says(heading, "country"):
            points += 0.3
        if says(heading, "group") and not says(heading, "city"):
            points -= 1.5
        named = says(heading, "city") or says(heading, "name")
        if not named and all(_CODE.fullmatch(t) for t in words):
            points -= 2.5 if len({len(t) for t in words}) <= 2 else 0
        if says(heading, "code") and not says(heading, "city"):
            points -= 2.5
        if median(map(len, words)) > 60:
            points -= 2
        points += 0.5 if c == right else 0.25 if c < 3 else 0
        scored.append((points - 0.02 * c, c))
    if not scored:
        return (), 0.0
    scored.sort(reverse=True)
    best, first = scored[0]
    if best < 0.5:
        return (), 0.0
    stand_in = [c for p, c in scored[1:] if says(block.heading(c), "name") and p > 1]
    second = scored[1][0] if len(scored) > 1 else 0.0
    certain = 1.0 if says(block.heading(first), "city") or best - second > 0.4 else 0.85
    return (first, *sorted(stand_in)), certain


def whole_column(block: Block, taken: Sequence[int], role: str) -> int | None:
    """Column of the country, or of another group, that the names lie in."""
    for c in range(len(block.headings)):
        texts = [t for t in block.column(c) if t and not is_missing(t)]
        if c in taken or not texts or sum(map(is_number, texts)) * 2 > len(texts):
            continue
        if says(block.heading(c), "country" if role == "country" else "group"):
            return c
    return None


def value_columns(block: Block, lines: Sequence[Line], taken: Sequence[int]) -> list[int]:
    """Columns of values: numbers that are no ranks, no years, no codes."""
    found = []
    for c in range(len(block.headings)):
        if c in taken or says(block.heading(c), "code"):
            continue
        texts = [line.cells[c] for line in lines]
        # A note is a score in French, but fills its column then.
        if says(block.heading(c), "note") and sum(map(bool, texts)) * 2 < len(texts):
            continue
        printed = [t for t in texts if t and not is_missing(t)]
        if sum(map(is_number, printed)) < 0.75 * len(printed) or not hold_numbers(printed):
            continue
        ranks = [rank.rank_from for t in printed if (rank := rank_of(t))]
        is_rank = len(ranks) == len(printed) and max(ranks) <= 2 * len(ranks)
        if all(map(is_year, printed)) or (is_rank and says(block.heading(c), "rank")):
            continue
        found.append(c)
    return found


def decimal_of(
    block: Block, lines: Sequence[Line], column: int, others: Sequence[int]
) -> str | None:
    """Decimal sign of a column: by its own numbers, those beside it, or the headings' language."""

    def texts(columns: Sequence[int]) -> list[str]:
        return [
            bare_value(unmarked(line.cells[c])) for line in lines for c in columns if line.cells[c]
        ]

    own = texts([column])
    words = [t for path in block.headings for t in path] + [t.title for t in block.tables]
    return (
        decimal_sign(own)
        or decimal_sign(texts(others))
        or usual_decimal(words)
        or usual_decimal([text for line in lines[:50] for text in line.cells])
    )


@dataclass(frozen=True)
class Order:
    """How well a column follows an order of the lines: ``out`` are those that do not."""

    share: float
    ties: float
    falls: bool
    out: frozenset[int]
    """Positions among the lines that were compared."""


def order(values: Sequence[tuple[int, Decimal]]) -> Order | None:
    """Order of values along keys (ranks, or places in the table); None where there is none.

    The share is that of a longest monotone subsequence, so that one misread value counts once.
    """
    if len(values) < 2 or len({v for _, v in values}) < 2:
        return None
    places = sorted(range(len(values)), key=lambda i: values[i][0])
    best: Order | None = None
    for sign in (-1, 1):
        # Within one rank the order of the scores says nothing.
        ordered = sorted(places, key=lambda i: (values[i][0], sign * values[i][1]))
        kept = longest_run([sign * values[i][1] for i in ordered])
        out = frozenset(ordered[i] for i in range(len(ordered)) if i not in kept)
        agree = [
            (values[a][0] == values[b][0]) == (values[a][1] == values[b][1])
            for a, b in pairwise(ordered)
        ]
        found = Order(len(kept) / len(values), sum(agree) / len(agree), sign < 0, out)
        if best is None or found.share > best.share:
            best = found
    return best


def follows(found: Order | None, count: int, share: float = FOLLOWS) -> bool:
    """Whether an order holds: without exception among few rows, nearly so among many."""
    return found is not None and found.share >= (share if count >= FEW else 1.0)


def values_of(lines: Sequence[Line], column: int, decimal: str | None) -> dict[int, Decimal]:
    """Values of a column by the position of their line, where they can be read.

    Computing power is brought to one unit, for it is printed in several within one column.
    """
    values = {}
    for i, line in enumerate(lines):
        text = line.cells[column]
        if text and not is_missing(text):
            try:
                read = quantity(text, decimal)
                unit = canonical_unit(read.unit, computing=True)
                values[i] = read.value * FLOPS.get(unit, Decimal(1))
            except ValueError:
                continue
    return values


def alphabetical(lines: Sequence[Line], columns: Sequence[int]) -> bool:
    """Whether names stand in alphabetical order, so that a count of rows says nothing."""
    for c in columns:
        names = [fold(line.cells[c]) for line in lines if line.cells[c]]
        if len(names) >= 8 and len(longest_run(names)) >= 0.9 * len(names) and len(set(names)) > 3:
            return True
    return False


def out_of_count(ranks: Sequence[tuple[int, int]]) -> tuple[set[int], str]:
    """Positions whose rank breaks the order of the table, and what the others are like.

    Args:
        ranks: position and rank of each line that has one, in printed order.
    """
    values = [rank for _, rank in ranks]
    like = _like(values)
    kept = longest_run(values) if like == "gaps" else set(range(len(values)))
    if len(kept) == len(values) or len(kept) < MOSTLY * len(values):
        return set(), like
    return {ranks[i][0] for i in range(len(ranks)) if i not in kept}, like


def _like(ranks: Sequence[int]) -> str:
    """How ranks count: complete, dense, competition (1, 2, 2, 4), last of ties (1, 3, 3, 4)."""
    if not ranks:
        return "gaps"
    base = min(ranks) - 1
    count = Counter(ranks)
    distinct = sorted(count)
    if all(r == base + i for i, r in enumerate(distinct, 1)):
        return "dense" if len(distinct) < len(ranks) else "complete"
    below = dict(zip(distinct, accumulate((count[r] for r in distinct), initial=0), strict=False))
    if all(r == base + 1 + below[r] for r in distinct):
        return "competition"
    return "last of ties" if all(r == base + below[r] + count[r] for r in distinct) else "gaps"


def parallel_columns(block: Block, entity: int, taken: Sequence[int]) -> list[int]:
    """Columns that list the same names in another order: one list per year, say."""
    names = set(filter(None, block.column(entity)))
    found = []
    for c in range(len(block.headings)):
        own = [t for t in block.column(c) if t]
        if c == entity or c in taken or not own:
            continue
        same = sum(a == b for a, b in zip(block.column(entity), block.column(c), strict=True))
        if len(names & set(own)) * 2 >= len(set(own)) and same < 0.9 * len(block.lines):
            found.append(c)
    return found


def perhaps_wrapped(
    lines: Sequence[Line], entity: Sequence[int], grouped: bool = False
) -> frozenset[int]:
    """Positions of lines whose name may go on in a text that stands alone above or below.

    Such a text heads a group where groups have several rows, unless it or the name below it reads
    like the middle of a name. ``grouped`` says that there are groups, however small.
    """
    lone = {
        i: line.lone[1]
        for i, line in enumerate(lines)
        if line.lone and line.lone[0] in {ANYWHERE, *(line.columns[c] for c in entity)}
    }
    groups = grouped or len(lines) >= ROWS_OF_A_GROUP * len(lone)
    found: set[int] = set()
    for i, text in lone.items():
        name = next((lines[i].cells[c] for c in entity if lines[i].cells[c]), "")
        if not groups or _MIDDLE.match(text) or _MIDDLE.match(name) or _OPEN.search(text):
            found |= {i, i - 1}
    return frozenset(i for i in found if i >= 0)
