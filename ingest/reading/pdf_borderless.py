"""Tables whose columns only gaps tell apart: their lines to rows and cells."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from ingest.reading.content import Position, Table
from ingest.reading.pdf_cells import Cell, Found, cell, table
from ingest.reading.pdf_columns import Region, column_of, looks_numeric
from ingest.reading.pdf_lines import Line, Phrase, is_figure, is_numeric
from ingest.reading.pdf_page import Page, Rule, Word
from ingest.reading.pdf_prose import letters


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
    groups = _headed(_rows(region.lines, edges, rules), region)
    cells: dict[Position, Cell] = {}
    shared = _shared(groups, edges, rules)
    if shared:
        groups = [g for g in groups if any(shared[0] != c for c in _columns_of(g, edges))]
    for row, group in enumerate(groups):
        pieces: dict[tuple[int, int], list[Word]] = defaultdict(list)
        for line in group:
            for phrase in line.phrases:
                pieces[_columns(phrase, region)] += phrase.words
        for (first, last), words in pieces.items():
            if shared and first == shared[0] and _band(group, rules) in shared[1]:
                continue
            item = cell(words)
            if (row, first) in cells:
                item = cell([*cells[row, first].words, *words])
            item.columns = last - first + 1
            cells[row, first] = item
    if shared:
        column, texts = shared
        for band, words in texts.items():
            inside = [row for row, group in enumerate(groups) if _band(group, rules) == band]
            item = cell(words)
            item.rows = len(inside)
            cells[inside[0], column] = item
    made = table(cells, len(groups), columns, where="", page=page, edges=edges)
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


def _has_figures(group: Sequence[Line]) -> bool:
    return any(is_numeric(p.text) for line in group for p in line.phrases)


def _headed(groups: Sequence[Sequence[Line]], region: Region) -> list[list[Line]]:
    """Rows with the lines of a wrapped heading joined: those before the first row of figures."""
    figures = [any(is_figure(p.text) for line in g for p in line.phrases) for g in groups]
    first = figures.index(True) if True in figures else 0
    head: list[list[Line]] = []
    for group in groups[:first]:
        spanning = any(_spans(p, region) for line in group for p in line.phrases)
        if (
            head
            and group[0].base - head[-1][-1].base < 1.6 * group[0].size
            and not spanning
            and not any(_spans(p, region) for line in head[-1] for p in line.phrases)
        ):
            head[-1] = [*head[-1], *group]
        else:
            head.append(list(group))
    return head + [list(g) for g in groups[first:]]


def _spans(phrase: Phrase, region: Region) -> bool:
    first, last = _columns(phrase, region)
    return first != last


def _rows(
    lines: Sequence[Line], edges: Sequence[float], rules: Sequence[float]
) -> list[list[Line]]:
    """Lines in groups, one a row: a line that only goes on with a cell above or below joins it.

    A row has one line with figures, and lines that only hold the rest of a wrapped name. Those
    between two rows belong to the one on their side of a separator, or else to the one that they
    stand nearer to; where all stand equally near, only to the one above, and only if the wrapped
    word had no room there.
    """
    places = [_places(line, edges) for line in lines]
    figures = _figure_columns(places, len(edges) - 1)
    full = [i for i, place in enumerate(places) if _is_full(place, figures)]
    if len(full) < 2:
        return [[line] for line in lines]
    owner = {i: i for i in full}
    bands: dict[int, list[int]] = defaultdict(list)
    for i, line in enumerate(lines):
        bands[bisect_right(rules, line.middle)].append(i)
    firsts = {b: [i for i in inside if i in owner] for b, inside in bands.items()}
    single = [b for b, some in firsts.items() if len(some) == 1]
    by_rule = len(single) >= 0.6 * sum(bool(some) for some in firsts.values()) and len(single) > 1
    for band, inside in bands.items():
        if by_rule and len(firsts[band]) == 1:
            owner.update({i: firsts[band][0] for i in inside if not _crosses(places[i], edges)})
        else:
            own = [i for i in inside if i in firsts[band]]
            _attach(inside, own, lines, places, figures, edges, owner)
    rows: dict[int, list[Line]] = defaultdict(list)
    for i, line in enumerate(lines):
        rows[owner.get(i, i)].append(line)
    return [rows[i] for i in sorted(rows)]


def _is_full(place: Mapping[int, Sequence[Phrase]], figures: set[int]) -> bool:
    if figures:
        return any(is_numeric(p.text) for c in figures if c in place for p in place[c])
    return 0 in place and len(place) > 1


def _attach(
    inside: Sequence[int],
    full: Sequence[int],
    lines: Sequence[Line],
    places: Sequence[Mapping[int, Sequence[Phrase]]],
    figures: set[int],
    edges: Sequence[float],
    owner: dict[int, int],
) -> None:
    """Find for the lines of one band that have no figures the row to which they belong."""
    if not full:
        return
    rows = sorted(set(owner.values()))
    steps = [lines[b].base - lines[a].base for a, b in pairwise(rows) if b == a + 1]
    size = median(line.size for line in lines)
    near = min(0.85 * median(steps), 2 * size) if steps else 1.6 * size
    last = len(inside) - 1
    first = inside[0]

    def gap(i: int, j: int) -> float:
        return lines[j].base - lines[i].base

    def goes_on(i: int) -> bool:
        return not (figures & places[i].keys()) and not _crosses(places[i], edges)

    for a, b in pairwise([-1, *[i - first for i in full], last + 1]):
        between = [first + k for k in range(a + 1, b)]
        above, below = first + a if a >= 0 else None, first + b if b <= last else None
        # Lines at the end that can't go on with a cell are headings or notes.
        if above is None:
            while between and not all(map(goes_on, between)):
                between = between[1:]
            heads = between[0] - 1 if between else -1
            while between and below is not None:
                tight = [gap(i, j) for i, j in pairwise([*between, below])]
                if max(tight) <= near and (
                    heads < first or gap(heads, between[0]) > 1.1 * max(tight)
                ):
                    owner.update(dict.fromkeys(between, below))
                    break
                heads, between = between[0], between[1:]
            continue
        if below is None:
            while between and not all(map(goes_on, between)):
                between = between[:-1]
        if not between or not all(map(goes_on, between)):
            continue
        chain = [above, *between] if below is None else [above, *between, below]
        gaps = [gap(i, j) for i, j in pairwise(chain)]
        widest = len(between) if below is None else gaps.index(max(gaps))
        others = [g for k, g in enumerate(gaps) if k != widest]
        if max(others) <= near and (below is None or gaps[widest] > 1.1 * max(others)):
            for k, i in enumerate(between):
                owner[i] = above if k < widest or below is None else below
            continue
        previous = above
        for i in between:
            if gap(previous, i) > 1.7 * size:
                break
            if not _overflows(places[previous], places[i], edges, lines):
                break
            owner[i], previous = above, i


def _places(line: Line, edges: Sequence[float]) -> dict[int, list[Phrase]]:
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


def _crosses(place: Mapping[int, Sequence[Phrase]], edges: Sequence[float]) -> bool:
    return any(
        phrase.x0 < edge - 3 and phrase.x1 > edge + 3
        for phrases in place.values()
        for phrase in phrases
        for edge in edges[1:-1]
    )


def _overflows(
    above: Mapping[int, Sequence[Phrase]],
    below: Mapping[int, Sequence[Phrase]],
    edges: Sequence[float],
    lines: Sequence[Line],
) -> bool:
    """A cell goes on from the one above it, which is long and had no room for its first word."""
    if len(below) != 1:
        return False
    for column, phrases in below.items():
        if column not in above:
            return False
        room = max(
            (p.x1 for line in lines for p in line.phrases if column_of(p, edges) == column),
            default=edges[column + 1],
        )
        first, last = phrases[0].words[0], above[column][-1]
        left = min(p.x0 for line in lines for p in line.phrases if column_of(p, edges) == column)
        chinese = letters(last.text) > len(last.text)
        if last.x1 - left < (0.95 if chinese else 0.6) * (room - left):
            return False
        if room - left < 8 * last.size:
            return False
        if phrases[0].text.isupper() and not last.text.isupper():
            return False
        space = 0.25 * last.size
        fits = last.x1 + space + (first.x1 - first.x0) <= room
        if fits and not re.search(r"[-,/&(（、，]$", last.text):
            return False
    return bool(below)
