"""Tables of a page, ruled ones first, then those whose columns only gaps tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingest.reading.pdf_borderless import borderless, separators
from ingest.reading.pdf_cells import Found
from ingest.reading.pdf_columns import FAR, column_of, regions
from ingest.reading.pdf_grid import grids
from ingest.reading.pdf_lines import Line, is_numeric, joined, lines_of
from ingest.reading.pdf_page import Page, Word
from ingest.reading.pdf_prose import paragraphs
from ingest.reading.pdf_ruled import ruled

MAX_TITLE = 200


def find(page: Page) -> list[Found]:
    """The page's tables from top to bottom, unnumbered and without titles."""
    free = {id(w): w for w in page.words}
    found: list[Found] = []
    for grid in sorted(grids(page), key=lambda g: _area(g.box)):
        made = ruled(grid, [w for w in free.values() if _within(w, grid.box)], page.number)
        if made is not None:
            head = _heading(made, free.values())
            if head is not None:
                taller = grid.with_row_above(head.top - 1)
                words = [*made.words, *head.words]
                made = ruled(taller, words, page.number) or made
            found.append(made)
            for word in made.words:
                del free[id(word)]
    upright = [w for w in free.values() if w.upright]
    prose = {id(w) for p in paragraphs(lines_of(upright)) for phrase in p for w in phrase.words}
    for region in regions(lines_of([w for w in upright if id(w) not in prose])):
        made = borderless(region, separators(region, page), page.number)
        if made is not None:
            found.append(made)
    return sorted(found, key=lambda f: (f.box[1], f.box[0]))


def _heading(made: Found, words: Iterable[Word]) -> Line | None:
    """The line of headings that stands right above a grid which has none itself."""
    edges = [*made.table.column_edges, made.box[2]]
    if not any(map(is_numeric, made.table.rows[0])):
        return None
    top = made.box[1]
    above = [w for w in words if edges[0] <= w.x0 and w.x1 <= edges[-1] and w.bottom <= top + 2]
    near = [w for w in above if top - w.bottom < 1.2 * w.size]
    for line in lines_of(near)[-1:]:
        places = [column_of(phrase, edges) for phrase in line.phrases]
        crossing = any(p.x0 < e - 2 and p.x1 > e + 2 for p in line.phrases for e in edges[1:-1])
        if len(set(places)) == len(places) > 1 and not crossing:
            return line
    return None


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _within(word: Word, box: tuple[float, float, float, float]) -> bool:
    x = (word.x0 + word.x1) / 2
    return box[0] <= x <= box[2] and box[1] <= word.middle <= box[3]


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
