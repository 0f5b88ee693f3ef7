"""Workbooks of any kind by calamine, which knows stored values but no number formats.

Call it in a bounded process only: on a damaged workbook it may end the process it runs in.
"""

from __future__ import annotations

import io
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from ingest.reading import zips
from ingest.reading.content import ReadingError, fold
from ingest.reading.forms import recognise
from ingest.reading.number_formats import print_date

MAX_CELLS = 10_000_000
"""Of the grid of one table."""


def stored_rows(data: bytes) -> tuple[str, list[list[Any]]]:
    """Name and cells of the first sheet from A1 on, as they are stored: text, numbers, truth.

    A date is its text in ISO 8601.

    Raises:
        ReadingError: no workbook, damaged, protected by a password, or too large.
    """
    form, _ = recognise(data)
    if form in ("xlsx", "xlsb", "ods"):
        zips.refuse_declarations(zips.open_archive(data))
    elif form != "xls":
        raise ReadingError(f"it is {form}, not a workbook")
    book = open_workbook(data)
    if not book.sheet_names:
        raise ReadingError("it has no sheets")
    sheet = book.get_sheet_by_index(0)
    check_size(book.sheet_names[0], sheet.total_height, sheet.total_width)
    rows = sheet.to_python(skip_empty_area=False)
    plain = (str, float, int)
    return book.sheet_names[0], [
        [value if isinstance(value, plain) else print_date(value, "") for value in row]
        for row in rows
    ]


def open_workbook(data: bytes) -> CalamineWorkbook:
    """Raises: ReadingError: damaged, or protected by a password."""
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        raise ReadingError("it is protected by a password: take it off and save again") from None
    except (CalamineError, OSError, ValueError) as error:
        raise ReadingError(f"the workbook is damaged or cut off ({fold(str(error))})") from None


def check_size(name: str, height: int, width: int) -> None:
    """Raises: ReadingError: the grid would not fit into memory."""
    if height * width > MAX_CELLS:
        raise ReadingError(
            f"sheet {name} has {height} rows and {width} columns, more than {MAX_CELLS} cells:"
            " save only what is needed"
        )
