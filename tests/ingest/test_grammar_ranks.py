"""Printed ranks, with every notation of a tie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.grammar.ranks import read_rank

ONE = {
    1: "1|1st|#1|No. 1|No.1|first|pertama|erster|erste|premier|première|"
    "1er|第一|第1名|榜首|首位|冠军|位列第一",
    2: "2|2nd|second|kedua|zweiter|deuxième|2e|第二|居第二位|亚军|Platz 2|peringkat ke-2",
    3: "3.|3|rank 3|Rang 3|third|ketiga|第三名|第３位|季军|peringkat ketiga|nº 3",
    12: "12|12th|12º|12.º|12ª|ke-12|twelfth|zwölfter|douzième|第十二|kedua belas",
    21: "21st|twenty-first|第二十一",
    1234: "1,234|1.234|1234",
}
TIED = (
    "10=|=10|T10|T-10|10 (tie)|10 (tied)|10th=|joint 10th|tied for 10th|"
    "并列第10|第10(并列)|第10（并列）|並列第十|10 ex aequo|10T"
)
NONE = "T|abc|0|-1|1.5|3-1|3-3||n/a|3 or 4|1/2|top 10|10-|10+|第|３.５|101-|" + "1" * 50


@pytest.mark.parametrize(
    ("printed", "rank"), [(p, rank) for rank, row in ONE.items() for p in row.split("|")]
)
def test_one_rank(printed: str, rank: int) -> None:
    read = read_rank(printed)
    assert (read.rank_from, read.rank_to, read.tied, read.printed) == (rank, rank, False, printed)


@pytest.mark.parametrize("printed", TIED.split("|"))
def test_ties(printed: str) -> None:
    read = read_rank(printed)
    assert (read.rank_from, read.rank_to, read.tied) == (10, 10, True)


@pytest.mark.parametrize(
    "printed", ["101-150", "101–150", "101 to 150", "第101至150位", "101～150"]
)
def test_ranges(printed: str) -> None:
    read = read_rank(printed)
    assert (read.rank_from, read.rank_to, read.tied) == (101, 150, False)


@pytest.mark.parametrize("printed", NONE.split("|"))
def test_refuses(printed: str) -> None:
    with pytest.raises(ValueError, match="rank"):
        read_rank(printed)


@given(st.text(max_size=45))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rank = read_rank(text)
    except ValueError:
        return
    assert 1 <= rank.rank_from <= rank.rank_to
    assert read_rank(rank.printed) == rank
