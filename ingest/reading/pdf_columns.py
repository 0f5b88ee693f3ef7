"""Tables without lines: columns are the gaps that the words of many lines leave free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingest.reading.pdf_lines import Line, Phrase, is_numeric, lines_of
from ingest.reading.pdf_page import Word
from ingest.reading.pdf_prose import letters

FAR = 3.2
"""Heights of the type between two lines of one table, at most, where nothing else ties them."""


@dataclass
class Region:
    """Lines of one borderless table, with the gaps between its columns."""

    lines: list[Line]
    gaps: list[tuple[float, float]]

    @property
    def edges(self) -> list[float]:
        """Borders of the columns, from the left end to the right end."""
        inner = [(a + b) / 2 for a, b in self.gaps]
        return [min(x.x0 for x in self.lines) - 1, *inner, max(x.x1 for x in self.lines) + 1]


def regions(lines: Sequence[Line]) -> list[Region]:
    """Runs of lines that share gaps. Prose in columns shares gaps as well, and is left out."""
    found = [region for run in _runs(lines) for region in _split(run)]
    used = {id(word) for region in found for line in region.lines for word in line.words}
    spare = [line for line in lines if not any(id(word) in used for word in line.words)]
    for region in found:
        _extend(region, spare)
    return found


def _extend(region: Region, spare: list[Line]) -> None:
    """Take in lines at either end that hold nothing but the rest of a wrapped cell."""
    edges = region.edges
    texts: list[list[str]] = [[] for _ in edges[1:]]
    for line in region.lines:
        for phrase in line.phrases:
            texts[column_of(phrase, edges)].append(phrase.text)
    wordy = {c for c, some in enumerate(texts) if not looks_numeric(some)}
    steps = [b.base - a.base for a, b in pairwise(region.lines)]
    near = min(0.85 * median(steps), 1.6 * region.lines[0].size)
    for end in (0, -1):
        if not any(is_numeric(p.text) for p in region.lines[end].phrases):
            continue
        for _ in range(3):
            last = region.lines[end]
            rest = [
                line for line in spare
                if 0 < (last.base - line.base if end == 0 else line.base - last.base) <= near
                and len(line.phrases) == 1
                and any(edges[c] <= line.x0 and line.x1 <= edges[c + 1] for c in wordy)
            ]  # fmt: skip
            if not rest:
                break
            spare.remove(rest[0])
            region.lines.insert(0 if end == 0 else len(region.lines), rest[0])


def _runs(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines near one another, most of them with more than one phrase."""
    runs: list[list[Line]] = []
    run: list[Line] = []
    singles = 0
    for line in lines:
        wide = len(line.phrases) > 1
        if run and line.top - run[-1].bottom > _reach(run, line):
            runs.append(run)
            run, singles = [], 0
        if not wide:
            singles += 1
            if not run:
                continue
        else:
            singles = 0
        run.append(line)
        if singles >= 4:
            runs.append(run)
            run, singles = [], 0
    runs.append(run)
    trimmed = []
    for run in runs:
        while run and len(run[-1].phrases) < 2 and not _hangs(run):
            run = run[:-1]
        if sum(len(line.phrases) > 1 for line in run) >= 2:
            trimmed.append(run)
    return trimmed


def _hangs(run: Sequence[Line]) -> bool:
    """The last line is the rest of a cell wrapped on the line above."""
    last, above = run[-1], run[-2] if len(run) > 1 else None
    return (
        above is not None
        and last.base - above.base < 1.5 * last.size
        and len(above.phrases) > 1
        and any(abs(last.x0 - p.x0) < 0.5 * last.size for p in above.phrases[1:])
    )


def _reach(run: Sequence[Line], line: Line) -> float:
    steps = [b.base - a.base for a, b in pairwise(run)]
    return max(FAR * line.size, 1.8 * median(steps[-8:]) if steps else 0)


def free(lines: Sequence[Line], tolerance: float) -> list[tuple[float, float]]:
    """Horizontal stretches which at most a share of the lines prints on, between the outermost."""
    events: list[tuple[float, int]] = []
    for line in lines:
        for word in line.words:
            events += [(word.x0, 1), (word.x1, -1)]
    events.sort(key=lambda e: (e[0], -e[1]))
    allowed = int(tolerance * len(lines))
    stretches: list[tuple[float, float]] = []
    depth = 0
    start: float | None = None
    for x, step in events:
        if depth <= allowed < depth + step and start is not None:
            stretches.append((start, x))
            start = None
        depth += step
        if depth <= allowed and step < 0 and start is None:
            start = x
    return stretches


def _split(run: Sequence[Line]) -> list[Region]:
    body = [line for line in run if len(line.phrases) > 1]
    size = median(line.size for line in body)
    gaps = [g for g in free(body, 0.05 if len(body) > 15 else 0.0) if _parts(g, body, size)]
    apart = _unaligned(body, [g for g in free(body, 0) if g[1] - g[0] > size])
    if apart is not None:
        halves = []
        for left in (True, False):
            words = [w for line in run for w in line.words if (w.x1 <= apart) == left]
            halves += [r for half in _runs(lines_of(words)) for r in _split(half)]
        return halves
    if not gaps:
        return []
    region = Region([_parted(line, gaps) for line in run], gaps)
    return [] if _is_prose(region) else [region]


def _unaligned(body: Sequence[Line], gaps: Sequence[tuple[float, float]]) -> float | None:
    """A gap on whose two sides tables stand whose lines don't meet."""
    for start, end in gaps:
        at = (start + end) / 2
        left = [line for line in body if line.x1 <= at]
        right = [line for line in body if line.x0 >= at]
        if min(len(left), len(right)) >= 3 and len(left) + len(right) >= 0.8 * len(body):
            return at
    return None


def _parted(line: Line, gaps: Sequence[tuple[float, float]]) -> Line:
    """The line with its phrases parted where the space between two words is a column's gap."""
    phrases: list[Phrase] = []
    for phrase in line.phrases:
        run: list[Word] = []
        for word in phrase.words:
            if run and word.x0 - run[-1].x1 >= 0.33 * word.size:
                before = run[-1].x1
                if any(before <= a + 1 and word.x0 >= b - 1 for a, b in gaps):
                    phrases.append(Phrase(tuple(run)))
                    run = []
            run.append(word)
        phrases.append(Phrase(tuple(run)))
    return Line(tuple(phrases))


def _parts(gap: tuple[float, float], lines: Sequence[Line], size: float) -> bool:
    """Wide enough, and with words on both sides often enough, to part two columns."""
    width = gap[1] - gap[0]
    both = sum(
        any(p.x1 <= gap[0] + 1 for p in line.words) and any(p.x0 >= gap[1] - 1 for p in line.words)
        for line in lines
    )
    needed = 0.9 if len(lines) < 4 else 0.6 if len(lines) < 10 else 0.35
    return width >= needed * size and both >= max(2, 0.1 * len(lines))


_MARK = re.compile(r"[\[(（]?\w{1,3}[\])）.、]?|[^\w\s]")


def _is_prose(region: Region) -> bool:
    """Columns of long lines of text, or a list of paragraphs with their marks."""
    if len(region.gaps) > 2:
        return False
    cells: list[list[str]] = [[] for _ in range(len(region.gaps) + 1)]
    for line in region.lines:
        for phrase in line.phrases:
            cells[column_of(phrase, region.edges)].append(phrase.text)
    if len(cells) == 2 and all(_MARK.fullmatch(text) for text in cells[0]):
        return median(map(letters, cells[1])) >= 45
    return all(
        len(texts) >= 2
        and not sum(is_numeric(t) for t in texts) > 0.3 * len(texts)
        and median(map(letters, texts)) >= 22
        for texts in cells
    )


def column_of(item: Phrase | Word, edges: Sequence[float]) -> int:
    """Column in which most of it stands."""
    best, column = -1.0, 0
    for i in range(len(edges) - 1):
        shared = min(item.x1, edges[i + 1]) - max(item.x0, edges[i])
        if shared > best:
            best, column = shared, i
    return column


def looks_numeric(texts: Sequence[str]) -> bool:
    """A column of figures, whatever stands above them."""
    told = [t for t in texts if re.search(r"\w", t)]
    return len(told) > 0 and sum(is_numeric(t) for t in told) >= 0.6 * len(told)
