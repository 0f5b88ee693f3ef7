"""The shape of a table: headings, body, group headings, blocks side by side, pages joined.

A block is one run of columns that belong together, with its headings and its printed rows. What
the columns mean is no concern of this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from ingest.reading.content import Content, Table
from ingest.tables.splits import parted
from ingest.tables.words import (
    fold,
    hold_numbers,
    is_missing,
    is_number,
    is_year,
    rank_of,
    says,
    starts_note,
    unmarked,
)

_DIGIT = re.compile(r"\d")
_YEAR_OF = re.compile(r"(?:19|20)\d\d\s?(?:年\S|[^\W\d])")
"""A year with a word behind it is a heading: 2023 rank, 2023年排名."""
NEAR = 12.0
"""Points by which a column may shift from page to page."""
ANYWHERE = -2
"""Column of a text above a table's rest overleaf, which may go on with a name before it."""
NOWHERE = -1
"""In place of a column that a table has not on one of its pages."""
LONG = 80
"""A text longer than this is a sentence, not a group's heading."""


@dataclass(frozen=True)
class Line:
    """One printed row, cut to the columns of its block."""

    table: Table
    row: int
    columns: tuple[int, ...]
    group: str = ""
    """The heading of the group that it stands under."""
    title: str = ""
    """Of its table, and of its block where several stand side by side."""
    lone: tuple[int, str] | None = None
    """The only text of the row above, with its column in the table: the heading of a group, or a
    part of a name that is wrapped."""

    @cached_property
    def cells(self) -> tuple[str, ...]:
        row = self.table.rows[self.row]
        return tuple(["" if c == NOWHERE else row[c] for c in self.columns])

    def locator(self, column: int | None = None) -> str:
        at = None if column is None else self.columns[column]
        return self.table.locator(self.row, None if at == NOWHERE else at)

    def confidence(self, columns: Sequence[int]) -> float | None:
        """Of the cells read by OCR, the least sure; None where none was."""
        found = [
            self.table.confidence[self.row, self.columns[c]]
            for c in columns
            if (self.row, self.columns[c]) in self.table.confidence
        ]
        return min(found) if found else None


@dataclass(frozen=True)
class Aside:
    """A row that is no row of the ranking, and why."""

    locator: str
    text: str
    reason: str


@dataclass(frozen=True)
class Block:
    """``headings`` has the path of headings of each column, from the top down."""

    headings: tuple[tuple[str, ...], ...]
    lines: tuple[Line, ...]
    title: str = ""
    asides: tuple[Aside, ...] = ()
    part: int = 0
    """Counts the blocks that stand side by side, from 0."""

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple({id(line.table): line.table for line in self.lines}.values())

    def column(self, column: int) -> list[str]:
        return [line.cells[column] for line in self.lines]

    def heading(self, column: int) -> str:
        """The path of headings as one line of text."""
        return " ".join(self.headings[column])


def blocks(content: Content) -> list[Block]:
    """Blocks of all tables in reading order, each table's by itself."""
    return [block for table in content.tables for block in table_blocks(table)]


def table_blocks(table: Table) -> list[Block]:
    """Blocks of one table; none where no row holds a number."""
    found: list[Block] = []
    for part in _parts(parted(table)):
        found += _side_by_side(part)
    return found


@dataclass
class _Part:
    """A run of rows of one table under its own headings."""

    table: Table
    columns: tuple[int, ...]
    headings: tuple[tuple[str, ...], ...]
    title: str
    lines: list[Line] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)


def _parts(table: Table, start: int = 0) -> Iterator[_Part]:
    rows = table.rows
    if not rows or not rows[0]:
        return
    numeric = _numeric_columns(rows[start:])
    first = next(
        (
            r
            for r in range(max(start, (table.header_rows or 0) if start == 0 else start), len(rows))
            if _is_data(rows, r, numeric)
        ),
        None,
    )
    if first is None:
        return
    top, header, waiting = _heading_rows(table, start, first, numeric)
    body_start = first
    heading_texts = [tuple(map(fold, rows[r])) for r in header]
    group = ""
    if waiting:
        group = " ".join(_distinct(rows[waiting[-1]]))
    used = tuple(
        c
        for c in range(len(rows[0]))
        if any(rows[r][c] for r in range(body_start, len(rows))) or any(rows[r][c] for r in header)
    )
    part = _Part(table, used, _paths(rows, header, used), top or table.title)
    pending: list[int] = []
    for r in range(body_start, len(rows)):
        cells = rows[r]
        texts = _distinct(cells)
        if not texts:
            continue
        if tuple(map(fold, cells)) in heading_texts:
            continue
        if _is_data(rows, r, numeric) or any(_is_numeric(cells[c]) for c in numeric):
            label = _label(rows, pending)
            if pending and label:
                group = label
            lone = _lone(rows[r - 1]) if r - 1 in pending else None
            pending = []
            part.lines.append(Line(table, r, used, group, lone=lone))
        elif _is_heading(cells, numeric) and part.lines:
            yield _closed(part, pending, rows)
            yield from _parts(table, _title_above(rows, r, pending))
            return
        elif len(texts) > 1 and any(_is_value(cells[c]) for c in numeric):
            part.lines.append(Line(table, r, used, group))
        else:
            pending.append(r)
    yield _closed(part, pending, rows)


def _is_value(text: str) -> bool:
    """Whether a cell that is no number stands for one, or is one that can't be read."""
    return is_missing(text) or (len(text) < LONG / 2 and bool(_DIGIT.search(text)))


def _lone(cells: Sequence[str]) -> tuple[int, str] | None:
    found = [(c, text) for c, text in enumerate(cells) if text]
    return found[0] if len(found) == 1 else None


def _closed(part: _Part, pending: list[int], rows: Sequence[Sequence[str]]) -> _Part:
    for r in pending:
        text = " | ".join(_distinct(rows[r]))
        part.asides.append(Aside(part.table.locator(r), text, "a remark below the table"))
    return part


def _label(rows: Sequence[Sequence[str]], pending: list[int]) -> str:
    """Heading of a group from the rows that stand right above it."""
    for r in reversed(pending):
        text = " ".join(_distinct(rows[r]))
        if len(text) <= LONG and not starts_note(text) and not says(text, "continued"):
            return text
    return ""


def _title_above(rows: Sequence[Sequence[str]], row: int, pending: list[int]) -> int:
    """First of the rows of single texts right above a second heading."""
    while pending and pending[-1] == row - 1 and len(_distinct(rows[pending[-1]])) == 1:
        row = pending.pop()
    return row


def _numeric_columns(rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Columns in which at least half of what is printed are numbers."""
    return tuple(c for c in range(len(rows[0])) if hold_numbers([row[c] for row in rows]))


def _is_data(rows: Sequence[Sequence[str]], r: int, numeric: Sequence[int]) -> bool:
    """Whether a row states something: a number, and a text beside it."""
    cells = rows[r]
    numbers = [c for c in numeric if _is_numeric(cells[c]) and not _YEAR_OF.match(cells[c])]
    if not numbers:
        return False
    texts = [t for c, t in enumerate(cells) if t and c not in numbers and not is_missing(t)]
    if not any(len(unmarked(t)) > 1 for t in texts):
        return False
    if all(is_year(cells[c]) for c in numbers):
        # Years above a column of other numbers are its heading.
        for c in numbers:
            below = [row[c] for row in rows[r + 1 :] if is_number(row[c])]
            if sum(map(is_year, below)) * 2 <= len(below):
                return False
    return not (len(numbers) > 2 and _counts(cells))


def _is_numeric(text: str) -> bool:
    return is_number(text) or rank_of(text) is not None


def _counts(cells: Sequence[str]) -> bool:
    """Whether the cells number the columns: 1 2 3, (1) (2) (3)."""
    digits = [t.strip("()（）[]") for t in cells if t]
    return (
        digits == [str(i) for i in range(int(digits[0]), int(digits[0]) + len(digits))]
        if (digits and digits[0].isdecimal() and digits[0].isascii())
        else False
    )


def _is_heading(cells: Sequence[str], numeric: Sequence[int]) -> bool:
    """Whether texts stand where the table has its numbers, in two columns at least."""
    over = {cells[c] for c in numeric if cells[c] and not is_missing(cells[c])}
    if not over or len(_distinct(cells)) < 2 or any(len(t) > LONG for t in over):
        return False
    if any(t[0].isdigit() and not is_year(t[:4]) for t in over):
        return False
    return len(over) >= 2 or (len(numeric) == 1 and len(_distinct(cells)) >= 2)


def _heading_rows(
    table: Table, start: int, first: int, numeric: Sequence[int]
) -> tuple[str, list[int], list[int]]:
    """The title, the rows of headings, and the group headings right above the first row."""
    rows = table.rows
    declared = table.header_rows or 0
    above = [r for r in range(start, first) if _distinct(rows[r])]
    titles: list[str] = []
    while above and len(_distinct(rows[above[0]])) == 1 and above[0] >= declared:
        title = _distinct(rows[above.pop(0)])[0]
        if len(title) <= 2 * LONG:
            titles.append(title)
    # A title beside a link or a number of the table is a title still.
    while len(above) > 1 and _is_title(rows, above, numeric):
        titles.append(" ".join(_distinct(rows[above.pop(0)])))
    waiting: list[int] = []
    while len(above) > 1 and above[-1] >= declared and _is_group(rows[above[-1]], numeric):
        waiting.insert(0, above.pop())
    return "; ".join(titles[:2]), above, waiting


def _is_title(rows: Sequence[Sequence[str]], above: list[int], numeric: Sequence[int]) -> bool:
    cells = rows[above[0]]
    longest = max(_distinct(cells), key=len)
    return (
        len(longest) > 20
        and len(_distinct(cells)) <= 2
        and not any(cells[c] for c in numeric if c > 1)
        and any(_is_heading(rows[r], numeric) for r in above[1:])
    )


def _is_group(cells: Sequence[str], numeric: Sequence[int]) -> bool:
    """Whether a row above the body heads a group: a text in the columns of names alone."""
    texts = _distinct(cells)
    if len(texts) > 2 or any(says(t, r) for t in texts for r in ("rank", "city", "name", "score")):
        return False
    over = [c for c in numeric if cells[c]]
    alone = [c for c, text in enumerate(cells) if text]
    if alone == [0] and texts[0][0].isalpha():
        return True
    # Spread over values alone it is a heading, over names too it is that of the group below.
    beside = any(cells[c] for c in range(len(cells)) if c not in numeric)
    return not over or (len(texts) == 1 and beside and texts[0][0] not in "(（[")


def _paths(
    rows: Sequence[Sequence[str]], header: Sequence[int], columns: Sequence[int]
) -> tuple[tuple[str, ...], ...]:
    """Headings of each column from the top down, a text that is spread over rows once."""
    paths = []
    for c in columns:
        path: list[str] = []
        for r in header:
            text = rows[r][c]
            if text and (not path or path[-1] != text) and not _counts_columns(rows[r]):
                path.append(text)
        paths.append(tuple(path))
    return tuple(paths)


def _counts_columns(cells: Sequence[str]) -> bool:
    return sum(map(bool, cells)) > 2 and _counts(cells)


def _distinct(cells: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text for text in cells if text))


def _side_by_side(part: _Part) -> list[Block]:
    """Cut a part into the blocks that stand beside one another."""
    if not part.lines:
        return []
    # Columns of nothing between blocks.
    kept = [
        i
        for i, c in enumerate(part.columns)
        if any(line.table.rows[line.row][c] for line in part.lines)
    ]
    headings = [part.headings[i] for i in kept]
    columns = [part.columns[i] for i in kept]
    runs = (
        _repeats(headings)
        or _continues(part, columns)
        or _counted(part, columns)
        or [range(len(kept))]
    )
    found = []
    for number, run in enumerate(runs):
        own = tuple(columns[i] for i in run)
        paths = tuple(headings[i] for i in run)
        title = part.title
        if len(runs) > 1:
            paths, over = _without_common(paths)
            title = " ".join(t for t in (title, over) if t)
        lines = tuple(
            replace(line, columns=own, title=title)
            for line in part.lines
            if sum(bool(line.table.rows[line.row][c]) for c in own) > (1 if len(own) > 2 else 0)
        )
        if not lines:
            continue
        found.append(Block(paths, lines, title, tuple(part.asides) if number == 0 else (), number))
    return found


def _without_common(
    paths: tuple[tuple[str, ...], ...],
) -> tuple[tuple[tuple[str, ...], ...], str]:
    """Headings of a block without that which spans all of it, and that."""
    over: list[str] = []
    while True:
        deep = [p for p in paths if len(p) > 1]
        # Over the outer columns a heading that spans them all need not reach.
        if len({p[0] for p in deep}) != 1 or len(deep) * 2 <= len(paths):
            return paths, " ".join(over)
        over.append(deep[0][0])
        paths = tuple(p[1:] if len(p) > 1 else p for p in paths)


def _repeats(headings: Sequence[tuple[str, ...]]) -> list[range] | None:
    """Blocks whose headings repeat: Rank, City, Score, Rank, City, Score."""
    n = len(headings)
    last = [fold(path[-1]) if path else "" for path in headings]
    for width in range(2, n // 2 + 1):
        if n % width == 0 and all(last[i] == last[i % width] for i in range(n)):
            first = last[:width]
            if len(set(first)) > 1 and any(first):
                return [range(i, i + width) for i in range(0, n, width)]
    return None


def _counted(part: _Part, columns: Sequence[int]) -> list[range] | None:
    """Blocks each of which has names of its own and a count from one: a ranking beside another."""
    rows = [line.table.rows[line.row] for line in part.lines]
    counts = []
    for i, c in enumerate(columns):
        ranks = _rising([row[c] for row in rows])
        steps = [b - a for a, b in pairwise(ranks)]
        if len(ranks) >= 3 and ranks[0] == 1 and ranks[-1] > 2 and max(steps) <= 3:
            counts.append(i)
    if len(counts) < 2:
        return None
    width = counts[1] - counts[0]
    if width < 2 or len(columns) != width * len(counts) or counts[0] >= width:
        return None
    if any(b - a != width for a, b in pairwise(counts)):
        return None
    runs = [range(i, i + width) for i in range(0, len(columns), width)]
    shape = [hold_numbers([row[columns[i]] for row in rows]) for i in range(len(columns))]
    if any([shape[i] for i in run] != shape[:width] for run in runs):
        return None
    texts = [[[row[columns[i]] for row in rows] for i in run if not shape[i]] for run in runs]
    own = all(texts) and all(a != b for a, b in pairwise(texts))
    return runs if own else None


def _continues(part: _Part, columns: Sequence[int]) -> list[range] | None:
    """Blocks without headings of their own, in each of which the count goes on."""
    rows = [line.table.rows[line.row] for line in part.lines]
    counts = []
    for i, c in enumerate(columns):
        texts = [unmarked(row[c]).rstrip(".") for row in rows if row[c]]
        if len(texts) >= 3 and all(t.isdecimal() and t.isascii() and len(t) < 5 for t in texts):
            numbers = list(map(int, texts))
            if all(0 <= b - a <= 1 for a, b in pairwise(numbers)):
                counts.append((i, numbers[0], numbers[-1]))
    starts = [
        i for k, (i, begin, _) in enumerate(counts) if k == 0 or begin == counts[k - 1][2] + 1
    ]
    if len(starts) < 2 or len(starts) < len(counts):
        return None
    widths = {b - a for a, b in zip(starts, [*starts[1:], len(columns)], strict=True)}
    if starts[0] != 0 or len(widths) != 1 or widths.pop() < 2:
        return None
    ends = [*starts[1:], len(columns)]
    return [range(a, b) for a, b in zip(starts, ends, strict=True)]


def joined(found: Sequence[Block]) -> list[Block]:
    """Blocks of one shape put together in reading order: side by side, and over pages."""
    chains: list[list[Block]] = []
    for block in found:
        if chains and _goes_on(chains[-1], block):
            chains[-1].append(_with_lead(block))
            continue
        rest = overleaf(chains[-1], _with_lead(block)) if chains else None
        if rest:
            chains[-1].append(rest)
        else:
            chains.append([block])
    return [_chained(chain) for chain in chains]


def _with_lead(block: Block) -> Block:
    """A block overleaf above which stands what may be the rest of a name: a text in lower case."""
    title = block.lines[0].table.title
    if any(block.headings) or not title[:1].islower() or len(title) > LONG:
        return block
    first = replace(block.lines[0], lone=(ANYWHERE, title))
    return replace(block, lines=(first, *block.lines[1:]))


def overleaf(chain: Sequence[Block], block: Block) -> Block | None:
    """A table's rest overleaf in the columns of ``chain``, where a few are parted otherwise.

    Only where that has no headings, the count of the first column goes on, and most columns stand
    in the same place. One that is not there as such is blank, unless it is that of the score.
    """
    before = chain[-1]
    last, table = before.lines[-1].table, block.lines[0].table
    if last.page is None or table.page != last.page + 1:
        return None
    if any(block.headings) or (block.title and not says(block.title, "continued")):
        return None
    whole = [b for b in chain if NOWHERE not in b.lines[-1].columns][-1]
    mine, theirs = _borders(whole.lines[-1]), _borders(block.lines[0])
    same: dict[int, int] = {}
    for i, own in enumerate(mine):
        for j, other in enumerate(theirs):
            near = all(abs(a - b) < NEAR for a, b in zip(own, other, strict=True))
            kind = hold_numbers(whole.column(i)) == hold_numbers(block.column(j))
            if near and kind and j not in same.values():
                same[i] = j
    widest = max(len(mine), len(theirs))
    if same.get(0) != 0 or len(same) < 3 or len(same) * 2 < widest:
        return None
    lost = [i for i in range(len(mine)) if i not in same and hold_numbers(whole.column(i))]
    if any(says(whole.heading(i), "score") for i in lost):
        return None
    counts = [_rising(b.column(0)) for b in (before, block)]
    if not all(counts) or not 0 <= counts[1][0] - counts[0][-1] <= 1:
        return None
    lines = [
        replace(
            line,
            columns=tuple(
                line.columns[same[i]] if i in same else NOWHERE for i in range(len(mine))
            ),
        )
        for line in block.lines
    ]
    return replace(before, lines=tuple(lines), asides=block.asides)


def _borders(line: Line) -> list[tuple[float, float]]:
    """Left and right end of each column on the page; the last has no end."""
    edges = line.table.column_edges
    if not edges:
        return []
    return [(edges[c], edges[c + 1] if c + 1 < len(edges) else 1e6) for c in line.columns]


def _goes_on(chain: Sequence[Block], block: Block) -> bool:
    before, table = chain[-1], block.lines[0].table
    last = before.lines[-1].table
    if len(before.headings) != len(block.headings):
        return False
    # Headings may be garbled; a count that goes on in the same columns is not by chance.
    if kinds(before) == kinds(block) and _counts_on(before, block):
        return True
    if last is table:
        return block.part > 0 and _same(chain[0], block)
    if last.page is not None and table.page is not None and table.page - last.page > 1:
        return False
    if not any(block.headings):
        return kinds(before) == kinds(block) and _near(last, table)
    return _same(chain[0], block) and (last.page is not None or last.first_cell is None)


def kinds(block: Block) -> tuple[bool, ...]:
    """Of each column, whether it mostly holds numbers."""
    return tuple(hold_numbers(block.column(c)) for c in range(len(block.headings)))


def _near(last: Table, table: Table) -> bool:
    """Whether most columns stand where those of the page before do, and there are some."""
    edges = list(zip(last.column_edges, table.column_edges, strict=False))
    near = sum(abs(a - b) < NEAR for a, b in edges)
    return bool(edges) and last.page != table.page and near * 2 > len(edges)


def _counts_on(before: Block, block: Block) -> bool:
    """Whether a column of rising whole numbers goes on by one, or stays for a tie."""
    for c in range(len(block.headings)):
        runs = [_rising(before.column(c)), _rising(block.column(c))]
        if all(runs) and 0 <= runs[1][0] - runs[0][-1] <= 1 and runs[1][-1] > runs[0][0]:
            return True
    return False


def _rising(texts: Sequence[str]) -> list[int]:
    """Ranks of a column that never fall; empty where something else stands in it."""
    ranks = [rank.rank_from if (rank := rank_of(text)) else 0 for text in texts if text]
    return ranks if 0 not in ranks and all(a <= b for a, b in pairwise(ranks)) else []


def _same(one: Block, other: Block) -> bool:
    return all(
        (fold(a[-1]) if a else "") == (fold(b[-1]) if b else "")
        for a, b in zip(one.headings, other.headings, strict=True)
    )


def _chained(chain: Sequence[Block]) -> Block:
    return replace(
        chain[0],
        lines=tuple(line for block in chain for line in block.lines),
        asides=tuple(aside for block in chain for aside in block.asides),
    )
