"""A spreadsheet's stored number as it is printed under its number format.

The format codes are those of ECMA-376 part 1, 18.8.31 (numFmts). What isn't covered (fractions,
era calendars) prints as without a format, so that a printed form is never a wrong number.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)"
    | \\(?P<escaped>.)
    | _(?P<space>.)
    | \*(?P<fill>.)
    | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General)
    | (?P<exponent>E[+-]0+)
    | (?P<digits>[0#?][0#?,]*(?:\.[0#?]*)?,*|\.[0#?]+)
    | (?P<ampm>AM/PM|A/P|上午/下午)
    | (?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+|g+|b+)
    | (?P<text>@)
    | (?P<literal>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_Test = Callable[[Decimal, Decimal], bool]
_CONDITION = re.compile(r"^(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)$")
_TESTS: dict[str, _Test] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}

Section = tuple[tuple[str, str], ...]


def general(value: float) -> str:
    """A number without a format: whole ones whole, others with the 15 digits that are stored."""
    if value == int(value) and abs(value) < 1e18:
        return str(int(value))
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if 1e-7 <= abs(value) < 1e15 else text


def print_number(value: float, code: str) -> str:
    """The number under a format code: 0.952345 under ``0.000`` is 0.952, under ``0%`` 95%."""
    if value != value or abs(value) == float("inf"):
        return str(value)
    number = Decimal(repr(float(value)))
    if not code or code.lower() == "general":
        return general(value)
    section, signed = _choose(_sections(code), number)
    printed = (_apply(section, number if signed else abs(number)) or "").strip()
    # Some formats print nothing for a zero; but no cell that holds a number is a missing one.
    return printed or general(value)


def print_date(value: dt.datetime | dt.date | dt.time | dt.timedelta, code: str) -> str:
    """A date under a format code that names its parts in full; any other as ISO 8601.

    Formats like m/d/yy print differently by the reader's locale, so they aren't followed.
    """
    if isinstance(value, dt.timedelta):
        return str(value)
    if isinstance(value, dt.time):
        return value.isoformat()
    parts = [text.lower() for kind, text in _sections(code)[0] if kind == "date"]
    if parts in (["yyyy"], ["yyyy", "m"], ["yyyy", "mm"]) and not _ambiguous(code):
        pieces = []
        for kind, text in _sections(code)[0]:
            if kind == "date":
                part = value.year if text[0] in "yY" else value.month
                pieces.append(f"{part:0{min(len(text), 4)}d}")
            elif kind in ("quoted", "escaped", "literal"):
                pieces.append(text)
        return "".join(pieces).strip()
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    return value.isoformat()


def _ambiguous(code: str) -> bool:
    return ";" in code.rstrip(";@") or "[" in code


@lru_cache(maxsize=1000)
def _sections(code: str) -> tuple[Section, ...]:
    sections: list[list[tuple[str, str]]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = str(match.lastgroup)
        text = match.group(kind)
        if kind == "literal" and text == ";":
            sections.append([])
        else:
            sections[-1].append((kind, text))
    return tuple(tuple(section) for section in sections)


def _choose(sections: tuple[Section, ...], number: Decimal) -> tuple[Section, bool]:
    """The section for a number, and whether the number keeps its sign in it."""
    numeric = sections[:3] if len(sections) > 3 else sections
    conditions = [_condition(section) for section in numeric]
    if any(conditions):
        for section, condition in zip(numeric, conditions, strict=True):
            if condition is None or condition(number):
                return section, True
        return numeric[-1], True
    if len(numeric) == 1 or (any(kind == "text" for kind, _ in numeric[1]) and len(numeric) == 2):
        return numeric[0], True
    if number < 0:
        return numeric[1], False
    if number == 0 and len(numeric) == 3:
        return numeric[2], True
    return numeric[0], True


def _condition(section: Section) -> Callable[[Decimal], bool] | None:
    for kind, text in section:
        if kind == "bracket" and (match := _CONDITION.match(text)):
            test, limit = _TESTS[match.group(1)], Decimal(match.group(2))
            return lambda number: test(number, limit)
    return None


def _apply(section: Section, number: Decimal) -> str | None:
    """None for a format that isn't covered."""
    kinds = [kind for kind, _ in section]
    patterns = [text for kind, text in section if kind == "digits"]
    if "date" in kinds or ("literal", "/") in section:
        return None
    percent = sum(kind == "literal" and text == "%" for kind, text in section)
    permille = sum(kind == "literal" and text == "‰" for kind, text in section)
    number = number * Decimal(100) ** percent * Decimal(1000) ** permille
    if len(patterns) > 1:
        parted = any("," in p for p in patterns) or any("." in p for p in patterns[:-1])
        return None if parted or "exponent" in kinds else _grouped(section, number)
    pieces: list[str] = []
    negative = number < 0
    for kind, text in section:
        if kind == "digits":
            exponent = next((t for k, t in section if k == "exponent"), None)
            digits = (
                _scientific(abs(number), text, exponent) if exponent else _digits(abs(number), text)
            )
            negative = negative and re.search("[1-9]", digits) is not None
            pieces.append(digits)
        elif kind == "general":
            pieces.append(general(float(abs(number))))
        elif kind in ("quoted", "escaped", "literal"):
            pieces.append(text)
        elif kind == "space":
            pieces.append(" ")
        elif kind == "bracket" and text.startswith("$"):
            pieces.append(text[1:].split("-")[0])
        elif kind == "text":
            pieces.append(general(float(abs(number))))
    return ("-" if negative else "") + "".join(pieces).strip()


def _grouped(section: Section, number: Decimal) -> str:
    """Digits with signs between them that the format names, like ``# ### ##0``."""
    patterns = [text for kind, text in section if kind == "digits"]
    whole, _, fraction = patterns[-1].partition(".")
    form = "0" * sum(sign == "0" for p in [*patterns[:-1], whole] for sign in p)
    digits = _digits(abs(number), (form or "#") + ("." + fraction if fraction else ""))
    digits, point, decimals = digits.partition(".")
    pieces: list[str] = []
    groups = len(patterns)
    for kind, text in reversed(section):
        if kind == "digits":
            groups -= 1
            width = len(text.partition(".")[0]) if groups else len(digits)
            taken, digits = digits[-width:] if width else "", digits[:-width] if width else digits
            pieces.append(taken + (point + decimals if groups == len(patterns) - 1 else ""))
        elif kind in ("quoted", "escaped", "literal", "space") and (digits or not groups):
            pieces.append(" " if kind == "space" else text)
    printed = "".join(reversed(pieces)).strip()
    return ("-" if number < 0 and re.search("[1-9]", printed) else "") + printed


def _digits(number: Decimal, pattern: str) -> str:
    scaled = len(pattern) - len(pattern.rstrip(","))
    pattern = pattern.rstrip(",")
    whole, _, fraction = pattern.partition(".")
    number = (number / Decimal(1000) ** scaled).quantize(
        Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP
    )
    digits, _, decimals = format(number, "f").partition(".")
    least = sum(sign == "0" for sign in whole)
    digits = digits.lstrip("0").rjust(least, "0")
    if "," in whole:
        digits = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", digits)
    kept = len(fraction)
    while kept and fraction[kept - 1] in "#?" and decimals[kept - 1] == "0":
        kept -= 1
    if not kept:
        return digits
    return digits + "." + decimals[:kept]


def _scientific(number: Decimal, pattern: str, exponent: str) -> str:
    places = len(pattern.partition(".")[2])
    mantissa, _, power = f"{float(number):.{places}E}".partition("E")
    sign = "-" if power.startswith("-") else ("+" if exponent[1] == "+" else "")
    return f"{mantissa}E{sign}{power.lstrip('+-').rjust(len(exponent) - 2, '0')}"
