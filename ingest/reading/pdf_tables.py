"""Tables of a page, ruled ones first, then those whose columns only gaps tell apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.reading.content import Position, Table
from ingest.reading.pdf_columns import FAR, Region, column_of, regions
from ingest.reading.pdf_grid import Grid, grids
from ingest.reading.pdf_lines import Line, Phrase, is_numeric, joined, lines_of
from ingest.reading.pdf_page import Page, Word
from ingest.reading.pdf_prose import paragraphs
from ingest.reading.pdf_rows import Cell, cell, row_starts, table

MAX_TITLE = 200


@dataclass
class Found:
    """A table and the box in which its words stand."""

    table: Table
    box: tuple[float, float, float, float]
    words: list[Word]


def find(page: Page) -> list[Found]:
    """The page's tables from top to bottom, unnumbered and without titles."""
    free = [w for w in page.words if w.upright]
    found: list[Found] = []
    for grid in sorted(grids(page), key=lambda g: _area(g.box)):
        inside = [w for w in page.words if _within(w, grid.box)]
        taken = {id(w) for f in found for w in f.words}
        inside = [w for w in inside if id(w) not in taken]
        made = _of_grid(grid, inside, page.number)
        if made is not None:
            found.append(made)
            used = {id(w) for w in made.words}
            free = [w for w in free if id(w) not in used]
    prose = {id(w) for p in paragraphs(lines_of(free)) for phrase in p for w in phrase.words}
    for region in regions(lines_of([w for w in free if id(w) not in prose])):
        made = _of_region(region, page.number)
        if made is not None:
            found.append(made)
    return sorted(found, key=lambda f: (f.box[1], f.box[0]))


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _within(word: Word, box: tuple[float, float, float, float]) -> bool:
    x = (word.x0 + word.x1) / 2
    return box[0] <= x <= box[2] and box[1] <= word.middle <= box[3]


def _of_grid(grid: Grid, words: Sequence[Word], page: int) -> Found | None:
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
    if len(cells) < 4:
        return None
    made = table(cells, height, columns, where="", page=page, edges=grid.xs)
    if made is None or len(made.rows) < 2 or len(made.rows[0]) < 2:
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
    tabular = 0
    for words in filled.values():
        wide = [line for line in lines_of(words) if len(line.phrases) > 1]
        if len(wide) >= 3:
            tabular += sum(len(line.words) for line in wide)
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


def _of_region(region: Region, page: int) -> Found | None:
    edges = region.edges
    groups = row_starts(region.lines, edges)
    cells: dict[Position, Cell] = {}
    row = 0
    for group in _headed(groups, edges):
        pieces: dict[tuple[int, int], list[Word]] = defaultdict(list)
        for line in group:
            for first, last, words in _placed(line, region):
                pieces[first, last] += words
        for (first, last), words in pieces.items():
            item = cell(words)
            if (row, first) in cells:
                item = cell([*cells[row, first].words, *words])
            item.columns = last - first + 1
            cells[row, first] = item
        row += 1
    made = table(cells, row, len(edges) - 1, where="", page=page, edges=edges)
    if made is None or len(made.rows) < 2 or len(made.rows[0]) < 2:
        return None
    box = (edges[0], region.lines[0].top, edges[-1], region.lines[-1].bottom)
    return Found(made, box, [w for line in region.lines for w in line.words])


def _placed(line: Line, region: Region) -> list[tuple[int, int, list[Word]]]:
    """Words of a line by the first and last column over which they stand."""
    placed = []
    for phrase in line.phrases:
        run: list[Word] = []
        for word in phrase.words:
            if run and _parted(run[-1], word, region):
                placed.append((*_columns(run, region), run))
                run = []
            run.append(word)
        placed.append((*_columns(run, region), run))
    return placed


def _parted(before: Word, word: Word, region: Region) -> bool:
    """The space between two words of a phrase is the gap between two columns."""
    if word.x0 - before.x1 < 0.33 * word.size:
        return False
    return any(before.x1 <= a + 1 and word.x0 >= b - 1 for a, b in region.gaps)


def _columns(words: Sequence[Word], region: Region) -> tuple[int, int]:
    phrase = Phrase(tuple(words))
    over = [i for i, (a, b) in enumerate(region.gaps) if phrase.x0 < a - 2 and phrase.x1 > b + 2]
    if over:
        return over[0], over[-1] + 1
    column = column_of(phrase, region.edges)
    return column, column


def _headed(groups: Sequence[Sequence[Line]], edges: Sequence[float]) -> list[list[Line]]:
    """Rows with the lines of a wrapped heading joined: those before the first row of figures."""
    figures = [any(is_numeric(p.text) for line in g for p in line.phrases) for g in groups]
    first = figures.index(True) if True in figures else 0
    head: list[list[Line]] = []
    for group in groups[:first]:
        spanning = any(_spans(p, edges) for line in group for p in line.phrases)
        if (
            head
            and not spanning
            and not any(_spans(p, edges) for line in head[-1] for p in line.phrases)
        ):
            head[-1] = [*head[-1], *group]
        else:
            head.append(list(group))
    return head + [list(g) for g in groups[first:]]


def _spans(phrase: Phrase, edges: Sequence[float]) -> bool:
    return any(phrase.x0 < edge - 3 and phrase.x1 > edge + 3 for edge in edges[1:-1])


def titled(found: Sequence[Found], lines: Sequence[Line]) -> list[str]:
    """Of each table the text right above it, if that is near."""
    titles = []
    for item in found:
        x0, top, x1, _ = item.box
        above = [
            line for line in lines
            if line.base < top + 2 and line.x0 < x1 and line.x1 > x0
        ]  # fmt: skip
        title: list[str] = []
        edge = top
        for line in reversed(above):
            if edge - line.bottom > FAR * line.size or len(title) >= 2:
                break
            title.insert(0, " ".join(p.text for p in line.phrases))
            edge = line.top
        titles.append(joined(title)[:MAX_TITLE])
    return titles
