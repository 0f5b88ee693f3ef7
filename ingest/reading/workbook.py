"""Spreadsheets: each sheet a table of cells as they are printed, with A1 locators."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.utils import range_boundaries
from python_calamine import CalamineError, SheetVisibleEnum

from ingest.reading import zips
from ingest.reading.content import Content, Position, Table, column_letters, fold
from ingest.reading.forms import recognise
from ingest.reading.marks import superscript
from ingest.reading.number_formats import general, print_date, print_number
from ingest.reading.plain import lone_title
from ingest.reading.stored import check_size, open_workbook
from ingest.reading.xls_formats import SheetFormats, sheet_formats

MAX_FORMATTED = 150 << 20
"""Bytes of XML in a workbook whose number formats are read; a larger one is read without."""
_GAP = 50
"""So many blank rows or columns surely part two tables; fewer may be within one."""


@dataclass
class _Sheet:
    name: str
    cells: dict[Position, str] = field(default_factory=dict)
    values: dict[Position, float] = field(default_factory=dict)
    merged: list[tuple[Position, Position]] = field(default_factory=list)
    headings: dict[Position, int] = field(default_factory=dict)
    """Top left cells of tables that the workbook declares, and their number of heading rows."""


def content(data: bytes) -> Content:
    """One table a visible sheet, or several where over 50 blank rows or columns part them.

    Formulas have the value that was stored with them. What is hidden is noted: hidden sheets
    are left out, hidden rows and columns are not, since they are most often a filter left on.

    Raises:
        ReadingError: damaged, protected by a password, a bomb, or too sparse for a grid.
    """
    form, _ = recognise(data)
    notes: list[str] = []
    sheets: list[_Sheet] | None
    if form == "xlsx":
        archive = zips.open_archive(data)
        zips.refuse_declarations(archive)
        slim, size, unsaved = _without_blanks(archive)
        sheets = _formatted(slim or data, notes) if size <= MAX_FORMATTED else None
        sheets = _bare(data, notes) if sheets is None else sheets
        if unsaved:
            notes.append(
                f"{unsaved} formulas have no stored value, so their cells are empty: open the"
                " workbook in a spreadsheet program and save it"
            )
    else:
        if form in ("xlsb", "ods"):
            zips.refuse_declarations(zips.open_archive(data))
        sheets = _bare(data, notes, sheet_formats(data) if form == "xls" else None)
    tables = [table for sheet in sheets for table in _tables(sheet)]
    return Content(form, tuple(tables), (), tables[0].title if tables else "", tuple(notes))


def _formatted(data: bytes, notes: list[str]) -> list[_Sheet] | None:
    """By openpyxl, which knows the number formats; None for a workbook that it can't open."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                io.BytesIO(data), data_only=True, keep_links=False, rich_text=True
            )
    except MemoryError:
        raise
    except Exception as error:  # it raises what its parts raise
        notes.append(f"number formats can't be read: {type(error).__name__}: {fold(str(error))}")
        return None
    if not book.worksheets:
        return None  # of the strict kind of the format, whose names it doesn't know
    sheets: list[_Sheet] = []
    for worksheet in book.worksheets:
        if worksheet.sheet_state != "visible":
            notes.append(f"sheet {worksheet.title} is hidden: left out")
            continue
        sheet = _Sheet(worksheet.title)
        # The public iterators make a cell for each position up to the last one.
        for (row, column), cell in worksheet._cells.items():
            place = (row - 1, column - 1)
            _enter(sheet, place, cell.value, cell.number_format)
        for merge in worksheet.merged_cells.ranges:
            first = (merge.min_row - 1, merge.min_col - 1)
            sheet.merged.append((first, (merge.max_row - 1, merge.max_col - 1)))
        for declared in worksheet.tables.values():
            left, top, _, _ = range_boundaries(declared.ref)
            if left and top and declared.headerRowCount:
                sheet.headings[top - 1, left - 1] = declared.headerRowCount
        notes += _hidden(
            sheet,
            [number - 1 for number, row in worksheet.row_dimensions.items() if row.hidden],
            [
                number - 1
                for column in worksheet.column_dimensions.values()
                if column.hidden
                for number in range(column.min or 0, (column.max or 0) + 1)
            ],
        )
        sheets.append(sheet)
    return sheets


def _hidden(sheet: _Sheet, rows: Iterable[int], columns: Iterable[int]) -> list[str]:
    """Notes on rows and columns, counted from 0, that are hidden though they hold something."""
    used_rows = {row for row, _ in sheet.cells}
    used_columns = {column for _, column in sheet.cells}
    numbers = [str(row + 1) for row in rows if row in used_rows]
    letters = [column_letters(column) for column in columns if column in used_columns]
    return [
        f"sheet {sheet.name} hides {len(places)} {kind}, which are read: {', '.join(places[:20])}"
        for kind, places in (("rows", numbers), ("columns", letters))
        if places
    ]


def _without_blanks(archive: zipfile.ZipFile) -> tuple[bytes | None, int, int]:
    """A large workbook without its formatted blank cells, or None if none is large.

    A border drawn down to the last row makes millions of them. Also the bytes of XML that are
    left, and the number of formulas whose values were never stored.
    """
    size = unsaved = 0
    slim: dict[str, bytes] = {}
    for member in archive.infolist():
        if member.filename.startswith("xl/worksheets/sheet"):
            xml = zips.read_member(archive, member)
            unsaved += len(_UNSAVED.findall(xml))
            if len(xml) > _LARGE:
                xml = slim[member.filename] = _BLANK_ROW.sub(b"", _BLANK_CELL.sub(b"", xml))
            size += len(xml)
        elif member.filename.endswith(".xml"):
            size += member.file_size
    if not slim or size > MAX_FORMATTED:
        return None, size, unsaved
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as new:
        for member in archive.infolist():
            part = slim.get(member.filename)
            kept = zips.read_member(archive, member) if part is None else part
            new.writestr(member.filename, kept)
    return buffer.getvalue(), size, unsaved


_LARGE = 4 << 20
_UNSAVED = re.compile(rb"<f\b[^<]*(?:/>|</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_BLANK_CELL = re.compile(rb'<c\s[^<>]*?\br="[^<>]*?(?:/>|>\s*</c>)')
_BLANK_ROW = re.compile(rb'<row\s[^<>]*?\br="[^<>]*?(?:/>|>\s*</row>)')


def _bare(
    data: bytes, notes: list[str], formats: dict[str, SheetFormats] | None = None
) -> list[_Sheet]:
    """By calamine: stored values of any workbook; number formats only where they are given."""
    book = open_workbook(data)
    if formats is None:
        notes.append("numbers are as stored, without their number formats")
    sheets: list[_Sheet] = []
    for metadata in book.sheets_metadata:
        name = metadata.name
        if metadata.visible != SheetVisibleEnum.Visible:
            notes.append(f"sheet {name} is hidden: left out")
            continue
        try:
            read = book.get_sheet_by_name(name)
        except (CalamineError, ValueError) as error:
            notes.append(f"sheet {name} can't be read ({fold(str(error))}): left out")
            continue
        check_size(name, read.height, read.width)
        start = read.start or (0, 0)
        known = (formats or {}).get(name) or SheetFormats()
        sheet = _Sheet(name, merged=list(read.merged_cell_ranges or ()))
        for row, cells in enumerate(read.to_python()):
            for column, value in enumerate(cells):
                if value != "":
                    place = (row + start[0], column + start[1])
                    _enter(sheet, place, value, known.codes.get(place, ""))
        notes += _hidden(sheet, known.hidden_rows, known.hidden_columns)
        sheets.append(sheet)
    return sheets


def _enter(sheet: _Sheet, place: Position, value: object, code: str) -> None:
    if isinstance(value, bool):
        text = str(value).upper()
    elif isinstance(value, int | float):
        text = print_number(value, code) if code else general(value)
        sheet.values[place] = float(value)
    elif isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        text = print_date(value, code)
    elif isinstance(value, CellRichText):
        text = fold(_ESCAPED.sub(_unescape, _rich(value)))
    else:
        text = "" if value is None else fold(_ESCAPED.sub(_unescape, str(value)))
    if text:
        sheet.cells[place] = text


def _rich(text: CellRichText) -> str:
    """Text of several fonts, its footnote marks taken away."""
    printed = ""
    for part in text:
        raised = isinstance(part, TextBlock) and part.font.vertAlign == "superscript"
        printed += superscript(fold(str(part)), printed) if raised else str(part)
    return printed


_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _unescape(match: re.Match[str]) -> str:
    """Signs that XML can't hold are written _xHHHH_ (ECMA-376 part 1, 22.9.2.19)."""
    return chr(int(match.group(1), 16))


def _tables(sheet: _Sheet) -> Iterable[Table]:
    for rows in _blocks({row for row, _ in sheet.cells}):
        inside = {place for place in sheet.cells if rows[0] <= place[0] <= rows[1]}
        for columns in _blocks({column for _, column in inside}):
            yield _table(sheet, rows, columns)


def _blocks(used: set[int]) -> list[tuple[int, int]]:
    """First and last of each run of numbers without a wide gap."""
    blocks: list[tuple[int, int]] = []
    for number in sorted(used):
        if blocks and number - blocks[-1][1] <= _GAP:
            blocks[-1] = (blocks[-1][0], number)
        else:
            blocks.append((number, number))
    return blocks


def _table(sheet: _Sheet, rows: tuple[int, int], columns: tuple[int, int]) -> Table:
    top, left = rows[0], columns[0]
    height, width = rows[1] - top + 1, columns[1] - left + 1
    check_size(sheet.name, height, width)
    grid = [[""] * width for _ in range(height)]
    values: dict[Position, float] = {}
    for (row, column), text in sheet.cells.items():
        if rows[0] <= row <= rows[1] and columns[0] <= column <= columns[1]:
            grid[row - top][column - left] = text
    for (row, column), value in sheet.values.items():
        if rows[0] <= row <= rows[1] and columns[0] <= column <= columns[1]:
            values[row - top, column - left] = value
    merged: dict[Position, Position] = {}
    for (first_row, first_column), (last_row, last_column) in sheet.merged:
        first = (first_row - top, first_column - left)
        if not (0 <= first[0] < height and 0 <= first[1] < width):
            continue
        text = grid[first[0]][first[1]]
        if not text:
            continue
        for row in range(first[0], min(last_row - top, height - 1) + 1):
            for column in range(first[1], min(last_column - left, width - 1) + 1):
                if (row, column) != first:
                    grid[row][column] = text
                    merged[row, column] = first
                    if first in values:
                        values[row, column] = values[first]
    whole = rows[0] <= min(r for r, _ in sheet.cells) and columns[0] <= min(
        c for _, c in sheet.cells
    )
    where = f"sheet {sheet.name}"
    if not whole:
        where += f", from {column_letters(left)}{top + 1}"
    return Table(
        where,
        tuple(tuple(row) for row in grid),
        title=lone_title(grid),
        header_rows=sheet.headings.get((top, left)),
        merged=merged,
        first_cell=(top, left),
        values=values,
    )
