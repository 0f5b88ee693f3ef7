"""Tables whose rows are shaded by turns: the stripes and what lies between them are one grid."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from ingest.reading.pdf_grid import NEAR, Grid
from ingest.reading.pdf_lines import Line, is_numeric, lines_of
from ingest.reading.pdf_page import Word

Span = tuple[float, float]


def stacked(grids: Sequence[Grid], words: Iterable[Word]) -> list[Grid]:
    """Grids with those put together that stand below one another with the same columns.

    Each stripe of shading is a grid by itself. Between two stripes stand rows of the same table
    when their words keep to the columns and fill at least half of them.
    """
    lines = lines_of([w for w in words if w.upright])
    done: list[Grid] = []
    stacks: list[list[Grid]] = []
    for grid in sorted(grids, key=lambda g: g.ys[0]):
        for stack in stacks:
            if _goes_on(stack, grid, lines):
                stack.append(grid)
                break
        else:
            stacks.append([grid])
    for stack in stacks:
        done.append(_united(stack, lines) if len(stack) > 1 else stack[0])
    return sorted(done, key=lambda g: (g.ys[0], g.xs[0]))


def _goes_on(stack: Sequence[Grid], grid: Grid, lines: Sequence[Line]) -> bool:
    last = stack[-1]
    wide = max(stack, key=lambda g: len(g.xs))
    few, many = sorted((wide.xs, grid.xs), key=len)
    if len(few) < 3 or len(few) * 2 <= len(many) or not all(_near(x, many) for x in few):
        return False
    if abs(grid.xs[-1] - last.xs[-1]) > NEAR:
        return False
    gap = grid.ys[0] - last.ys[-1]
    height = max(b - a for g in (last, grid) for a, b in pairwise(g.ys))
    if not -NEAR < gap < 6 * height:
        return False
    between = _between(lines, last.ys[-1], grid.ys[0], many)
    rows = _with_wrapped(between, many)
    return rows is not None and (bool(rows) or gap <= 0.6 * height)


def _with_wrapped(lines: Sequence[Line], xs: Sequence[float]) -> list[list[Line]] | None:
    """Lines as rows, each with those that hold the rest of one of its cells; None where other
    text stands between."""
    rows: list[list[Line]] = []
    loose: list[Line] = []
    for line in lines:
        if _is_row(line, xs):
            if loose and line.base - loose[-1].base > FAR * line.size:
                return None
            rows.append([*loose, line])
            loose = []
        elif not _is_part(line, xs):
            return None
        elif rows and not loose and line.base - rows[-1][-1].base <= FAR * line.size:
            rows[-1].append(line)
        else:
            loose.append(line)
    return None if loose else rows


FAR = 1.8
"""Heights of the type between two lines of one cell, at most."""


def _is_part(line: Line, xs: Sequence[float]) -> bool:
    """It holds text within one column."""
    if len(line.phrases) > 1 or line.x0 < xs[0] - 1 or line.x1 > xs[-1] + 1:
        return False
    return not any(line.x0 < x - 1 and line.x1 > x + 1 for x in xs)


def _near(x: float, xs: Sequence[float]) -> bool:
    return any(abs(x - other) <= NEAR for other in xs)


def _between(lines: Sequence[Line], top: float, bottom: float, xs: Sequence[float]) -> list[Line]:
    return [
        x for x in lines
        if top <= x.middle <= bottom and x.x1 > xs[0] and x.x0 < xs[-1]
    ]  # fmt: skip


def _is_row(line: Line, xs: Sequence[float]) -> bool:
    """Its phrases keep to the columns, and fill at least half of them."""
    inside = [p for p in line.phrases if xs[0] - 1 <= p.x0 and p.x1 <= xs[-1] + 1]
    crossing = any(p.x0 < x - 1 and p.x1 > x + 1 for p in inside for x in xs[1:-1])
    filled = {bisect_right(xs, (p.x0 + p.x1) / 2) for p in inside}
    return len(inside) == len(line.phrases) and not crossing and len(filled) * 2 >= len(xs) - 1


def _united(stack: Sequence[Grid], lines: Sequence[Line]) -> Grid:
    xs = max((g.xs for g in stack), key=len)
    spans: list[Span] = []
    """Rows, from the top down."""
    owners: list[tuple[Grid, int] | None] = []
    heights = [b - a for g in stack for a, b in pairwise(g.ys)]
    usual = median(heights)
    for grid in stack:
        if spans and grid.ys[0] - spans[-1][1] > NEAR:
            for span in _rows_between(lines, spans[-1][1], grid.ys[0], xs):
                spans.append(span)
                owners.append(None)
        for row in range(grid.shape[0]):
            top = spans[-1][1] if spans and row == 0 else grid.ys[row]
            spans.append((top, grid.ys[row + 1]))
            owners.append((grid, row))
    above = _beyond(lines, spans[0][0], -usual, xs)
    below = _beyond(lines, spans[-1][1], usual, xs)
    spans = [*above, *spans, *below]
    owners = [None] * len(above) + owners + [None] * len(below)
    united = Grid(xs, [spans[0][0], *(bottom for _, bottom in spans)])
    for row, owner in enumerate(owners):
        for column in range(len(xs) - 1):
            first = (row, column)
            if owner is not None:
                grid, own = owner
                x, y = sum(xs[column : column + 2]) / 2, sum(grid.ys[own : own + 2]) / 2
                at = grid.at(x, y)
                if at is not None and grid.first[at] != at:
                    r, c = grid.first[at]
                    first = row - own + r, bisect_right(xs, grid.xs[c] + NEAR) - 1
            united.first[row, column] = first
    _part_unshaded(united, lines)
    _merge_unshaded(united, owners, lines)
    return united


def _part_unshaded(grid: Grid, lines: Sequence[Line]) -> None:
    """Cells apart that no shading parts, beside one that is shaded over several rows."""
    wide: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for position, first in grid.first.items():
        wide.setdefault(first, []).append(position)
    for first, cells in wide.items():
        columns = sorted({c for _, c in cells})
        if len(columns) < 2:
            continue
        top, bottom = grid.ys[first[0]], grid.ys[max(r for r, _ in cells) + 1]
        xs = grid.xs[columns[0] : columns[-1] + 2]
        inside = [
            p for line in _between(lines, top, bottom, xs) for p in line.phrases
            if xs[0] <= (p.x0 + p.x1) / 2 <= xs[-1]
        ]  # fmt: skip
        crossing = any(p.x0 < x - 1 and p.x1 > x + 1 for p in inside for x in xs[1:-1])
        filled = {bisect_right(xs, (p.x0 + p.x1) / 2) for p in inside}
        if len(filled) > 1 and not crossing:
            grid.first.update({(r, c): (first[0], c) for r, c in cells})


def _rows_between(
    lines: Sequence[Line], top: float, bottom: float, xs: Sequence[float]
) -> list[Span]:
    """Rows between two stripes: halfway between the lines of one and those of the next."""
    rows = [
        row for row in _with_wrapped(_between(lines, top, bottom, xs), xs) or []
        if any(is_numeric(p.text) for line in row for p in line.phrases)
    ]  # fmt: skip
    cuts = [(a[-1].bottom + b[0].top) / 2 for a, b in pairwise(rows)]
    return list(pairwise([top, *cuts, bottom]))


def _beyond(lines: Sequence[Line], edge: float, step: float, xs: Sequence[float]) -> list[Span]:
    """Rows next to the first or last stripe, as long as they are near and keep to the columns."""
    beside = [x for x in lines if (x.middle - edge) * step > 0 and x.x1 > xs[0] and x.x0 < xs[-1]]
    near: list[Line] = []
    reach = edge
    for line in sorted(beside, key=lambda x: abs(x.middle - edge))[:12]:
        if abs(line.middle - reach) > 1.1 * abs(step):
            break
        near.append(line)
        reach = line.middle
    for count in range(len(near), 0, -1):
        rows = _with_wrapped(sorted(near[:count], key=lambda x: x.base), xs)
        if not rows:
            continue
        cuts = [(a[-1].bottom + b[0].top) / 2 for a, b in pairwise(rows)]
        margin = max(0.0, abs(step) - rows[0][0].size) / 2
        if step > 0:
            return list(pairwise([edge, *cuts, rows[-1][-1].bottom + margin]))
        return list(pairwise([rows[0][0].top - margin, *cuts, edge]))
    return []


def _merge_unshaded(
    grid: Grid, owners: Sequence[tuple[Grid, int] | None], lines: Sequence[Line]
) -> None:
    """A cell over two rows of which one is a stripe: the stripe leaves it out.

    It is told by its text, which stands between the two.
    """
    for row, owner in enumerate(owners):
        if owner is None:
            continue
        stripe, own = owner
        middle = (stripe.ys[own] + stripe.ys[own + 1]) / 2
        for column, (left, right) in enumerate(pairwise(grid.xs)):
            if stripe.at((left + right) / 2, middle) is not None:
                continue
            for other in (row - 1, row + 1):
                if not 0 <= other < len(owners) or owners[other] is not None:
                    continue
                border = grid.ys[max(row, other)]
                phrases = [
                    p for line in lines for p in line.phrases
                    if left <= (p.x0 + p.x1) / 2 <= right
                    and grid.ys[min(row, other)] <= (p.top + p.bottom) / 2
                    and (p.top + p.bottom) / 2 <= grid.ys[max(row, other) + 1]
                ]  # fmt: skip
                if len(phrases) == 1 and phrases[0].top < border < phrases[0].bottom:
                    first = grid.first[min(row, other), column]
                    grid.first[row, column] = grid.first[other, column] = first
                    break
