"""Cells that hold several: rank, name and score of a list whose items no column parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.reading.content import Table

ITEMS = 4
"""Items that a column must have, at least, to be taken for a list."""
_NAME = r"(?P<name>[^\d\s.,%()（）].*?)"
_SCORE = r"[\s:：…·—–-]+(?P<score>[$€£¥￥]?\s?[+\-−]?\d[\d.,]*(?:\s?(?:%|[^\W\d_]{1,4}))?)"
_MARK = r"\s*[.)、．:：]\s*|\s+|(?<=[名位])"
_LISTED = re.compile(rf"(?P<rank>第?\d{{1,4}}[名位]?)(?:{_MARK}){_NAME}{_SCORE}")
_FUSED = re.compile(rf"(?P<rank>\d{{1,4}}){_NAME}")
_VALUED = re.compile(_NAME + _SCORE)
_COUNT = re.compile(r"(\d{1,4})[.)、．]?")
_WORDS = re.compile(r"\S+")


def parted(table: Table) -> Table:
    """The table with a list's column as columns of rank, name and, where printed, score.

    Only where nearly every cell of the column is such an item and the ranks count up by one, or
    stay for a tie: ``1. Lyon 93.5``, ``1开封市``.
    """
    if table.first_cell is not None or table.row_places or not table.rows:
        return table
    parts = {c: p for c in range(len(table.rows[0])) if (p := _parts(table, c)) is not None}
    if not parts:
        return table
    first_of: dict[int, int] = {}
    width = 0
    for c in range(len(table.rows[0])):
        first_of[c] = width
        width += len(parts[c][0]) if c in parts else 1
    rows: list[tuple[str, ...]] = []
    for r, row in enumerate(table.rows):
        cells: list[str] = []
        for c, text in enumerate(row):
            if c not in parts:
                cells.append(text)
                continue
            names, pattern = parts[c]
            found = pattern.fullmatch(text)
            cells += [found[n] for n in names] if found else _heading(text, len(names), table, r, c)
        rows.append(tuple(cells))
    return replace(
        table,
        rows=tuple(rows),
        merged={
            (r, first_of[c]): (first_row, first_of[first])
            for (r, c), (first_row, first) in table.merged.items()
        },
        confidence={
            (r, first_of[c] + i): sure
            for (r, c), sure in table.confidence.items()
            for i in range(len(parts[c][0]) if c in parts else 1)
        },
        column_edges=tuple(
            edge
            for c, edge in enumerate(table.column_edges)
            for _ in range(len(parts[c][0]) if c in parts else 1)
        ),
    )


def _parts(table: Table, column: int) -> tuple[tuple[str, ...], re.Pattern[str]] | None:
    """Names of the parts of a column, and the form of its items."""
    texts = [
        row[column] for r, row in enumerate(table.rows)
        if row[column] and (r, column) not in table.merged
    ]  # fmt: skip
    for names, pattern in ((("rank", "name", "score"), _LISTED), (("rank", "name"), _FUSED)):
        found = [pattern.fullmatch(text) for text in texts]
        while found and found[0] is None:
            found.pop(0)  # a heading
        items = [f for f in found if f]
        # What follows each number may be its sign: 1º, 1st, 1名.
        various = len({f["name"] for f in items}) > 0.6 * len(items)
        enough = len(items) >= ITEMS and len(items) >= 0.95 * len(found)
        if enough and various and _counts(items):
            return names, pattern
    return _valued(table, column)


def _valued(table: Table, column: int) -> tuple[tuple[str, ...], re.Pattern[str]] | None:
    """Name and score in one cell, right behind a column that counts, and nothing besides."""
    if len(table.rows[0]) != 2 or column != 1:
        return None
    numbers = [_COUNT.fullmatch(row[0]) for row in table.rows]
    items = [_VALUED.fullmatch(row[1]) for row in table.rows]
    counts = [int(n[1]) for n in numbers if n]
    up = len(counts) == len(numbers) and all(0 <= b - a <= 1 for a, b in pairwise(counts))
    return (("name", "score"), _VALUED) if up and len(items) >= ITEMS and all(items) else None


def _counts(items: Sequence[re.Match[str]]) -> bool:
    ranks = [int(item["rank"].strip("第名位")) for item in items]
    ties = 0
    for before, after in pairwise(ranks):
        if after == before:
            ties += 1
        elif after in (before + 1, before + 1 + ties):
            ties = 0
        else:
            return False
    return len(set(ranks)) * 2 > len(ranks)


def _heading(text: str, parts: int, table: Table, row: int, column: int) -> list[str]:
    """A heading over the parts: a word to each where there are as many, else over all."""
    words = _WORDS.findall(text)
    spanning = (row, column) in table.merged or (row, column) in table.merged.values()
    if len(words) == parts and not spanning:
        return words
    return [text] * parts if spanning else ["", text, *[""] * (parts - 2)]
