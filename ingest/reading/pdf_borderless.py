"""Tables whose columns only gaps tell apart: their lines to rows and cells."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ingest.reading.content import Position, Table
from ingest.reading.pdf_cells import Cell, Found, cell, table
from ingest.reading.pdf_columns import Region, column_of
from ingest.reading.pdf_lines import Line, Phrase, is_figure, is_numeric
from ingest.reading.pdf_page import Page, Rule, Word
from ingest.reading.pdf_rows import rows_of


def separators(region: Region, page: Page) -> list[float]:
    """Heights at which lines or edges of shading run across most of the region."""
    edges = region.edges
    left, right = edges[0], edges[-1]
    top, bottom = region.lines[0].top, region.lines[-1].bottom
    rules = list(page.horizontal)
    for fill in page.fills:
        rules += [Rule(fill.top, fill.x0, fill.x1), Rule(fill.bottom, fill.x0, fill.x1)]
    rules = [r for r in rules if top < r.at < bottom and r.end > left and r.start < right]
    heights: list[list[Rule]] = []
    for rule in sorted(rules, key=lambda r: r.at):
        if heights and rule.at - heights[-1][0].at < 2:
            heights[-1].append(rule)
        else:
            heights.append([rule])
    return [
        median(r.at for r in some) for some in heights
        if _covered(some, left, right) >= 0.6 * (right - left)
    ]  # fmt: skip


def _covered(rules: Sequence[Rule], left: float, right: float) -> float:
    length, reached = 0.0, left
    for rule in sorted(rules, key=lambda r: r.start):
        start, end = max(rule.start, reached), min(rule.end, right)
        if end > start:
            length += end - start
            reached = end
    return length


def borderless(region: Region, rules: Sequence[float], page: int) -> Found | None:
    """The table of a region whose rows ``rules`` may part."""
    edges, columns = region.edges, len(region.edges) - 1
    groups = _headed(rows_of(region.lines, edges, rules), region)
    cells: dict[Position, Cell] = {}
    shared = _shared(groups, edges, rules)
    if shared:
        groups = [g for g in groups if any(shared[0] != c for c in _columns_of(g, edges))]
    spans = {} if shared else _centred(groups, edges)
    lone = [row for row in spans if _columns_of(groups[row], edges) == {0}]
    kept = [row for row in range(len(groups)) if row not in lone]
    for row, group in enumerate(groups):
        pieces: dict[tuple[int, int], list[Word]] = defaultdict(list)
        for line in group:
            for phrase, place in _placed(line, region):
                pieces[place] += phrase.words
        for (first, last), words in pieces.items():
            if shared and first == shared[0] and _band(group, rules) in shared[1]:
                continue
            item = cell(words)
            here = bisect_left(kept, row), first
            if here in cells and row not in lone:
                item = cell([*cells[here].words, *words])
            item.columns = last - first + 1
            if row in spans and first == last == 0:
                top, bottom = spans[row]
                item.rows = bisect_right(kept, bottom) - bisect_left(kept, top)
                cells[bisect_left(kept, top), 0] = item
            else:
                cells[bisect_left(kept, row), first] = item
    if shared:
        column, texts = shared
        for band, words in texts.items():
            inside = [row for row, group in enumerate(groups) if _band(group, rules) == band]
            item = cell(words)
            item.rows = len(inside)
            cells[inside[0], column] = item
    made = table(cells, len(kept), columns, where="", page=page, edges=edges)
    if made is None or len(made.rows[0]) < 2 or not _is_regular(made):
        return None
    box = (edges[0], region.lines[0].top, edges[-1], region.lines[-1].bottom)
    return Found(made, box, [w for line in region.lines for w in line.words])


def _is_regular(made: Table) -> bool:
    """At least two rows fill most columns; the labels of a chart or a map don't."""
    own = [
        sum(bool(text) and (r, c) not in made.merged for c, text in enumerate(row))
        for r, row in enumerate(made.rows)
    ]
    return sum(count >= 0.6 * len(made.rows[0]) for count in own) >= 2


def _placed(line: Line, region: Region) -> list[tuple[Phrase, tuple[int, int]]]:
    """Phrases with their first and last column: one in each, in order, where there are as many."""
    borders = [(-1e9, -1e9), *region.gaps, (1e9, 1e9)]
    phrases = line.phrases
    if len(phrases) == len(region.gaps) + 1 and all(
        borders[i][0] - 2 <= p.x0 and p.x1 <= borders[i + 1][1] + 2 for i, p in enumerate(phrases)
    ):
        return [(p, (i, i)) for i, p in enumerate(phrases)]
    return [(p, _columns(p, region)) for p in phrases]


def _columns(phrase: Phrase, region: Region) -> tuple[int, int]:
    """First and last column over which it stands."""
    over = [i for i, (a, b) in enumerate(region.gaps) if phrase.x0 < a - 2 and phrase.x1 > b + 2]
    middle = (phrase.x0 + phrase.x1) / 2
    if not over and not all(word.raised for word in phrase.words):
        over = [
            i for i, (a, b) in enumerate(region.gaps) if a - 2 <= phrase.x0 and a <= middle <= b
        ]
    if over:
        return over[0], over[-1] + 1
    column = column_of(phrase, region.edges)
    return column, column


def _band(group: Sequence[Line], rules: Sequence[float]) -> int:
    """Number of the stretch between two separators in which a row stands."""
    middles = sorted(line.middle for line in group)
    return bisect_right(rules, middles[len(middles) // 2])


def _columns_of(group: Sequence[Line], edges: Sequence[float]) -> set[int]:
    return {column_of(p, edges) for line in group for p in line.phrases}


def _shared(
    groups: Sequence[Sequence[Line]], edges: Sequence[float], rules: Sequence[float]
) -> tuple[int, dict[int, list[Word]]] | None:
    """A column whose one cell in each band counts for all rows of it: a rank over its ties.

    Only where every band between two separators has one such cell, in the middle of its rows or
    on the first of them.
    """
    bands: dict[int, list[Sequence[Line]]] = defaultdict(list)
    for group in groups:
        bands[_band(group, rules)].append(group)
    some = [b for b in bands.values() if any(_has_figures(g) for g in b)]
    if len(some) < 2 or sum(map(len, some)) <= len(some):
        return None
    for column in range(len(edges) - 1):
        texts: dict[int, list[Word]] = {}
        for number, band in bands.items():
            if band not in some:
                continue
            phrases = [
                p for g in band for line in g for p in line.phrases
                if column_of(p, edges) == column
            ]  # fmt: skip
            rest = [g for g in band if _columns_of(g, edges) != {column}]
            if len(phrases) != 1 or not rest or len({p.x0 for p in phrases}) != 1:
                break
            first, last = rest[0][0].middle, rest[-1][-1].middle
            at, size = (phrases[0].top + phrases[0].bottom) / 2, phrases[0].size
            if min(abs(at - (first + last) / 2), abs(at - first)) > 0.7 * size:
                break
            texts[number] = list(phrases[0].words)
        else:
            if any(len(band) > 1 for band in some):
                return column, texts
    return None


def _centred(
    groups: Sequence[Sequence[Line]], edges: Sequence[float]
) -> dict[int, tuple[int, int]]:
    """Of the figures in the first column that stand for several rows, the first and last of them.

    Such a figure stands in the middle of its rows, on a line by itself or on that of a row. Only
    where each row but the last ones, whose figure may stand overleaf, has its figure that way.
    """
    first = next((i for i, g in enumerate(groups) if _has_figures(g)), len(groups))
    at = [median(line.base for line in group) for group in groups]
    marked = {
        i for i in range(first, len(groups))
        if 0 in _columns_of(groups[i], edges)
    }  # fmt: skip
    texts = [
        p.text for i in marked for line in groups[i] for p in line.phrases
        if column_of(p, edges) == 0
    ]  # fmt: skip
    rows = [i for i in range(first, len(groups)) if _columns_of(groups[i], edges) != {0}]
    if len(rows) < 3 or not texts or not all(map(is_numeric, texts)):
        return {}
    step = median(at[b] - at[a] for a, b in pairwise(rows))
    spans: dict[int, tuple[int, int]] = {}
    start = 0
    for i in sorted(marked):
        if start == len(rows):
            return {}
        end = min(range(len(rows)), key=lambda k: abs(at[rows[start]] + at[rows[k]] - 2 * at[i]))
        off = abs((at[rows[start]] + at[rows[end]]) / 2 - at[i])
        inside = {rows[k] for k in range(start, end + 1)}
        if end < start or off > 0.3 * step or (inside & marked) - {i}:
            return {}
        if end > start or i not in inside:
            spans[i] = rows[start], rows[end]
        start = end + 1
    return spans if len(rows) - start < 4 else {}


def _has_figures(group: Sequence[Line]) -> bool:
    return any(is_numeric(p.text) for line in group for p in line.phrases)


def _headed(groups: Sequence[Sequence[Line]], region: Region) -> list[list[Line]]:
    """Rows with the lines of a wrapped heading joined: those before the first row of figures."""
    figures = [any(is_figure(p.text) for line in g for p in line.phrases) for g in groups]
    first = figures.index(True) if True in figures else 0
    head: list[list[Line]] = []
    for group in groups[:first]:
        spanning = any(_spans(line, region) for line in group)
        if (
            head
            and group[0].base - head[-1][-1].base < 1.6 * group[0].size
            and not spanning
            and not any(_spans(line, region) for line in head[-1])
        ):
            head[-1] = [*head[-1], *group]
        else:
            head.append(list(group))
    return head + [list(g) for g in groups[first:]]


def _spans(line: Line, region: Region) -> bool:
    return any(first != last for _, (first, last) in _placed(line, region))
