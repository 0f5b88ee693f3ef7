"""Printed numbers to values. What can't be read with certainty is an error, never a guess."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_PLAIN = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")


def parse_number(text: str, decimal: str = ".") -> Decimal:
    """Value of a printed number with the given decimal sign (``.`` or ``,``).

    Thousands may be grouped by the other sign. Full-width digits are read as digits.

    Raises:
        ValueError: the text is not one number in that form.
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    form, group = (_PLAIN, ",") if decimal == "." else (_DECIMAL_COMMA, ".")
    # NFKC would make a digit of a footnote mark: 12² is not 122.
    if not form.fullmatch(plain) or any(unicodedata.category(c) == "No" for c in text):
        raise ValueError(f"'{text}' is not a number with decimal '{decimal}'")
    return Decimal(plain.replace(group, "").replace(",", "."))


def printed(value: object) -> str:
    """A spreadsheet's cell as text; a whole number stored as a float is printed whole."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def convert(number: Decimal, factor: float) -> float:
    """Value in the catalog's unit, exact where the product is."""
    return float(number * Decimal(str(factor)))
