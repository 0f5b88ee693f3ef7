"""What a document holds, whatever its form: tables and running text, each with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_SHEET = re.compile(r"^(.*: )?sheet (.*?)(?:, from [A-Z]+[0-9]+)?$", re.DOTALL)

Position = tuple[int, int]
"""Row and column of a cell, from 0."""


class ReadingError(Exception):
    """A document that can't be read in its form; the message says why in one line."""


@dataclass(frozen=True)
class Table:
    """A grid of printed cells. All rows have the same length.

    A merged cell's text stands in every position that it covers, so that a rank merged over
    ties, or a heading merged over columns, is read like any other. ``merged`` maps each
    covered position, except the first, to the first.
    """

    where: str
    """Its place: ``page 14, table 1``, ``table 3``, ``sheet Cities``; unique in the document.

    In a ZIP archive, the member's name and a colon go before it: ``cities.csv: table 1``."""
    rows: tuple[tuple[str, ...], ...]
    """Text as printed, white space folded; an empty cell is ``""``."""
    title: str = ""
    """Its caption, or else the heading right above it."""
    header_rows: int | None = None
    """Where the document itself says how many rows are headings."""
    page: int | None = None
    """Page that it stands on, from 1, in documents that have pages."""
    column_edges: tuple[float, ...] = ()
    """Left edges of the columns on the page, to tell whether a table goes on overleaf."""
    merged: Mapping[Position, Position] = field(default_factory=dict)
    first_cell: Position | None = None
    """In a spreadsheet, position in the sheet of the cell at row 0, column 0."""
    values: Mapping[Position, float] = field(default_factory=dict)
    """In a spreadsheet, the exact number stored under a printed one: 0.952345 printed 0.952."""
    confidence: Mapping[Position, float] = field(default_factory=dict)
    """Of cells read by OCR: how sure their text is, 0 to 1."""
    row_places: tuple[str, ...] = ()
    """Where the form itself names its rows, the place of each, such as ``data[12]`` in JSON."""

    def locator(self, row: int, column: int | None = None) -> str:
        """Place of a row, or of one of its cells: ``Sheet1!C8``, ``page 14, table 1, row 7``."""
        if column is not None:
            row, column = self.merged.get((row, column), (row, column))
        if self.row_places:
            if column is None:
                return self.row_places[row]
            name = self.rows[0][column] if self.header_rows else f"column {column + 1}"
            return f"{self.row_places[row]}, {name}"
        if self.first_cell is not None:
            top, left = self.first_cell
            sheet = _SHEET.sub(r"\1\2", self.where)
            letter = column_letters(left + (column or 0))
            return f"{sheet}!{letter}{top + row + 1}"
        cell = "" if column is None else f", column {column + 1}"
        return f"{self.where}, row {row + 1}{cell}"


@dataclass(frozen=True)
class Passage:
    """Running text: a page of a PDF, or the whole text of a form without pages."""

    where: str
    """``page 3``, or ``""`` for the only passage of a document."""
    text: str
    """Paragraphs are separated by a line break; a wrapped line is none."""
    confidence: float | None = None
    """Of text read by OCR."""

    def locator(self, start: int, end: int) -> str:
        span = f"characters {start}-{end}"
        return f"{self.where}, {span}" if self.where else span


@dataclass(frozen=True)
class Content:
    """``form`` is what the bytes are: ``pdf``, ``html``, ``xlsx``, ``xls``, ``xlsb``, ``ods``,
    ``docx``, ``csv``, ``json``, ``text`` or ``zip``."""

    form: str
    tables: tuple[Table, ...] = ()
    passages: tuple[Passage, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()
    """What a reader must know: pages without text, a guessed encoding, sheets left out."""


def fold(text: str) -> str:
    """White space of any kind and line breaks as one blank; signs without width taken away."""
    return " ".join(text.translate(_WITHOUT_WIDTH).split())


_WITHOUT_WIDTH = dict.fromkeys([0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF])


def column_letters(column: int) -> str:
    """Name of a spreadsheet's column, counted from 0: A, B, ... Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
