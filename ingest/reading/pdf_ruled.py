"""Tables of a grid of lines: its cells, and rows within them that no line parts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ingest.reading.content import Position
from ingest.reading.pdf_cells import Cell, Found, cell, table
from ingest.reading.pdf_grid import Grid
from ingest.reading.pdf_lines import Line, is_numeric, lines_of
from ingest.reading.pdf_page import Word


def ruled(grid: Grid, words: Sequence[Word], page: int) -> Found | None:
    """The table of a grid, or None where its lines frame or shade something else."""
    filled = grid.words(words)
    if _holds_tables(filled):
        return None
    grid = grid.without_loose_rows(set(filled))
    filled = grid.words(words)
    rows, columns = grid.shape
    spans: dict[Position, list[Position]] = defaultdict(list)
    for position, first in grid.first.items():
        spans[first].append(position)
    cells: dict[Position, Cell] = {}
    reach = _reach(grid, filled)
    lasts = {first: max(positions) for first, positions in spans.items()}
    height = 0
    starts: list[int] = []
    parts: list[list[float]] = []
    for row in range(rows):
        anchors = _band(
            [
                lines_of(filled[row, column])
                for column in range(columns)
                if (row, column) in filled and lasts[row, column][0] == row
            ]
        )
        starts.append(height)
        parts.append(anchors)
        height += max(1, len(anchors))
    ends = [*starts[1:], height]
    for first, last in lasts.items():
        some = filled.get(first)
        if not some:
            continue
        width = last[1] - first[1] + 1
        anchors = parts[first[0]]
        lines = lines_of(some)
        if len(anchors) > 1 and last[0] == first[0] and len(lines) > 1:
            shares: dict[int, list[Word]] = defaultdict(list)
            for line in lines:
                nearest = min(range(len(anchors)), key=lambda i: abs(anchors[i] - line.base))
                shares[nearest] += line.words
            for i, share in shares.items():
                item = cell(share, reach[last[1]])
                item.columns = width
                cells[starts[first[0]] + i, first[1]] = item
        else:
            item = cell(some, reach[last[1]])
            item.columns = width
            item.rows = ends[last[0]] - starts[first[0]]
            cells[starts[first[0]], first[1]] = item
    made = table(cells, height, columns, where="", page=page, edges=grid.xs)
    if made is None or len(made.rows[0]) < 2 or len(made.rows) * len(made.rows[0]) < 4:
        return None
    if len(cells) < 4:
        return None
    if sum(bool(t) for row in made.rows for t in row) < 0.25 * len(made.rows) * len(made.rows[0]):
        return None
    return Found(made, grid.box, [w for some in filled.values() for w in some])


def _reach(grid: Grid, filled: Mapping[Position, Sequence[Word]]) -> list[float]:
    """How far to the right the text of each column may stand: as near its border as on the left."""
    reach = []
    for column, (left, right) in enumerate(pairwise(grid.xs)):
        words = [w for (_, c), some in filled.items() if c == column for w in some]
        inside = [w for w in words if w.x0 >= left and w.x1 <= right]
        margin = min((w.x0 - left for w in inside), default=0.0)
        reach.append(max([right - margin, *(w.x1 for w in inside)]))
    return reach


def _holds_tables(filled: Mapping[Position, Sequence[Word]]) -> bool:
    """Much of the text stands in columns that the lines don't part: they frame or shade it."""
    total = sum(len(words) for words in filled.values())
    tabular = sum(
        len(line.words)
        for words in filled.values()
        for line in lines_of(words, space=1.0)
        if len(line.phrases) > 1
    )
    return tabular > 0.3 * total


def _band(cells: Sequence[Sequence[Line]]) -> list[float]:
    """Baselines of the rows between two lines: several where cells hold a figure on each line.

    A cell with one line then spans them all, as a rank does that is merged over ties; lines of a
    wrapped name belong to the nearest figure.
    """
    counts = Counter(
        len(lines)
        for lines in cells
        if len(lines) > 1
        and all(is_numeric(line.phrases[0].text) and len(line.phrases) == 1 for line in lines)
        and not any(line.phrases[0].text.startswith(("(", "（", "[")) for line in lines)
    )
    if not counts:
        return []
    rows = max(counts)
    several = [lines for lines in cells if len(lines) >= rows]
    if len(several) < 2:
        return []
    anchor = next(
        lines for lines in cells
        if len(lines) == rows and all(is_numeric(line.phrases[0].text) for line in lines)
    )  # fmt: skip
    return [line.base for line in anchor]
