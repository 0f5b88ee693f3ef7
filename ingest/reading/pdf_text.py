"""Running text of a page in reading order, columns of prose one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from ingest.reading.pdf_cells import Found
from ingest.reading.pdf_lines import Line, joined, lines_of
from ingest.reading.pdf_page import Page, Word
from ingest.reading.pdf_prose import letters


def running_text(page: Page, found: Sequence[Found] = ()) -> str:
    """Paragraphs of a page, separated by line breaks; wrapped lines joined.

    A table stands in its place, a row a line, so that no line of prose runs through it.
    """
    inside = {id(word) for item in found for word in item.words}
    words = [w for w in page.words if w.upright and id(w) not in inside]
    blocks = [_as_word(item) for item in found]
    tables = {id(box): text for box, text in blocks}
    paragraphs: list[str] = []
    for block in _blocks([*words, *(box for box, _ in blocks)], tables):
        paragraphs += _paragraphs(lines_of([w for w in block if id(w) not in tables]))
        paragraphs += [tables[id(w)] for w in block if id(w) in tables]
    turned = [w.text for w in page.words if not w.upright and id(w) not in inside]
    return "\n".join(p for p in [*paragraphs, " ".join(turned)] if p)


def _as_word(item: Found) -> tuple[Word, str]:
    """A table as one box among the words, and its text."""
    x0, top, x1, bottom = item.box
    merged = item.table.merged
    lines = [
        " ".join(text for c, text in enumerate(row) if text and (r, c) not in merged)
        for r, row in enumerate(item.table.rows)
    ]
    size = median(w.size for w in item.words)
    return Word(x0, top, x1, bottom, "", size), "\n".join(line for line in lines if line)


def _blocks(words: Sequence[Word], tables: Mapping[int, str], depth: int = 0) -> list[list[Word]]:
    """Words in the order of reading: cut across where a band is free, then down where a gap is."""
    if len(words) < 2 or depth > 12:
        return [list(words)] if words else []
    size = median(w.size for w in words)
    down = _cut([(w.x0, w.x1) for w in words], 1.2 * size)
    if down:
        sides = [[w for w in words if ((w.x0 + w.x1) / 2 < down) == left] for left in (True, False)]
        if all(_is_column(side, tables) for side in sides):
            return [b for side in sides for b in _blocks(side, tables, depth + 1)]
    across = _cut([(w.top, w.bottom) for w in words], 0.8 * size)
    if across:
        halves = [[w for w in words if (w.middle < across) == upper] for upper in (True, False)]
        return [b for half in halves for b in _blocks(half, tables, depth + 1)]
    return [list(words)]


def _is_column(words: Sequence[Word], tables: Mapping[int, str]) -> bool:
    """Lines of prose, or a table, rather than words that happen to stand apart."""
    if any(id(w) in tables for w in words):
        return True
    lines = lines_of(words)
    lengths = [sum(letters(p.text) for p in line.phrases) for line in lines]
    return len(lines) >= 2 and median(lengths) >= 22


def _cut(spans: Sequence[tuple[float, float]], least: float) -> float | None:
    """Middle of the widest stretch that no span covers."""
    best, cut, end = least, None, None
    for start, stop in sorted(spans):
        if end is not None and start - end > best:
            best, cut = start - end, (start + end) / 2
        end = stop if end is None else max(end, stop)
    return cut


def _paragraphs(lines: Sequence[Line]) -> list[str]:
    """Lines joined where the text flows on."""
    paragraphs: list[list[str]] = []
    right = max((line.x1 for line in lines), default=0)
    for i, line in enumerate(lines):
        text = "  ".join(p.text for p in line.phrases)
        text = " ".join(text.split())
        if i and _flows(lines[i - 1], line, right):
            paragraphs[-1].append(text)
        else:
            paragraphs.append([text])
    return [joined(p) for p in paragraphs]


def _flows(above: Line, line: Line, right: float) -> bool:
    return (
        len(above.phrases) == len(line.phrases) == 1
        and line.base - above.base < 1.9 * line.size
        and abs(above.size - line.size) < 0.15 * line.size
        and abs(line.x0 - above.x0) < 2.5 * line.size
        and above.x1 > right - max(0.2 * (right - above.x0), 4 * line.size)
    )
