"""Words in known columns to rows: wrapped cells joined, cells that span rows repeated."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


def cell(words: Sequence[Word]) -> Cell:
    """Words of one cell, wrapped lines joined."""
    lines = lines_of(words)
    return Cell(joined([" ".join(p.text for p in line.phrases) for line in lines]), list(words))


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
    """Lines in groups, one a row: a line that only goes on with a cell above or below joins it."""
    columns = len(edges) - 1
    texts: list[list[str]] = [[] for _ in range(columns)]
    places: list[dict[int, list[Phrase]]] = []
    for line in lines:
        place: dict[int, list[Phrase]] = defaultdict(list)
        for phrase in line.phrases:
            place[column_of(phrase, edges)].append(phrase)
        places.append(place)
        for column, phrases in place.items():
            texts[column].append(" ".join(p.text for p in phrases))
    figures = {c for c in range(columns) if looks_numeric(texts[c])}
    full = [
        i for i, place in enumerate(places)
        if any(is_numeric(p.text) for c in figures if c in place for p in place[c])
    ]  # fmt: skip
    if not figures or len(full) < 2:
        return [[line] for line in lines]
    steps = [lines[b].base - lines[a].base for a, b in pairwise(full)]
    usual = median(steps)
    owner = {i: i for i in full}
    for i, line in enumerate(lines):
        if i in owner or i < full[0]:
            continue
        above = max((f for f in full if f < i), default=None)
        below = min((f for f in full if f > i), default=None)
        choices = [f for f in (above, below) if f is not None]
        best = min(choices, key=lambda f: abs(lines[f].base - line.base))
        distance = abs(lines[best].base - line.base)
        if distance > 1.7 * line.size or len(places[i]) == columns:
            continue
        if distance <= 0.75 * usual or (
            best == above and _overflows(places[best], places[i], edges, lines)
        ):
            owner[i] = best
    rows: dict[int, list[Line]] = defaultdict(list)
    for i, line in enumerate(lines):
        rows[owner.get(i, i)].append(line)
    return [rows[i] for i in sorted(rows)]


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
