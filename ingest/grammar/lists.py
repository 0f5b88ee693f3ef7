"""Enumerations of names and of values: ``A, B and C``, A、B和C, ``1,0000, 0,7449, dan 0,6266``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ingest.grammar.numerals import fold
from ingest.grammar.quantities import Quantity, decimal_sign, missing_reason, read_quantity

IsName = Callable[[str], bool]
LONGEST = 5000

AND_WORDS = ("and", "dan", "serta", "und", "sowie", "et", "ainsi que", "as well as", r"bzw\.")
CJK_AND = "和与與及"
_AND = re.compile(rf"[\s,、，;；]+(?:{'|'.join(AND_WORDS)}|&)\s+|以及|\s+&\s+", re.IGNORECASE)
_COMMA = re.compile(r"\s*(?:[,、，;；]\s*[.。·]?\s*(?=\S)|[.。]\s*,\s*|\s/\s)\s*")
_RESPECTIVELY = re.compile(
    r"^\s*(?:respectively|masing-masing|berturut-turut|jeweils|bzw\.|respectivement|分别[为是]?|"
    r"分別[為是]?)[\s:：,，]*|[\s,，]*(?:respectively|masing-masing|respectivement|"
    r"jeweils)[\s.。]*$",
    re.IGNORECASE,
)
_GLOSS = re.compile(r"\s*[(（\[【]([^()（）\[\]【】]{0,60})[)）\]】]")
_CJK = re.compile(r"[㐀-鿿]")
T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """A name of a list as printed, with what stands in brackets behind or inside it."""

    name: str
    start: int
    end: int
    notes: tuple[str, ...] = ()


class UnequalLists(ValueError):
    """Names and values whose counts differ; carries both lists."""

    def __init__(self, names: Sequence[str], values: Sequence[str]) -> None:
        super().__init__(
            f"{len(names)} names {list(names)} but {len(values)} values {list(values)}"
        )
        self.names = tuple(names)
        self.values = tuple(values)


def split_names(text: str, is_name: IsName | None = None) -> list[Item]:
    """The names of an enumeration, in any of the languages.

    A name that holds a comma or an "and" itself is kept whole when ``is_name`` knows it.
    Brackets don't separate; what they hold is given as notes, and a gloss inside a name
    (京(jīng)市) is taken out of it.

    Raises:
        ValueError: an item of the enumeration is empty, or the text is too long to be one.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a list of {len(text)} characters")
    pieces = _pieces(text)
    items: list[Item] = []
    at = 0
    while at < len(pieces):
        last = at
        if is_name is not None:
            for end in range(min(len(pieces), at + 4) - 1, at, -1):
                if is_name(text[pieces[at][0] : pieces[end][1]].strip()):
                    last = end
                    break
        start, end = pieces[at][0], pieces[last][1]
        items.extend(
            _split_cjk(text, start, end, is_name) if last == at else [_item(text, start, end)]
        )
        at = last + 1
    if any(not item.name for item in items):
        raise ValueError(f"an item of '{text[:80]}' is empty")
    return items


def _pieces(text: str) -> list[tuple[int, int]]:
    """Spans between separators that stand outside brackets."""
    outside = _GLOSS.sub(lambda m: "\ue000" * len(m.group()), text)
    cuts: list[tuple[int, int]] = []
    at = 0
    while at < len(outside):
        found = _AND.match(outside, at) or _COMMA.match(outside, at)
        if found and found.end() > at:
            more = _AND.match(outside, found.end() - 1)
            end = more.end() if more else found.end()
            cuts.append((at, end))
            at = end
        else:
            at += 1
    spans: list[tuple[int, int]] = []
    begin = 0
    for start, end in [*cuts, (len(text), len(text))]:
        if text[begin:start].strip():
            spans.append((begin, start))
        begin = end
    return spans


def _split_cjk(text: str, start: int, end: int, is_name: IsName | None) -> list[Item]:
    """Split at 和, but not inside a name: 呼和浩特 has one character before it."""
    piece = text[start:end]
    if is_name is not None and is_name(piece.strip()):
        return [_item(text, start, end)]
    for at in range(1, len(piece) - 1):
        if piece[at] in CJK_AND:
            left, right = piece[:at].strip(), piece[at + 1 :].strip()
            whole = all(len(side) >= 2 or side.isascii() for side in (left, right))
            known = is_name is None or is_name(left) or is_name(right)
            if left and right and whole and known:
                return [
                    _item(text, start, start + at),
                    *_split_cjk(text, start + at + 1, end, is_name),
                ]
    return [_item(text, start, end)]


def _item(text: str, start: int, end: int) -> Item:
    while start < end and text[start] in " \t\n\u00a0\u3000":
        start += 1
    while end > start and text[end - 1] in " \t\n\u00a0\u3000.。":
        if text[end - 1] == "." and "." in text[start : end - 1]:
            break  # D.C. ends with a point of its own
        end -= 1
    printed = text[start:end]
    notes = tuple(found.group(1).strip() for found in _GLOSS.finditer(printed))
    return Item(_GLOSS.sub("", printed).strip(), start, end, notes)


def split_values(text: str, decimal: str | None = None) -> list[Quantity | None]:
    """The quantities of an enumeration; ``None`` for a sign that a value is missing.

    A comma followed by a space separates; one between digits is part of a number unless the
    numbers have decimal points themselves.

    Raises:
        ValueError: an item isn't certainly one quantity.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a list of {len(text)} characters")
    body = _RESPECTIVELY.sub("", text.strip()).rstrip(".。")
    plain = fold(body.replace("，", "、"))
    parts = re.split(
        rf"\s*[;、]\s*|,\s+|\s+(?:{'|'.join(AND_WORDS)}|&)\s+|[{CJK_AND}]",
        plain,
        flags=re.IGNORECASE,
    )
    parts = [re.sub(rf"^(?:{'|'.join(AND_WORDS)})\s+", "", p.strip()) for p in parts if p.strip()]
    if decimal in (None, "."):
        parts = [piece for part in parts for piece in _fused(part)]
    sign = decimal or decimal_sign(parts)
    return [None if missing_reason(part) else read_quantity(part, sign) for part in parts]


def _fused(part: str) -> list[str]:
    """80.3,49.9,34.2 without spaces: commas separate numbers that have points."""
    pieces = part.split(",")
    if len(pieces) > 1 and all(re.fullmatch(r"[0-9]+\.[0-9]+[^\d,.]{0,6}", p) for p in pieces):
        return pieces
    return [part]


def align(
    names: Sequence[str], values: Sequence[T], printed: Sequence[str] = ()
) -> list[tuple[str, T]]:
    """Names with their values, in order.

    Raises:
        UnequalLists: the counts differ; both lists are in the error.
    """
    if len(names) != len(values):
        raise UnequalLists(names, printed or [str(value) for value in values])
    return list(zip(names, values, strict=True))
