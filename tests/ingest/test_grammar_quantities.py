"""Printed quantities in the number forms of five languages."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.grammar.quantities import (
    Ambiguous,
    Withheld,
    canonical_unit,
    decimal_sign,
    read_quantity,
)

READ = [
    # printed, value, unit, operator
    ("1,234.5", "1234.5", "", "eq"),
    ("1.234,5", "1234.5", "", "eq"),
    ("1 234,5", "1234.5", "", "eq"),
    ("1\u202f234\u202f567", "1234567", "", "eq"),
    ("1'234.50", "1234.5", "", "eq"),
    ("1,2345.6", "12345.6", "", "eq"),
    ("12,3456,7890", "1234567890", "", "eq"),
    ("1,23,456", "123456", "", "eq"),
    ("１２３．５", "123.5", "", "eq"),
    ("0,7449", "0.7449", "", "eq"),
    ("-3.2%", "-3.2", "%", "eq"),
    ("−3.2", "-3.2", "", "eq"),
    ("负3.2%", "-3.2", "%", "eq"),
    ("12‰", "12", "‰", "eq"),
    ("百分之三十", "30", "%", "eq"),
    ("5个百分点", "5", "个百分点", "eq"),
    ("2.3 percentage points", "2.3", "percentage points", "eq"),
    ("一百二十三", "123", "", "eq"),
    ("一百零二", "102", "", "eq"),
    ("二〇二四", "2024", "", "eq"),
    ("两万", "20000", "", "eq"),
    ("百亿", "10000000000", "", "eq"),
    ("三千五百万", "35000000", "", "eq"),
    ("一千零一万", "10010000", "", "eq"),
    ("三点五万", "35000", "", "eq"),
    ("3.5千", "3500", "", "eq"),
    ("1亿2000万", "120000000", "", "eq"),
    ("6.38 万家", "63800", "家", "eq"),
    ("6.38萬家", "63800", "家", "eq"),
    ("3.5亿元", "350000000", "元", "eq"),
    ("1.5万亿元", "1500000000000", "元", "eq"),
    ("US$1.2bn", "1200000000", "US$", "eq"),
    ("$1.2m", "1200000", "$", "eq"),
    ("1,2 Mrd. €", "1200000000", "€", "eq"),
    ("3,4 Milliarden Euro", "3400000000", "Euro", "eq"),
    ("1.234 Mio.", "1234000000", "", "eq"),
    ("Rp 1,5 triliun", "1500000000000", "Rp", "eq"),
    ("2,5 juta", "2500000", "", "eq"),
    ("1,5 millions d'euros", "1500000", "euros", "eq"),
    ("3.4k", "3400", "", "eq"),
    ("20 EFLOPS", "20", "EFLOPS", "eq"),
    ("40000P", "40000", "P", "eq"),
    ("three", "3", "", "eq"),
    ("twenty-five firms", "25", "firms", "eq"),
    ("超过100家", "100", "家", "gt"),
    ("100多家", "100", "家", "gt"),
    ("100余家", "100", "家", "gt"),
    ("逾3.5亿元", "350000000", "元", "gt"),
    ("100家以上", "100", "家", "ge"),
    ("近百家", "100", "家", "about"),
    ("约1.2万亿元", "1200000000000", "元", "about"),
    ("不足50家", "50", "家", "lt"),
    ("100+", "100", "", "ge"),
    ("at least 12 firms", "12", "firms", "ge"),
    ("up to 30%", "30", "%", "le"),
    ("lebih dari 5,5 persen", "5.5", "persen", "gt"),
    ("sekitar 15 kabinet", "15", "kabinet", "about"),
    ("über 3 Mio.", "3000000", "", "gt"),
    ("rund 2,5 Mrd. Euro", "2500000000", "Euro", "about"),
    ("plus de 2 millions", "2000000", "", "gt"),
    ("environ 2,5 millions", "2500000", "", "about"),
]


@pytest.mark.parametrize(("printed", "value", "unit", "operator"), READ)
def test_reads(printed: str, value: str, unit: str, operator: str) -> None:
    quantity = read_quantity(printed)
    assert (quantity.value, quantity.unit, quantity.operator) == (Decimal(value), unit, operator)
    assert quantity.upper is None
    assert quantity.printed == printed


@pytest.mark.parametrize(
    ("printed", "low", "high", "unit"),
    [
        ("30-50", "30", "50", ""),
        ("3～5万", "30000", "50000", ""),
        ("3万至5万", "30000", "50000", ""),
        ("between 3 and 5 million", "3000000", "5000000", ""),
        ("zwischen 3 und 5 Mio.", "3000000", "5000000", ""),
        ("antara 3 dan 5 juta", "3000000", "5000000", ""),
        ("entre 3 et 5 millions", "3000000", "5000000", ""),
        ("10 to 20%", "10", "20", "%"),
        ("5% - 6%", "5", "6", "%"),
    ],
)
def test_ranges(printed: str, low: str, high: str, unit: str) -> None:
    quantity = read_quantity(printed)
    assert (quantity.value, quantity.upper, quantity.unit) == (Decimal(low), Decimal(high), unit)


@pytest.mark.parametrize("printed", ["1,234", "1.234", "1,2345", "1,0000", "40.000P", "5.000 kota"])
def test_unknown_decimal_sign_is_refused(printed: str) -> None:
    with pytest.raises(Ambiguous, match="decimal"):
        read_quantity(printed)
    point, comma = read_quantity(printed, "."), read_quantity(printed, ",")
    assert point.value != comma.value


@pytest.mark.parametrize(
    "printed",
    [
        "三四十", "一百二", "数百家", "12²", "1.2.3", "50-30", "3.", "km", "a3", "1 2", "12 34",
        "5 Billion Euro", "1,2,3 x", "3 and 4", "x" * 500, "9" * 100,
    ],
)  # fmt: skip
def test_refuses(printed: str) -> None:
    with pytest.raises(ValueError):
        read_quantity(printed)


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("******", "masked"),
        ("xx.x", "masked"),
        ("--", "not available"),
        ("—", "not available"),
        ("…", "not available"),
        ("n/a", "not available"),
        ("k. A.", "not available"),
        ("tidak tersedia", "not available"),
        ("未公布", "not published"),
        ("(未披露)", "not published"),
        ("", "empty"),
    ],
)
def test_withheld_is_told_apart(printed: str, reason: str) -> None:
    with pytest.raises(Withheld) as error:
        read_quantity(printed)
    assert error.value.reason == reason


def test_sentinel_only_where_declared() -> None:
    assert read_quantity("-1.00").value == -1
    with pytest.raises(Withheld, match="sentinel"):
        read_quantity("-1.00", sentinels={Decimal(-1)})


@pytest.mark.parametrize(
    ("column", "sign"),
    [
        (["1,234", "5.6"], "."),
        (["1.234", "5,6"], ","),
        (["1.234.567", "1.234"], ","),
        (["1,234,567"], "."),
        (["1,234", "12,345", "999", "2,000"], "."),
        (["0,123", "1,234"], ","),
        (["1,234", "5,678"], None),
        (["1,5", "2.5"], None),
        (["12", "13"], None),
        ([], None),
    ],
)
def test_decimal_sign_of_a_column(column: list[str], sign: str | None) -> None:
    assert decimal_sign(column) == sign


def test_canonical_units() -> None:
    assert canonical_unit("个百分点") == canonical_unit("Prozentpunkte") == "pp"
    assert canonical_unit("persen") == "%"
    assert (canonical_unit("P"), canonical_unit("P", computing=True)) == ("P", "PFLOPS")


NUMBERS = st.decimals(
    min_value=-(10**12), max_value=10**12, places=4, allow_nan=False, allow_infinity=False
)
GROUPING = {
    "en": ",.",
    "de": ".,",
    "fr": "\u202f,",
    "fr_wide": "\u00a0,",
    "ch": "'.",
    "plain": " .",
}
FULL_WIDTH = str.maketrans("0123456789,.-%", "０１２３４５６７８９，．－％")


@given(NUMBERS, st.sampled_from(sorted(GROUPING)), st.booleans())
def test_any_locale_reads_back(number: Decimal, locale: str, wide: bool) -> None:
    group, sign = GROUPING[locale]
    printed = f"{number:,}".replace(",", "G").replace(".", sign).replace("G", group)
    printed = printed.translate(FULL_WIDTH) if wide else printed
    assert read_quantity(printed, sign).value == number


@given(st.integers(0, 10**12))
def test_grouped_by_wan_reads_back(number: int) -> None:
    digits, groups = str(number), []
    while digits:
        digits, group = digits[:-4], digits[-4:]
        groups.insert(0, group)
    assert read_quantity(",".join(groups), ".").value == number


@given(st.integers(1, 10**12 - 1))
def test_chinese_numerals_read_back(number: int) -> None:
    assert read_quantity(chinese(number)).value == number


def chinese(number: int) -> str:
    """A whole number in full Chinese form."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            rest = number % size
            zero = "零" if rest and rest < size // 10 else ""
            return chinese(number // size) + name + zero + (chinese(rest) if rest else "")
    text, pending = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            text += ("零" if pending else "") + "零一二三四五六七八九"[digit] + name
            pending = False
        else:
            pending = bool(text)
    return text


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        quantity = read_quantity(text)
    except ValueError:
        return
    assert quantity.printed == text.strip()
    assert read_quantity(quantity.printed) == quantity


@given(st.lists(st.text(max_size=20), max_size=8))
def test_any_column_has_a_sign_or_none(column: list[str]) -> None:
    assert decimal_sign(column) in (".", ",", None)
