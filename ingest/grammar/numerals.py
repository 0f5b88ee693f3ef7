"""Printed numerals to values: digits with separators of any kind, Chinese numerals, words.

What can be read in two ways is an error, never a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

SPACES = "\u00a0\u2007\u2009\u202f "
"""Spaces that group digits."""
MINUS = r"\-\u2212\u2012\u2013\u2010\u2011"
"""Signs that print a minus or the dash of a range, for use inside a character class."""


class Ambiguous(ValueError):
    """Digits that read differently by the decimal sign, which isn't known."""


def fold(text: str) -> str:
    """Full-width and other compatibility forms as plain ones, character by character.

    The result is as long as the text, so that a place in one is the same place in the other.
    """
    return text if text.isascii() else "".join(map(_plain_character, text))


@lru_cache(maxsize=4096)
def _plain_character(char: str) -> str:
    if char == "\u3000":
        return " "
    # NFKC would make a digit of a footnote mark (12² is not 122), and points of an ellipsis.
    if char in SPACES or unicodedata.category(char) == "No":
        return char
    plain = unicodedata.normalize("NFKC", char)
    if len(plain) == 1 and plain.isdecimal():
        return str(unicodedata.decimal(plain))
    return plain if len(plain) == 1 else char


# --- digits ---------------------------------------------------------------------------------

_SPACED = rf"[0-9]{{1,3}}(?:[{SPACES}][0-9]{{3}}){{1,6}}(?![0-9])(?:[.,][0-9]{{1,20}}(?![0-9]))?"
DIGITS = rf"(?:{_SPACED}|[0-9]{{1,20}}(?:[.,'’][0-9]{{1,20}}){{0,12}}(?![0-9]))"
"""Digits with their separators, no more of them than an exact product holds.

A space groups only whole threes.
"""
_DIGITS = re.compile(rf"(?<![0-9])(?<![0-9][.,]){DIGITS}")
_MARK = re.compile(rf"[.,'’{SPACES}]")


def possible_values(number: str) -> dict[str, Decimal]:
    """Values of printed digits, by the decimal sign (``.`` or ``,``) under which they read so."""
    marks = ["'" if m == "’" else m for m in _MARK.findall(number)]
    groups = _MARK.split(number)
    found: dict[str, Decimal] = {}
    for sign in ".,":
        fraction = groups[-1] if marks and marks[-1] == sign else ""
        heads = groups[:-1] if fraction else groups
        separators = marks[:-1] if fraction else marks
        if sign not in separators and _are_grouped(heads, separators):
            found[sign] = Decimal("".join(heads) + (f".{fraction}" if fraction else ""))
    return found


def _are_grouped(groups: list[str], separators: list[str]) -> bool:
    """Whether digits stand in groups of thousands; with commas also of 万 or of lakh."""
    if not separators:
        return True
    first, *rest = groups
    lengths = [len(group) for group in rest]
    if len(set(separators)) > 1 or first.startswith("0"):
        return False
    if set(lengths) == {3}:
        return len(first) <= 3
    if separators[0] != ",":
        return False
    if set(lengths) == {4}:
        return len(first) <= 4
    return lengths[-1] == 3 and set(lengths[:-1]) == {2} and len(first) <= 2


def digits_value(number: str, decimal: str | None = None) -> Decimal:
    """Value of printed digits.

    Raises:
        Ambiguous: their decimal sign matters and isn't given.
        ValueError: no number has this form.
    """
    values = possible_values(number)
    if decimal is not None:
        if decimal not in values:
            raise ValueError(f"'{number}' is not a number with decimal '{decimal}'")
        return values[decimal]
    if not values:
        raise ValueError(f"'{number}' is not grouped as one number is")
    if len(set(values.values())) > 1:
        both = " or ".join(str(value) for value in values.values())
        raise Ambiguous(f"'{number}' is {both}: give its decimal sign")
    return next(iter(values.values()))


def decimal_sign(texts: Iterable[str]) -> str | None:
    """The decimal sign, ``.`` or ``,``, on which all numbers of a column agree, or nothing.

    ``1,234`` leaves it open. At least three such numbers, all with the same sign, beside plain
    numbers that are all below 1000 settle it too: a column's decimals don't come and go, while
    its thousands do.
    """
    signs = set(".,")
    open_marks: list[str] = []
    plain: list[int] = []
    settled = False
    for text in texts:
        for number in _DIGITS.findall(fold(text)):
            if number.isdigit():
                plain.append(int(number[:9]))
                continue
            values = possible_values(number)
            if len(set(values.values())) == 2:
                open_marks.append("." if "." in number else ",")
            elif values:
                # 1.234.567 has no decimals, but says what its point is not.
                settled = settled or "." in number or "," in number
                signs &= set(values)
    if len(signs) == 1 and settled:
        return signs.pop()
    if signs and not settled and len(open_marks) >= 3 and len(set(open_marks)) == 1:
        small = plain and max(plain) < 1000
        return {".": ",", ",": "."}[open_marks[0]] if small else None
    return None


# --- Chinese numerals -------------------------------------------------------------------------

_ROWS = "零〇○ 一壹 二贰貳两兩 三叁參 四肆 五伍 六陆陸 七柒 八捌 九玖"
_DIGIT = {char: number for number, row in enumerate(_ROWS.split()) for char in row}
_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
CJK_DIGIT = f"[{''.join(_DIGIT)}]"
CJK_MAGNITUDE = f"[{''.join((*_SMALL, *_LARGE))}]"
_CJK_CHAR = f"[{''.join((*_DIGIT, *_SMALL, *_LARGE))}]"
CJK = (
    rf"(?:{_CJK_CHAR}{{1,40}}(?!{_CJK_CHAR})"
    rf"(?:[点點]{CJK_DIGIT}{{1,20}}{CJK_MAGNITUDE}{{0,4}}(?!{_CJK_CHAR}))?)"
)


def cjk_value(text: str) -> Decimal:
    """Value of a Chinese numeral.

    Raises:
        ValueError: it is vague (三四十), clipped (一百二) or not well-formed.
    """
    whole, _, fraction = text.replace("點", "点").partition("点")
    if fraction:
        digits = re.match(f"{CJK_DIGIT}+", fraction)
        if digits is None:
            raise ValueError(f"'{text}' is not one number")
        decimals = "".join(str(_DIGIT[char]) for char in digits.group())
        return (cjk_value(whole) + Decimal(f"0.{decimals}")) * factor(fraction[digits.end() :])
    if not whole:
        raise ValueError(f"'{text}' is not one number")
    if all(char in _DIGIT for char in whole):  # 二〇二四, but 三四 is three or four
        several = len(whole) in (2, 3) and all(_DIGIT[char] for char in whole)
        if several or (len(whole) > 1 and set(whole) & set("两兩")):
            raise ValueError(f"'{text}' is not one number")
        return Decimal("".join(str(_DIGIT[char]) for char in whole))
    return _positional(whole)


def _positional(text: str) -> Decimal:
    wrong = ValueError(f"'{text}' is not one number")
    total = section = 0
    digit: int | None = None
    unit_before = large_before = 10**12
    zero_before = False
    for char in text:
        if char in _DIGIT:
            if digit:  # 三四十
                raise wrong
            digit = _DIGIT[char]
            zero_before = zero_before or digit == 0
            continue
        if char in _SMALL:
            unit = _SMALL[char]
            if unit >= unit_before:
                raise wrong
            section += unit * (1 if digit is None or (digit == 0 and zero_before) else digit)
            unit_before = unit
        else:
            unit = _LARGE[char]
            section += digit or 0
            if unit > large_before:  # 万亿 is 万 of 亿
                total = (total + section) * unit
            elif unit == large_before or (section == 0 and total):
                raise wrong
            else:
                total += (section or 1) * unit
            section, unit_before, large_before = 0, 10**12, unit
        digit, zero_before = None, False
    if digit and not zero_before and unit_before != 10:
        raise ValueError(f"'{text}' may be clipped (一百二 is 120 or 102)")
    return Decimal(total + section + (digit or 0))


def factor(characters: str) -> Decimal:
    """Product of Chinese magnitudes: 百万 is 1000000."""
    product = Decimal(1)
    for char in characters:
        product *= _SMALL.get(char) or _LARGE[char]
    return product


# --- words ------------------------------------------------------------------------------------

WORDS: dict[str, int] = {}
"""Numbers in words, lower case."""
for _row in """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
sixteen seventeen eighteen nineteen twenty
nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas
null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn \
sechzehn siebzehn achtzehn neunzehn zwanzig
zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize \
dix-sept dix-huit dix-neuf vingt
""".strip().splitlines():
    WORDS |= {_word: _n for _n, _word in enumerate(_row.split())}
for _row in (
    "thirty forty fifty sixty seventy eighty ninety",
    "dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "trente quarante cinquante soixante",
):
    WORDS |= {_word: 10 * _n for _n, _word in enumerate(_row.split(), start=3)}
WORDS |= {
    f"{_ten}-{_one}": WORDS[_ten] + WORDS[_one]
    for _ten in ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    for _one in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
}
for _n, _one in enumerate(
    ["dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"], start=2
):
    WORDS |= {f"{_one} belas": 10 + _n, f"{_one} puluh": 10 * _n}
WORDS |= {"une": 1, "ein": 1, "eine": 1}
WORDS |= {"hundred": 100, "seratus": 100, "hundert": 100, "cent": 100}
WORD = "|".join(sorted(map(re.escape, WORDS), key=len, reverse=True))

_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}


def roman_value(text: str) -> int:
    """Value of a Roman numeral up to 89, also of the single signs Ⅰ to Ⅻ.

    Raises:
        ValueError: it isn't one in its usual form.
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    if not re.fullmatch(r"L?(?:XL|X{0,3})(?:IX|IV|V?I{0,3})", plain) or not plain:
        raise ValueError(f"'{text}' is not a Roman numeral")
    values = [_ROMAN[char] for char in plain]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < after else value for value, after in pairs)
