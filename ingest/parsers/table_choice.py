"""How a card says which table of a document is meant, and which of its columns.

Shared by the parsers that read tables. What does not fit exactly is an error that lists what the
document has, so that the card can be put right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, model_validator

from ingest.cards import Entry, Text
from ingest.facts import ParseError
from ingest.reading import ReadingError, tables_matching
from ingest.reading.content import Content, Table
from ingest.tables.blocks import Block, Line, kinds, overleaf, table_blocks
from ingest.tables.words import fold

SHOWN = 12
ColumnName = int | Text
"""A column by its position from 1, by its heading, or by its path of headings from the top,
``Population > 2023``. White space, capitals and accents make no difference."""
HEADING_JOIN = ">"


class TableChoice(Entry):
    """Which tables are meant. Everything given must hold; nothing given means the only table."""

    sheet: Text | None = None
    page: Annotated[int, Field(ge=1)] | None = None
    pages: tuple[int, int] | None = None
    """The first and the last page of a table that goes on; all that fit there are read as one."""
    title: Text | None = None
    """Stands in the title, whatever its capitals and accents."""
    where: Text | None = None
    """Place of the table, as messages name it: ``table 3``."""
    headings: tuple[Text, ...] = ()
    """Headings that the table has, besides the columns that are read."""
    selector: Text | None = None
    """CSS selector of the table, in HTML."""
    number: Annotated[int, Field(ge=1)] | None = None
    """Of several that fit, which, counted from 1."""
    heading_rows: Annotated[int, Field(ge=0)] | None = None
    """Rows of headings, where that can't be seen from the cells."""

    @model_validator(mode="after")
    def _pages_in_order(self) -> TableChoice:
        if self.pages and not 1 <= self.pages[0] <= self.pages[1]:
            raise ValueError("pages must be the first and the last, counted from 1")
        return self


def choose(content: Content, choice: TableChoice, data: bytes = b"") -> tuple[Table, ...]:
    """The tables that a card means: one, or one that goes on over the pages given.

    Args:
        content: what the document holds.
        choice: the card's words.
        data: the document's bytes, for a CSS selector.

    Raises:
        ParseError: none fits, or several do where one is meant.
    """
    fitting = candidates(content, choice, data)
    if choice.number is not None and len(fitting) >= choice.number:
        fitting = [fitting[choice.number - 1]]
    elif choice.number is not None:
        fitting = []
    if not fitting or (len(fitting) > 1 and choice.pages is None):
        said = choice.model_dump(exclude_none=True, exclude_defaults=True)
        found = fitting if fitting else content.tables
        raise ParseError(
            f"{'no table fits' if not fitting else f'{len(fitting)} tables fit'} "
            f"{said or 'a card that names none'}; "
            f"{'the document has' if not fitting else 'they are'} {listed(found)}"
        )
    return tuple(_with_headings(t, choice) for t in fitting)


def candidates(content: Content, choice: TableChoice, data: bytes = b"") -> list[Table]:
    """The tables that fit, whatever their number."""
    fitting = [t for t in content.tables if _fits(t, choice)]
    if choice.selector:
        chosen = _selected(data, choice.selector)
        fitting = [t for t in fitting if _number(t) in chosen]
    return fitting


def listed(tables: Sequence[Table]) -> str:
    """Tables with their place, size and first words, for a message."""
    shown = []
    for table in tables[:SHOWN]:
        first = next((row for row in table.rows if any(row)), ())
        words = table.title or " | ".join(dict.fromkeys(c for c in first if c))
        size = f"{len(table.rows)}x{len(table.rows[0]) if table.rows else 0}"
        shown.append(f"{table.where} ({size}, {words[:60]})")
    more = f" and {len(tables) - SHOWN} more" if len(tables) > SHOWN else ""
    return "; ".join(shown) + more if shown else "no tables"


def _fits(table: Table, choice: TableChoice) -> bool:
    if choice.page is not None and table.page != choice.page:
        return False
    if choice.pages and not (table.page and choice.pages[0] <= table.page <= choice.pages[1]):
        return False
    if choice.sheet is not None and not table.where.endswith(f"sheet {choice.sheet}"):
        return False
    if choice.where is not None and table.where != choice.where:
        return False
    if choice.title and squeezed(choice.title) not in squeezed(_titles(table)):
        return False
    if choice.headings:
        found = [b for b in table_blocks(_with_headings(table, choice)) if _has(b, choice.headings)]
        return bool(found)
    return True


def _with_headings(table: Table, choice: TableChoice) -> Table:
    return table if choice.heading_rows is None else replace(table, header_rows=choice.heading_rows)


def _has(block: Block, names: Sequence[str]) -> bool:
    return all(_headed(block, name) for name in names)


def _titles(table: Table) -> str:
    """The title, and the single texts that stand above the table inside of it."""
    texts = [table.title]
    for row in table.rows:
        printed = list(dict.fromkeys(c for c in row if c))
        if len(printed) > 2:
            break
        texts += printed
    return " ".join(texts)


def _selected(data: bytes, selector: str) -> set[int]:
    """Numbers, from 1, of the tables of an HTML document that a selector means."""
    try:
        return set(tables_matching(data, selector))
    except ReadingError as error:
        raise ParseError(f"'{selector}' is no selector of this document: {error}") from error


def _number(table: Table) -> int | None:
    found = re.fullmatch(r"table (\d+)", table.where)
    return int(found[1]) if found else None


def squeezed(text: str) -> str:
    """A text to compare headings by: folded, without white space, that wraps as it likes."""
    return re.sub(r"\s+", "", fold(text))


def column_of(block: Block, name: ColumnName) -> int:
    """Position, from 0, of the one column that a card names.

    Raises:
        ParseError: no column, or more than one, has that heading.
    """
    if isinstance(name, int):
        if not 1 <= name <= len(block.headings):
            raise ParseError(f"there is no column {name}: {_columns(block)}")
        return name - 1
    found = _headed(block, name)
    if len(found) != 1:
        number = "no column is" if not found else f"{len(found)} columns are"
        raise ParseError(f"{number} headed '{name}': {_columns(block)}")
    return found[0]


def _headed(block: Block, name: str) -> list[int]:
    """Columns under a heading: those that have it as a whole, else as a part, else inside."""
    wanted = tuple(map(squeezed, name.split(HEADING_JOIN)))
    paths = [tuple(map(squeezed, path)) for path in block.headings]
    for fits in (_whole, _part, _inside):
        found = [c for c, path in enumerate(paths) if fits(path, wanted)]
        if found:
            return found
    return []


def _whole(path: tuple[str, ...], name: tuple[str, ...]) -> bool:
    return path == name or (len(name) == 1 and "".join(path) == name[0])


def _part(path: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether a heading of the path, or several that follow one another, is the name."""
    if len(name) > 1:
        rest = iter(path)
        return all(any(n == p for p in rest) for n in name)
    n = len(path)
    return name[0] in {"".join(path[i:j]) for i in range(n) for j in range(i + 1, n + 1)}


def _inside(path: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether each name stands in the path, as one of two languages or without its unit."""
    return all(n in "".join(path) for n in name)


def _columns(block: Block) -> str:
    paths = (f" {HEADING_JOIN} ".join(path) or "-" for path in block.headings)
    shown = [f"{i} {path}" for i, path in enumerate(paths, 1)]
    return f"the columns of {block.lines[0].table.where} are {'; '.join(shown)}"


@dataclass(frozen=True)
class ChosenLines:
    """Rows of one block with the positions of the columns that the card names."""

    block: Block
    columns: dict[str, int]

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.block.lines


def chosen_lines(
    tables: Sequence[Table], names: dict[str, ColumnName], also: Sequence[str] = ()
) -> list[ChosenLines]:
    """Rows of the chosen tables, block by block, with the named columns found in each.

    Blocks stand side by side or on the next page. One that lacks the headings, or has them
    garbled, goes on with the columns of the one before where it holds numbers and texts in the
    same columns; else it is no part of the table.

    Args:
        tables: from :func:`choose`.
        names: the columns that are read, by any key.
        also: headings that must be there besides.

    Raises:
        ParseError: no block has the named columns.
    """
    found: list[ChosenLines] = []
    wrong: ParseError | None = None
    for block in (b for table in tables for b in table_blocks(table)):
        if _has(block, also) or not any(block.headings):
            try:
                columns = {k: column_of(block, n) for k, n in names.items()}
                found.append(ChosenLines(block, columns))
                continue
            except ParseError as error:
                wrong = wrong or error
        if found and kinds(found[-1].block) == kinds(block):
            found.append(ChosenLines(block, found[-1].columns))
        elif found and (rest := overleaf([f.block for f in found], block)):
            found.append(ChosenLines(rest, found[-1].columns))
    if not found:
        raise wrong or ParseError(f"no row with a number stands in {listed(tables)}")
    return found
