"""Text files: delimited tables in any encoding, Markdown tables, and running text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from ingest.reading import encodings
from ingest.reading.content import Content, Passage, ReadingError, Table, fold

MAX_FIELD = 1_000_000
_SAMPLE = 100_000
_DELIMITERS = ("\t", ";", "|", ",")
_OUTSIDE = 20
"""Lines of preamble or of notes that may stand before and after a delimited table."""


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    quoted: bool = True
    skip: int = 0
    """Lines before the table that say how to read it: ``sep=;``."""


def content(data: bytes, name: str = "") -> Content:
    """A CSV file is ``table 1``; a text is one passage, its Markdown tables are tables.

    The passage keeps the offsets of the decoded file (with ``\\n`` as line end), but a line that
    was only wrapped ends with a blank.

    Raises:
        ReadingError: no encoding fits, or the file can't be split into fields.
    """
    text, encoding, guessed = encodings.decode(data)
    notes = encodings.note(encoding, guessed)
    dialect = sniff(text)
    if dialect is None and name.lower().endswith((".csv", ".tsv")) and text.strip():
        dialect = Dialect("\t" if name.lower().endswith(".tsv") else ",")
    if dialect is None:
        text = re.sub("\r\n?", "\n", text)
        passages = (Passage("", unwrap(text)),) if text.strip() else ()
        tables = markdown_tables(text) or aligned_tables(text)
        return Content("text", tables, passages, _heading(text), notes)
    rows = split(text, dialect)
    usual = Counter(len(row) for row in rows if any(row)).most_common(1)[0][0] if rows else 0
    for number, row in enumerate(rows, start=1):
        if any(row[usual:]) and len(notes) < 10:
            notes += (f"row {number} has {len(row)} fields where most have {usual}",)
    table = Table("table 1", pad(rows), title=lone_title(rows))
    return Content("csv", (table,), (), table.title, notes)


def sniff(text: str) -> Dialect | None:
    """How a text is delimited, told by whole columns; None for one that isn't a table.

    The delimiter is the one at which most lines have equally many fields. When two agree as
    well, tabs win, commas between digits are taken for decimal or thousands marks, and then more
    columns win.
    """
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    told = re.match(r"sep=(.)\r?\n", sample)
    if told:
        return Dialect(told.group(1), skip=1)
    if "\n" not in sample.strip() and "\r" not in sample.strip():
        return None
    fitting: list[tuple[float, int, Dialect]] = []
    misquoted: list[Dialect] = []
    for delimiter in _DELIMITERS:
        if delimiter not in sample or (delimiter == "|" and _MARKDOWN_RULE.search(sample)):
            continue
        regular, quoted = _quoting(sample, delimiter, cut=len(text) > len(sample))
        dialect = Dialect(delimiter, quoted)
        share, width = _agreement(split(sample, dialect), delimiter)
        if width:
            fitting.append((share, width, dialect))
            misquoted += [dialect] * (not regular)
    # Quotation marks that don't end where a field does are most likely those of another one.
    fitting = [fit for fit in fitting if fit[2] not in misquoted] or fitting
    if fitting and fitting[0][2].delimiter == "\t" and fitting[0][0] > 0.95:
        return fitting[0][2]
    if len(fitting) > 1:
        between = len(re.findall(r"\d,\d", sample)) / max(1, sample.count(","))
        if between >= 0.9:
            fitting = [fit for fit in fitting if fit[2].delimiter != ","]
    return max(fitting, key=lambda fit: (round(fit[0], 1), fit[1]))[2] if fitting else None


def _agreement(rows: Sequence[Sequence[str]], delimiter: str) -> tuple[float, int]:
    """Share of the table's lines that have the usual number of fields, and that number.

    0 fields if this isn't a table.
    """
    widths = [len(row) for row in rows if any(row)]
    usual, count = max(
        ((width, n) for width, n in Counter(widths).items() if width > 1),
        key=lambda pair: (pair[1], pair[0]),
        default=(0, 0),
    )
    if count < 2:
        return 0.0, 0
    before = len(list(takewhile(lambda width: width != usual, widths)))
    after = len(list(takewhile(lambda width: width != usual, reversed(widths))))
    if before > _OUTSIDE or after > _OUTSIDE:
        return 0.0, 0
    inside = widths[before : len(widths) - after]
    share = count / len(inside)
    if share < 0.8 or count < 0.3 * len(widths):
        return 0.0, 0
    table = [row for row in rows if len(row) == usual]
    sentences = sum(bool(_SENTENCE_END.search(row[-1])) for row in table)
    spaced = sum(field.startswith(" ") for row in table for field in row[1:])
    # Prose has commas too: its lines end as sentences do, and a blank follows each comma.
    if delimiter in ",;" and sentences > 0.5 * count and spaced > 0.8 * count * (usual - 1):
        return 0.0, 0
    return share, usual


_SENTENCE_END = re.compile(r"[.!?。！？][\"'”’)]*\s*$")


def _quoting(text: str, delimiter: str, cut: bool) -> tuple[bool, bool]:
    """Whether quotation marks stand where they should, and whether they quote at all.

    Where they are part of the text, a stray one would swallow lines.

    Args:
        cut: the text goes on, so it may end within a field.
    """
    if '"' not in text:
        return True, True
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if cut and len(rows) > 5 and "unexpected end" in str(error):
            return True, True
        lenient = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return False, not any("\n" in field for row in lenient for field in row)
    return True, True


def split(text: str, dialect: Dialect) -> list[list[str]]:
    """Rows of raw fields; blank lines are empty rows, those at the end are left out."""
    csv.field_size_limit(MAX_FIELD)
    lines = io.StringIO(text, newline="")
    for _ in range(dialect.skip):
        lines.readline()
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
    )
    try:
        rows = list(reader)
    except csv.Error as error:
        raise ReadingError(f"line {reader.line_num}: {error}") from None
    while rows and not any(field.strip() for field in rows[-1]):
        rows.pop()
    return rows


def pad(rows: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Printed cells, all rows as long as the longest that isn't blank at its end."""
    cells = [[_printed(field) for field in row] for row in rows]
    width = max((len(row) for row in cells), default=0)
    while width > 1 and not any(len(row) == width and row[-1] for row in cells):
        width -= 1
        cells = [row[:width] for row in cells]
    return tuple(tuple(row + [""] * (width - len(row))) for row in cells)


def _printed(field: str) -> str:
    # ="007" is how a CSV file tells a spreadsheet to keep the zeros.
    kept = re.fullmatch(r'="([^"]*)"', field)
    return fold(kept.group(1) if kept else field)


def lone_title(rows: Sequence[Sequence[str]]) -> str:
    """Text of the first row that has any, if it stands alone there and wider rows follow."""
    for number, row in enumerate(rows):
        texts = {fold(cell) for cell in row} - {""}
        if texts:
            wider = any(len({fold(c) for c in other} - {""}) > 1 for other in rows[number + 1 :])
            return texts.pop() if len(texts) == 1 and wider else ""
    return ""


def aligned_tables(text: str) -> tuple[Table, ...]:
    """Tables set in columns by blanks: at least three lines with equally many parts.

    Parts are parted by two blanks or more. A line of dashes under the headings is left out.
    """
    tables: list[Table] = []
    block: list[list[str]] = []
    before = title = ""
    for line in [*text.split("\n"), ""]:
        parts = re.split(r"\s{2,}|\t", line.strip())
        if re.fullmatch(r"[-=+| ]+", line) and block:
            continue
        if len(parts) > 1 and all(parts) and (not block or len(parts) == len(block[0])):
            title = title if block else before
            block.append(parts)
            continue
        if len(block) >= 3:
            tables.append(Table(f"table {len(tables) + 1}", pad(block), title))
        block = [parts] if len(parts) > 1 and all(parts) else []
        title = before
        before = fold(line) or before
    return tuple(tables)


_MARKDOWN_RULE = re.compile(
    r"^[ ]{0,3}\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$", re.M
)


def markdown_tables(text: str) -> tuple[Table, ...]:
    """Pipe tables: a line of headings, a rule of dashes, and the lines with pipes after it."""
    tables: list[Table] = []
    lines = text.split("\n")
    heading = ""
    for number, line in enumerate(lines):
        if line.startswith("#"):
            heading = fold(line.strip("# "))
        if number == 0 or "|" not in lines[number - 1] or not _MARKDOWN_RULE.match(line):
            continue
        body = takewhile(lambda row: "|" in row and row.strip(), lines[number + 1 :])
        rows = [_pipes(row) for row in (lines[number - 1], *body)]
        tables.append(Table(f"table {len(tables) + 1}", pad(rows), heading, header_rows=1))
    return tuple(tables)


def _pipes(line: str) -> list[str]:
    line = re.sub(r"^\s*\|", "", line.rstrip())
    line = re.sub(r"(?<!\\)\|$", "", line)
    cells = re.split(r"(?<!\\)\|", line)
    return [_plain(cell.replace("\\|", "|")) for cell in cells]


def _plain(cell: str) -> str:
    """Markdown as it prints: links as their text, no marks of emphasis."""
    cell = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", cell)
    return re.sub(r"(\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))", "", cell)


def _heading(text: str) -> str:
    heading = re.search(r"^#+\s+(.+?)\s*#*\s*$", text, re.MULTILINE)
    return fold(heading.group(1)) if heading else ""


def unwrap(text: str) -> str:
    """The text with a blank for each line break that only wraps a paragraph.

    Only where the lines are evidently filled to a width: most of those with another line of
    their paragraph after them are nearly as long as the longest, and don't end a sentence.
    """
    text = text.translate({0x09: " ", 0xA0: " ", 0x3000: " "})
    lines = text.split("\n")
    broken = [
        line.rstrip()
        for line, after in pairwise(lines)
        if line.strip() and after.strip() and not _ITEM.match(after)
    ]
    longest = max((len(line.rstrip()) for line in lines), default=0)
    filled = sum(len(line) >= 0.75 * longest for line in broken)
    ended = sum(bool(_SENTENCE_END.search(line)) for line in broken)
    if (
        len(broken) < 3
        or not 20 <= longest <= 140
        or filled < 0.8 * len(broken)
        or ended > 0.4 * len(broken)
    ):
        return text
    return _WRAPPED.sub(lambda m: "" if m.group(1) else " ", text)


_ITEM = re.compile(r"\s*(?:[-*•·#>|]|\(?\d{1,3}[.)、])")
_CJK = "\u3001-\u30ff\u3400-\u9fff\uff00-\uffef"
_WRAPPED = re.compile(
    rf"(?<=\S)(?:((?<=[{_CJK}])\n(?=[{_CJK}]))|[ ]*\n(?=[ ]*\S)(?!{_ITEM.pattern}))"
)
