"""Tables without lines: columns are the gaps that the words of many lines leave free."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingest.reading.pdf_gaps import (
    free,
    looks_numeric,
    narrowed,
    parts_columns,
    with_first_gap,
    with_gaps_below,
    without_heads,
    without_signs,
)
from ingest.reading.pdf_lines import Line, Phrase, is_figure, is_numeric, lines_of
from ingest.reading.pdf_page import Rule, Word
from ingest.reading.pdf_prose import letters

FAR = 3.2
"""Heights of the type between two lines of one table, at most, where nothing else ties them."""


@dataclass
class Region:
    """Lines of one borderless table, with the gaps between its columns."""

    lines: list[Line]
    gaps: list[tuple[float, float]]

    @property
    def edges(self) -> list[float]:
        """Borders of the columns, from the left end to the right end."""
        inner = [(a + b) / 2 for a, b in self.gaps]
        return [min(x.x0 for x in self.lines) - 1, *inner, max(x.x1 for x in self.lines) + 1]


def regions(lines: Sequence[Line], drawn: Sequence[Rule] = ()) -> list[Region]:
    """Runs of lines that share gaps. Prose in columns shares gaps as well, and is left out.

    Args:
        lines: of the page, from the top.
        drawn: vertical lines, which part columns that hardly a gap tells apart.
    """
    found = [region for run in _united(_runs(lines)) for region in _split(run, drawn)]
    used = {id(word) for region in found for line in region.lines for word in line.words}
    spare = [line for line in lines if not any(id(word) in used for word in line.words)]
    for region in found:
        _extend(region, spare)
    return found


def _extend(region: Region, spare: list[Line]) -> None:
    """Take in lines at either end that are of the table for all that they have one phrase.

    A row whose columns only a space parts, the rest of a wrapped cell, and a heading above some
    of the columns.
    """
    for end in (0, -1):
        for _ in range(4):
            last = region.lines[end]
            near = sorted(
                (
                    (abs(line.base - last.base), line) for line in spare
                    if (line.base < last.base) == (end == 0) and line.base != last.base
                ),
                key=lambda pair: pair[0],
            )  # fmt: skip
            if not near or not _belongs(region, near[0][1], near[0][0], end == 0):
                break
            line = near[0][1]
            spare.remove(line)
            region.lines.insert(0 if end == 0 else len(region.lines), _parted(line, region.gaps))


def _belongs(region: Region, line: Line, step: float, above: bool) -> bool:
    edges = region.edges
    columns: list[list[str]] = [[] for _ in edges[1:]]
    for phrase in [p for x in region.lines for p in x.phrases]:
        columns[column_of(phrase, edges)].append(phrase.text)
    rows = [x for x in region.lines if any(is_numeric(p.text) for p in x.phrases)]
    steps = [b.base - a.base for a, b in pairwise(region.lines) if a in rows and b in rows]
    size = region.lines[0].size
    if line.x0 < edges[0] - size or line.x1 > edges[-1] + size:
        return False
    parts = _parted(line, region.gaps).phrases
    taken = {column_of(p, edges) for p in parts}
    crossing = any(p.x0 < a - 2 and p.x1 > b + 2 for p in parts for a, b in region.gaps)
    if len(parts) > 1:
        return (
            not crossing
            and len(taken) == len(parts) >= 0.6 * len(columns)
            and step <= max(1.3 * median(steps) if steps else 0, 1.6 * size)
        )
    if above and not _starts_with_row(region):
        # A heading over several columns, but not over the first or, as a title, over them all.
        middle, centre = (line.x0 + line.x1) / 2, (edges[0] + edges[-1]) / 2
        over = crossing or any(a <= middle <= b for a, b in region.gaps)
        aside = abs(middle - centre) > 0.08 * (edges[-1] - edges[0])
        return over and aside and line.x0 > region.gaps[0][1] and step <= 1.7 * size
    reach = min(0.85 * median(steps), 1.6 * size) if steps else 1.6 * size
    wordy = {c for c in taken if not looks_numeric(columns[c])}
    last = region.lines[0 if above else -1]
    return not crossing and taken == wordy and step <= reach and (last in rows or not above)


def _starts_with_row(region: Region) -> bool:
    """The first line is a row already: it has figures where the columns have."""
    return any(is_figure(p.text) for p in region.lines[0].phrases)


def _runs(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines near one another, most of them with more than one phrase."""
    runs: list[list[Line]] = []
    run: list[Line] = []
    singles = 0
    row: Line | None = None
    for line in lines:
        wide = len(line.phrases) > 1
        if run and line.top - run[-1].bottom > _reach(run, line):
            runs.append(run)
            run, singles = [], 0
        if wide:
            singles, row = 0, line
        elif not run:
            singles += 1
            continue
        else:
            # The rest of a name on several lines below its first one.
            hangs = row is not None and any(
                abs(line.x0 - p.x0) < 0.5 * line.size and line.base - row.base < 12 * line.size
                for p in row.phrases[1:]
            )
            singles += not (hangs and line.base - run[-1].base < 1.6 * line.size)
        run.append(line)
        if singles >= 4:
            runs.append(run)
            run, singles = [], 0
    runs.append(run)
    trimmed = []
    for run in runs:
        while run and len(run[-1].phrases) < 2 and not _hangs(run):
            run = run[:-1]
        if any(len(line.phrases) > 1 for line in run):
            trimmed.append(run)
    return trimmed


def _united(runs: Sequence[list[Line]]) -> list[list[Line]]:
    """Runs far from one another joined where they have the same gaps: rows set wide apart."""
    united: list[list[Line]] = []
    for run in runs:
        if united:
            both = [*united[-1], *run]
            before, here, all_ = (_wide_gaps(some) for some in (united[-1], run, both))
            if min(before, here) >= 3 and 0.75 * max(before, here) <= all_ <= max(before, here):
                united[-1] = both
                continue
        united.append(run)
    return united


def _wide_gaps(run: Sequence[Line]) -> int:
    body = [line for line in run if len(line.phrases) > 1]
    size = median(line.size for line in body)
    return sum(b - a >= 0.6 * size for a, b in free(body, 0))


def _hangs(run: Sequence[Line]) -> bool:
    """The last line is the rest of a cell wrapped on the line above."""
    last, above = run[-1], run[-2] if len(run) > 1 else None
    return (
        above is not None
        and last.base - above.base < 1.5 * last.size
        and len(above.phrases) > 1
        and any(abs(last.x0 - p.x0) < 0.5 * last.size for p in above.phrases[1:])
    )


def _reach(run: Sequence[Line], line: Line) -> float:
    steps = [b.base - a.base for a, b in pairwise(run)]
    return max(FAR * line.size, 1.8 * median(steps[-8:]) if steps else 0)


def _split(run: Sequence[Line], drawn: Sequence[Rule]) -> list[Region]:
    body = [line for line in run if len(line.phrases) > 1]
    if len(body) < 2:
        return []
    size = median(line.size for line in body)
    tolerance = 0.05 if len(body) > 15 else 0.0
    gaps = [g for g in free(body, tolerance) if parts_columns(g, body, size)]
    within = [x for x in run if len(x.phrases) == 1 and any(a < x.x0 and x.x1 < b for a, b in gaps)]
    if len(within) >= max(2, 0.3 * len(body)):
        # Names set a little above or below their figures.
        gaps = [g for g in free([*body, *within], tolerance) if parts_columns(g, body, size)]
    gaps = with_gaps_below(body, gaps, tolerance, size)
    top, bottom = body[0].middle, body[-1].middle
    lines = [v.at for v in drawn if v.start <= top + size and v.end >= bottom - size]
    gaps += [
        (a, b) for a, b in free(body, 0)
        if any(a - 1 <= x <= b + 1 for x in lines) and not any(x < b and a < y for x, y in gaps)
    ]  # fmt: skip
    gaps.sort()
    gaps = with_first_gap(body, run, gaps, size)
    apart = _unaligned(body, [g for g in free(body, 0) if g[1] - g[0] > size])
    if apart is not None:
        halves = []
        for left in (True, False):
            words = [w for line in run for w in line.words if (w.x1 <= apart) == left]
            halves += [r for half in _runs(lines_of(words)) for r in _split(half, drawn)]
        return halves
    at = _change(run)
    if at:
        return [
            r for half in (run[:at], run[at:]) for part in _runs(half) for r in _split(part, drawn)
        ]
    if not gaps:
        return []
    gaps = without_heads(body, without_signs(body, gaps))
    if not gaps:
        return []
    gaps = [narrowed(gap, run, size) for gap in gaps]
    region = Region([_parted(line, gaps) for line in run], gaps)
    return [] if _is_prose(region) else [region]


def _change(run: Sequence[Line]) -> int | None:
    """Where one table ends and another with other columns begins, at a wider step."""
    steps = [b.base - a.base for a, b in pairwise(run)]
    usual = median(steps) if steps else 0.0
    for at, step in enumerate(steps, start=1):
        if step < 1.4 * usual:
            continue
        halves = [[x for x in half if len(x.phrases) > 1] for half in (run[:at], run[at:])]
        if any(sum(any(is_numeric(p.text) for p in x.phrases) for x in h) < 2 for h in halves):
            continue
        size = median(line.size for half in halves for line in half)
        first, second, both = (
            [g for g in free(some, 0) if parts_columns(g, some, size)]
            for some in (*halves, [*halves[0], *halves[1]])
        )
        if first and second and len(both) != max(len(first), len(second)):
            return at
    return None


def _unaligned(body: Sequence[Line], gaps: Sequence[tuple[float, float]]) -> float | None:
    """A gap on whose two sides tables stand whose lines don't meet."""
    for start, end in gaps:
        at = (start + end) / 2
        left = [line for line in body if line.x1 <= at]
        right = [line for line in body if line.x0 >= at]
        if min(len(left), len(right)) >= 3 and len(left) + len(right) >= 0.8 * len(body):
            return at
    return None


def _parted(line: Line, gaps: Sequence[tuple[float, float]]) -> Line:
    """The line with its phrases parted where the space between two words is a column's gap."""
    phrases: list[Phrase] = []
    for phrase in line.phrases:
        run: list[Word] = []
        for word in phrase.words:
            if run and any(
                min(word.x0, b) - max(run[-1].x1, a) >= min(0.33 * word.size, 0.9 * (b - a))
                for a, b in gaps
            ):
                phrases.append(Phrase(tuple(run)))
                run = []
            run.append(word)
        phrases.append(Phrase(tuple(run)))
    return Line(tuple(phrases))


_MARK = re.compile(r"[\[(（]?\w{1,3}[\])）.、]?|[^\w\s]")


def _is_prose(region: Region) -> bool:
    """Columns of long lines of text, or a list of paragraphs with their marks."""
    if len(region.gaps) > 2:
        return False
    cells: list[list[str]] = [[] for _ in range(len(region.gaps) + 1)]
    for line in region.lines:
        for phrase in line.phrases:
            cells[column_of(phrase, region.edges)].append(phrase.text)
    if len(cells) == 2 and all(_MARK.fullmatch(text) for text in cells[0]):
        return median(map(letters, cells[1])) >= 45
    return all(
        len(texts) >= 2
        and not sum(is_numeric(t) for t in texts) > 0.3 * len(texts)
        and median(map(letters, texts)) >= 22
        for texts in cells
    )


def column_of(item: Phrase | Word, edges: Sequence[float]) -> int:
    """Column in which most of it stands."""
    last = len(edges) - 2
    column = min(max(bisect_right(edges, item.x0) - 1, 0), last)
    if column == last or item.x1 <= edges[column + 1]:
        return column
    shared = [
        (min(item.x1, edges[i + 1]) - max(item.x0, edges[i]), -i) for i in range(column, last + 1)
    ]
    return -max(shared)[1]
