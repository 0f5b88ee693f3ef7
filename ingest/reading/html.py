"""HTML pages: tables as a browser lays them out, and the prose, without marks and hidden text.

Nothing is fetched and no script is run. Tables are counted in the order in which their tags
begin, nested, empty and hidden ones too, so that ``table 3`` can be found again by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import lxml.html
from cssselect import SelectorError
from lxml import etree

from ingest.reading import encodings
from ingest.reading.content import Content, Passage, Position, ReadingError, Table, fold
from ingest.reading.marks import superscript
from ingest.reading.numerals import numeral

MAX_CELLS = 5_000_000
MAX_SPAN = 1000
"""Columns that a cell may cover, by the HTML standard."""

Element: TypeAlias = Any
"""An lxml.html.HtmlElement, which lxml-stubs do not know."""

_UNPRINTED = {"script", "style", "noscript", "template", "head", "select", "datalist", "svg",
              "math", "object", "iframe", "audio", "video", "canvas", "map", "rp", "rt",
              "textarea"}  # fmt: skip
_BLOCKS = {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd",
           "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
           "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol",
           "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
           "tr", "ul", "html"}  # fmt: skip
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_NAVIGATION = {"nav", "footer", "aside"}
_NAVIGATION_ROLES = {"navigation", "banner", "contentinfo", "search", "menu", "menubar"}
_HIDING_STYLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)
_HIDING_CLASS = re.compile(
    r"(?:^|\s)(?:sortkey|sr-only|visually-?hidden|screen-?reader-(?:text|only)|mw-editsection)(?:\s|$)"
)
_HIDING_NAME = re.compile(r"(?:^|\s)(?:d-none|hidden|is-hidden|u-hidden)(?:\s|$)")
_SHOWN_WHEN_WIDE = re.compile(
    r"(?:^|\s)(?:d-(?:sm|md|lg|xl|xxl)-(?!none)|(?:sm|md|lg|xl):(?!hidden))"
)
_HIDDEN_WHEN_WIDE = re.compile(
    r"(?:^|\s)(?:d-(?:sm|md|lg|xl)-none|(?:sm|md|lg|xl):hidden|visible-xs\S*)(?:\s|$)"
)
_MARK_CLASS = re.compile(
    r"(?:^|\s)(?:reference|noteref|footnote(?:-ref)?|fn-?ref|citation-?ref)(?:\s|$)"
)


def content(data: bytes) -> Content:
    """All tables that hold text, and the prose as one passage of paragraphs.

    Raises:
        ReadingError: undecodable, or a table with more cells than could be read.
    """
    root, notes = parse(data)
    tables: list[Table] = []
    for number, element in enumerate(_all_tables(root), start=1):
        table = _table(element, number)
        if table is None:
            continue
        tables.append(table)
        if any(_hides(outer) for outer in (element, *element.iterancestors())):
            notes += (f"table {number} is hidden until something is clicked",)
    text = _prose(root)
    title = fold(root.findtext(".//title") or "")
    passages = (Passage("", text),) if text else ()
    return Content("html", tuple(tables), passages, title, notes)


def tables_matching(data: bytes, selector: str) -> list[int]:
    """Numbers, from 1, of the tables that a CSS selector picks, or that hold what it picks.

    Raises:
        ReadingError: the selector is not valid CSS, or the page can't be decoded.
    """
    root, _ = parse(data)
    try:
        picked = root.cssselect(selector)
    except SelectorError as error:
        raise ReadingError(f"{selector!r} is not a CSS selector: {error}") from None
    tables = {element: number for number, element in enumerate(_all_tables(root), start=1)}
    found: list[int] = []
    for element in picked:
        inside = (
            [element] if element in tables else [e for e in element.iter("table") if e in tables]
        )
        around = [outer for outer in element.iterancestors("table") if outer in tables][:1]
        found += [tables[table] for table in inside or around]
    return sorted(set(found))


def parse(data: bytes) -> tuple[Element, tuple[str, ...]]:
    text, notes = encodings.decode_page(data, _declared(data))
    parser = lxml.html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise ReadingError(f"the page has no content ({fold(str(error))})") from None
    # It goes on past every other error, but after these it drops the rest of the page.
    for entry in parser.error_log:
        if entry.level == etree.ErrorLevels.FATAL and "LIMIT" in entry.type_name:
            raise ReadingError(f"line {entry.line}: {fold(entry.message).split(',')[0]}")
    return root, notes


def _declared(data: bytes) -> str | None:
    head = data[:4096]
    found = re.search(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([\w:.-]+)", head, re.IGNORECASE)
    found = found or re.search(rb"<\?xml[^>]*encoding=[\"']([\w.:-]+)", head)
    return found.group(1).decode("ascii", "replace") if found else None


def _all_tables(root: Element) -> list[Element]:
    return list(root.iter("table"))


def _hides(element: Element) -> bool:
    if element.get("hidden") is not None or _HIDING_STYLE.search(element.get("style") or ""):
        return True
    classes = element.get("class")
    if not classes:
        return False
    if _HIDING_CLASS.search(classes):
        return True
    # Class names of the common style sheets. A wide screen is taken for what is printed.
    hides = _HIDING_NAME.search(classes) and not _SHOWN_WHEN_WIDE.search(classes)
    return bool(hides or _HIDDEN_WHEN_WIDE.search(classes))


# Text as printed


def _text(element: Element) -> str:
    """Text of a cell, a caption or a heading in one line; nested tables stand for themselves."""
    return fold(_printed(element))


def _printed(top: Element, *, prose: bool = False) -> str:
    """Text with a line break where a block begins or ends.

    Args:
        prose: leave navigation out too, and keep tables that only place parts of the page.
    """
    out: list[str] = []
    preformatted: list[Element] = []
    walker = etree.iterwalk(top, events=("start", "end"))
    for event, element in walker:
        tag = element.tag
        if event == "end":
            if tag in _BLOCKS:
                out.append("\n")
            if preformatted and preformatted[-1] is element:
                preformatted.pop()
            if element is not top:
                out.append(_line(element.tail, bool(preformatted)))
            continue
        if element is not top:
            if _is_left_out(element, prose):
                walker.skip_subtree()
                continue
            if tag == "sup":
                out.append(superscript(fold(element.text_content()), _before(element)))
                walker.skip_subtree()
                continue
        if tag == "br" or tag in _BLOCKS:
            out.append("\n")
        if tag == "li" and (number := _item_number(element)):
            out.append(number + _JOIN)
        if tag == "input" and element.get("type", "text") in ("text", "number"):
            out.append(element.get("value") or "")
        if tag == "pre":
            preformatted.append(element)
        out.append(_line(element.text, bool(preformatted)))
    return re.sub(rf"{_JOIN}\s*", " ", "".join(out))


_JOIN = "\x01"
"""Keeps a list's number and the first paragraph of its item on one line."""


def _line(text: str | None, preformatted: bool) -> str:
    """A line break in the source is a blank on the page, except where it is preformatted."""
    return (text or "") if preformatted else re.sub(r"\s+", " ", text or "")


def _is_left_out(element: Element, prose: bool) -> bool:
    tag = element.tag
    if tag in _UNPRINTED or _hides(element) or _is_mark(element):
        return True
    if tag == "table":
        return not (_lays_out(element) if prose else _single_cell(element))
    return prose and (tag in _NAVIGATION or element.get("role") in _NAVIGATION_ROLES)


def _is_mark(element: Element) -> bool:
    """Whether an element is a reference to a footnote: ``[1]``, or a raised link to one."""
    tag = element.tag
    links = tag == "a" and (element.get("href") or "").startswith("#")
    marked = _MARK_CLASS.search(element.get("class") or "") is not None
    if not (links or marked or tag == "sup"):
        return False
    text = fold(element.text_content())
    if len(text) > 20:
        return False
    if marked or re.fullmatch(r"(\[[^\[\]]{1,15}\]\s*)+", text):
        return True
    inner = element.iter("a") if tag == "sup" else ()
    return any((link.get("href") or "").startswith("#") for link in inner)


def _before(element: Element) -> str:
    """Text right before an element, within its parent."""
    previous = element.getprevious()
    if previous is None:
        parent = element.getparent()
        return str(parent.text or "") if parent is not None else ""
    return str(previous.tail or previous.text_content())


def _item_number(item: Element) -> str:
    """What an ordered list prints before an item, "3."; empty for other lists."""
    ordered = item.getparent()
    if ordered is None or ordered.tag != "ol":
        return ""
    if "list-style" in (ordered.get("style") or "") and "none" in (ordered.get("style") or ""):
        return ""
    items = [child for child in ordered if child.tag == "li"]
    reverse = ordered.get("reversed") is not None
    number = _whole(ordered.get("start"), len(items) if reverse else 1)
    for other in items:
        number = _whole(other.get("value"), number)
        if other is item:
            break
        number += -1 if reverse else 1
    return f"{numeral(number, ordered.get('type') or '1')}."


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"\s*-?\d{1,9}\s*", text) else default


# Tables


@dataclass(frozen=True)
class _Cell:
    element: Element
    text: str
    heading: bool


def _own(table: Element, *tags: str) -> Iterator[Element]:
    """Elements of a table itself, not of one nested in it."""
    for element in table.iter(*tags):
        outer = next(element.iterancestors("table"), None)
        if outer is table:
            yield element


def _single_cell(table: Element) -> bool:
    return len(list(_own(table, "td", "th"))) <= 1


def _groups(table: Element) -> list[list[list[Element]]]:
    """Cells by row by row group, in the order in which they are shown: head, bodies, foot.

    The first group is the head, and empty if there is none. Rows outside groups, and cells
    outside rows, which browsers take in too, make groups and rows of their own.
    """
    rows: dict[Element, list[Element]] = {}
    loose: Element | None = None  # the first of cells that follow one another outside rows
    for element in _own(table, "tr", "td", "th"):
        if element.tag == "tr":
            rows[element] = []
            loose = None
            continue
        row = next(element.iterancestors("tr", "table"))
        if row.tag == "table":
            loose = row = element if loose is None else loose
            rows.setdefault(row, [])
        if not _hides(element):
            rows[row].append(element)
    heads: list[list[list[Element]]] = []
    bodies: list[list[list[Element]]] = []
    feet: list[list[list[Element]]] = []
    last, kind = None, ""
    for row, cells in rows.items():
        if _hides(row):
            continue
        section = next(row.iterancestors("thead", "tbody", "tfoot", "table"))
        if section is not last:
            # Only the first head is shown on top; others stay where they are.
            kind = section.tag if section.tag != "thead" or not heads else "tbody"
        groups = {"thead": heads, "tfoot": feet}.get(kind, bodies)
        if section is not last:
            groups.append([])
        groups[-1].append(cells)
        last = section
    return [heads[0] if heads else [], *bodies, *feet]


def _table(element: Element, number: int) -> Table | None:
    grid: dict[Position, _Cell] = {}
    merged: dict[Position, Position] = {}
    top = head_rows = 0
    for order, rows in enumerate(_groups(element)):
        for index, row in enumerate(rows):
            column = 0
            for cell in row:
                while (top + index, column) in grid:
                    column += 1
                height = min(_whole(cell.get("rowspan"), 1), 65_534)
                # 0 is to the end of the group; no cell reaches over its group.
                height = (
                    len(rows) - index if height == 0 else max(1, min(height, len(rows) - index))
                )
                width = max(1, min(_whole(cell.get("colspan"), 1), MAX_SPAN))
                if len(grid) + height * width > MAX_CELLS:
                    raise ReadingError(f"table {number} has more than {MAX_CELLS} cells")
                found = _Cell(cell, _text(cell), cell.tag == "th")
                first = (top + index, column)
                for r in range(first[0], first[0] + height):
                    for c in range(column, column + width):
                        if (r, c) in grid:
                            continue
                        grid[r, c] = found
                        if (r, c) != first:
                            merged[r, c] = first
                column += width
        top += len(rows)
        if order == 0:
            head_rows = len(rows)
    if not any(cell.text for cell in grid.values()):
        return None
    width = max(column for _, column in grid) + 1
    # A colspan that only reaches over the edge makes columns in which nothing begins.
    while width > 1 and all(
        (place := (row, width - 1)) not in grid or place in merged for row in range(top)
    ):
        width -= 1
    grid = {place: cell for place, cell in grid.items() if place[1] < width}
    lines = tuple(
        tuple(grid[r, c].text if (r, c) in grid else "" for c in range(width)) for r in range(top)
    )
    return Table(
        f"table {number}",
        lines,
        title=_title(element),
        header_rows=head_rows or _leading_headings(grid, top, width),
        merged={place: first for place, first in merged.items() if place[1] < width},
    )


def _leading_headings(grid: dict[Position, _Cell], height: int, width: int) -> int | None:
    """How many rows at the top have nothing but heading cells; None if none, or all of them."""
    count = 0
    for row in range(height):
        cells = [grid[row, c] for c in range(width) if (row, c) in grid]
        printed = [cell for cell in cells if cell.text]
        if not printed or not all(cell.heading for cell in printed):
            break
        count += 1
    return count if 0 < count < height and width > 1 else None


def _title(table: Element) -> str:
    caption = next(_own(table, "caption"), None)
    if caption is not None and (text := _text(caption)):
        return text
    heading: Element | None = next(
        (e for e in table.iterancestors("figure") for e in e.iter("figcaption")), None
    )
    if heading is None:
        heading = next(iter(table.xpath("preceding::*[self::h1 or self::h2 or self::h3 or self::h4"
                                        " or self::h5 or self::h6][1]")), None)  # fmt: skip
    return _text(heading) if heading is not None else ""


# Prose


def _prose(root: Element) -> str:
    body = root.find("body")
    pieces = _printed(body if body is not None else root, prose=True)
    lines = (fold(line) for line in pieces.split("\n"))
    return "\n".join(line for line in lines if line)


def _lays_out(table: Element) -> bool:
    """Whether a table only places parts of the page: it holds others, or paragraphs of text."""
    if (
        _single_cell(table)
        or next((t for t in table.iter("table") if t is not table), None) is not None
    ):
        return True
    for cell in _own(table, "td"):
        parts = sum(e.tag in ("p", "h1", "h2", "h3", "ol", "ul") for e in cell.iter())
        if parts >= 3 and len(cell.text_content()) > 400:
            return True
    return False
