"""Enumerations of names and values, joined and split in every language."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.grammar.lists import UnequalLists, align, split_names, split_values


def names(text: str, *known: str) -> list[str]:
    return [i.name for i in split_names(text, known.__contains__ if known else None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A, B and C", ["A", "B", "C"]),
        ("A, B, and C", ["A", "B", "C"]),
        ("A、B和C", ["A", "B", "C"]),
        ("甲市、乙市以及丙市", ["甲市", "乙市", "丙市"]),
        ("A, B dan C", ["A", "B", "C"]),
        ("A, B und C", ["A", "B", "C"]),
        ("A, B et C", ["A", "B", "C"]),
        ("Anggrek,. Cemara dan Bakau", ["Anggrek", "Cemara", "Bakau"]),
        ("modal. , dan dukungan", ["modal", "dukungan"]),
        ("呼和浩特、上海和合肥", ["呼和浩特", "上海", "合肥"]),
        ("大同和呼和浩特", ["大同", "呼和浩特"]),
        ("京(jīng)市、沪(hù)市", ["京市", "沪市"]),
        ("Sand (Ost), Berg (A and B, C) und Tal", ["Sand", "Berg", "Tal"]),
        ("Alphaville", ["Alphaville"]),
    ],
)
def test_split_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_known_names_stay_whole() -> None:
    assert names("Rain, D.C. and Sun and Moon", "Rain, D.C.", "Sun and Moon") == [
        "Rain, D.C.",
        "Sun and Moon",
    ]
    assert names("和田、和平和安", "和平和安") == ["和田", "和平和安"]


def test_brackets_become_notes() -> None:
    (first, second) = split_names("A(80.3)、B(49.9)")
    assert (first.notes, second.notes) == (("80.3",), ("49.9",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,0000, 0,7449, dan 0,6266", ["1.0000", "0.7449", "0.6266"]),
        ("masing-masing 1,0000, 0,7449, dan 0,6266", ["1", "0.7449", "0.6266"]),
        ("分别为80.3、49.9和34.2", ["80.3", "49.9", "34.2"]),
        ("80.3,49.9,34.2", ["80.3", "49.9", "34.2"]),
        ("85.1分、82.5分、81.4分", ["85.1", "82.5", "81.4"]),
        ("1, 2 and 3 respectively", ["1", "2", "3"]),
        ("80,3, 49,9 et 34,2", ["80.3", "49.9", "34.2"]),
        ("80,3, 49,9 bzw. 34,2", ["80.3", "49.9", "34.2"]),
        ("12, n/a and 4", ["12", None, "4"]),
    ],
)
def test_split_values(text: str, expected: list[str | None]) -> None:
    read = [None if v is None else v.value for v in split_values(text)]
    assert read == [None if e is None else Decimal(e) for e in expected]


def test_values_that_read_in_two_ways_are_refused() -> None:
    with pytest.raises(ValueError, match="decimal"):
        split_values("1,234, 2,345")


def test_alignment_needs_equal_counts() -> None:
    assert align(["A", "B"], [1, 2]) == [("A", 1), ("B", 2)]
    with pytest.raises(UnequalLists) as error:
        align(["A", "B", "C"], [1, 2])
    assert (error.value.names, error.value.values) == (("A", "B", "C"), ("1", "2"))


PLACES = st.lists(
    st.sampled_from(["Alphaville", "New Town", "Beta-Stadt", "Gammaburg", "Saint Léon", "Zeta"]),
    min_size=1, max_size=6,
)  # fmt: skip
HAN = st.lists(st.text("甲乙丙丁戊己庚辛", min_size=2, max_size=4), min_size=1, max_size=6)


def joined(items: list[str], comma: str, last: str) -> str:
    return items[0] if len(items) == 1 else comma.join(items[:-1]) + last + items[-1]


@given(PLACES, st.sampled_from([" and ", ", and ", " dan ", ", dan ", " und ", " et ", " & "]))
def test_joined_names_split_back(items: list[str], last: str) -> None:
    assert names(joined(items, ", ", last)) == items


@given(HAN, st.sampled_from(["和", "与", "以及", "、"]))
def test_joined_chinese_names_split_back(items: list[str], last: str) -> None:
    assert names(joined(items, "、", last)) == items


SCORES = st.lists(
    st.decimals(min_value=0, max_value=999, places=2, allow_nan=False), min_size=1, max_size=6
)


@given(SCORES, st.sampled_from([(".", ", ", " and "), (",", ", ", ", dan "), (",", "; ", " und "),
                                (".", "、", "和"), (",", ", ", " et ")]))  # fmt: skip
def test_joined_values_split_back(scores: list[Decimal], form: tuple[str, str, str]) -> None:
    sign, comma, last = form
    text = joined([str(s).replace(".", sign) for s in scores], comma, last)
    assert [v.value for v in split_values(text, sign) if v] == scores


@given(st.text(max_size=80))
def test_any_text_is_split_or_refused(text: str) -> None:
    for split in (split_names, split_values):
        try:
            split(text)
        except ValueError:
            continue
