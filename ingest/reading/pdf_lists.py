"""Numbered lists whose items end in a figure: each item is a row, its number a column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.reading.content import Table
from ingest.reading.pdf_cells import Found
from ingest.reading.pdf_lines import Line, Phrase

ITEMS = 5
_MARK = re.compile(r"(\d{1,3})[.)、．]?")
_VALUE = re.compile(r"\S.*[\s:：—–-]\d[\d.,]*\s?%?")


def lists(lines: Sequence[Line], page: int) -> list[Found]:
    """Runs of lines that count up by one, and end in figures that don't rise like page numbers."""
    found: list[Found] = []
    for run in _runs(lines):
        if len(run) < ITEMS:
            continue
        texts = [_item(line) for line in run]
        values = [re.findall(r"\d[\d.,]*", text)[-1] for _, text in texts]
        contents = all(v.isdecimal() for v in values) and sorted(map(int, values)) == [
            int(v) for v in values
        ]
        if contents:
            continue
        box = (
            min(x.x0 for x in run),
            min(x.top for x in run),
            max(x.x1 for x in run),
            max(x.bottom for x in run),
        )
        edges = (round(box[0] - 1, 1), round(min(x.words[1].x0 for x in run) - 1, 1))
        table = Table(where="", rows=tuple(texts), page=page, column_edges=edges)
        found.append(Found(table, box, [w for line in run for w in line.words]))
    return found


def _item(line: Line) -> tuple[str, str]:
    return line.words[0].text, Phrase(line.words[1:]).text


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    run: list[Line] = []
    last = 0
    for line in lines:
        mark = _MARK.fullmatch(line.words[0].text)
        number = int(mark[1]) if mark else 0
        item = (
            len(line.words) > 2
            and mark is not None
            and _VALUE.fullmatch(_item(line)[1]) is not None
        )
        near = bool(run) and line.base - run[-1].base < 3 * line.size
        if item and near and number == last + 1:
            run.append(line)
        else:
            yield run
            run = [line] if item else []
        last = number
    yield run
