"""Borda, Copeland and resamples of partial lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.consensus import (
    RESAMPLED_MAX,
    borda,
    competition_ranks,
    copeland,
    orders,
    positions,
    resampled,
    support,
)

NONE = np.nan


def test_what_a_list_says_of_two_cities() -> None:
    """a is first, b and c are second; d lies between 2 and 5, e is below; f is no member."""
    best = np.array([[1.0, 2, 2, 2, 6, NONE]])
    worst = np.array([[1.0, 2, 2, 5, np.inf, NONE]])
    expected = [
        [NONE, 1, 1, 1, 1, NONE],
        [-1, NONE, 0, NONE, 1, NONE],
        [-1, 0, NONE, NONE, 1, NONE],
        [-1, NONE, NONE, NONE, 1, NONE],
        [-1, -1, -1, -1, NONE, NONE],
        [NONE] * 6,
    ]
    np.testing.assert_array_equal(orders(best, worst)[0], expected)


def test_cities_below_a_list_are_not_tied() -> None:
    best, worst = np.array([[1.0, 2, 2]]), np.array([[1.0, np.inf, np.inf]])
    assert np.isnan(orders(best, worst)[0, 1, 2])


@pytest.mark.parametrize(
    ("best", "worst", "message"),
    [
        ([[1.0, 2]], [[1.0, NONE]], "missing or behind"),
        ([[3.0, 2]], [[1.0, 2]], "missing or behind"),
        ([[1.0, 2]], [[1.0, 2, 3]], "shapes"),
    ],
)
def test_places_that_cannot_be(best: list, worst: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        orders(np.array(best), np.array(worst))


def test_support_counts_ties_half_and_weighs_lists() -> None:
    votes = orders(np.array([[1.0, 2, NONE], [1, 1, 2], [2, 1, NONE]]))
    np.testing.assert_array_equal(support(votes), [[0, 1.5, 1], [1.5, 0, 1], [0, 0, 0]])
    weighted = support(votes, np.array([[1.0, 1, 1], [4, 2, 0]]))
    np.testing.assert_array_equal(weighted[0], support(votes))
    np.testing.assert_array_equal(weighted[1], [[0, 5, 2], [1, 0, 2], [0, 0, 0]])


def test_borda_by_hand() -> None:
    """Positions of a: 1, 3/4 and none; of b: 0, 3/4, 1; of c: none, 0, 0; each last besides. d is
    in a list alone."""
    votes = orders(
        np.array([[1.0, 2, NONE, NONE], [1, 1, 2, NONE], [NONE, 1, 2, NONE], [NONE, NONE, NONE, 1]])
    )
    places = positions(votes)
    expected = [[1, 0, NONE, NONE], [0.75, 0.75, 0, NONE], [NONE, 1, 0, NONE], [NONE] * 4]
    np.testing.assert_array_equal(places, expected)
    scores = borda(places)
    np.testing.assert_allclose(scores, [1.75 / 3, 1.75 / 4, 0, NONE])
    np.testing.assert_array_equal(competition_ranks(scores), [1, 2, 3, NONE])
    np.testing.assert_allclose(borda(places, prior=0), [0.875, 1.75 / 3, 0, NONE])


def test_first_in_one_short_list_is_not_first_of_all() -> None:
    """a is first in four lists, b in one: without the rule they would be equal."""
    lists = [[1.0, NONE, 2, 3]] * 4 + [[NONE, 1.0, 2, 3]]
    scores = borda(positions(orders(np.array(lists))))
    assert scores[0] == 0.8
    assert scores[1] == 0.5


def test_complete_lists_have_bordas_order() -> None:
    random = np.random.default_rng(0)
    ranks = np.array([random.permutation(8) + 1.0 for _ in range(5)])
    points = (8 - ranks).sum(axis=0)
    scores = borda(positions(orders(ranks)))
    np.testing.assert_array_equal(competition_ranks(scores), competition_ranks(points))


def test_copeland_by_hand() -> None:
    """a beats b 2 to 1; a and c are divided; b and d are never compared, c beats d; e is alone."""
    lists = np.array(
        [
            [1.0, 2, 3, NONE, NONE],
            [1, 2, NONE, NONE, NONE],
            [3, 2, 1, NONE, NONE],
            [NONE, NONE, 1, 2, NONE],
            [NONE, NONE, NONE, NONE, 1],
        ]
    )
    np.testing.assert_array_equal(copeland(support(orders(lists))), [1, -1, 1, -1, NONE])


def test_copeland_of_a_cycle_ties_all() -> None:
    pairs = support(orders(np.array([[1.0, 2, 3], [3, 1, 2], [2, 3, 1]])))
    np.testing.assert_array_equal(competition_ranks(copeland(pairs)), [1, 1, 1])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 7), n_lists=st.integers(1, 6))
def test_names_and_order_of_cities_do_not_matter(seed: int, n: int, n_lists: int) -> None:
    random = np.random.default_rng(seed)
    ranks = random.integers(1, n + 1, size=(n_lists, n)).astype(float)
    ranks[random.random(ranks.shape) < 0.3] = NONE
    moved = random.permutation(n)
    votes, other = orders(ranks), orders(ranks[:, moved])
    np.testing.assert_array_equal(borda(positions(votes))[moved], borda(positions(other)))
    np.testing.assert_array_equal(copeland(support(votes))[moved], copeland(support(other)))
    # A list more that says the same of all is as good as weight 2.
    twice = np.concatenate([votes, votes])
    np.testing.assert_array_equal(support(twice), support(votes, np.full(n_lists, 2.0)))


def test_resamples_by_a_plain_loop() -> None:
    """The same draws, one after another, each as a consensus of its own."""
    random = np.random.default_rng(4)
    ranks = random.integers(1, 7, size=(5, 6)).astype(float)
    ranks[random.random(ranks.shape) < 0.4] = NONE
    votes, n = orders(ranks), 200
    found = resampled(votes, n=n, seed=[7])
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([7])))
    drawn = generator.multinomial(5, np.full(5, 0.2), size=n)
    for method in ("borda", "copeland"):
        rows = []
        for times in drawn:
            own = np.repeat(votes, times, axis=0)
            scores = borda(positions(own)) if method == "borda" else copeland(support(own))
            rows.append(competition_ranks(scores))
        table = np.array(rows)
        for city in range(6):
            ranked = np.sort(table[:, city][~np.isnan(table[:, city])])
            assert found[method].ranked_share[city] == len(ranked) / n
            low = np.quantile(ranked, 0.05, method="inverted_cdf")
            high = np.quantile(ranked, 0.95, method="inverted_cdf")
            assert (found[method].low[city], found[method].high[city]) == (low, high)


def test_resamples_of_equal_lists_do_not_vary() -> None:
    """Unanimous lists: any of them gives the order; d is in one list of four alone."""
    lists = np.array([[1.0, 2, 3, NONE]] * 3 + [[1, 2, 3, 4]])
    found = resampled(orders(lists), n=2000, seed=[1])
    assert set(found) == {"borda", "copeland", "kemeny"}
    for interval in found.values():
        np.testing.assert_array_equal(interval.low, [1, 2, 3, 4])
        np.testing.assert_array_equal(interval.high, [1, 2, 3, 4])
        # 1 - (3/4)^4 = 0.684
        np.testing.assert_allclose(interval.ranked_share, [1, 1, 1, 0.684], atol=0.03)


def test_resamples_do_not_depend_on_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    votes = orders(np.array([random.permutation(6) + 1.0 for _ in range(7)]))
    whole = resampled(votes, n=50, seed=[3, 1])
    monkeypatch.setattr("analysis.consensus._CELLS_MAX", 100)
    parts = resampled(votes, n=50, seed=[3, 1])
    for method, interval in whole.items():
        np.testing.assert_array_equal(interval.low, parts[method].low)
        np.testing.assert_array_equal(interval.high, parts[method].high)
    other = resampled(votes, n=50, seed=[3, 2])
    assert any(
        not np.array_equal(whole[method].high, other[method].high)
        or not np.array_equal(whole[method].low, other[method].low)
        for method in whole
    )


def test_resamples_by_kemeny_only_of_few_cities() -> None:
    n = RESAMPLED_MAX + 1
    found = resampled(orders(np.arange(1.0, n + 1)[None]), n=3, seed=[1])
    assert set(found) == {"borda", "copeland"}
