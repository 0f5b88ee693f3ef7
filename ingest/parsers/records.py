"""Rows of a document of any form, as long as one of its tables has the declared columns.

A CSV in UTF-8 is read line by line. Of anything else the table is found by its headings, which
may stand in several rows, below a title: a column is then named by the path of its headings,
``Population > 2023``. A known unit in brackets behind a heading may be left away.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

from pydantic import model_validator

from ingest import reading
from ingest.cards import Text
from ingest.facts import ParseError
from ingest.parsers.headings import without_unit
from ingest.parsers.table_choice import TableChoice, candidates, listed, squeezed
from ingest.reading import Content, ReadingError, Table, bounded

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
PATH_JOIN, LABEL_JOIN, LABEL = " > ", ": ", " label"
_RECORD_FORMS = ("json", "csv")
MAX_HEADING_ROWS = 5
"""How many rows one heading may take."""
MAX_TOP_ROWS = 40
"""Rows above the headings: titles, units, notes."""
_OTHER_FORMS = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"<", b"{", b"[")


class Choice(TableChoice):
    """Which table of a document is read, where its columns alone do not tell, and how."""

    member: Text | None = None
    """In a ZIP archive: the member, by its name or a pattern such as ``*.csv``."""
    records: Text | None = None
    """In JSON: JMESPath of the list of records."""
    every: bool = False
    """Read all tables that have the columns, one after another: a table that goes over pages,
    or a sheet a year."""
    fill_down: tuple[Text, ...] = ()
    """Columns that print a value once for the rows below it."""
    split_labels: bool = False
    """Headings and cells have the form ``code: label``, as SDMX-CSV writes both: the column
    ``AREA: Area`` becomes ``AREA`` with the codes and ``AREA label``."""

    @model_validator(mode="after")
    def _has_headings(self) -> Choice:
        if self.heading_rows == 0:
            raise ValueError("columns are named by their headings: heading_rows is at least 1")
        return self


@dataclass(frozen=True)
class Record:
    """A row by its headings, and its place."""

    cells: Mapping[str, str]
    place: str
    table: Table | None = None
    row: int = 0
    columns: Mapping[str, int] | None = None
    is_text: bool = False
    """One text in all of the row: a section's heading, a note."""
    heading_rows: range = range(0)
    """Rows of the table that are its headings."""
    as_printed: Mapping[str, str] = field(default_factory=dict)
    """Headings of a CSV, where a column goes by another name."""

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def headings(self, column: str) -> tuple[str, ...]:
        """The headings of a column from the top down, and the cell right below them, where a
        row of units may stand."""
        if self.table is None or self.columns is None:
            return (self.as_printed.get(column, column),)
        c, rows = self.columns[column], self.table.rows
        path = [rows[r][c] for r in self.heading_rows]
        path += [row[c] for row in rows[self.heading_rows.stop :][:1]]
        return tuple(dict.fromkeys(filter(None, path)))

    def printed_name(self, column: str) -> str:
        """The path of headings of a column."""
        if self.table is None or self.columns is None:
            return self.as_printed.get(column, column)
        rows = self.table.rows[self.heading_rows.start : self.heading_rows.stop]
        return _heading_paths([[row[self.columns[column]]] for row in rows])[0]

    def above(self) -> tuple[str, ...]:
        """The title and all texts above the headings."""
        if self.table is None:
            return ()
        rows = self.table.rows[: self.heading_rows.start]
        return tuple(dict.fromkeys(filter(None, [self.table.title, *(c for r in rows for c in r)])))

    def stored(self, column: str) -> float | None:
        """The exact number that a spreadsheet stores under the printed one."""
        if self.table is None or self.columns is None:
            return None
        return self.table.values.get((self.row, self.columns[column]))

    @property
    def confidence(self) -> float | None:
        """Of the cells read by OCR, the least sure."""
        cells = self.table.confidence if self.table else {}
        return min((sure for (row, _), sure in cells.items() if row == self.row), default=None)

    def locator(self, column: str) -> str:
        if self.table is None or self.columns is None:
            return f"{self.place}, column {self.as_printed.get(column, column)}"
        return self.table.locator(self.row, self.columns[column])


def read_records(
    data: bytes,
    needed: Iterable[str | None],
    choice: Choice | None,
    strict: bool = True,
    units: Collection[str] = (),
) -> Iterator[Record]:
    """The rows of the table that has the needed columns.

    ``strict`` refuses a line of a CSV that is shorter or longer than its heading. ``units`` are
    those that a heading may have in brackets behind the name by which the column is needed; only
    where no table has all the columns by their whole names.

    Raises:
        ParseError: not readable, or not one table with these columns.
    """
    columns = tuple(dict.fromkeys(column for column in needed if column))
    if choice is None and not _is_of_other_form(data):
        with suppress(UnicodeDecodeError):
            text = io.StringIO(data.decode("utf-8-sig"), newline="")
            reader = csv.DictReader(text, restval=None if strict else "")
            headings = reader.fieldnames or []
            # A single heading is a line that something else than commas divides.
            if len(headings) != 1 or set(columns) <= set(headings):
                names = _printed_names(headings, columns, units)
                _check_headings(headings, [names.get(column, column) for column in columns])
                yield from _lines(reader, strict, names)
                return
    try:
        found = _tables(data, columns, choice or Choice(), units)
    except ReadingError as error:
        raise ParseError(str(error)) from error
    for heading in found:
        yield from heading.records(choice or Choice())


def _is_of_other_form(data: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:4].startswith(_OTHER_FORMS)


def _printed_names(
    headings: Sequence[str], needed: Sequence[str], units: Collection[str]
) -> dict[str, str]:
    """Of needed columns that are printed with a unit, the heading as it is printed."""
    bare: dict[str, list[str]] = {}
    for heading in headings:
        bare.setdefault(squeezed(without_unit(heading, units)), []).append(heading)
    found = {n: bare.get(squeezed(n), []) for n in needed if n not in headings}
    return {name: several[0] for name, several in found.items() if len(several) == 1}


def _check_headings(headings: Sequence[str], needed: Sequence[str]) -> None:
    missing = sorted({column for column in needed if column not in headings})
    if missing:
        raise ParseError(f"no column {', '.join(missing)}; the file has {', '.join(headings)}")
    twice = sorted({column for column in needed if headings.count(column) > 1})
    if twice:
        raise ParseError(f"the heading {', '.join(twice)} stands twice")


def _lines(reader: csv.DictReader[str], strict: bool, names: Mapping[str, str]) -> Iterator[Record]:
    try:
        for row in reader:
            line = reader.line_num
            if strict and (None in row or None in row.values()):
                raise ParseError(
                    f"line {line} has another number of cells than the heading, which has "
                    f"{len(reader.fieldnames or [])}"
                )
            cells = {**row, **{name: row[heading] for name, heading in names.items()}}
            yield Record(cells if names else row, f"line {line}", as_printed=names)
    except csv.Error as error:
        raise ParseError(f"not readable as CSV in UTF-8: {error}") from error


@dataclass(frozen=True)
class _Heading:
    """Where the headings of a table stand, and the column of each needed name.

    Of a column of codes and labels, ``part`` is 0 for the code and 1 for the label.
    """

    table: Table
    top: int
    depth: int
    columns: dict[str, tuple[int, int | None]]
    form: str

    def records(self, choice: Choice) -> Iterator[Record]:
        rows = self.table.rows
        above = rows[self.top : self.top + self.depth]
        places = {name: column for name, (column, _) in self.columns.items()}
        last = dict.fromkeys(choice.fill_down, "")
        headings = range(self.top, self.top + self.depth)
        for i in range(self.top + self.depth, len(rows)):
            texts = {cell for cell in rows[i] if cell}
            if not texts or rows[i] in above:  # headings are repeated on each page
                continue
            cells = {n: _part(rows[i][c], part) for n, (c, part) in self.columns.items()}
            is_text = len(texts) == 1 and len(rows[i]) > 1 and self.form not in _RECORD_FORMS
            for name in last if not is_text else ():
                cells[name] = last[name] = cells[name] or last[name]
            yield Record(cells, self.table.locator(i), self.table, i, places, is_text, headings)


def _part(cell: str, part: int | None) -> str:
    if part is None:
        return cell
    code, _, label = cell.partition(LABEL_JOIN)
    return label.strip() if part else code.strip()


def _tables(
    data: bytes, needed: Sequence[str], choice: Choice, units: Collection[str]
) -> list[_Heading]:
    content = _content(data, choice)
    chosen = candidates(content, choice, data)
    needed = (*needed, *choice.fill_down)
    form = content.form
    found = [h for table in chosen if (h := _find_heading(table, needed, choice, form))]
    if not found:
        found = [h for table in chosen if (h := _find_heading(table, needed, choice, form, units))]
    if choice.number and len(found) >= choice.number:
        found = [found[choice.number - 1]]
    if not found:
        raise ParseError(_missing(content, chosen, needed, choice))
    if len(found) > 1 and not (choice.every or choice.pages):
        raise ParseError(
            f"{len(found)} tables have these columns: "
            f"{', '.join(h.table.where for h in found[:8])}. Name one under table "
            "(sheet, page, title, where or number), or say 'every: true' there"
        )
    return found


def _content(data: bytes, choice: Choice) -> Content:
    if choice.records is None:
        return reading.read(data, member=choice.member)
    reader, options = "ingest.reading.json_data:content", {"records": choice.records}
    found: Content = bounded.run(reader, data, options=options)
    return found


def _find_heading(
    table: Table, needed: Sequence[str], choice: Choice, form: str, units: Collection[str] = ()
) -> _Heading | None:
    """The first rows whose heading paths have all needed names, each once; of several depths
    the least. With ``units``, a heading may have one of them behind the name."""
    for top, depth, names in _candidates(table, choice):
        columns = _columns(names, choice.split_labels)
        if units:
            bare = [PATH_JOIN.join(without_unit(h, units) for h in _path(name)) for name in names]
            columns = _columns(bare, choice.split_labels) | columns
        found = [columns.get(squeezed(name), []) for name in needed]
        if all(len(places) == 1 for places in found):
            places = {name: place[0] for name, place in zip(needed, found, strict=True)}
            return _Heading(table, top, depth, places, form)
    return None


def _candidates(table: Table, choice: Choice) -> Iterator[tuple[int, int, list[str]]]:
    """Rows that may be the headings: the first, how many, and the paths of the columns."""
    most = min(MAX_HEADING_ROWS, len(table.rows))
    depths = [choice.heading_rows] if choice.heading_rows else range(1, most + 1)
    for depth in depths:
        for top in range(min(MAX_TOP_ROWS, len(table.rows) - depth + 1)):
            rows = table.rows[top : top + depth]
            yield top, depth, _heading_paths(rows)
            if depth > 1:
                yield top, depth, _heading_paths(_filled(rows))


def _heading_paths(rows: Sequence[Sequence[str]]) -> list[str]:
    """Headings of each column from the top down. One that is merged over rows counts once."""
    paths = []
    for column in zip(*rows, strict=True):
        parts: list[str] = []
        for cell in column:
            if cell and cell not in parts[-1:]:
                parts.append(cell)
        paths.append(PATH_JOIN.join(parts))
    return paths


def _filled(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Headings that are not merged reach right, until a cell begins another heading in its own
    row or above it."""
    begins = [False] * len(rows[0])
    found = []
    for row in rows[:-1]:
        filled, cells = "", []
        for c, cell in enumerate(row):
            begins[c] |= bool(cell)
            filled = cell or ("" if begins[c] else filled)
            cells.append(filled)
        found.append(cells)
    return [*found, list(rows[-1])]


def _path(name: str) -> list[str]:
    return name.split(PATH_JOIN)


def _columns(names: Sequence[str], split: bool) -> dict[str, list[tuple[int, int | None]]]:
    """Columns by the names that they go by, white space and capitals aside."""
    found: dict[str, list[tuple[int, int | None]]] = {}
    for c, name in enumerate(names):
        code, separator, _ = name.partition(LABEL_JOIN)
        if split and separator:
            found.setdefault(squeezed(code), []).append((c, 0))
            found.setdefault(squeezed(f"{code}{LABEL}"), []).append((c, 1))
        else:
            found.setdefault(squeezed(name), []).append((c, None))
    return found


def _missing(
    content: Content, chosen: Sequence[Table], needed: Sequence[str], choice: Choice
) -> str:
    """What the nearest table lacks, and what the document has."""
    if not chosen:
        there = f"no table as declared; the document has {listed(content.tables)}"
        return "; ".join([there, *content.notes[:3]])
    best, message = -1, ""
    for table in chosen:
        for top, depth, names in _candidates(table, choice):
            columns = _columns(names, choice.split_labels)
            missing = sorted({name for name in needed if squeezed(name) not in columns})
            twice = sorted({n for n in needed if len(columns.get(squeezed(n), ())) > 1})
            fits = len(needed) - len(missing)
            if fits <= best:
                continue
            best = fits
            lack = f"no column {', '.join(missing)}" if missing else ""
            lack = lack or f"the heading {', '.join(twice)} stands twice"
            names = names if choice.heading_rows else _whole_paths(table, top, depth)
            shown = ", ".join(filter(None, dict.fromkeys(names)))
            message = f"{lack}; {table.where} has {shown:.400}"
    return message


def _whole_paths(table: Table, top: int, depth: int) -> list[str]:
    """The paths of headings that go on below these rows, as far as that can be seen: the column
    at the left has nothing there, or the same, and another one begins to differ."""
    rows = table.rows
    for under in range(top + depth, min(top + MAX_HEADING_ROWS, len(rows))):
        above, row = rows[under - 1], rows[under]
        spread = any(not b or a == b for a, b in pairwise(above))
        if not spread or row[0] not in ("", above[0]) or len(set(row) - {""}) < 2:
            break
        depth += 1
    found = rows[top : top + depth]
    return _heading_paths(_filled(found) if depth > 1 else found)
