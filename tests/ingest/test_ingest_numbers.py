"""Printed numbers, whatever their grouping, decimal sign and width."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.numbers import convert, parse_number, printed

numbers = st.decimals(
    min_value=-(10**12), max_value=10**12, places=4, allow_nan=False, allow_infinity=False
)
FULL_WIDTH = str.maketrans("0123456789,.-", "０１２３４５６７８９，．－")


@given(numbers)
def test_grouped_by_comma(number: Decimal) -> None:
    assert parse_number(f"{number:,}") == number


@given(numbers)
def test_plain(number: Decimal) -> None:
    assert parse_number(f" {number} ") == number


@given(numbers)
def test_decimal_comma(number: Decimal) -> None:
    swapped = f"{number:,}".translate(str.maketrans(",.", ".,"))
    assert parse_number(swapped, decimal=",") == number


@given(numbers)
def test_full_width(number: Decimal) -> None:
    assert parse_number(f"{number:,}".translate(FULL_WIDTH)) == number


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("", "."),
        ("—", "."),
        ("n/a", "."),
        ("12-15", "."),
        ("12 345", "."),
        ("1,5", "."),
        ("1,234,56", "."),
        ("1.234.567", "."),
        ("0,7449", "."),
        ("1.234,5", "."),
        ("0.7449", ","),
        ("1,234.5", ","),
        ("5%", "."),
        ("1e5", "."),
        ("1_000", "."),
        ("nan", "."),
        ("inf", "."),
        ("1.", "."),
        ("½", "."),
        ("12 34", ","),
    ],
)
def test_what_is_not_one_number_is_refused(text: str, decimal: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_number(text, decimal)


def test_a_footnote_mark_is_not_a_digit() -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_number("12²")


@given(st.text(max_size=12), st.sampled_from([".", ","]))
def test_any_text_is_a_number_or_refused(text: str, decimal: str) -> None:
    try:
        number = parse_number(text, decimal)
    except ValueError:
        return
    assert number.is_finite()
    signs = set(unicodedata.normalize("NFKC", text).strip()) - set("+-−.,")
    assert signs
    assert all(unicodedata.category(sign) == "Nd" for sign in signs)


def test_the_sign_before_grouped_digits() -> None:
    assert parse_number("−1,234.50") == Decimal("-1234.50")
    assert parse_number("+3") == 3


def test_cells_of_a_spreadsheet() -> None:
    assert printed(2186.0) == "2186"
    assert printed(87.83) == "87.83"
    assert printed(" 2186 ") == "2186"
    assert printed("") == ""


def test_conversion_is_exact() -> None:
    assert convert(Decimal("43761"), 1e8) == 4376100000000.0
    assert convert(Decimal("0.1") + Decimal("0.2"), 10000) == 3000.0
