"""Tables drawn with lines: the cells between them, with their row and column spans."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.reading.pdf_page import Page, Rule, Word

NEAR = 3.0
"""Points by which lines that meet may miss each other."""


@dataclass
class Grid:
    """Edges of columns and rows, and which elementary cells are one cell."""

    xs: list[float]
    ys: list[float]
    first: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """Of each elementary cell (row, column), the first one of the cell that it is part of."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.ys) - 1, len(self.xs) - 1

    def at(self, x: float, y: float) -> tuple[int, int] | None:
        """The elementary cell at a point."""
        column, row = bisect_right(self.xs, x) - 1, bisect_right(self.ys, y) - 1
        rows, columns = self.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def words(self, words: Iterable[Word]) -> dict[tuple[int, int], list[Word]]:
        """Words by the first elementary cell of the cell in which their middle stands."""
        cells: dict[tuple[int, int], list[Word]] = defaultdict(list)
        for word in words:
            position = self.at((word.x0 + word.x1) / 2, word.middle)
            if position is not None:
                cells[self.first[position]].append(word)
        return cells

    def with_row_above(self, top: float) -> Grid:
        """The grid with one row more, whose cells no line encloses."""
        columns = self.shape[1]
        grid = Grid(self.xs, [top, *self.ys])
        grid.first = {(0, column): (0, column) for column in range(columns)}
        grid.first |= {(r + 1, c): (fr + 1, fc) for (r, c), (fr, fc) in self.first.items()}
        return grid

    def without_loose_rows(self, filled: set[tuple[int, int]]) -> Grid:
        """Rows joined where most cells span both and no column has text of its own in each."""
        rows, columns = self.shape
        dropped = []
        for row in range(rows - 1):
            spanning = own = 0
            for column in range(columns):
                here, under = self.first[row, column], self.first[row + 1, column]
                spanning += here == under
                own += here != under and here in filled and under in filled
            if spanning >= 0.5 * columns and not own:
                dropped.append(row + 1)
        if not dropped:
            return self
        kept = [row for row in range(rows) if row not in dropped]
        to_row = {row: bisect_right(kept, row) - 1 for row in range(rows)}
        grid = Grid(self.xs, [self.ys[row] for row in kept] + [self.ys[-1]])
        for (row, column), (first_row, first_column) in sorted(self.first.items()):
            grid.first.setdefault((to_row[row], column), (to_row[first_row], first_column))
        return grid


def grids(page: Page) -> list[Grid]:
    """The page's grids of lines, from top to bottom; edges of shading are lines as well."""
    horizontal, vertical = list(page.horizontal), list(page.vertical)
    for fill in page.fills:
        large = (fill.x1 - fill.x0) * (fill.bottom - fill.top) > 0.5 * page.width * page.height
        if large or min(fill.colour) >= 250:
            continue
        horizontal += [Rule(fill.top, fill.x0, fill.x1), Rule(fill.bottom, fill.x0, fill.x1)]
        vertical += [Rule(fill.x0, fill.top, fill.bottom), Rule(fill.x1, fill.top, fill.bottom)]
    found = []
    for hs, vs in _connected(horizontal, vertical):
        grid = _grid(hs, vs, page)
        if grid is not None:
            found.append(grid)
    return sorted(found, key=lambda g: (g.ys[0], g.xs[0]))


def _connected(
    horizontal: Sequence[Rule], vertical: Sequence[Rule]
) -> list[tuple[list[Rule], list[Rule]]]:
    """Groups of lines that touch one another."""
    parent = list(range(len(horizontal) + len(vertical)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    order = sorted(range(len(horizontal)), key=lambda i: horizontal[i].at)
    ats = [horizontal[i].at for i in order]
    for j, v in enumerate(vertical):
        for k in range(bisect_right(ats, v.start - NEAR), bisect_right(ats, v.end + NEAR)):
            h = horizontal[order[k]]
            if h.start - NEAR <= v.at <= h.end + NEAR:
                parent[root(order[k])] = root(len(horizontal) + j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = defaultdict(lambda: ([], []))
    for i, h in enumerate(horizontal):
        groups[root(i)][0].append(h)
    for j, v in enumerate(vertical):
        groups[root(len(horizontal) + j)][1].append(v)
    return [group for group in groups.values() if len(group[0]) >= 2 and len(group[1]) >= 1]


def _edges(values: Iterable[float]) -> list[float]:
    """Positions that are nearly the same, as one."""
    edges: list[list[float]] = []
    for value in sorted(values):
        if edges and value - edges[-1][-1] <= NEAR:
            edges[-1].append(value)
        else:
            edges.append([value])
    return [sum(edge) / len(edge) for edge in edges]


def _grid(hs: Sequence[Rule], vs: Sequence[Rule], page: Page) -> Grid | None:
    xs = _edges([v.at for v in vs] + [x for h in hs for x in (h.start, h.end)])
    ys = _edges([h.at for h in hs] + [y for v in vs for y in (v.start, v.end)])
    if len(xs) < 3 or len(ys) < (3 if len(xs) < 4 else 2) or len(xs) * len(ys) > 20_000:
        return None
    return unify(Grid(xs, ys), hs, vs)


def unify(grid: Grid, hs: Sequence[Rule], vs: Sequence[Rule]) -> Grid:
    """Elementary cells with no line between them become one cell."""
    rows, columns = grid.shape
    right = _drawn([(v.at, v.start, v.end) for v in vs], grid.xs, grid.ys)
    below = _drawn([(h.at, h.start, h.end) for h in hs], grid.ys, grid.xs)
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    parent = {cell: cell for cell in cells}

    def root(cell: tuple[int, int]) -> tuple[int, int]:
        while parent[cell] != cell:
            cell = parent[cell]
        return cell

    def join(a: tuple[int, int], b: tuple[int, int]) -> None:
        a, b = sorted((root(a), root(b)))
        parent[b] = a

    for r, c in cells:
        if c + 1 < columns and (c + 1, r) not in right:
            join((r, c), (r, c + 1))
        if r + 1 < rows and (r + 1, c) not in below:
            join((r, c), (r + 1, c))
    groups: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for cell in cells:
        groups[root(cell)].append(cell)
    for group in groups.values():
        rs, cs = {r for r, _ in group}, {c for _, c in group}
        if len(rs) * len(cs) == len(group):
            grid.first.update({cell: min(group) for cell in group})
        else:
            # A line that ends within: the spans of each column by itself.
            for cell in group:
                r, c = cell
                while (r - 1, c) in groups[root(cell)] and (r, c) not in below:
                    r -= 1
                grid.first[cell] = (r, c)
    return grid


def _drawn(
    rules: Iterable[tuple[float, float, float]], across: Sequence[float], along: Sequence[float]
) -> set[tuple[int, int]]:
    """Elementary edges (position of the line, position along it) that are mostly drawn."""
    covered: dict[tuple[int, int], float] = defaultdict(float)
    for at, start, end in rules:
        line = min(range(len(across)), key=lambda i: abs(across[i] - at))
        for k in range(max(0, bisect_right(along, start) - 1), len(along) - 1):
            if along[k] > end:
                break
            covered[line, k] += max(0.0, min(end, along[k + 1]) - max(start, along[k]))
    return {
        (line, k) for (line, k), length in covered.items()
        if length >= 0.6 * (along[k + 1] - along[k])
    }  # fmt: skip
