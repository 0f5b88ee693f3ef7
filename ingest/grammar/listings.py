"""Rankings laid out in a text: numbered lists, small tables of white space, rows of bars."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ingest.grammar import numerals
from ingest.grammar.phrases import resolve
from ingest.grammar.quantities import Quantity, read_quantity
from ingest.grammar.ranks import read_rank
from ingest.grammar.statements import Direction, Entry, Refusal, Statement
from ingest.grammar.tokens import Name, Token, Tokens


@dataclass
class _Row:
    rank: int
    names: list[Name]
    score: Quantity | None
    start: int
    end: int
    tied: bool = False


_LABEL = re.compile(
    r"(?:(?<=^)|(?<=\n)|(?<=[\s,;，；、。]))(?:"
    r"\((?P<round>\d{1,4})\)|(?P<tie>T-?|=)?(?P<dot>\d{1,4})(?P<tie2>=)?(?:[.)．]|、|"
    r"[:：])(?=\s?[^\d\s])"
    r"|(?:No\.?|Nr\.?|#|TOP) ?(?P<no>\d{1,4}) ?[.:：]?(?=\s?[^\d\s])"
    r"|第(?P<zh>\d{1,4}|[一二三四五六七八九十]{1,3})(?:名|位) ?[:：])[ \t]*"
)
_ITEM_END = re.compile(r"\n|…|\.\.\.|[;；。]|[,，、]\s*$")


def read_listings(text: str, reader: Tokens) -> Iterator[Statement | Refusal]:
    """Rankings that the layout of a text gives, with their places."""
    numbered = list(_numbered(text, reader))
    yield from numbered
    for table in _tables(text, reader):
        if not any(n.start < table.end and table.start < n.end for n in numbered):
            yield table
    yield from _bars(text, reader)


# --- numbered lists ---------------------------------------------------------------------------


def _numbered(text: str, reader: Tokens) -> Iterator[Statement | Refusal]:
    rows: list[_Row] = []
    labels = list(_LABEL.finditer(reader.text))
    for number, label in enumerate(labels):
        stop = labels[number + 1].start() if number + 1 < len(labels) else len(text)
        end = _ITEM_END.search(reader.text, label.end(), min(stop, label.end() + 200))
        item_end = end.start() if end else min(stop, label.end() + 200)
        row = _item(label, label.end(), item_end, reader)
        if rows and (row is None or not _goes_on(rows, row, reader.text)):
            yield from _listing(text, rows)
            rows = []
        if row is not None:
            rows.append(row)
    yield from _listing(text, rows)


def _item(label: re.Match[str], start: int, end: int, reader: Tokens) -> _Row | None:
    """``name [, score]`` behind a label, or nothing where the item says anything else."""
    rank = label["round"] or label["dot"] or label["no"] or label["zh"]
    number = int(rank) if rank.isdigit() else int(numerals.cjk_value(rank))
    tokens = [t for t in reader.read(start, end) if t.code]
    if len(tokens) == 1 and tokens[0].code == "u" and 2 <= len(str(tokens[0].data)) <= 8:
        tokens[0].code = "n"
        tokens[0].data = Name(
            str(tokens[0].data),
            tokens[0].start,
            tokens[0].end,
            reader.known(str(tokens[0].data)) if reader.is_name else None,
        )
    else:
        tokens = _first_as_name(resolve(tokens, reader), reader)
    while tokens and tokens[-1].code in "c.;a":
        tokens.pop()
    codes = "".join(t.code for t in tokens)
    match = re.fullmatch(r"(n(?:cn)*)(b*)([ckpw]{0,2}q)?(b*)", codes)
    if match is None or number < 1:
        return None
    names: list[Name] = [t.data for t in tokens if t.code == "n"]
    scores = [t.data for t in tokens if t.code == "q"]
    inside = [t for t in tokens if t.code == "b"]
    tied = bool(label["tie"] or label["tie2"]) or any(
        re.fullmatch(r"\s*(?:tied?|=|并列|並列|seri)\s*", t.data.text) for t in inside
    )
    if len(names) > 1 and not tied:
        return None
    if not scores and len(inside) == 1:
        numbers = [t.data for t in inside[0].data.tokens if t.code == "q"]
        scores = numbers if len(numbers) == 1 else []
    return _Row(number, names, scores[0] if scores else None, label.start(), tokens[-1].end, tied)


def _first_as_name(tokens: list[Token], reader: Tokens) -> list[Token]:
    """In a list item the first run of Chinese characters is the name."""
    if tokens and tokens[0].code == "w" and tokens[0].data is None:
        text = reader.text[tokens[0].start : tokens[0].end]
        if re.fullmatch(r"[㐀-鿿]{2,8}", text):
            known = reader.known(text) if reader.is_name else None
            name = Name(text, tokens[0].start, tokens[0].end, known)
            return [Token("n", tokens[0].start, tokens[0].end, name), *tokens[1:]]
    return tokens


def _goes_on(rows: list[_Row], row: _Row, text: str) -> bool:
    """Whether a label continues the list: the next number, the same one, or one after ties."""
    last = rows[-1]
    between = text[last.end : row.start]
    if between.count("\n\n") or len(between) > 80:
        return False
    gap = "..." in between or "…" in between
    same = sum(len(r.names) for r in rows if r.rank == last.rank)
    step = row.rank - last.rank
    down = len(rows) > 1 and rows[-1].rank < rows[-2].rank
    if down or (len(rows) == 1 and step == -1):
        return step in (-1, 0)
    return step in (0, 1, same) or (gap and step > 0)


def _listing(text: str, rows: list[_Row]) -> Iterator[Statement | Refusal]:
    if len(rows) < 2:
        return
    ranks = [r.rank for r in rows]
    counts = {rank: sum(len(r.names) for r in rows if r.rank == rank) for rank in ranks}
    entries = tuple(
        Entry(
            n.text,
            r.rank,
            r.rank,
            r.tied or counts[r.rank] > 1,
            True,
            r.score,
            None,
            n.start,
            n.end,
            n.known,
        )
        for r in rows
        for n in r.names
    )
    start, end = rows[0].start, rows[-1].end
    scored = [(r.rank, r.score.value) for r in rows if r.score is not None]
    direction, fits = direction_of(scored)
    sure = 0.9 if fits and all(step >= 0 for step in _steps(ranks)) else 0.6
    known = [e.known for e in entries]
    if not scored and not any(known):
        sure = min(sure, 0.5)  # headings are numbered, too
    if all(k is False for k in known):
        sure *= 0.4
    yield Statement(
        "ranking",
        entries,
        start,
        end,
        text[start:end],
        round(sure, 2),
        "a numbered list" + ("" if fits else "; its scores don't fit its order"),
        direction=direction,
    )


def _steps(numbers: list[int]) -> list[int]:
    return [b - a for a, b in itertools.pairwise(numbers)]


def direction_of(scored: list[tuple[int, Decimal]]) -> tuple[Direction | None, bool]:
    """Direction of scores over ranks, and whether they fit one at all."""
    scores = [score for _, score in sorted(scored, key=lambda pair: pair[0])]
    if len(set(scores)) < 2:
        return None, True
    if scores == sorted(scores, reverse=True):
        return "higher_is_better", True
    if scores == sorted(scores):
        return "lower_is_better", True
    return None, False


# --- tables of white space ----------------------------------------------------------------------

_ROW = re.compile(
    r"(?P<rank>T-?\d{1,4}|=?\d{1,4}=?)[.)]?[ \t]{1,20}(?P<name>[^\d\s|][^\d\n|]{0,60}?)"
    r"(?P<values>(?:[ \t]{1,20}[+\-−]?\d[\d.,]{0,20}%?){0,30})$"
)
_ROW_BEGIN = tuple("0123456789=T")
_names_a_place = re.compile(r"[A-ZÀ-Þ][\w'’.\- ]{1,40}$|[㐀-鿿·—-]{2,12}$").match
_TOTAL = re.compile(r"total|score|index|overall|skor|nilai|gesamt|punkte|总分|得分|综合|分值", re.I)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1


def _tables(text: str, reader: Tokens) -> Iterator[Statement | Refusal]:
    block: list[tuple[int, re.Match[str]]] = []
    header = previous = ""
    for at, line in [*_lines(reader.text.replace("|", " ")), (len(text), "")]:
        if line and not line.strip("-=:+ \t"):
            continue  # a rule between heading and rows
        strip = line.strip()
        row = _ROW.match(strip) if len(line) < 300 and strip[:1] in _ROW_BEGIN else None
        at += len(line) - len(line.lstrip())
        same = (
            row is not None
            and block
            and (len(row["values"].split()) == len(block[-1][1]["values"].split()))
        )
        if block and not same:
            yield from _table(text, reader, header, block)
            block = []
        if row is not None:
            if not block:
                header = previous
            block.append((at, row))
        previous = line


def _table(
    text: str, reader: Tokens, header: str, block: list[tuple[int, re.Match[str]]]
) -> Iterator[Statement | Refusal]:
    columns = len(block[0][1]["values"].split())
    names = [reader.text[at + row.start("name") : at + row.end("name")] for at, row in block]
    if len(block) < (2 if columns else 3) or not all(map(_names_a_place, names)):
        return
    try:
        printed = [read_rank(row["rank"]) for _, row in block]
    except ValueError:
        return
    ranks = [rank.rank_from for rank in printed]
    if not _are_ranks(ranks):
        return
    titles = header.split()
    column = 0 if columns == 1 else None
    if columns > 1 and len(titles) >= columns:
        totals = [i for i, t in enumerate(titles[-columns:]) if _TOTAL.search(t)]
        column = totals[0] if len(totals) == 1 else None
    entries: list[Entry] = []
    for (at, row), rank in zip(block, printed, strict=True):
        value = None
        if column is not None:
            try:
                value = read_quantity(row["values"].split()[column], reader.decimal)
            except ValueError:
                value = None
        name = row["name"].strip()
        start = at + row.start("name")
        known = reader.known(name) if reader.is_name else None
        entries.append(
            Entry(
                name,
                rank.rank_from,
                rank.rank_to,
                rank.tied,
                True,
                value,
                None,
                start,
                start + len(name),
                known,
            )
        )
    start, end = block[0][0] + block[0][1].start("rank"), block[-1][0] + block[-1][1].end()
    quote = text[start:end]
    ties = {r for r in ranks if ranks.count(r) > 1}
    entries = [Entry(**{**e.__dict__, "tied": e.tied or e.rank_from in ties}) for e in entries]
    scored = [(e.rank_from or 0, e.score.value) for e in entries if e.score is not None]
    direction, fits = direction_of(scored)
    why = "" if column is not None or not columns else "; which column is the score isn't known"
    yield Statement(
        "ranking",
        tuple(entries),
        start,
        end,
        quote,
        0.85 if fits else 0.6,
        f"rows of a table{why}",
        direction=direction,
    )


def _are_ranks(numbers: list[int]) -> bool:
    """Whether numbers go on as ranks do: by one, or by as many as were tied before."""
    if all(1900 <= number <= 2100 for number in numbers):
        return False
    return all(b - a in (0, 1, numbers.count(a)) for a, b in itertools.pairwise(numbers))


# --- rows of bars -------------------------------------------------------------------------------

_SENTINELS = {Decimal(f"-{n}") for n in (1, 9, 99, 999, 9999)}


def _bars(text: str, reader: Tokens) -> Iterator[Statement | Refusal]:
    """Rows such as ``|237|name|30.1|-1.00|``: a lone -1 among figures is no figure."""
    for at, line in _lines(reader.text):
        if line.count("|") < 3 or len(line) > 2000:
            continue
        cells: list[tuple[int, str]] = []
        place = at
        for cell in line.split("|"):
            stripped = cell.strip()
            if stripped:
                cells.append((place + cell.index(stripped), stripped))
            place += len(cell) + 1
        numbers: list[tuple[int, str, Decimal]] = []
        names: list[tuple[int, str]] = []
        for start, cell in cells:
            try:
                numbers.append((start, cell, read_quantity(cell, reader.decimal).value))
            except ValueError:
                if re.search(r"[^\W\d_]", cell):
                    names.append((start, cell))
        negative = [n for n in numbers if n[2] < 0]
        if len(numbers) < 4 or len(names) != 1 or not negative:
            continue
        if all(n[2] in _SENTINELS for n in negative) and len({n[2] for n in negative}) == 1:
            start, name = names[0]
            known = reader.known(name) if reader.is_name else None
            entry = Entry(
                name,
                missing=f"sentinel {negative[0][1]}",
                start=start,
                end=start + len(name),
                known=known,
            )
            begin, end = cells[0][0], cells[-1][0] + len(cells[-1][1])
            yield Statement(
                "withheld",
                (entry,),
                begin,
                end,
                text[begin:end],
                0.7,
                f"{negative[0][1]} among figures that are all positive stands for a missing one",
            )
