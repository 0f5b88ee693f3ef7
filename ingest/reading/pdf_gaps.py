"""Gaps between the columns of a table without lines: which of them part columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from ingest.reading.pdf_lines import Line, is_figure, is_numeric


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


def narrowed(gap: tuple[float, float], run: Sequence[Line], size: float) -> tuple[float, float]:
    """A gap without what the lines of a wrapped cell, which fill one column alone, take of it."""
    alone = [x for x in run if len(x.phrases) == 1]
    left = [x.x1 for x in alone if x.x0 < gap[0] < x.x1 < gap[1] - 0.3 * size]
    right = [x.x0 for x in alone if gap[0] + 0.3 * size < x.x0 < gap[1] < x.x1]
    a, b = max([gap[0], *left]), min([gap[1], *right])
    return (a, b) if b - a >= 0.3 * size else gap


def with_first_gap(
    body: Sequence[Line], run: Sequence[Line], gaps: list[tuple[float, float]], size: float
) -> list[tuple[float, float]]:
    """Gaps with that behind a first column whose figures stand on lines of their own: a rank in
    the middle of its ties."""
    alone = [x for x in run if len(x.phrases) == 1 and is_numeric(x.phrases[0].text)]
    right = max((x.x1 for x in alone), default=0.0)
    names = [x for x in body if x.x0 > right]
    if len(alone) < 2 or len(names) < 4 or (gaps and right > gaps[0][0]):
        return gaps
    found = [g for g in free([*body, *alone], 0.05) if abs(g[0] - right) < size]
    return [found[0], *gaps] if found and found[0][1] - found[0][0] >= 0.5 * size else gaps


def with_gaps_below(
    body: Sequence[Line], gaps: Sequence[tuple[float, float]], tolerance: float, size: float
) -> list[tuple[float, float]]:
    """Gaps, and those which a heading narrows or stands over while the rows below leave them."""
    first = next((i for i, x in enumerate(body) if any(is_figure(p.text) for p in x.phrases)), 0)
    rows = body[first:]
    if not 0 < first <= 6 or len(rows) < 4:
        return list(gaps)
    everywhere = free(body, tolerance)
    found = list(gaps)
    for a, b in free(rows, tolerance):
        if any(x < b and a < y for x, y in gaps) or not parts_columns((a, b), rows, size):
            continue
        within = [(max(a, x), min(b, y)) for x, y in everywhere if x < b and a < y]
        found.append(max(within, key=lambda g: g[1] - g[0]) if within else (a, b))
    return sorted(found)


def without_heads(
    body: Sequence[Line], gaps: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Gaps between columns, not those between a heading and figures that stand beside it."""
    first = next((i for i, x in enumerate(body) if any(is_figure(p.text) for p in x.phrases)), 0)
    head, rows = body[:first], body[first:]
    kept = list(gaps)

    def stands(lines: Sequence[Line], left: float, right: float) -> bool:
        return any(left - 1 <= w.x0 and w.x1 <= right + 1 for x in lines for w in x.words)

    for gap in gaps:
        i = kept.index(gap)
        left, right = kept[i - 1][1] if i else -1e9, kept[i + 1][0] if i + 1 < len(kept) else 1e9
        sides = ((left, gap[0]), (gap[1], right))
        above = [stands(head, *side) for side in sides]
        below = [stands(rows, *side) for side in sides]
        if above != below and sorted(above) == sorted(below) == [False, True]:
            kept.remove(gap)
    return kept


_SIGN = re.compile(r"[$€£¥￥₹%‰±]|US\$|HK\$|C\$|A\$|R\$|元|亿元|万元|Rp\.?")


def without_signs(
    body: Sequence[Line], gaps: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Gaps between columns, not those between a figure and its sign of currency or per cent."""
    kept = list(gaps)
    for gap in gaps:
        i = kept.index(gap)
        left, right = kept[i - 1][1] if i else -1e9, kept[i + 1][0] if i + 1 < len(kept) else 1e9
        before = [w for x in body for w in x.words if left - 1 <= w.x0 and w.x1 <= gap[0] + 1]
        after = [w for x in body for w in x.words if gap[1] - 1 <= w.x0 and w.x1 <= right + 1]
        currency = sum(_SIGN.fullmatch(w.text) is not None for w in before) > 0.5 * len(before)
        percent = sum(_SIGN.fullmatch(w.text) is not None for w in after) > 0.5 * len(after)
        figures = after if currency else before
        if (currency or percent) and looks_numeric([w.text for w in figures]):
            kept.remove(gap)
    return kept


def parts_columns(gap: tuple[float, float], lines: Sequence[Line], size: float) -> bool:
    """Wide enough, and with words on both sides often enough, to part two columns."""
    width = gap[1] - gap[0]
    both = sum(
        any(p.x1 <= gap[0] + 1 for p in line.words) and any(p.x0 >= gap[1] - 1 for p in line.words)
        for line in lines
    )
    needed = 0.9 if len(lines) < 4 else 0.6 if len(lines) < 10 else 0.35
    if width < needed * size:
        return _flush(gap, lines, size)
    return both >= max(2, 0.1 * len(lines))


def _flush(gap: tuple[float, float], lines: Sequence[Line], size: float) -> bool:
    """A gap no wider than a space, along which the words of many lines are set flush.

    Figures that end at it, and beyond it names that begin at it or figures that end at another
    line: a rank and its name, the figures of two years. A unit, the same on each line, is part of
    the cell that it ends.
    """
    pairs = []
    for line in [x for x in lines if any(is_figure(p.text) for p in x.phrases)]:
        before = [w for w in line.words if w.x1 <= gap[0] + 1 and not w.raised]
        after = [w for w in line.words if w.x0 >= gap[1] - 1 and not w.raised]
        if before and after:
            pairs.append((before[-1], after[0]))
    # The words of a heading may leave a gap as well; it is rows of figures that bound a column's.
    ends = sum(a.x1 > gap[0] - 0.3 * size for a, _ in pairs)
    starts = sum(b.x0 < gap[1] + 0.3 * size for _, b in pairs)
    if len(pairs) < max(4, 0.6 * len(lines)) or not ends or not starts:
        return False
    if gap[1] - gap[0] >= 0.15 * size and len(pairs) >= 8:
        close = [is_numeric(b.text) for a, b in pairs if b.x0 - a.x1 < 0.75 * size]
        figures = sum(is_numeric(b.text) for _, b in pairs) >= 0.9 * len(pairs)
        if figures and all(close) and len(close) * 2 < len(pairs):
            return True
    numbers = sum(is_numeric(a.text) for a, _ in pairs) >= 0.8 * len(pairs)
    if all(_THOUSANDS.fullmatch(b.text) for _, b in pairs):
        return False
    firsts, seconds = ({w.text for w in some} for some in zip(*pairs, strict=True))
    unit = len(firsts) == 1 and sum(b.text[0].isdigit() for _, b in pairs) >= 0.8 * len(pairs)
    return (
        gap[1] - gap[0] >= 0.08 * size
        and (unit or (numbers and len(firsts) > 0.3 * len(pairs)))
        and len(seconds) > 0.3 * len(pairs)
        and _aligned([a.x1 for a, _ in pairs], size)
        and (_aligned([b.x0 for _, b in pairs], size) or _aligned([b.x1 for _, b in pairs], size))
    )


_THOUSANDS = re.compile(r"\d{3}(?:[.,]\d+)?%?")
"""What goes on with a number whose thousands a space parts."""


def _aligned(places: Sequence[float], size: float) -> bool:
    middle = median(places)
    return sum(abs(x - middle) <= 0.15 * size for x in places) >= 0.8 * len(places)


def looks_numeric(texts: Sequence[str]) -> bool:
    """A column of figures, whatever stands above them."""
    told = [t for t in texts if re.search(r"\w", t)]
    return len(told) > 0 and sum(is_numeric(t) for t in told) >= 0.6 * len(told)
