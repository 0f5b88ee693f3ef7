"""What the cells of a table say by themselves: numbers, marks, blanks, words of headings."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import yaml

from ingest.grammar.numerals import fold as fold_width
from ingest.grammar.quantities import missing_reason
from ingest.grammar.ranks import ORDINALS, Rank, read_rank

Role = Literal[
    "rank",
    "serial",
    "other_time",
    "city",
    "name",
    "country",
    "group",
    "score",
    "growth",
    "code",
    "total",
    "note",
    "continued",
]
WORDS_FILE = Path(__file__).with_name("heading_words.yml")
# Marks of footnotes: [a], [12], [note 3], stars, daggers, superscripts.
_MARK = re.compile(
    r"(?:\s*\[(?:\w{1,3}|(?:note|nb|n|注|fn)\s*\.?\s*\w{1,3})\]|\s*[*†‡§¶※]+|\s*[⁰¹²³⁴-⁹ᵃ-ᶻ]+)+$",
    re.I,
)
# A number, or a range, with what may stand around it: sign, currency, unit, the year it is of.
_NUMBER = re.compile(
    r"(?:[<>≥≤≈~±+\-−]|[^\W\d_]{0,3}[$€£¥￥]|us\$|usd|eur|rmb|cny|rp\.?)?\s*[+\-−]?\s*"
    r"(?P<digits>\d(?:[\d.,'’\s]*\d)?(?:e[+-]?\d+)?[%‰]?(?:\s*[-–—−~～至]\s*\d[\d.,]*)?)\s*"
    r"(?P<unit>[%‰°℃€$£¥+]|[^\W\d_][^\d()\[\]|;:!?]{0,13})?\s*"
    r"(?:[(（][^()（）]{0,12}(?:19|20)\d\d[^()（）]{0,12}[)）])?",
    re.I,
)
_YEAR_AT_END = re.compile(r"\s*[(（][^()（）]{0,12}(?:19|20)\d\d[^()（）]{0,12}[)）]$")
_SCALE_AT_END = re.compile(r"(?<=\d)\s*/\s*(?:5|10|20|100|1[,.]?000)$")
_YEAR = re.compile(r"(?:19|20)\d\d(?:年)?")
_RANKED = re.compile(r"\d|第|并列|並列")
_DITTO = frozenset(("=", '"', "〃", "″", "''", "”", "ditto", "同上", "idem", "id."))
_STRETCHED = re.compile(r"(?<=[㐀-鿿]) (?=[㐀-鿿])")
_HAN = re.compile(r"[㐀-鿿]")


def fold(text: str) -> str:
    """Width, case, accents and white space folded, so that headings can be compared."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = " ".join("".join(c for c in text if not unicodedata.combining(c)).split())
    # Between Chinese characters a space only stretches a heading: 城 市.
    return _STRETCHED.sub("", text)


@lru_cache(maxsize=65536)
def unmarked(text: str) -> str:
    """A cell without the marks of footnotes at its end; a cell of nothing else stays."""
    return _MARK.sub("", text).strip() or text.strip()


@lru_cache(maxsize=65536)
def bare_value(text: str) -> str:
    """A value without its year or its scale: ``28.819 (2020)``, ``177 (2018-19)``, ``86/100``."""
    return _SCALE_AT_END.sub("", _YEAR_AT_END.sub("", text))


@lru_cache(maxsize=65536)
def is_missing(text: str) -> bool:
    """Whether a sign says that there is no value; an empty cell is no statement at all."""
    return bool(text) and missing_reason(text) is not None


@lru_cache(maxsize=65536)
def is_number(text: str) -> bool:
    """Whether a cell is one number, whatever sign and unit it has."""
    return bool(_NUMBER.fullmatch(bare_value(fold_width(unmarked(text)))))


@lru_cache(maxsize=65536)
def rank_of(text: str) -> Rank | None:
    """The rank that a cell prints in digits, as 第一 or in words; None where it is none."""
    plain = unmarked(text)
    if not (_RANKED.search(plain) or plain.lower() in ORDINALS) or is_missing(plain):
        return None
    try:
        rank = read_rank(plain)
    except ValueError:
        return None
    # "Rank 2023" is a heading.
    return None if _YEAR.fullmatch(str(rank.rank_from)) and not plain[0].isdigit() else rank


def is_ditto(text: str) -> bool:
    """Whether a cell repeats the one above it by a sign."""
    return text.strip().casefold() in _DITTO


def hold_numbers(texts: Sequence[str]) -> bool:
    """Whether cells of a column are mostly numbers or ranks.

    ``1 Beijing``, ``2 Shanghai`` are none: a unit is the same in many rows.
    """
    printed = [text for text in texts if text and not is_missing(text)]
    numbers = [text for text in printed if is_number(text) or rank_of(text)]
    if not numbers or len(numbers) * 2 < len(printed):
        return False
    found = [_NUMBER.fullmatch(bare_value(fold_width(unmarked(text)))) for text in numbers]
    units = [f["unit"].strip() for f in found if f and f["unit"]]
    return len(units) < 3 or len(set(units)) * 3 <= len(units) * 2


def is_year(text: str) -> bool:
    return bool(_YEAR.fullmatch(unmarked(text)))


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    words: dict[str, dict[str, list[str]]] = yaml.safe_load(WORDS_FILE.read_text("utf-8"))
    return words


@cache
def _pattern(role: str, language: str) -> re.Pattern[str]:
    words = sorted(map(fold, _words()[role].get(language, ())), key=len, reverse=True)
    either = "|".join(map(re.escape, words))
    if language == "zh":
        return re.compile(either or r"(?!)")
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)" if either else r"(?!)")


@lru_cache(maxsize=65536)
def says(text: str, role: Role) -> bool:
    """Whether a word of the role stands in the text, in any language."""
    folded = fold(text)
    return any(_pattern(role, language).search(folded) for language in _words()[role])


@lru_cache(maxsize=65536)
def is_only(text: str, role: Role) -> bool:
    """Whether the text is a word of the role and nothing else but punctuation."""
    return {fold(text), fold(text).strip(" :.：()（）#*-–—")} & _folded(role) != set()


@cache
def _folded(role: str) -> frozenset[str]:
    return frozenset(fold(word) for words in _words()[role].values() for word in words)


@lru_cache(maxsize=65536)
def starts_note(text: str) -> bool:
    """Whether a row speaks about the table: ``Source: ...``, ``注：...``, ``a. Data refer to``."""
    folded = fold(text)
    for language in _words()["note"]:
        found = _pattern("note", language).match(folded)
        if found and folded[found.end() :].lstrip()[:1] in (":", "", ".", "1", "-"):
            return True
    return bool(re.match(r"(?:[*†‡§※]+|\[?\w{1,2}[\].)])\s*\S+\s+\S+\s+\S+", text))


def usual_decimal(texts: Iterable[str]) -> str | None:
    """Decimal sign that is usual in the language of these headings; None where none is sure."""
    votes: Counter[str] = Counter()
    signs = _words()["decimal"]
    roles = ("rank", "city", "name", "country", "group", "score")
    for text in texts:
        if _HAN.search(text):
            votes[str(signs["zh"])] += 3
            continue
        folded = fold(text)
        said = {
            language
            for language in signs
            if any(_pattern(role, language).search(folded) for role in roles)
        }
        # A word that several languages share tells only what they have in common.
        for sign in {str(signs[language]) for language in said}:
            votes[sign] += 1 if len({str(signs[x]) for x in said}) == 1 else 0
    if not votes:
        return None
    (first, most), *rest = votes.most_common()
    return first if not rest or most > 2 * rest[0][1] else None
