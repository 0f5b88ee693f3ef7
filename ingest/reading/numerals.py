"""What a numbered list prints for a number."""

from __future__ import annotations

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
          (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_DIGITS = "〇一二三四五六七八九"
_KINDS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


def numeral(number: int, kind: str) -> str:
    """A number in a list's style; styles of HTML (``a``) and Word (``lowerLetter``), or digits."""
    kind = _KINDS.get(kind, kind)
    if kind in ("lowerLetter", "upperLetter") and number > 0:
        letters = _letters(number)
        return letters.upper() if kind == "upperLetter" else letters
    if kind in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        roman = _roman(number)
        return roman.upper() if kind == "upperRoman" else roman
    if kind.startswith(("chineseCounting", "japaneseCounting", "taiwaneseCounting")):
        return _chinese(number) if 0 < number < 100 else str(number)
    if kind == "decimalZero":
        return f"{number:02d}"
    if kind == "ordinal":
        ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"
    return str(number)


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _roman(number: int) -> str:
    roman = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        roman += sign * count
    return roman


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    leading = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十"
    return leading + (_DIGITS[ones] if ones or not tens else "")
