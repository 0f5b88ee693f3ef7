"""Tables of a page, ruled ones first, then those whose columns only gaps tell apart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ingest.reading.pdf_borderless import borderless, separators
from ingest.reading.pdf_cells import Found
from ingest.reading.pdf_columns import FAR, column_of, regions
from ingest.reading.pdf_grid import grids
from ingest.reading.pdf_lines import Line, is_numeric, joined, lines_of
from ingest.reading.pdf_lists import lists
from ingest.reading.pdf_page import Page, Word
from ingest.reading.pdf_prose import paragraphs
from ingest.reading.pdf_ruled import ruled
from ingest.reading.pdf_stripes import stacked

MAX_TITLE = 200


def find(page: Page) -> list[Found]:
    """The page's tables from top to bottom, unnumbered and without titles."""
    free = {id(w): w for w in page.words}
    found: list[Found] = []
    drawn = sorted(stacked(grids(page), page.words), key=lambda g: _area(g.box))
    outside = [w for w in page.words if w.upright and not any(_within(w, g.box) for g in drawn)]
    outside = _without_prose(outside)
    rejected = False
    for grid in drawn:
        inside = [w for w in free.values() if _within(w, grid.box)]
        made = None if _is_part(inside, outside) else ruled(grid, inside, page.number)
        if made is None:
            rejected = True
            continue
        head = _heading(made, free.values())
        if head is not None:
            taller = grid.with_row_above(head.top - 1)
            made = ruled(taller, [*made.words, *head.words], page.number) or made
        found.append(made)
        for word in made.words:
            del free[id(word)]
    if rejected:
        outside = _without_prose([w for w in free.values() if w.upright])
    for region in regions(lines_of([w for w in outside if id(w) in free]), page.vertical):
        made = borderless(region, separators(region, page), page.number)
        if made is not None:
            found.append(made)
    used = {id(w) for item in found for w in item.words}
    found += lists(lines_of([w for w in outside if id(w) not in used]), page.number)
    return sorted(found, key=lambda f: (f.box[1], f.box[0]))


def _without_prose(words: Sequence[Word]) -> list[Word]:
    prose = {id(w) for p in paragraphs(lines_of(words)) for phrase in p for w in phrase.words}
    return [w for w in words if id(w) not in prose]


def _is_part(inside: Sequence[Word], outside: Sequence[Word]) -> bool:
    """Most lines of a grid go on beside it: its lines or shading mark some of the cells only."""
    lines = lines_of([w for w in inside if w.upright])
    bases = sorted(w.base for w in outside)

    def goes_on(line: Line) -> bool:
        i = bisect_left(bases, line.base - 0.25 * line.size)
        return i < len(bases) and bases[i] <= line.base + 0.25 * line.size

    return sum(map(goes_on, lines)) > 0.6 * len(lines)


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
