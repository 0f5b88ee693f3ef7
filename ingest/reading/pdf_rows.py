"""Words in known columns to rows: wrapped cells joined, cells that span rows repeated."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from ingest.reading.content import Position, Table
from ingest.reading.pdf_columns import column_of, looks_numeric
from ingest.reading.pdf_lines import Line, Phrase, is_numeric, joined, lines_of
from ingest.reading.pdf_page import Word


@dataclass
class Cell:
    text: str = ""
    words: list[Word] = field(default_factory=list)
    rows: int = 1
    columns: int = 1


def cell(words: Sequence[Word], right: float | None = None) -> Cell:
    """Words of one cell, wrapped lines joined. ``right`` is how far its text may reach."""
    lines = lines_of(_unturned(words))
    texts: list[str] = []
    for i, line in enumerate(lines):
        text = " ".join(p.text for p in line.phrases)
        if right is not None and i and _breaks_word(lines[i - 1], line, right):
            texts[-1] += text
        else:
            texts.append(text)
    return Cell(joined(texts), list(words))


def _unturned(words: Sequence[Word]) -> Sequence[Word]:
    """Words of a cell whose text runs up or down, as if it ran across."""
    turn = words[0].turn if words else 0
    if turn == 0 or any(w.turn != turn for w in words):
        return words
    turned = []
    for w in words:
        x0, top, x1, bottom = w.x0, w.top, w.x1, w.bottom
        if turn == 1:
            x0, top, x1, bottom = -w.bottom, w.x0, -w.top, w.x1
        elif turn == 3:
            x0, top, x1, bottom = w.top, -w.x1, w.bottom, -w.x0
        else:
            x0, top, x1, bottom = -w.x1, -w.bottom, -w.x0, -w.top
        turned.append(replace(w, x0=x0, top=top, x1=x1, bottom=bottom))
    return turned


def _breaks_word(above: Line, line: Line, right: float) -> bool:
    """A word too long for its cell, broken without a hyphen: GLOBECO, M."""
    if len(above.words) > 1:
        return False
    word, rest = above.words[0], line.words[0]
    letter = (rest.x1 - rest.x0) / max(1, len(rest.text))
    head, tail = word.text[-1:], rest.text[:1]
    same = (head.islower() and tail.islower()) or (word.text.isupper() and rest.text.isupper())
    return same and head.isalpha() and word.x1 + letter > right + 0.5


def table(cells: Mapping[Position, Cell], rows: int, columns: int, **named: object) -> Table | None:
    """A table of cells by their first position; rows and columns without any text left out."""
    grid = [["" for _ in range(columns)] for _ in range(rows)]
    merged: dict[Position, Position] = {}
    confidence: dict[Position, float] = {}
    own: set[Position] = set()
    for (row, column), item in sorted(cells.items()):
        for r in range(row, min(rows, row + item.rows)):
            for c in range(column, min(columns, column + item.columns)):
                if (r, c) in own or (r, c) in merged:
                    continue
                if (r, c) == (row, column):
                    own.add((r, c))
                else:
                    merged[r, c] = (row, column)
                grid[r][c] = item.text
                sure = [w.confidence for w in item.words if w.confidence is not None]
                if sure:
                    confidence[r, c] = min(sure)
    kept_rows = [r for r in range(rows) if any(grid[r])]
    kept_columns = [c for c in range(columns) if any(grid[r][c] for r in range(rows))]
    # A column or row that only repeats merged cells is none of its own.
    kept_columns = [
        c for c in kept_columns
        if any((r, c) in own and grid[r][c] for r in range(rows))
    ]  # fmt: skip
    kept_rows = [r for r in kept_rows if any((r, c) in own and grid[r][c] for c in kept_columns)]
    if not kept_rows or not kept_columns:
        return None
    to_row = {r: i for i, r in enumerate(kept_rows)}
    to_column = {c: i for i, c in enumerate(kept_columns)}

    def at(position: Position) -> Position | None:
        row, column = position
        return (to_row[row], to_column[column]) if row in to_row and column in to_column else None

    spans: dict[Position, Position] = {}
    firsts: dict[Position, Position] = {}
    for position, first in merged.items():
        here = at(position)
        if here is None or not grid[position[0]][position[1]]:
            continue
        start = at(first) or firsts.setdefault(first, here)
        if start != here:
            spans[here] = start
    edges = named.pop("edges", ())
    assert isinstance(edges, (list, tuple))
    return Table(
        rows=tuple(tuple(grid[r][c] for c in kept_columns) for r in kept_rows),
        merged=spans,
        confidence={p: v for old, v in confidence.items() if (p := at(old)) is not None},
        column_edges=tuple(round(edges[c], 1) for c in kept_columns) if edges else (),
        **named,  # type: ignore[arg-type]
    )


def row_starts(lines: Sequence[Line], edges: Sequence[float]) -> list[list[Line]]:
    """Lines in groups, one a row: a line that only goes on with a cell above or below joins it.

    A row has one line with figures, and lines that only hold the rest of a wrapped name. Those
    between two rows belong to the one that they stand nearer to; where all stand equally near,
    only to the one above, and only if the wrapped word had no room there.
    """
    places = [_places(line, edges) for line in lines]
    figures = _figure_columns(places, len(edges) - 1)
    full = [
        i for i, place in enumerate(places)
        if any(is_numeric(p.text) for c in figures if c in place for p in place[c])
    ]  # fmt: skip
    if not figures or len(full) < 2:
        return [[line] for line in lines]
    steps = [lines[b].base - lines[a].base for a, b in pairwise(full) if b == a + 1]
    size = median(line.size for line in lines)
    near = min(0.85 * median(steps), 2 * size) if steps else 1.5 * size
    owner = {i: i for i in full}
    bounds = [-1, *full, len(lines)]
    for a, b in pairwise(bounds):
        between = range(a + 1, b)
        texts = all(
            not (figures & places[i].keys()) and not _crosses(places[i], edges) for i in between
        )
        if not between or not texts:
            continue
        chain = [i for i in (a, *between, b) if 0 <= i < len(lines)]
        gaps = [lines[j].base - lines[i].base for i, j in pairwise(chain)]
        if a < 0 or b == len(lines):
            # Before the first row and after the last one there is only one to join.
            loose = max(gaps) > near
            part = 0 if b == len(lines) else len(gaps)
        else:
            widest = max(gaps)
            part = gaps.index(widest)
            others = [g for i, g in enumerate(gaps) if i != part]
            loose = max(others) > near or widest < 1.1 * max(others)
            part = part + 1
        if not loose:
            for k, i in enumerate(between):
                owner[i] = b if a < 0 or (b < len(lines) and k + 1 >= part) else a
        elif a >= 0:
            last = a
            for i in between:
                if lines[i].base - lines[last].base > 1.7 * size:
                    break
                if not _overflows(places[last], places[i], edges, lines):
                    break
                owner[i], last = a, i
    rows: dict[int, list[Line]] = defaultdict(list)
    for i, line in enumerate(lines):
        rows[owner.get(i, i)].append(line)
    return [rows[i] for i in sorted(rows)]


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
    """Each cell goes on from one above it that had no room for its first word."""
    for column, phrases in below.items():
        if column not in above:
            return False
        room = max(
            (p.x1 for line in lines for p in line.phrases if column_of(p, edges) == column),
            default=edges[column + 1],
        )
        first, last = phrases[0].words[0], above[column][-1]
        space = 0.25 * last.size
        fits = last.x1 + space + (first.x1 - first.x0) <= room
        if fits and not re.search(r"[-,/&(（、，]$", last.text):
            return False
    return bool(below)
