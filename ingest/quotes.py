"""Re-reads a document and looks up every fact's quote at the place that its locator names.

A quote is either the characters of a passage, or what stands in a row of a table and in the
headings above it, joined by `` | ``. Each form of locator has its rule in ``_RULES``; a locator
that none of them knows leads nowhere, which is a fault of the fact.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from ingest import archive
from ingest.archive import HeldDocument
from ingest.cards import name_key
from ingest.facts import FACT_KINDS, raw_tables, short_quote
from ingest.numbers import printed
from ingest.parsers.quoted_passages import passages
from ingest.reading import json_data, json_values, recognise
from ingest.reading import read as read_content
from ingest.reading.content import Content, Passage, ReadingError, Table
from ingest.settings import Settings

RULES_VERSION = 1
"""Rises whenever the same quote could get another verdict."""
UNREADABLE = (ReadingError, CalamineError, csv.Error, ValueError, LookupError, TypeError)
BLANK = "(blank)"
"""What a quote has for an empty cell."""
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class Unquoted(NamedTuple):
    """A fact whose quote does not stand where its locator says, and why not."""

    fact_kind: str
    locator: str
    quote: str
    reason: str


@dataclass(frozen=True)
class QuoteCheck:
    """What came of looking up the quotes of one facts file."""

    read_in: str | None
    """``document``, or ``transcript`` where only that is in the archive; ``None`` for neither."""
    n_facts: int
    n_found: int = 0
    unchecked_reason: str | None = None
    unquoted: tuple[Unquoted, ...] = ()

    @property
    def n_unchecked(self) -> int:
        return self.n_facts - self.n_found - len(self.unquoted)


def quote_check(held: HeldDocument, facts_file: Path, settings: Settings) -> QuoteCheck:
    """The verdict on a facts file: looked up once and kept beside it.

    Raises:
        OSError, ValueError: the archive lost or changed the document.
    """
    if held.fact_kind:
        n_facts = pq.read_metadata(facts_file).num_rows if _has_quote(held.fact_kind) else 0
        return QuoteCheck(None, n_facts, unchecked_reason="bundled: the document is not at hand")
    path = facts_file.with_suffix(f".quotes-{RULES_VERSION}.json")
    known = _read_verdict(path)
    if known is not None:
        return known
    columns = ["kind", "status", "locator", "quote"]
    rows = pq.read_table(facts_file, columns=columns).to_pylist()
    found = check(archive.read(settings.archive_dir, held.blob), rows, held.status == "held")
    text = json.dumps(asdict(found), ensure_ascii=False)
    archive.write_atomically(path, text.encode())
    return found


def _has_quote(kind: str) -> bool:
    return kind in FACT_KINDS and "quote" in raw_tables()[kind]["columns"]


def _read_verdict(path: Path) -> QuoteCheck | None:
    try:
        values = json.loads(path.read_text("utf-8"))
        unquoted = tuple(Unquoted(*item) for item in values.pop("unquoted"))
        return QuoteCheck(**values, unquoted=unquoted)
    except (OSError, ValueError, TypeError, KeyError):  # not there, or damaged
        return None


def check(data: bytes, rows: Iterable[Mapping[str, Any]], is_document: bool = True) -> QuoteCheck:
    """Look up the quotes of a document's facts: rows with kind, status, locator and quote.

    A missing value that nothing printed has no quote, and is not looked up.
    """
    document = _Document(data)
    facts = [row for row in rows if _has_quote(row["kind"])]
    verdicts: dict[tuple[str, str], str] = {}
    unquoted = []
    n_found = silent = 0
    for row in facts:
        locator, quote = row["locator"] or "", row["quote"] or ""
        if not quote and row.get("status") == "missing":
            silent += 1
            continue
        key = (locator, quote)
        if key not in verdicts:
            verdicts[key] = _verdict(document, locator, quote)
        if verdicts[key]:
            unquoted.append(Unquoted(row["kind"], locator, quote, verdicts[key]))
        else:
            n_found += 1
    return QuoteCheck(
        read_in="document" if is_document else "transcript",
        n_facts=len(facts),
        n_found=n_found,
        unchecked_reason="missing, and nothing is printed" if silent else None,
        unquoted=tuple(unquoted),
    )


def _verdict(document: _Document, locator: str, quote: str) -> str:
    """Why a quote does not stand at its place; empty where it does."""
    if not quote:
        return "the fact has no quote"
    reason = "" if locator else "the fact has no locator"
    for form, rule in _RULES:
        place = form.fullmatch(locator)
        if place is None:
            continue
        try:
            found = rule(document, place, quote)
        except UNREADABLE as error:
            found = f"the document can't be read again: {error}"
        if not found:
            return ""
        reason = reason or found
    return reason


class _Grid:
    """Rows of cells; what stands above a row is found without looking through them again.

    Only the first ``heading_rows`` have headings, or any row where that is not known.
    """

    def __init__(
        self, rows: Iterable[Sequence[str]], heading_rows: int | None = None, title: str = ""
    ) -> None:
        self.rows = [[_fold(cell) for cell in row] for row in rows]
        self.first: dict[str, int] = {_fold(title): -1}
        self.first_key: dict[str, int] = {}
        for r, row in enumerate(self.rows[:heading_rows]):
            for cell in filter(None, row):
                self.first.setdefault(cell, r)
                self.first_key.setdefault(name_key(cell), r)

    def stands(self, quote: str, r: int, c: int | None = None) -> str:
        """Why a quote does not stand in a row; empty if it does.

        Its first part stands in the row, one part is the cell of the column, where one is
        given, and the others stand in the row or in the headings above it.
        """
        row = self.rows[r] if r < len(self.rows) else []
        parts = _parts(quote)
        if c is not None:
            cell = row[c] if c < len(row) else ""
            if not any(_shows(part, cell) for part in parts):
                return f"the cell has '{cell}'"
        if not (_is_in_some(parts[0], row) or _is_in_some(parts[0], self._filled_down(r))):
            return f"the row has '{short_quote(' | '.join(row))}'"
        for part in parts[1:]:
            if not (part in ("", BLANK) or _is_in_some(part, row) or self._above(part) < r):
                return f"'{part}' stands neither in the row nor above it"
        return ""

    def _filled_down(self, r: int) -> Iterator[str]:
        """What empty cells of a row take from above, where a value is printed once."""
        for c, cell in enumerate(self.rows[r] if r < len(self.rows) else []):
            if not cell:
                above = (row[c] for row in reversed(self.rows[:r]) if c < len(row) and row[c])
                yield next(above, "")

    def _above(self, part: str) -> int:
        """The first row in which a part stands, in one cell or in several."""
        return max(map(self._first_with, part.split(" > ")))

    def _first_with(self, text: str) -> int:
        found = self.first.get(text, self.first_key.get(text))
        if found is None:
            texts = (r for other, r in self.first.items() if _is_in(text, other))
            found = self.first[text] = min(texts, default=sys.maxsize)
        return found


class _Document:
    """A document read again, each way once and only when a locator asks for it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.grids: dict[str, _Grid] = {}

    @cached_property
    def content(self) -> Content:
        return read_content(self.data)

    @cached_property
    def passages(self) -> dict[str, Passage]:
        return {passage.where: passage for passage in passages(self.data)}

    @cached_property
    def rows(self) -> dict[str, tuple[Table, int]]:
        """Rows of all tables by their locators."""
        return {
            table.locator(row): (table, row)
            for table in self.content.tables
            for row in range(len(table.rows))
        }

    def row(self, locator: str) -> tuple[Table, int] | None:
        """The row of a table that a locator names. In JSON it may be any record by its path."""
        found = self.rows.get(locator)
        if found is None and self.content.form == "json":
            line, _, path = locator.rpartition(": ")
            if listed := re.fullmatch(r"record (\d+) of (.+)", path):
                path = f"({listed[2]})[{int(listed[1]) - 1}]"
            with suppress(ReadingError):
                cells = dict(_fields(json_values.find(path, self.json_values.get(line)), ""))
                rows = (tuple(cells), tuple(cells.values()))
                places = (f"names of {locator}", locator)
                found = Table(locator, rows, header_rows=1, row_places=places), 1
                self.rows[locator] = found
        return found

    @cached_property
    def json_values(self) -> dict[str, Any]:
        return dict(json_values.parse(self.data))

    def grid(self, table: Table) -> _Grid:
        if table.where not in self.grids:
            self.grids[table.where] = _Grid(table.rows, table.header_rows, table.title)
        return self.grids[table.where]

    @cached_property
    def lines(self) -> list[tuple[int, list[str]]]:
        """Rows of a CSV, and the lines on which they end; the first has the headings."""
        reader = csv.reader(io.StringIO(self.data.decode("utf-8-sig"), newline=""))
        return [(reader.line_num, row) for row in reader]

    @cached_property
    def csv_grid(self) -> tuple[_Grid, dict[int, int]]:
        """The CSV, and for each line the row that ends on it."""
        grid = _Grid((row for _, row in self.lines), heading_rows=1)
        return grid, {line: r for r, (line, _) in enumerate(self.lines)}

    @cached_property
    def records(self) -> list[list[str]]:
        """Rows of a register in any form; in JSON the plain values of each object."""
        form, _ = recognise(self.data)  # a register as CSV is large, and is read here
        if form == "json":
            return [row for value in self.json_values.values() for row in _objects(value)]
        if form == "csv":
            with suppress(UnicodeDecodeError):
                return [row for _, row in self.lines]
        return [list(row) for table in self.content.tables for row in table.rows]

    @cached_property
    def cells(self) -> list[str]:
        return sorted({_fold(cell) for row in self.records for cell in row if cell})

    @cached_property
    def pairs(self) -> set[str]:
        """Every cell of a row followed by a number of the same row."""
        return {
            _fold(f"{name} {number}")
            for row in self.records
            for number in row
            if number[-1:].isdecimal()
            for name in row
        }

    @cached_property
    def sheets(self) -> dict[str, _Grid]:
        """The sheets of a workbook as they are stored, without number formats."""
        try:
            book = CalamineWorkbook.from_filelike(io.BytesIO(self.data))
        except (CalamineError, OSError):
            return {}
        sheets = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in book.sheet_names
        }
        return {
            name: _Grid([printed(cell) for cell in row] for row in rows)
            for name, rows in sheets.items()
        }

    @cached_property
    def formatted_sheets(self) -> dict[str, list[tuple[Table, _Grid]]]:
        """The tables of a workbook as they are printed, merged cells filled."""
        found: dict[str, list[tuple[Table, _Grid]]] = defaultdict(list)
        for table in self.content.tables:
            if table.first_cell:
                sheet = table.where.removeprefix("sheet ")
                found[sheet].append((table, self.grid(table)))
        return found

    @cached_property
    def entries(self) -> dict[str, dict[str, Any]]:
        """Sets or editions of a transcript, by their ids."""
        values = json.loads(self.data)
        return {e["id"]: e for e in (values if isinstance(values, list) else values["editions"])}


# ---------------------------------------------------------------- rules, one a form of locator


def _span(document: _Document, place: re.Match[str], quote: str) -> str:
    """``page 3, characters 10-60``."""
    passage = document.passages.get(place["where"] or "")
    if passage is None:
        return f"the document has no {place['where'] or 'running text'}"
    text = passage.text[int(place["start"]) : int(place["end"])]
    return "" if _fold(text) == _fold(quote) else f"the place has '{short_quote(text)}'"


def _line(document: _Document, place: re.Match[str], quote: str) -> str:
    """``line 12, column gdp`` of a CSV."""
    grid, rows = document.csv_grid
    row = rows.get(int(place["line"]))
    if row is None:
        return f"no row ends on line {place['line']}"
    column = None
    if place["column"]:
        headings = document.lines[0][1]
        if place["column"] not in headings:
            return f"the document has no column {place['column']}"
        column = headings.index(place["column"])
    return grid.stands(quote, row, column)


def _sheet_cell(document: _Document, place: re.Match[str], quote: str) -> str:
    """``Sheet1!C8``, as it is stored or as it is printed (0.5 or 50%)."""
    row, column = int(place["row"]) - 1, _column(place["column"])
    sheet = document.sheets.get(place["sheet"])
    reason = f"the workbook has no sheet {place['sheet']}"
    if sheet:
        reason = sheet.stands(quote, row, column)
        if not reason:
            return ""
    for table, grid in document.formatted_sheets.get(place["sheet"], ()):
        top, left = table.first_cell or (0, 0)
        # A row is named by its first cell.
        for c in {None, column - left} if column == left else {column - left}:
            if 0 <= row - top < len(grid.rows) and not grid.stands(quote, row - top, c):
                return ""
    return reason


def _table_row(document: _Document, place: re.Match[str], quote: str) -> str:
    """``page 14, table 1, row 7``, ``data[12], score``: whatever names a row of a table."""
    locator = name = place[0]
    found = document.row(name)
    while found is None and ", " in name:
        name = name.rpartition(", ")[0]
        found = document.row(name)
    if found is None:
        return "the document has no such place"
    table, row = found
    column = None
    if name != locator:
        width = range(len(table.rows[row]))
        column = next((c for c in width if table.locator(row, c) == locator), None)
        if column is None:
            return "the document has no such place"
    return document.grid(table).stands(quote, row, column)


def _counted(document: _Document, place: re.Match[str], quote: str) -> str:
    """``rows of 2023, country China in cn_beijing``: the things that were counted.

    Of a sum each thing is followed by its number. Names may have semicolons themselves.
    """
    cells = document.cells
    rest = _fold(quote)
    while rest:
        ends = [m.start() for m in re.finditer("; |$", rest)]
        things = (rest[:end] for end in ends)
        thing = next((t for t in things if _has(cells, t) or t in _pairs(document, place)), None)
        if thing is None:
            cut = rest.removesuffix("…").rstrip("; ")
            if not cut and rest != quote:  # cut between two things
                return ""
            name = cut.rpartition(" ")[0]
            begun = cells[bisect_left(cells, cut) :][:1]
            if (
                cut
                and rest.endswith("…")
                and ((begun and begun[0].startswith(cut)) or (place["of"] and _has(cells, name)))
            ):
                return ""
            return f"no row has '{rest}'"
        rest = rest[len(thing) :].removeprefix("; ")
    return ""


def _pairs(document: _Document, place: re.Match[str]) -> set[str]:
    return document.pairs if place["of"] else set()


def _objects(value: Any) -> Iterator[list[str]]:
    """The plain values of every object inside a JSON value."""
    if isinstance(value, dict):
        yield [text for _, text in _fields(value, "")]
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from _objects(inner)


def _transcript_row(document: _Document, place: re.Match[str], quote: str) -> str:
    """``set x, row 3`` and ``ledger edition x, table y, row 3``, in JSON typed by hand."""
    parts = place.groupdict()
    entry = document.entries.get(parts["id"])
    if entry is None:
        return f"the transcript has no '{parts['id']}'"
    rows = entry.get("rows", [])
    if table := parts.get("table"):
        rows = next((t["rows"] for t in entry.get("extra_tables", []) if t["name"] == table), [])
    row: dict[str, Any] = {}
    if number := parts["row"]:
        if int(number) > len(rows):
            return f"'{parts['id']}' has no row {number}"
        row = rows[int(number) - 1]
    # A row is quoted by its values, with their keys, or as name: figure.
    values = {key: _flat(value) for key, value in row.items()}
    shown = [*values.values(), *(f"{key} {value}" for key, value in values.items())]
    shown += [f"{a}: {b}" for a in values.values() for b in values.values()]
    shown = [_fold(text) for text in shown]
    passages = [_fold(e["quote"]) for e in (entry, *entry.get("evidence", [])) if e.get("quote")]
    rest = _parts(quote)
    while rest and not any(_is_in(" | ".join(rest), text) for text in passages):
        if not any(_is_in(rest[0], text) for text in shown):
            return f"'{rest[0]}' does not stand there"
        rest = rest[1:]
    return ""


_RULES: tuple[tuple[re.Pattern[str], Callable[[_Document, re.Match[str], str], str]], ...] = (
    (re.compile(r"(?:(?P<where>.+), )?characters (?P<start>\d+)-(?P<end>\d+)"), _span),
    (
        re.compile(r"ledger edition (?P<id>.+?)(?:, table (?P<table>.+))?, row (?P<row>\d+)"),
        _transcript_row,
    ),
    (re.compile(r"set (?P<id>.+?)(?:, row (?P<row>\d+))?"), _transcript_row),
    (re.compile(r"(?:sum of (?P<of>.+?) in )?rows (?:to|of) \d+.* in \w+"), _counted),
    (re.compile(r"line (?P<line>\d+)(?:, column (?P<column>.+))?"), _line),
    (re.compile(r"(?P<sheet>.+)!(?P<column>[A-Z]{1,3})(?P<row>\d+)"), _sheet_cell),
    (re.compile(r".+"), _table_row),
)


# ---------------------------------------------------------------- texts


def _parts(quote: str) -> list[str]:
    """Parts of a quote; an empty last one is an empty cell."""
    return [part.strip() for part in re.split(r" \|(?: |$)", _fold(quote))]


def _fold(text: str) -> str:
    return " ".join(text.split())


def _flat(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _shows(part: str, cell: str) -> bool:
    """Whether a part of a quote is what a cell has, if only its beginning."""
    if part.endswith("…") and part != cell:
        return cell.startswith(part[:-1].rstrip())
    return part in ((cell,) if cell else ("", BLANK))


def _is_in_some(part: str, texts: Iterable[str]) -> bool:
    """Whether a part stands in one of the texts, or each of its words does."""
    texts = list(texts)
    return any(_is_in(part, text) for text in texts) or (
        " " in part and all(any(_is_in(word, text) for text in texts) for word in part.split())
    )


def _is_in(part: str, text: str) -> bool:
    """Whether a part stands in a text as a whole: 6 does not in 26, nor 400 in 2.400."""
    if part.endswith("…") and part != text:
        return part[:-1].rstrip() in text
    start = text.find(part) if part else -1
    while start >= 0:
        before, after = text[:start], text[start + len(part) :]
        if not (
            (part[0].isdigit() and re.search(r"\d[.,]?$", before))
            or (part[-1].isdigit() and re.match(r"[.,]?\d", after))
        ):
            return True
        start = text.find(part, start + 1)
    return False


def _fields(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """The values in a JSON record, by their dotted names; those of a list as one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        inner = [text for item in value for _, text in _fields(item, "")]
        yield name, json_data.LIST_SEPARATOR.join(inner)
    else:
        yield name, json_values.text(value)


def _has(ordered: Sequence[str], text: str) -> bool:
    i = bisect_left(ordered, text)
    return i < len(ordered) and ordered[i] == text


def _column(letters: str) -> int:
    """Number of a spreadsheet's column, from 0."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1
