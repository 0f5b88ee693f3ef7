"""Which lines of a page are paragraphs, so that they are not taken for cells of a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from ingest.reading.pdf_lines import Line, Phrase, is_numeric

LEAST_LINES = 4
LEAST_LETTERS = 28
"""Of the usual line of a paragraph; a Chinese character counts for two."""


def letters(text: str) -> int:
    return len(text) + sum(ord(c) > 0x2E80 for c in text)


def paragraphs(lines: Sequence[Line]) -> list[list[Phrase]]:
    """Stacks of phrases that read on from line to line.

    A long text in one row of a table is none: beside a paragraph there is nothing, or several
    rows of something else.
    """
    phrases = [phrase for line in lines for phrase in line.phrases]
    stacks = [stack for stack in _stacks(phrases) if _reads_on(stack)]
    inside = {id(p) for stack in stacks for p in stack}
    rows = [
        line for line in lines
        if any(id(p) not in inside and is_numeric(p.text) for p in line.phrases)
        and any(id(p) not in inside and not is_numeric(p.text) for p in line.phrases)
    ]  # fmt: skip
    kept = []
    for stack in stacks:
        top, bottom = stack[0].top, stack[-1].bottom
        beside = [row for row in rows if top - 1 <= row.middle <= bottom + 1]
        x0, x1 = min(p.x0 for p in stack), max(p.x1 for p in stack)
        within = [row for row in beside if row.x0 < x0 and row.x1 > x1]
        if len(beside) != 1 and not within:
            kept.append(stack)
    return kept


def _stacks(phrases: Sequence[Phrase]) -> list[list[Phrase]]:
    """Phrases right under one another, flush left, of one size of type."""
    open_stacks: dict[int, list[list[Phrase]]] = defaultdict(list)
    stacks: list[list[Phrase]] = []
    for phrase in phrases:
        key = int(phrase.x0 // 10)
        found = None
        for near in (key - 3, key - 2, key - 1, key, key + 1):
            for stack in open_stacks[near][-3:]:
                last = stack[-1]
                step = phrase.bottom - last.bottom
                indent = phrase.x0 - last.x0
                even = len(stack) == 1 or step < 1.15 * (last.bottom - stack[-2].bottom)
                first = len(stack) == 1 and -3 * last.size < indent < 0.6 * last.size
                if (
                    even
                    and 0.7 * phrase.size < step < 1.9 * phrase.size
                    and abs(phrase.size - last.size) < 0.1 * last.size
                    and (abs(indent) < 0.6 * last.size or first)
                    and (found is None or stack[-1].bottom > found[-1].bottom)
                ):
                    found = stack
        if found is None:
            if letters(phrase.text) < LEAST_LETTERS / 2:
                continue
            found = []
            stacks.append(found)
        else:
            before = int(found[-1].x0 // 10)
            open_stacks[before] = [s for s in open_stacks[before] if s is not found]
        found.append(phrase)
        open_stacks[key].append(found)
    return [stack for stack in stacks if len(stack) >= LEAST_LINES]


def _reads_on(stack: Sequence[Phrase]) -> bool:
    if median(letters(p.text) for p in stack) < LEAST_LETTERS:
        return False
    if sum(is_numeric(p.text) for p in stack) > 0.2 * len(stack):
        return False
    right = max(p.x1 for p in stack)
    left = min(p.x0 for p in stack)
    wide = sum(p.x1 - p.x0 >= 0.6 * (right - left) for p in stack[:-1])
    if wide < 0.7 * (len(stack) - 1):
        return False
    lower = sum(p.text[:1].islower() for p in stack[1:])
    flush = sum(right - p.x1 < 1.2 * p.size for p in stack[:-1])
    return lower >= 0.35 * (len(stack) - 1) or flush >= 0.7 * (len(stack) - 1)
