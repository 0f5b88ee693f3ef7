"""Aggregation over arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.aggregation import AGGREGATORS, aggregate

NAN = np.nan
SCORES = np.array([[4.0, 16.0], [9.0, NAN], [0.0, 2.0], [NAN, NAN], [-1.0, 2.0]])
WEIGHTS = np.array([1.0, 3.0])


@pytest.mark.parametrize(
    ("method", "power", "expected"),
    [
        ("a_amean", None, [13, 9, 1.5, NAN, 1.25]),
        ("a_gmean", None, [8 * np.sqrt(2), 9, NAN, NAN, NAN]),
        ("a_hmean", None, [64 / 7, 9, NAN, NAN, NAN]),
        ("a_genmean", 2.0, [14, 9, np.sqrt(3), NAN, NAN]),
        ("a_genmean", 0.0, [8 * np.sqrt(2), 9, NAN, NAN, NAN]),
        ("a_genmean", -1.0, [64 / 7, 9, NAN, NAN, NAN]),
        ("a_median", None, [16, 9, 2, NAN, 2]),
        # The second has but the first child, in which it is before all; the third and the last are
        # level in the second child, and the third is ahead in the first.
        ("a_copeland", None, [1, 3, -1, NAN, -3]),
    ],
)
def test_a_method_by_hand(method: str, power: float | None, expected: list[float]) -> None:
    np.testing.assert_allclose(aggregate(SCORES, WEIGHTS, method, power), expected, rtol=1e-12)


def test_half_of_the_weight_is_between_two_scores() -> None:
    scores = np.array([[1.0, 2.0, 5.0, 7.0], [1.0, 2.0, 5.0, NAN]])
    assert list(aggregate(scores, np.full(4, 0.1), "a_median")) == [3.5, 2.0]


def test_rules_for_children_without_a_score() -> None:
    scores, weights = np.array([[1.0, NAN, 3.0, 9.0]]), np.array([1.0, 1.0, 2.0, NAN])
    assert aggregate(scores, weights, "a_amean")[0] == pytest.approx(7 / 3)
    assert np.isnan(aggregate(scores, weights, "a_amean", missing_children="none"))[0]
    # Two of three: the fourth is left out of the index.
    for least, is_missing in ((2 / 3, False), (0.67, True)):
        found = aggregate(scores, weights, "a_amean", children_coverage_min=least)
        assert np.isnan(found)[0] == is_missing


def test_copeland_counts_wins_and_losses_of_the_outranking_matrix() -> None:
    scores = np.random.default_rng(2).integers(0, 5, size=(30, 4)).astype(float)
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    one, other = scores[:, None], scores[None]
    matrix = ((one > other) + 0.5 * (one == other)) @ weights
    outcome = np.sign(np.round(matrix - 0.5, 9))
    np.fill_diagonal(outcome, 0)
    np.testing.assert_allclose(aggregate(scores, weights, "a_copeland"), outcome.sum(axis=1))


@pytest.mark.parametrize("power", [-300.0, -0.5, 0.5, 300.0])
def test_no_power_leaves_the_range_of_a_double(power: float) -> None:
    found = aggregate(np.array([[1e-200, 1e-200], [1e200, 1e200]]), WEIGHTS, "a_genmean", power)
    np.testing.assert_allclose(found, [1e-200, 1e200])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), method=st.sampled_from(sorted(AGGREGATORS)))
def test_many_tables_at_once_are_each_as_alone(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.lognormal(size=(3, 6, 4))
    scores[rng.random(scores.shape) < 0.2] = NAN
    weights = rng.random((3, 4))
    together = aggregate(scores, weights, method, 1.5)
    alone = [aggregate(s, w, method, 1.5) for s, w in zip(scores, weights, strict=True)]
    np.testing.assert_array_equal(together, alone)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_means_are_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, weights = rng.lognormal(sigma=3, size=(5, 4)), rng.random(4)
    means = [
        aggregate(scores, weights, "a_genmean", power) for power in (-2.0, -1.0, 0.0, 1.0, 3.0)
    ]
    for lower, higher in itertools.pairwise(means):
        assert (lower <= higher * (1 + 1e-12)).all()
    np.testing.assert_allclose(means[1], aggregate(scores, weights, "a_hmean"))
    np.testing.assert_allclose(means[2], aggregate(scores, weights, "a_gmean"))
    np.testing.assert_allclose(means[3], aggregate(scores, weights, "a_amean"))
