"""Cells to tables: wrapped lines joined, what a merged cell says repeated where it covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.reading.content import Position, Table
from ingest.reading.pdf_lines import Line, joined, lines_of
from ingest.reading.pdf_page import Word


@dataclass
class Found:
    """A table of a page, unnumbered, and the box in which its words stand."""

    table: Table
    box: tuple[float, float, float, float]
    words: list[Word]


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
        plain = [p for p in line.phrases if not all(word.raised for word in p.words)]
        text = " ".join(p.text for p in plain or line.phrases)
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
        if turn == 3:
            x0, top, x1, bottom = -w.bottom, w.x0, -w.top, w.x1
        elif turn == 1:
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
    letter = (word.x1 - word.x0) / max(1, len(word.text))
    head, tail = word.text[-1:], rest.text[:1]
    same = (head.islower() and tail.islower()) or (word.text.isupper() and rest.text.isupper())
    full = word.x1 + 0.6 * letter > right and len(rest.text) <= len(word.text)
    return same and head.isalpha() and full


def table(cells: Mapping[Position, Cell], rows: int, columns: int, **named: object) -> Table | None:
    """A table of cells by their first position; rows and columns without any text left out."""
    grid = [["" for _ in range(columns)] for _ in range(rows)]
    merged: dict[Position, Position] = {}
    confidence: dict[Position, float] = {}
    own = {position for position, item in cells.items() if item.text}
    for (row, column), item in sorted(cells.items()):
        sure = [w.confidence for w in item.words if w.confidence is not None]
        for r in range(row, min(rows, row + item.rows)):
            for c in range(column, min(columns, column + item.columns)):
                if (r, c) != (row, column):
                    if (r, c) in own or (r, c) in merged:
                        continue
                    merged[r, c] = (row, column)
                grid[r][c] = item.text
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
