"""Plots as SVG that stand alone: in a page, and in the metadata of an asset."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

BLUE, PALE, GREY, DARK = "#4477aa", "#c6d6e6", "#bbbbbb", "#1b1b1b"
LABEL = 48  # characters of a label
LINE = 18
TICKS = 8


class Span(NamedTuple):
    """A range with what lies in it."""

    label: str
    low: float
    high: float
    middle: float
    """Drawn as a stroke: the median, or the estimate."""
    point: float | None = None
    """Drawn as a dot: the published value."""


def spans(rows: Sequence[Span], axis: str, whole: bool = False, width: int = 640) -> str:
    """Ranges one below the other over a common axis, which is named and has round ticks.

    Args:
        whole: ticks are whole numbers, as those of ranks.
    """
    numbers = [number for row in rows for number in (row.low, row.high, row.point or row.middle)]
    step = _step(max(numbers) - min(min(numbers), 0.0), whole)
    start = 1.0 if whole else min(0.0, step * math.floor(min(numbers) / step))
    end = max(step * math.ceil(max(numbers) / step), start + step)
    left = 16 + 6.2 * max(len(row.label[:LABEL]) for row in rows)
    scale = (width - left - 16) / (end - start)
    height = len(rows) * LINE
    parts = []
    for tick in _ticks(start, end, step):
        x = left + (tick - start) * scale
        parts.append(
            f'<path d="M{x:.1f} 0v{height}" stroke="{GREY}" stroke-width=".5"/>'
            f'<text x="{x:.1f}" y="{height + 14}" text-anchor="middle">{tick:g}</text>'
        )
    for i, row in enumerate(rows):
        y = i * LINE
        low, high, middle = (left + (n - start) * scale for n in (row.low, row.high, row.middle))
        said = f"{row.label}: {row.middle:.3g}, from {row.low:.3g} to {row.high:.3g}"
        parts.append(
            f'<text x="{left - 8:.1f}" y="{y + 13}" text-anchor="end">'
            f"{escape(row.label[:LABEL])}</text>"
            f'<rect x="{low - 2:.1f}" y="{y + 4}" width="{high - low + 4:.1f}" height="10" rx="2"'
            f' fill="{PALE}"><title>{escape(said)}</title></rect>'
            f'<path d="M{middle:.1f} {y + 3}v12" stroke="{BLUE}" stroke-width="2.5"/>'
        )
        if row.point is not None:
            x = left + (row.point - start) * scale
            parts.append(f'<circle cx="{x:.1f}" cy="{y + 9}" r="3" fill="{DARK}"/>')
    parts.append(
        f'<text x="{(left + width - 16) / 2:.1f}" y="{height + 30}" text-anchor="middle">'
        f"{escape(axis)}</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 36}"'
        f' width="{width}" height="{height + 36}" font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    )


def _step(extent: float, whole: bool) -> float:
    """A round distance of ticks: 1, 2 or 5 times a power of ten."""
    rough = max(extent, 1e-9) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    return max(step, 1.0) if whole else step


def _ticks(start: float, end: float, step: float) -> list[float]:
    first = step * math.ceil((start - 1e-9) / step)
    ticks = [round(first + i * step, 10) for i in range(int((end - first) / step + 1e-9) + 1)]
    # A ranking begins at 1, which is no multiple of a step.
    return sorted({start, *(tick for tick in ticks if tick - start >= step / 2)})
