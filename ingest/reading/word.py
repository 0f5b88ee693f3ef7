"""Word documents (DOCX): tables, and paragraphs in order with the numbers of their lists."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn

from ingest.reading import zips
from ingest.reading.content import Content, Passage, Position, ReadingError, Table, fold
from ingest.reading.marks import superscript
from ingest.reading.numerals import numeral

MAX_CELLS = 1_000_000
_DAMAGE = (zipfile.BadZipFile, zlib.error, PackageNotFoundError)

Element: TypeAlias = Any
"""An element of python-docx, an lxml one."""

_SKIPPED = {qn("w:del"), qn("w:moveFrom"), qn("w:instrText"), qn("w:rPr"), qn("w:pPr"),
            qn("w:footnoteReference"), qn("w:endnoteReference"), qn("w:commentReference"),
            "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}  # fmt: skip
_P, _R, _T, _TBL, _TR, _TC = (qn(f"w:{tag}") for tag in ("p", "r", "t", "tbl", "tr", "tc"))
_BOX = qn("w:txbxContent")
_VAL = qn("w:val")


def content(data: bytes) -> Content:
    """Tables in the order in which they begin, nested ones too, and the text as one passage.

    Text boxes stand in the passage after the paragraph that they are anchored in. Deleted and
    hidden text, field codes and the marks of notes are not printed, so they are left out.

    Raises:
        ReadingError: damaged or a bomb.
    """
    archive = zips.open_archive(data)
    zips.refuse_declarations(archive)
    try:
        document = docx.Document(io.BytesIO(data))
        body = document.element.body
    except (LookupError, ValueError, AttributeError, SyntaxError, *_DAMAGE) as error:
        raise ReadingError(f"the Word document is damaged ({fold(str(error))})") from None
    reader = _Reader(document)
    reader.blocks(body)
    title = fold(document.core_properties.title or "") if reader.has_properties else ""
    passages = (Passage("", "\n".join(reader.lines)),) if reader.lines else ()
    return Content("docx", tuple(reader.tables), passages, reader.title or title)


class _Reader:
    """Walks a document once, since the number of a list's item depends on those before it."""

    def __init__(self, document: Any) -> None:
        self.tables: list[Table] = []
        self.lines: list[str] = []
        self.title = ""
        self.heading = ""
        self.has_properties = any(
            rel.reltype.endswith("/core-properties") for rel in document.part.package.rels.values()
        )
        self._count = 0
        self._styles = {
            style.style_id: style for style in document.styles if style.style_id is not None
        }
        self._levels = _list_levels(document)
        self._counters: dict[str, dict[int, int]] = {}

    def blocks(self, parent: Element) -> None:
        """Paragraphs and tables of a body, a cell or a text box, into lines and tables."""
        for element in parent:
            if element.tag == _P:
                self.lines += [line for line in self._paragraph(element) if line]
                for box in _boxes(element):
                    self.blocks(box)
            elif element.tag == _TBL:
                self._table(element)
            elif element.tag not in _SKIPPED and element.tag != _R:
                self.blocks(element)  # content controls, inserted text, custom XML

    def _paragraph(self, paragraph: Element) -> list[str]:
        text = "".join(_pieces(paragraph))
        style = self._style_name(paragraph)
        number = self._number(paragraph) if text.strip() else ""
        lines = [fold(line) for line in f"{number} {text}".split("\n")]
        whole = " ".join(line for line in lines if line)
        if style == "Title" and not self.title:
            self.title = whole
        if style.startswith(("Heading", "Title", "Caption", "heading", "caption")) and whole:
            self.heading = whole
            if style.startswith("Heading") and not self.title:
                self.title = whole
        return lines

    def _style_name(self, paragraph: Element) -> str:
        style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        found = self._styles.get(style.get(_VAL)) if style is not None else None
        return (found.name or "") if found is not None else ""

    # Lists

    def _number(self, paragraph: Element) -> str:
        """What the list prints before this paragraph: "3.", "(b)"; "" for bullets and for none."""
        list_id, level = self._list_of(paragraph)
        levels = self._levels.get(list_id)
        if levels is None or level not in levels:
            return ""
        counters = self._counters.setdefault(levels[level].counter, {})
        start = levels[level].start
        counters[level] = counters[level] + 1 if level in counters else start
        for deeper in [other for other in counters if other > level]:
            del counters[deeper]
        text = levels[level].text
        if levels[level].kind in ("bullet", "none"):
            return ""
        for other, form in levels.items():
            sign = f"%{other + 1}"
            if sign in text:
                kind = "decimal" if levels[level].decimal else form.kind
                text = text.replace(sign, numeral(counters.get(other, form.start), kind))
        return text

    def _list_of(self, paragraph: Element) -> tuple[str, int]:
        properties = paragraph.find(qn("w:pPr"))
        number = properties.find(qn("w:numPr")) if properties is not None else None
        style = properties.find(qn("w:pStyle")) if properties is not None else None
        seen = 0
        while number is None and style is not None and seen < 10:
            found = self._styles.get(style.get(_VAL))
            inherited = found.element.find(qn("w:pPr")) if found is not None else None
            number = inherited.find(qn("w:numPr")) if inherited is not None else None
            style = found.element.find(qn("w:basedOn")) if found is not None else None
            seen += 1
        if number is None:
            return "", 0
        list_id, level = number.find(qn("w:numId")), number.find(qn("w:ilvl"))
        return (
            list_id.get(_VAL, "") if list_id is not None else "",
            int(level.get(_VAL, "0")) if level is not None else 0,
        )

    # Tables

    def _table(self, element: Element) -> None:
        self._count += 1
        place = len(self.tables)
        where, title = f"table {self._count}", self.heading
        grid: dict[Position, str] = {}
        merged: dict[Position, Position] = {}
        above: dict[int, Position] = {}  # column: first cell of what is merged down to here
        cell_lines: list[str] = []
        prose: list[str] = []  # tables also frame running text
        row = head_rows = 0
        for line in _within(element, _TR):
            if line.find(f"{qn('w:trPr')}/{qn('w:del')}") is not None:
                continue
            column = int(_value(line, "w:trPr/w:gridBefore", "0"))
            for cell in _within(line, _TC):
                width = max(1, min(int(_value(cell, "w:tcPr/w:gridSpan", "1")), 1000))
                merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
                first = (row, column)
                if merge is not None and merge.get(_VAL) != "restart" and column in above:
                    first = above[column]
                    text = grid[first]
                else:
                    cell_lines = self._cell(cell)
                    text = fold(" ".join(cell_lines))
                    if sum(map(len, cell_lines)) > 400 and len(cell_lines) > 2:
                        prose += cell_lines
                for covered in range(column, column + width):
                    grid[row, covered] = text
                    if (row, covered) != first:
                        merged[row, covered] = first
                    if merge is None:
                        above.pop(covered, None)
                    else:
                        above[covered] = first
                column += width
                if len(grid) > MAX_CELLS:
                    raise ReadingError(f"{where} has more than {MAX_CELLS} cells")
            header = line.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}")
            repeats = header is not None and header.get(_VAL) not in ("0", "false", "off")
            head_rows += repeats and head_rows == row
            row += 1
        if not any(grid.values()):
            return
        self.lines += prose or (cell_lines if len(grid) == 1 else [])
        width = max(column for _, column in grid) + 1
        rows = tuple(tuple(grid.get((r, c), "") for c in range(width)) for r in range(row))
        table = Table(where, rows, title, head_rows if 0 < head_rows < row else None, merged=merged)
        self.tables.insert(place, table)

    def _cell(self, cell: Element) -> list[str]:
        """Paragraphs of a cell; a table in it is one of its own."""
        outside, heading, self.lines = self.lines, self.heading, []
        self.blocks(cell)
        inside, self.lines, self.heading = self.lines, outside, heading
        return inside


@dataclass(frozen=True)
class _Level:
    """How a list numbers the items of one level."""

    counter: str
    """Lists with the same counter go on counting where the other left off."""
    start: int
    kind: str
    text: str
    """``%1.`` prints the number of level 1 and a point."""
    decimal: bool
    """Whether numbers of other levels are printed in digits too, whatever their kind."""


def _list_levels(document: Any) -> dict[str, dict[int, _Level]]:
    """Levels of each list of the document, by its id and the depth, from 0."""
    relations = document.part.rels.values()
    parts = [rel.target_part for rel in relations if rel.reltype.endswith("/numbering")]
    root = getattr(parts[0], "element", None) if parts else None
    if root is None:
        return {}
    abstract = {node.get(qn("w:abstractNumId")): node for node in root.findall(qn("w:abstractNum"))}
    lists: dict[str, dict[int, _Level]] = {}
    for node in root.findall(qn("w:num")):
        list_id, link = node.get(qn("w:numId")), node.find(qn("w:abstractNumId"))
        base = abstract.get(link.get(_VAL)) if link is not None else None
        if base is None:
            continue
        starts = {
            int(override.get(qn("w:ilvl"), "0")): int(start.get(_VAL, "1"))
            for override in node.findall(qn("w:lvlOverride"))
            if (start := override.find(qn("w:startOverride"))) is not None
        }
        counter = f"list {list_id}" if starts else f"kind {link.get(_VAL)}"
        levels: dict[int, _Level] = {}
        for level in base.findall(qn("w:lvl")):
            depth = int(level.get(qn("w:ilvl"), "0"))
            start = int(_value(level, "w:start", "1"))
            levels[depth] = _Level(
                counter,
                starts.get(depth, start),
                _value(level, "w:numFmt", "decimal"),
                _value(level, "w:lvlText", ""),
                level.find(qn("w:isLgl")) is not None,
            )
        lists[list_id] = levels
    return lists


def _value(element: Element, path: str, default: str) -> str:
    """The value of a child, or of a grandchild by ``w:trPr/w:gridBefore``."""
    found = element.find("/".join(qn(step) for step in path.split("/")))
    return default if found is None else str(found.get(_VAL, default))


def _within(element: Element, tag: str) -> Iterator[Element]:
    """Rows of a table, or cells of a row, also in content controls; not those of nested tables."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _within(child, tag)


_WRAPPERS = {qn(f"w:{tag}") for tag in ("sdt", "sdtContent", "ins", "moveTo", "customXml")}


def _pieces(element: Element) -> Iterator[str]:
    """Text of a paragraph, without that of its text boxes."""
    for child in element:
        tag = child.tag
        if tag in _SKIPPED or tag == _BOX:
            continue
        if tag == _R:
            yield _run(child, element)
        elif tag == _MATH_TEXT:
            yield child.text or ""
        else:
            yield from _pieces(child)


_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"


def _run(run: Element, parent: Element) -> str:
    hidden = run.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    if hidden is not None and hidden.get(_VAL) not in ("0", "false", "off"):
        return ""
    text = ""
    for child in run:
        if child.tag == _T:
            text += child.text or ""
        elif child.tag in (qn("w:tab"), qn("w:ptab")):
            text += " "
        elif child.tag in (qn("w:br"), qn("w:cr")):
            text += "\n"
        elif child.tag == qn("w:noBreakHyphen"):
            text += "-"
    if _value(run, "w:rPr/w:vertAlign", "") == "superscript":
        before = run.getprevious()
        return superscript(fold(text), "".join(before.itertext(_T)) if before is not None else "")
    return text


def _boxes(element: Element) -> Iterator[Element]:
    """Text boxes of a paragraph; the copy of each that is kept for old programs is left out."""
    for child in element:
        if child.tag == _BOX:
            yield child
        elif child.tag not in _SKIPPED:
            yield from _boxes(child)
