"""Headings as printed, with a unit in brackets behind them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from ingest.reading.content import fold

UNIT_WORD = re.compile(
    r"(?:计量单位|單位|单位|単位|(?<!\w)(?:units?|satuan|einheit|unité|unidad|unidade))"
    r"(?:\s*(?:of measure(?:ment)?))?\s*[:=]?\s*([^()\[\]【】]*)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"(.*\S)\s*[(（\[【]([^()（）\[\]【】]*)[)）\]】]")


def plain(text: str) -> str:
    """A text to look for units in: width, case and white space folded."""
    return unicodedata.normalize("NFKC", fold(text)).casefold().strip()


def said_unit(text: str) -> str:
    """What follows a word for unit, or the text as it is."""
    found = UNIT_WORD.fullmatch(text)
    return (found[1] if found else text).strip()


def without_unit(heading: str, units: Collection[str]) -> str:
    """A heading without a known unit in brackets behind it."""
    text = fold(heading)
    found = _BRACKETED.fullmatch(text)
    if found and said_unit(plain(found[2])) in {plain(unit) for unit in units}:
        return found[1]
    return text
