"""Printed ranks: ``1st``, ``第3名``, ``10=``, ``T-10``, 并列第二, ``101-150``, ``kedua``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.grammar import numerals
from ingest.grammar.numerals import MINUS, fold


@dataclass(frozen=True)
class Rank:
    """``rank_to`` is above ``rank_from`` where a range is printed; ``tied`` where a tie is."""

    rank_from: int
    rank_to: int
    tied: bool
    printed: str


def _by_number(rows: str, start: int = 1) -> dict[str, int]:
    return {w: n for n, row in enumerate(rows.split(), start) for w in row.split("|")}


ORDINALS: dict[str, int] = {
    **_by_number(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
        "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
    ),
    **_by_number(
        "pertama kedua ketiga keempat kelima keenam ketujuh kedelapan kesembilan "
        "kesepuluh kesebelas"
    ),
    **_by_number(
        "premier|première deuxième|second|seconde troisième quatrième cinquième sixième septième "
        "huitième neuvième dixième onzième douzième treizième quatorzième quinzième seizième "
        "dix-septième dix-huitième dix-neuvième vingtième"
    ),
}
for _stem, _number in _by_number(
    "erst zweit dritt viert fünft sechst siebt|siebent acht neunt zehnt elft zwölft dreizehnt "
    "vierzehnt fünfzehnt sechzehnt siebzehnt achtzehnt neunzehnt zwanzigst"
).items():
    ORDINALS |= {f"{_stem}{ending}": _number for ending in ("e", "er", "es", "en", "em")}
_ONES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
for _number, _stem in enumerate(
    ["twent", "thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet"], start=2
):
    ORDINALS[f"{_stem}ieth"] = 10 * _number
    ORDINALS |= {f"{_stem}y-{one}": 10 * _number + n for n, one in enumerate(_ONES, start=1)}
ORDINALS |= {
    f"ke{words.replace(' ', sep)}": number
    for words, number in numerals.WORDS.items()
    for sep in (" ", "")
    if words.endswith((" belas", " puluh"))
}
NAMED = {
    name: number
    for number, names in {
        1: "榜首 首位 冠军 冠軍 首名 魁首 头名 頭名 状元 居首 桂冠",
        2: "亚军 亞軍 次席 榜眼 居次",
        3: "季军 季軍 探花",
    }.items()
    for name in names.split()
}
"""Ranks that have a name of their own."""

_NUMBER = re.compile(rf"{numerals.DIGITS}|{numerals.CJK}")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?(?: belas| puluh)?")
_LABEL = re.compile(
    r"(?:ranked|ranking|ranks|rank|place|position|no\.?|nr\.?|nos\.?|n°|nº|#|№|nomor|peringkat|"
    r"urutan|posisi|juara|platz|rang|position|第|居第|位居第|位列第|排名第|排第|列第|名列第|居|"
    r"位居|"
    r"位列|名列|排名)\s*",
    re.IGNORECASE,
)
_TIE_BEFORE = re.compile(
    r"(?:=|T-?(?=\d)|T\.\s?(?=\d)|joint(?:ly)?|tied(?:\s+for)?|tie|equal|"
    r"ex[ -](?:ae|æ)quo|并列|並列|geteilter|geteilt|seri)\s*",
    re.IGNORECASE,
)
_TIE_AFTER = re.compile(
    r"\s*(?:=|\(\s*(?:=|tie|tied|joint|equal|ex[ -](?:ae|æ)quo|并列|並列|seri|geteilt|ties)\s*\)|"
    r"(?:tie|tied|joint|ex[ -](?:ae|æ)quo|并列|並列|seri|geteilt)$|(?<=\d)T$)",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"(?:st|nd|rd|th|er|re|ère|ème|eme|e|\.?°|\.)?\s*(?:place|position|rank|名|位|个|個|Platz|"
    r"Rang)?",
    re.IGNORECASE,
)
_TO = re.compile(rf"\s*(?:[{MINUS}—~～〜]|至|到|(?:to|bis|à|hingga|sampai)\s)\s*第?\s*")
_KE = re.compile(r"ke-?\s?(?=\d)", re.IGNORECASE)
LONGEST = 40


def read_rank(text: str) -> Rank:
    """The one rank that a text prints.

    Raises:
        ValueError: the text isn't certainly one rank, or one range of ranks.
    """
    wrong = ValueError(f"'{text[:LONGEST]}' is not one rank")
    # Folding would make letters of the signs in 1º and 2ª.
    plain = fold(text.translate({ord("º"): "°", ord("ª"): "°"})).strip()
    if not plain or len(plain) > LONGEST:
        raise wrong
    plain, tied = _strip_ties(plain)
    if number := ORDINALS.get(plain.lower()) or NAMED.get(plain):
        return Rank(number, number, tied, text.strip())
    low, at = _number_at(plain, 0, wrong)
    high = low
    if link := _TO.match(plain, at):
        high, at = _number_at(plain, link.end(), wrong)
    if plain[at:].strip() or low < 1 or high < low or (link and high == low):
        raise wrong
    return Rank(low, high, tied, text.strip())


def _strip_ties(plain: str) -> tuple[str, bool]:
    """Text without its labels and tie marks, in any order, and whether there was a tie mark."""
    tied = False
    while True:
        if mark := _TIE_BEFORE.match(plain):
            tied, plain = True, plain[mark.end() :]
        elif (mark := _TIE_AFTER.search(plain)) and mark.end() == len(plain) and mark.start():
            tied, plain = True, plain[: mark.start()].rstrip()
        elif (label := _LABEL.match(plain)) and label.end() < len(plain) and plain not in NAMED:
            plain = plain[label.end() :]
        else:
            return plain, tied


def _number_at(plain: str, at: int, wrong: ValueError) -> tuple[int, int]:
    if ke := _KE.match(plain, at):
        at = ke.end()
    found = _NUMBER.match(plain, at)
    if found is None:
        word = _WORD.match(plain, at)
        if word is None or word.group().lower() not in ORDINALS:
            raise wrong
        return ORDINALS[word.group().lower()], _ending(plain, word.end())
    printed = found.group()
    if printed[0].isdigit():
        # Ranks have no decimals, so that a mark can only group thousands.
        whole = [v for v in numerals.possible_values(printed).values() if v == int(v)]
        if not whole or re.search(r"[.,]0+$", printed):
            raise wrong
        return int(max(whole)), _ending(plain, found.end())
    return int(numerals.cjk_value(printed)), _ending(plain, found.end())


def _ending(plain: str, at: int) -> int:
    found = _ENDING.match(plain, at)
    return found.end() if found else at
