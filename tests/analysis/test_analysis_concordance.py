"""Agreement of lists as scipy and textbooks have it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, kendalltau

from analysis.concordance import agreement, concordances, kendall_w

NONE = np.nan


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_lists=st.integers(1, 6),
    n=st.integers(1, 14),
    places=st.integers(1, 14),
    gaps=st.sampled_from([0.0, 0.3, 0.7]),
)
def test_tau_b_and_tops(seed: int, n_lists: int, n: int, places: int, gaps: float) -> None:
    random = np.random.default_rng(seed)
    ranks = random.integers(1, places + 1, size=(n_lists, n)).astype(float)
    ranks[random.random(ranks.shape) < gaps] = NONE
    found = agreement(ranks)
    for one in range(n_lists):
        for other in range(n_lists):
            both = ~np.isnan(ranks[one]) & ~np.isnan(ranks[other])
            x, y = ranks[one][both], ranks[other][both]
            assert found.n_common[one, other] == len(x)
            expected = kendalltau(x, y).statistic if len(x) > 1 else NONE
            assert found.kendall_tau_b[one, other] == pytest.approx(expected, nan_ok=True)
            k = min(10, len(x) // 2)
            mine = {city for city in range(len(x)) if (x < x[city]).sum() < k}
            theirs = {city for city in range(len(x)) if (y < y[city]).sum() < k}
            share = len(mine & theirs) / max(len(mine), len(theirs)) if k else NONE
            assert found.top_k[one, other] == k
            assert found.top_k_overlap[one, other] == pytest.approx(share, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n_lists=st.integers(3, 7), n=st.integers(3, 9))
def test_w_is_friedmans_chi_square(seed: int, n_lists: int, n: int) -> None:
    """W = chi2 / (lists * (cities - 1)), both corrected for ties."""
    random = np.random.default_rng(seed)
    ranks = random.integers(1, n + 1, size=(n_lists, n)).astype(float)
    ranks[0] = np.arange(n)
    n_cities, value, reason = kendall_w(ranks)
    expected = friedmanchisquare(*ranks.T).statistic / (n_lists * (n - 1))
    assert (n_cities, reason) == (n, None)
    assert value == pytest.approx(expected)


def test_w_by_hand() -> None:
    """Sums of ranks 4, 6, 10 and 10, squared deviations from 7.5 12.25 + 2.25 + 6.25 + 6.25 = 27,
    and W = 12 * 27 / (9 * 60)."""
    ranks = np.array([[1.0, 2, 3, 4], [2, 1, 3, 4], [1, 3, 4, 2]])
    assert kendall_w(ranks)[1] == pytest.approx(12 * 27 / (9 * 60))


def test_w_of_equal_and_of_opposite_lists() -> None:
    order = np.arange(1.0, 6)
    assert kendall_w(np.tile(order, (4, 1)))[1] == 1
    assert kendall_w(np.array([order, order[::-1], np.ones(5)]))[1] == 0


def test_w_of_tied_lists_that_agree_is_one() -> None:
    assert kendall_w(np.tile([1.0, 1, 3, 4], (3, 1)))[1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("ranks", "n_cities", "reason"),
    [
        (np.ones((2, 4)), 4, "fewer than 3 lists"),
        (np.array([[1.0, 2, NONE]] * 3), 2, "fewer than 3 cities in common"),
        (np.ones((3, 4)), 4, "all lists tie all cities"),
    ],
)
def test_w_says_why_there_is_none(ranks: np.ndarray, n_cities: int, reason: str) -> None:
    found = kendall_w(ranks)
    assert found[0] == n_cities
    assert np.isnan(found[1])
    assert found[2] == reason


def test_concordance_of_more_and_more_lists() -> None:
    """b and d have five cities in common, with a four, with c three, with e none."""
    lists = np.array(
        [
            [1.0, 2, 3, 4, NONE, NONE],
            [1, 2, 3, 4, 5, NONE],
            [3, 2, 1, NONE, NONE, NONE],
            [2, 1, 3, 4, 5, NONE],
            [NONE, NONE, NONE, NONE, NONE, 1],
        ]
    )
    three, four = concordances(lists)
    assert three.lists.tolist() == [0, 1, 3]
    assert (three.n_cities, four.n_cities) == (4, 3)
    assert four.lists.tolist() == [0, 1, 2, 3]
    assert three.kendall_w == pytest.approx(kendall_w(lists[[0, 1, 3]])[1])
    assert four.kendall_w == pytest.approx(kendall_w(lists[:4, :3])[1])


def test_concordance_of_lists_that_share_too_little() -> None:
    lists = np.array([[1.0, 2, NONE], [NONE, 1, 2], [2, NONE, 1]])
    (found,) = concordances(lists)
    assert (len(found.lists), found.n_cities) == (3, 0)
    assert found.reason == "no three lists with 3 cities in common"
    (pair,) = concordances(lists[:2])
    assert pair.reason == "fewer than 3 lists"
