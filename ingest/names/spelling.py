"""Spellings of a name that say the same: scripts, widths, marks, suffixes, umlauts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import product

import opencc

from ingest.cards import cjk

_FOLDED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
# How u with two dots is written where the keyboard lacks it: in pinyin and in German.
_UMLAUTS = {"ü": ("u", "v", "yu", "ue"), "ö": ("o", "oe"), "ä": ("a", "ae"), "ø": ("o", "oe")}
# Marks of footnotes, behind the name; digits in superscript are such marks, too.
_MARKS = re.compile(
    r"(?:\s*(?:[*†‡§¶#^¹²³⁰-⁹ᵃ-ᶻ①-⑳]|\[\w{1,3}\]|[(（]\d{1,2}[)）]|注\d{0,2})|(?<=[^\W\d])\d{1,2})+\s*$"
)
# Words that say what a place is, not which. "City of" and "Greater" are not among them: the
# City of London and Greater Tokyo are not what London and Tokyo are.
_TAILS = (
    *("市", "地区", "盟", "特别行政区", "特别市", "广域市", "直辖市", "都"),
    *(
        " city",
        " municipality",
        " metropolitan city",
        " special city",
        " metropolitan municipality",
    ),
    *(" sar", "-shi", " shi", "-si", ",stadt", ",landeshauptstadt", ",hansestadt", ",kota"),
)
_HEADS = (
    *("kota ", "stadt ", "landeshauptstadt ", "hansestadt ", "ville de ", "ciudad de "),
    *("cidade de ", "comune di ", "municipality of ", "municipio de ", "gemeente "),
)
_METRO_TAILS = (
    *(
        " metropolitan statistical area",
        " metropolitan area",
        " metro area",
        " metropolitan region",
    ),
    *(" metro", " msa", " urban area", " urban agglomeration", " cluster", " region"),
    *("都市圈", "都会区", "大都市区", "城市群"),
)


@cache
def _simplify() -> opencc.OpenCC:
    return opencc.OpenCC("hk2s")  # knows the forms of Hong Kong (衞) besides the common ones


@lru_cache(maxsize=65536)
def normalise_name(text: str) -> str:
    """Fold width, script, case, accents, dashes and white space: spellings of one name meet.

    Chinese characters are compared in their simplified form (OpenCC).
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    decomposed = unicodedata.normalize("NFD", text)
    text = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_FOLDED)
    text = unicodedata.normalize("NFC", text)
    if cjk(text):
        text = _simplify().convert(text)
    text = re.sub("[‘’ʼ`´]", "'", re.sub("[‐-―−]", "-", text))
    # Beside punctuation and Chinese characters a space says nothing.
    text = re.sub(r"\s*([^\w\s]|[㐀-鿿々])\s*", r"\1", text)
    return re.sub(r"\s+", " ", text).strip()


def compact(key: str) -> str:
    """A normalised name without white space and punctuation: Xi'an, Xi an and Xian meet."""
    return re.sub(r"[\W_]+", "", key)


def umlaut_spellings(name: str) -> Iterator[str]:
    """The name, and as it is written without its dots: Lvliang, Duesseldorf."""
    letters = [
        _UMLAUTS.get(c.lower(), (c,)) if c.isalpha() else (c,)
        for c in unicodedata.normalize("NFC", name)
    ]
    yield name
    if any(len(choices) > 1 for choices in letters):
        yield from ("".join(spelling) for spelling in product(*letters))


def unmarked(text: str) -> str:
    """The name without marks of footnotes behind it."""
    return _MARKS.sub("", text) or text


def without_designation(key: str) -> Iterator[str]:
    """What is left of a normalised name without a word that says what kind of place it is."""
    yield from _stripped(key, _TAILS, _HEADS)


def without_metro(key: str) -> Iterator[str]:
    """What is left of a normalised name without a word that says that it is a metro."""
    yield from _stripped(key, _METRO_TAILS, ("greater ",))


def _stripped(key: str, tails: Iterable[str], heads: Iterable[str]) -> Iterator[str]:
    for tail in tails:
        stem = key.removesuffix(tail)
        if stem != key and len(stem) >= 2:
            yield stem
    for head in heads:
        stem = key.removeprefix(head)
        if stem != key and len(stem) >= 2:
            yield stem
