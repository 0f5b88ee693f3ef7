"""Printed quantities: ``逾3.5亿元``, ``more than US$1.2bn``, ``1,2 Mrd. €``, ``30-50``.

A quantity is an operator, a number with its magnitude, and a unit. Magnitudes are applied; the
unit stays as printed. What isn't certainly one quantity is a `ValueError`; what says that there
is no number is `Withheld`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ingest.grammar import numerals
from ingest.grammar.numerals import MINUS, SPACES, Ambiguous, decimal_sign, fold

__all__ = [
    "Ambiguous",
    "Operator",
    "Quantity",
    "Withheld",
    "canonical_unit",
    "decimal_sign",
    "fold",
    "missing_reason",
    "quantity_at",
    "read_quantity",
]

Operator = Literal["eq", "ge", "gt", "le", "lt", "about"]
LONGEST = 200
"""Characters of one printed quantity."""


@dataclass(frozen=True)
class Quantity:
    """``value`` has its magnitude applied; ``upper`` is the other end of a range."""

    value: Decimal
    unit: str = ""
    operator: Operator = "eq"
    upper: Decimal | None = None
    printed: str = ""


class Withheld(ValueError):
    """A printed sign that there is no number; ``reason`` says of which kind it is."""

    def __init__(self, printed: str, reason: str) -> None:
        super().__init__(f"'{printed}' is no number: {reason}")
        self.printed = printed
        self.reason = reason


# --- words around a number --------------------------------------------------------------------

_BEFORE: dict[Operator, str] = {
    "le": "不超过|不超過|不高于|不多于|至多|最多|up to|at most|no more than|not more than|"
    "a maximum of|hingga|paling banyak|tidak lebih dari|maksimal|bis zu|höchstens|maximal|"
    "jusqu'à|jusqu’à|au plus|≤",
    "ge": "不少于|不少於|不低于|不低於|至少|at least|no fewer than|no less than|not less than|"
    "a minimum of|setidaknya|sedikitnya|paling sedikit|minimal|mindestens|wenigstens|au moins|≥",
    "gt": "超过|超過|超|逾|突破|多于|多於|高于|高於|大于|大於|more than|over|above|in excess of|"
    "exceeding|exceeds|exceeded|upwards of|greater than|lebih dari|di atas|melebihi|melampaui|"
    "mehr als|über|plus de|plus d'|plus d’|>",
    "lt": "不足|不到|低于|低於|少于|少於|小于|小於|less than|fewer than|under|below|kurang dari|"
    "di bawah|weniger als|unter|moins de|moins d'|moins d’|<",
    "about": "大约|大約|约|約|近|将近|將近|接近|around|about|approximately|approx.|roughly|nearly|"
    "almost|close to|some|c.|ca.|circa|sekitar|kira-kira|kurang lebih|hampir|mendekati|rund|etwa|"
    "ungefähr|knapp|fast|nahezu|environ|près de|quelque|presque|à peu près|~|≈|∼",
}
_AFTER: dict[Operator, str] = {
    "ge": "及以上|以上|or more|and more|or above|and above|atau lebih|ke atas|und mehr|oder mehr|"
    "et plus|ou plus|plus|+",
    "le": "及以下|以下|以内|以內|or less|or fewer|and below|atau kurang|ke bawah|oder weniger|"
    "ou moins",
    "about": "左右|上下|or so",
}


def _choice(words: Iterable[str], flags: str = "i") -> str:
    """A pattern of words, longest first; one that ends in a letter ends there."""
    ends = (
        re.escape(w) + (r"(?![^\W\d_])" if w[-1].isalpha() and ord(w[-1]) < 0x2E80 else "")
        for w in sorted(words, key=len, reverse=True)
    )
    return f"(?{flags}:{'|'.join(ends)})"


def _meanings(table: dict[Operator, str]) -> dict[str, Operator]:
    return {phrase: operator for operator, row in table.items() for phrase in row.split("|")}


_BEFORE_MEANING = _meanings(_BEFORE)
_AFTER_MEANING = _meanings(_AFTER)
_BEFORE_WORD = re.compile(_choice(_BEFORE_MEANING))
_AFTER_WORD = re.compile(rf"[{SPACES}]*({_choice(_AFTER_MEANING)})")

_MAGNITUDES = {
    name: Decimal(10) ** power
    for power, names in {
        2: "hundred",
        3: "k|K|thousand|thousands|Thousand|tausend|Tausend|Tsd.|Tsd|mille|milliers|ribu|rb",
        5: "lakh",
        6: "mn|mln|Mn|M|mio|Mio.|Mio|million|millions|Million|Millions|Millionen|juta|jt",
        7: "crore",
        9: "bn|Bn|B|billion|billions|Billion|Billions|Mrd.|Mrd|Milliarde|Milliarden|milliard|"
        "milliards|Md|Mds|miliar|milyar|Miliar",
        12: "tn|trn|trillion|trillions|Trillion|Trillions|triliun|Triliun|Billionen|Bio.|Bio",
        18: "Trillionen",
    }.items()
    for name in names.split("|")
}
_MAGNITUDES |= {
    name.upper(): value
    for name, value in _MAGNITUDES.items()
    if len(name) > 5 and name.isascii() and name.islower()
}
_MAGNITUDE = re.compile(rf"([{SPACES}]?)({_choice(_MAGNITUDES, '-i')})")
_ATTACHED = {"k", "K", "M", "B"}
"""Magnitudes only right behind the digits: apart, they are units (5 K, 3 M)."""
_M = re.compile(rf"[{SPACES}]?m(?![^\W_])")
"""Of money, m is a million; else it is a metre."""
SUPERSCRIPTS = tuple("¹²³⁰⁴⁵⁶⁷⁸⁹")
_OF = re.compile(rf"[{SPACES}](?:(?:de|of)[{SPACES}]|d['’])")
_POINT_MAGNITUDES = {"thousand", "million", "billion", "trillion", "bn", "mn", "tn", "trn"}
_COMMA_MAGNITUDES = {"mio", "mrd", "tsd", "millionen", "milliarde", "milliarden", "billionen"}
_SHORT_SCALE_UNITS = re.compile(rf"[{SPACES}]*(?:Euro|Dollar|Kilometer|Tonnen|Franken)\b")

CURRENCY = re.compile(
    r"US\$|HK\$|NT\$|CA\$|AU\$|[SACR]\$|\$|€|£|¥|₩|₹|(?:Rp\.?|IDR|RMB|CNY|USD|EUR|GBP|JPY|SGD|HKD|"
    r"CHF)(?![^\W\d_])|人民币|人民幣"
)
_SIGN = re.compile(rf"([+{MINUS}])[{SPACES}]?|负|負|(?:minus|moins)[{SPACES}]", re.IGNORECASE)
_SPACE = re.compile(rf"[{SPACES}]*")
_DIGITS = re.compile(rf"{numerals.DIGITS}(?![0-9])")
_CJK_MORE = re.compile(
    rf"(?:[{SPACES}](?=[万萬亿億]))?(?:{numerals.CJK_MAGNITUDE}{{1,4}}{numerals.DIGITS}){{0,4}}{numerals.CJK_MAGNITUDE}{{1,4}}"
)
_CJK_TERM = re.compile(rf"({numerals.DIGITS})({numerals.CJK_MAGNITUDE}+)")
_CJK = re.compile(numerals.CJK)
_WORD = re.compile(rf"(?:{numerals.WORD})(?![^\W_])", re.IGNORECASE)
_LOOSE = re.compile("余|餘|多")
_LARGE = re.compile("[十百千万萬亿億]{1,4}")
_PERCENT = re.compile(r"%|‰")
_TO = re.compile(
    rf"[{SPACES}]*(?:[{MINUS}—~∼～〜]+|至|到)[{SPACES}]*"
    rf"|[{SPACES}]+(?:to|through|bis|à|hingga|sampai|s/d)[{SPACES}]+"
)
_BETWEEN = re.compile(rf"(between|from|antara|dari|zwischen|von|entre|de)[{SPACES}]+|介于|在", re.I)
_AND = re.compile(rf"[{SPACES}]+(?:and|to|dan|hingga|sampai|und|bis|et|à)[{SPACES}]+|和|与|到|至")
_PARTS = {"百分之": "%", "千分之": "‰"}

# --- what stands for no number ----------------------------------------------------------------

_MISSING_WORDS = {
    "not available": "n/a|n.a.|n.a|na|nan|null|none|nd|n.d.|t.a.|k.a.|k. a.|s.o.|#n/a|"
    "not available|not applicable|no data|data not available|unavailable|"
    "unknown|tidak tersedia|tidak ada data|tidak diketahui|keine angabe|keine angaben|"
    "nicht verfügbar|non disponible|sans objet|不详|"
    "不詳|暂无|暫無|无数据|無數據|缺失|数据缺失|无|未知|未统计|暂无数据|图片|image only",
    "not published": "not disclosed|undisclosed|not published|not released|not reported|withheld|"
    "confidential|suppressed|redacted|tidak diungkapkan|tidak dipublikasikan|dirahasiakan|"
    "vertraulich|nicht veröffentlicht|geheim|non communiqué|non publié|confidentiel|未公布|未披露|"
    "未公开|未公開|未透露|保密|不公开|未发布",
}
_MISSING = {w: reason for reason, words in _MISSING_WORDS.items() for w in words.split("|")}
MASK = re.compile(r"\*+|[×✕]{2,}|[xX]{2,}(?:[.,][xX]+)?|[█▇■●•]{2,}|_{2,}|\?+|#{3,}")
_NO_VALUE = re.compile(rf"[{MINUS}—―─/]+|\.{{2,}}|…+|[.·]|⋯+")


def missing_reason(text: str) -> str | None:
    """Why a printed sign holds no number, or nothing where it isn't such a sign."""
    plain = fold(text).strip()
    if plain[:1] in ("(", "[") and plain[-1:] in (")", "]"):
        plain = plain[1:-1].strip()
    if not plain:
        return "empty"
    if MASK.fullmatch(plain):
        return "masked"
    if _NO_VALUE.fullmatch(plain):
        return "not available"
    return _MISSING.get(plain.lower())


# --- reading ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Number:
    value: Decimal
    base: Decimal
    """The value before its magnitude: 3 of 3万."""
    magnitude: Decimal
    end: int


def _number_at(text: str, at: int, decimal: str | None, money: bool) -> _Number | None:
    """The number that begins at a place, with its magnitude."""
    if found := _DIGITS.match(text, at):
        return _with_magnitude(text, found.group(), found.end(), decimal, money)
    if found := _CJK.match(text, at):
        value = numerals.cjk_value(found.group())
        large = re.search(r"[万萬亿億]+$", found.group())
        scale = numerals.factor(large.group()) if large else Decimal(1)
        return _Number(value, value / scale, scale, found.end())
    if found := _WORD.match(text, at):
        base = Decimal(numerals.WORDS[found.group().lower()])
        scale, end = Decimal(1), found.end()
        if (named := _MAGNITUDE.match(text, end)) and named[2] not in _ATTACHED:
            scale, end = _MAGNITUDES[named[2]], named.end()
        return _Number(base * scale, base, scale, end)
    return None


def _with_magnitude(text: str, digits: str, end: int, decimal: str | None, money: bool) -> _Number:
    if more := _CJK_MORE.match(text, end):
        decimal = decimal or "."
        terms = _CJK_TERM.findall(digits + more.group().strip(SPACES))
        values = [numerals.digits_value(d, decimal) * numerals.factor(m) for d, m in terms]
        if values != sorted(values, reverse=True):
            raise ValueError(f"'{digits}{more.group()}' is not one number")
        base = numerals.digits_value(digits, decimal)
        if len(values) > 1:
            return _Number(sum(values, Decimal(0)), sum(values, Decimal(0)), Decimal(1), more.end())
        return _Number(values[0], base, numerals.factor(terms[0][1]), more.end())
    if text[end : end + 1] in SUPERSCRIPTS:
        raise ValueError(f"'{text[end]}' behind '{digits}' may be a footnote mark")
    named = _MAGNITUDE.match(text, end)
    if money and (millions := _M.match(text, end)):
        value = numerals.digits_value(digits, decimal)
        return _Number(value * 10**6, value, Decimal(10**6), millions.end())
    if named is None or (named[1] and named[2] in _ATTACHED):
        if decimal is None and "㐀" <= text[end : end + 1] <= "鿿":
            decimal = "."  # Chinese prints no decimal comma
        value = numerals.digits_value(digits, decimal)
        return _Number(value, value, Decimal(1), end)
    name = named[2]
    word = name.lower().rstrip(".").removesuffix("s")
    if decimal is None:
        decimal = "." if word in _POINT_MAGNITUDES else "," if word in _COMMA_MAGNITUDES else None
        if decimal is not None and decimal not in numerals.possible_values(digits):
            decimal = None
    base = numerals.digits_value(digits, decimal)
    german = decimal == "," or _SHORT_SCALE_UNITS.match(text, named.end())
    if name in ("Billion", "Trillion") and german:
        raise Ambiguous(f"'{digits} {name}' is of the short or of the long scale")
    return _Number(base * _MAGNITUDES[name], base, _MAGNITUDES[name], named.end())


def quantity_at(text: str, at: int, decimal: str | None = None) -> tuple[Quantity, int] | None:
    """The quantity that begins at a place of a text folded by `fold`, and where it ends.

    It ends behind its magnitude, its percent sign or its leading currency: which words are a
    unit is the reader's business.

    Raises:
        ValueError: a number begins here that can't be read with certainty.
    """
    start = at
    operator: Operator = "eq"
    between = None
    if before := _BEFORE_WORD.match(text, at):
        operator, at = _BEFORE_MEANING[before.group().lower()], before.end()
    elif between := _BETWEEN.match(text, at):
        at = between.end()
    at = _skip(text, at)
    unit = ""
    if (part := text[at : at + 3]) in _PARTS:
        unit, at = _PARTS[part], at + 3
    sign = 1
    currency = ""
    for _ in range(2):
        if not currency and (found := CURRENCY.match(text, at)):
            currency, at = found.group(), _skip(text, found.end())
        elif sign == 1 and (found := _SIGN.match(text, at)):
            sign, at = (1 if found.group()[0] == "+" else -1), found.end()
    low = _number_at(text, at, decimal, bool(currency))
    if low is None:
        return None
    value, at = low.value, low.end
    if loose := _LOOSE.match(text, at):
        operator = _combine(operator, "gt")
        at = loose.end()
        if large := _LARGE.match(text, at):
            value, at = value * numerals.factor(large.group()), large.end()
    if percent := _PERCENT.match(text, at):
        unit, at = percent.group(), percent.end()
    upper, at, unit2 = _upper(text, at, low, between is not None, decimal)
    if upper is None and between is not None:
        return None
    if upper is not None:
        if sign < 0:
            raise ValueError(f"'{text[start:at]}' is not one range")
        if upper.value == upper.base * upper.magnitude and low.magnitude == 1:
            shared = low.value * upper.magnitude  # 3-5万 is 3万 to 5万
            value = shared if shared < upper.value else value
        if not value < upper.value:
            raise ValueError(f"'{text[start:at]}' is not a range that rises")
        if unit and unit2 and unit != unit2:
            raise ValueError(f"'{text[start:at]}' has two units")
        unit = unit or unit2
    if after := _AFTER_WORD.match(text, at):
        operator = _combine(operator, _AFTER_MEANING[after[1].lower()])
        at = after.end()
    return (
        Quantity(
            value=value * sign,
            unit=currency or unit,
            operator=operator,
            upper=upper.value if upper else None,
            printed=text[start:at],
        ),
        at,
    )


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _combine(one: Operator, other: Operator) -> Operator:
    if one in ("eq", other):
        return other
    if {one, other} == {"about", "gt"} or {one, other} == {"about", "ge"}:
        raise ValueError("a number is about as much and more at once")
    raise ValueError(f"a number is both {one} and {other}")


def _upper(
    text: str, at: int, low: _Number, between: bool, decimal: str | None
) -> tuple[_Number | None, int, str]:
    """The other end of a range, where it ends, and its percent sign."""
    link = _AND.match(text, at) if between else None
    link = link or _TO.match(text, at)
    if link is None:
        return None, at, ""
    begin = link.end()
    if currency := CURRENCY.match(text, begin):
        begin = _skip(text, currency.end())
    high = _number_at(text, begin, decimal, bool(currency))
    if high is None:
        return None, at, ""
    end = high.end
    percent = _PERCENT.match(text, end)
    if percent:
        end = percent.end()
    return high, end, percent.group() if percent else ""


_UNIT_WORD = r"(?:(?:[^\W\d_][.'’\-]?)+[23²³]?|[%‰°℃€$£¥])"
_UNIT = re.compile(
    rf"[{SPACES}]*(?:/[{SPACES}]?)?{_UNIT_WORD}(?:[{SPACES}/·]{{1,3}}{_UNIT_WORD}){{0,4}}"
    rf"(?:[{SPACES}]?\([^()\d]{{1,20}}\))?"
)


def read_quantity(
    text: str, decimal: str | None = None, sentinels: Collection[Decimal] = ()
) -> Quantity:
    """The one quantity that a text prints.

    Args:
        text: what is printed, without surrounding words.
        decimal: the decimal sign, ``.`` or ``,``, where it is known.
        sentinels: values that the source's card declares to mean "no value", such as -1.

    Raises:
        Withheld: the text says that there is no number (``******``, ``n/a``, 未公布).
        Ambiguous: the decimal sign matters (``1,234``) and isn't known.
        ValueError: the text isn't certainly one quantity.
    """
    wrong = ValueError(f"'{text[:LONGEST]}' is not one quantity")
    if len(text) > LONGEST:
        raise wrong
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal sign is '.' or ',', not '{decimal}'")
    if reason := missing_reason(text):
        raise Withheld(text.strip(), reason)
    plain = fold(text).strip()
    found = quantity_at(plain, 0, decimal)
    if found is None:
        raise wrong
    quantity, end = found
    unit, operator = quantity.unit, quantity.operator
    of = _OF.match(plain, end)
    rest = plain[of.end() if of else end :]
    *_, last = [None, *_AFTER_WORD.finditer(rest)]
    if last is not None and last.end() == len(rest):
        operator = _combine(operator, _AFTER_MEANING[last[1].lower()])
        rest = rest[: last.start()]
    if rest.strip():
        if not _UNIT.fullmatch(rest.rstrip()) or _begins_with_number(rest.strip()):
            raise wrong
        unit = f"{unit} {rest.strip()}".strip()
    if quantity.upper is None and quantity.value in sentinels:
        raise Withheld(text.strip(), "sentinel")
    return Quantity(quantity.value, unit, operator, quantity.upper, text.strip())


def _begins_with_number(text: str) -> bool:
    return bool(_CJK.match(text) or _WORD.match(text))


_UNITS = {
    "%": "percent|per cent|persen|prozent|pour cent|pour-cent|pct",
    "pp": "个百分点|個百分點|百分点|百分點|percentage points|percentage point|pp|pps|ppt|"
    "prozentpunkte|prozentpunkt|prozentpunkten|points de pourcentage|point de pourcentage|"
    "poin persentase|poin persen",
    "‰": "per mille|permil|promille|pour mille|permille",
    "PFLOPS": "pflops|pflop/s|petaflops|petaflop/s",
    "EFLOPS": "eflops|eflop/s|exaflops|exaflop/s",
}
_UNIT_NAMES = {name: unit for unit, names in _UNITS.items() for name in names.split("|")}


def canonical_unit(unit: str, computing: bool = False) -> str:
    """One name for each way of printing percent, percentage points and computing power.

    ``P`` and ``E`` alone are PFLOPS and EFLOPS only where the caller knows that computing power
    is meant. Other units stay as printed.
    """
    plain = fold(unit).strip()
    if computing and plain in ("P", "E"):
        return f"{plain}FLOPS"
    return _UNIT_NAMES.get(plain.lower(), plain)
