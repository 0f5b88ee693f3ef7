"""Which lines of a borderless table are one row: names wrap, and figures stand beside them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingest.reading.pdf_columns import column_of
from ingest.reading.pdf_gaps import looks_numeric
from ingest.reading.pdf_lines import Line, Phrase, is_numeric
from ingest.reading.pdf_prose import letters

Place = Mapping[int, Sequence[Phrase]]
"""Phrases of a line by column."""


@dataclass
class _Lines:
    """Lines of one table; rows are named by the line that has their figures."""

    lines: Sequence[Line]
    edges: Sequence[float]
    places: list[dict[int, list[Phrase]]]
    figures: set[int]
    """Columns of figures."""
    full: list[int]
    """Lines with figures, each a row."""
    owner: dict[int, int]
    """Line to row."""

    @property
    def size(self) -> float:
        return median(line.size for line in self.lines)

    def gap(self, i: int, j: int) -> float:
        """Between two lines; of a row whose cells stand on several, from the nearest of these."""
        upper = max(k for k, row in self._owned(i) if row == i)
        lower = min(k for k, row in self._owned(j) if row == j)
        return self.lines[lower].base - self.lines[upper].base

    def _owned(self, i: int) -> list[tuple[int, int]]:
        near = range(max(0, i - 4), min(len(self.lines), i + 5))
        return [(i, i), *((k, self.owner.get(k, k)) for k in near)]

    def goes_on(self, i: int) -> bool:
        """It has nothing but text, within columns of text."""
        return not (self.figures & self.places[i].keys()) and not self.crosses(i)

    def crosses(self, i: int) -> bool:
        return any(
            p.x0 < edge - 3 and p.x1 > edge + 3
            for phrases in self.places[i].values()
            for p in phrases
            for edge in self.edges[1:-1]
        )


def rows_of(
    lines: Sequence[Line], edges: Sequence[float], rules: Sequence[float]
) -> list[list[Line]]:
    """Lines in groups, one a row: a line that only goes on with a cell above or below joins it.

    A row has one line with figures, and lines that only hold the rest of a wrapped name. Those
    between two rows belong to the one on their side of a separator, or else to the one that they
    stand nearer to; where all stand equally near, only to the one above, and only if the wrapped
    word had no room there.
    """
    places = [_place(line, edges) for line in lines]
    figures = _figure_columns(places, len(edges) - 1)
    full = [i for i, place in enumerate(places) if _is_full(place, figures)]
    if len(full) < 2:
        return [[line] for line in lines]
    table = _Lines(lines, edges, places, figures, full, {i: i for i in full})
    _gather(table)
    bands: dict[int, list[int]] = defaultdict(list)
    for i, line in enumerate(lines):
        if table.owner.get(i, i) == i:
            bands[bisect_right(rules, line.middle)].append(i)
    firsts = {b: [i for i in inside if i in table.owner] for b, inside in bands.items()}
    single = sum(len(some) == 1 for some in firsts.values())
    by_rule = single > 1 and single >= 0.6 * sum(bool(some) for some in firsts.values())
    for band, inside in bands.items():
        if by_rule and len(firsts[band]) == 1:
            row = firsts[band][0]
            # Above a row in its band a heading may stand as well.
            table.owner.update(
                {i: row for i in inside if not table.crosses(i) and (i >= row or table.goes_on(i))}
            )
        elif firsts[band]:
            _attach(table, inside)
    rows: dict[int, list[Line]] = defaultdict(list)
    for i, line in enumerate(lines):
        rows[table.owner.get(i, i)].append(line)
    return [rows[i] for i in sorted(rows)]


def _place(line: Line, edges: Sequence[float]) -> dict[int, list[Phrase]]:
    place: dict[int, list[Phrase]] = defaultdict(list)
    for phrase in line.phrases:
        place[column_of(phrase, edges)].append(phrase)
    return place


def _figure_columns(places: Sequence[Mapping[int, list[Phrase]]], columns: int) -> set[int]:
    """Columns of figures, of which each row has one; not those that only some rows have."""
    texts: list[list[str]] = [[] for _ in range(columns)]
    for place in places:
        for column, phrases in place.items():
            texts[column].append(" ".join(p.text for p in phrases))
    figures = {c: sum(map(is_numeric, texts[c])) for c in range(columns) if looks_numeric(texts[c])}
    most = max(figures.values(), default=0)
    return {c for c, count in figures.items() if count >= 0.7 * most}


def _is_full(place: Place, figures: set[int]) -> bool:
    if figures:
        return any(is_numeric(p.text) for c in figures if c in place for p in place[c])
    return 0 in place and len(place) > 1


def _gather(table: _Lines) -> None:
    """Join lines less than a line apart that fill different columns: cells not set on one line."""
    chains: list[list[int]] = []
    for i in range(len(table.lines)):
        step = table.lines[i].base - table.lines[i - 1].base if i else 0.0
        near = chains and step < 0.85 * table.lines[i].size
        if near and not (table.places[chains[-1][-1]].keys() & table.places[i].keys()):
            chains[-1].append(i)
        else:
            chains.append([i])
    for chain in chains:
        row = max(chain, key=lambda i: (i in table.owner, len(table.places[i])))
        rest = [table.places[i].keys() for i in chain if i != row]
        apart = not any(table.places[row].keys() & other for other in rest)
        # Two lines that share a column are two rows, unless most of a row stands between them.
        most = len(table.places[row]) >= min(3, max(2, len(table.edges) - 2))
        shared = len(set().union(*rest)) < sum(map(len, rest)) and not most
        if rest and row in table.owner and apart and not shared:
            table.owner.update(dict.fromkeys(chain, row))
            table.full = [i for i in table.full if i == row or i not in chain]


def _attach(table: _Lines, inside: Sequence[int]) -> None:
    """Find for the lines of one band that have no figures the row to which they belong."""
    steps = [table.gap(a, b) for a, b in pairwise(table.full) if b == a + 1]
    near = min(0.92 * median(steps), 2 * table.size) if steps else 1.6 * table.size
    full = [k for k, i in enumerate(inside) if i in table.owner]
    _attach_first(table, inside[: full[0] + 1], near)
    for a, b in pairwise([*full, len(inside)]):
        below = inside[b] if b < len(inside) else None
        between = list(inside[a + 1 : b])
        while below is None and between and not all(map(table.goes_on, between)):
            between.pop()  # a note below the table
        if not between or not all(map(table.goes_on, between)):
            continue
        chain = [inside[a], *between, *([] if below is None else [below])]
        gaps = [table.gap(i, j) for i, j in pairwise(chain)]
        widest = len(between) if below is None else gaps.index(max(gaps))
        others = [g for k, g in enumerate(gaps) if k != widest]
        if max(others) <= near and (below is None or gaps[widest] > 1.1 * max(others)):
            for k, i in enumerate(between):
                table.owner[i] = inside[a] if k < widest or below is None else below
            continue
        previous = inside[a]
        for i in between:
            if table.gap(previous, i) > 1.7 * table.size or not _overflows(table, previous, i):
                break
            table.owner[i], previous = inside[a], i


def _attach_first(table: _Lines, lines: Sequence[int], near: float) -> None:
    """The longest run right above the first row that stands nearer to it than to a heading."""
    *between, row = lines
    for k in range(len(between)):
        some = between[k:]
        if not all(map(table.goes_on, some)):
            continue
        tight = max(table.gap(i, j) for i, j in pairwise([*some, row]))
        apart = k == 0 or table.gap(between[k - 1], some[0]) > 1.1 * tight
        if tight <= near and apart:
            table.owner.update(dict.fromkeys(some, row))
            return


def _overflows(table: _Lines, above: int, below: int) -> bool:
    """A cell goes on from the one above it, which is long and had no room for its first word."""
    (column, phrases), *others = table.places[below].items()
    if others or column not in table.places[above]:
        return False
    cells = [p for place in table.places for p in place.get(column, ())]
    left, room = min(p.x0 for p in cells), max(p.x1 for p in cells)
    first, last = phrases[0].words[0], table.places[above][column][-1]
    chinese = letters(last.text) > len(last.text)
    if last.x1 - left < (0.95 if chinese else 0.6) * (room - left) or room - left < 8 * last.size:
        return False
    if phrases[0].text.isupper() and not last.text.isupper():
        return False
    fits = last.x1 + 0.25 * last.size + (first.x1 - first.x0) <= room
    return not fits or re.search(r"[-,/&(（、，]$", last.text) is not None
