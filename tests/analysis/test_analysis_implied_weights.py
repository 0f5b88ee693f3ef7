"""Weights implied by a list: those that made it come back, where the list determines them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from analysis.implied_weights import TOLERANCE, fit_order, fit_scores, in_words, without_gaps

Array = np.ndarray[Any, np.dtype[np.float64]]


def table(n_units: int, n_indicators: int, seed: int = 0) -> tuple[Array, Array]:
    """Scores and weights that are far from zero."""
    rng = np.random.default_rng(seed)
    scores = rng.random((n_units, n_indicators)) * 100
    weights = rng.random(n_indicators) + 0.5
    return scores, weights / weights.sum()


def places(sums: Array) -> Array:
    return np.array([1.0 + (sums > s).sum() for s in sums])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6), st.floats(0.1, 100), st.floats(-50, 50))
def test_scores_give_the_weights_back(seed: int, n: int, scale: float, origin: float) -> None:
    scores, weights = table(25, n, seed)
    fit = fit_scores(scores, origin + scale * (scores @ weights))
    assert fit.weights == pytest.approx(weights, abs=1e-9)
    assert fit.r2 == pytest.approx(1)
    assert fit.tau_b == pytest.approx(1)
    assert (fit.low <= weights + 1e-9).all() and (weights <= fit.high + 1e-9).all()
    assert fit.rank == n


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4))
def test_an_order_gives_the_weights_back_nearly(seed: int, n: int) -> None:
    scores, weights = table(60, n, seed)
    first = places(scores @ weights)
    fit = fit_order(scores, first, first)
    assert fit.weights == pytest.approx(weights, abs=0.06)
    assert fit.tau_b is not None and fit.tau_b > 0.98
    assert fit.is_determined.all() and in_words(fit) is None


def test_few_units_determine_no_weights() -> None:
    scores, weights = table(6, 12)
    sums = scores @ weights
    for fit in (fit_scores(scores, sums), fit_order(scores, places(sums), places(sums))):
        assert fit.tau_b == pytest.approx(1)
        assert not fit.is_determined.all()
        assert (fit.low <= weights + 1e-6).all() and (weights <= fit.high + 1e-6).all()
        words = in_words(fit)
        assert words and "6 units, 12 indicators" in words and "not determined" in words


def test_indicators_in_step_are_not_told_apart() -> None:
    scores, _ = table(30, 2)
    scores = np.column_stack([scores, scores[:, 0]])
    sums = scores @ np.array([0.3, 0.4, 0.3])
    for fit in (fit_scores(scores, sums), fit_order(scores, places(sums), places(sums))):
        assert fit.rank == 2
        assert list(fit.is_determined) == [False, True, False]
        assert fit.low[[0, 2]] == pytest.approx([0, 0], abs=0.05)
        assert fit.high[[0, 2]] == pytest.approx([0.6, 0.6], abs=0.1)


def test_a_list_against_all_indicators_has_no_weights() -> None:
    scores = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 5.0], [4.0, 6.0], [5.0, 7.0]])
    for fit in (fit_scores(scores, -scores[:, 0]), fit_order(scores, scores[:, 0], scores[:, 0])):
        assert fit.weights is None
        assert in_words(fit) == "5 units, 2 indicators: no weights from zero up follow this list"


def test_within_a_tier_any_order_is_good() -> None:
    # By the first indicator alone the tiers are right; inside them it says the reverse.
    scores = np.array([[8.0, 1.0], [9.0, 7.0], [3.0, 8.0], [4.0, 2.0], [1.0, 9.0]])
    fit = fit_order(scores, np.array([1.0, 1, 3, 3, 5]), np.array([2.0, 2, 4, 4, 5]))
    assert fit.weights is not None
    assert fit.weights[0] > 0.7
    sums = scores @ fit.weights
    assert sums[:2].min() > sums[2:4].max() and sums[2:4].min() > sums[4]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_the_ends_of_a_range_are_those_of_all_weights_that_fit(seed: int) -> None:
    """Against a search over weights on a grid of three."""
    rng = np.random.default_rng(seed)
    scores, weights = table(8, 3, seed)
    published = scores @ weights + rng.normal(0, 5, 8)
    fit = fit_scores(scores, published)
    if fit.weights is None:
        return
    y = published - published.mean()
    steps = np.linspace(0, 1, 41)
    tried = np.array([(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1 + 1e-12])
    sums = (scores - scores.mean(axis=0)) @ tried.T
    slope = np.maximum(y @ sums, 0) / np.maximum((sums**2).sum(axis=0), 1e-12)
    r2 = 1 - ((y[:, np.newaxis] - slope * sums) ** 2).sum(axis=0) / (y @ y)
    good = tried[r2 >= (fit.r2 or 0) - TOLERANCE]
    assert r2.max() <= (fit.r2 or 0) + 1e-9
    assert (fit.low <= good.min(axis=0, initial=1) + 1e-3).all()
    assert (fit.high >= good.max(axis=0, initial=0) - 1e-3).all()
    # And no wider than the best that any weights reach there.
    for end, node in ((fit.low, 0), (fit.high, 0)):

        def loss(rest: Array, at: float = end[node]) -> float:
            part = np.array([at, (1 - at) * rest[0], (1 - at) * (1 - rest[0])])
            sums = (scores - scores.mean(axis=0)) @ part
            slope = max(float(y @ sums), 0.0) / max(float(sums @ sums), 1e-12)
            return float(((y - slope * sums) ** 2).sum() / (y @ y))

        best = min(minimize(loss, [s], bounds=[(0, 1)]).fun for s in (0.1, 0.5, 0.9))
        assert 1 - best >= (fit.r2 or 0) - TOLERANCE - 1e-3


def test_gaps_are_cut_out_by_indicator_first() -> None:
    scores = np.ones((4, 3))
    scores[1:, 2] = np.nan
    scores[0, 0] = np.nan
    units, indicators = without_gaps(scores)
    assert list(indicators) == [True, True, False]
    assert list(units) == [False, True, True, True]


def test_a_single_indicator_has_all_the_weight() -> None:
    scores = np.array([[1.0], [2.0], [4.0], [7.0], [9.0]])
    first = np.array([5.0, 4, 3, 2, 1])
    for fit in (
        fit_scores(scores, scores[:, 0] + [0, 1, 0, 1, 0]),
        fit_order(scores, first, first),
    ):
        assert fit.weights == pytest.approx([1])
        assert fit.low == pytest.approx([1])
        assert fit.high == pytest.approx([1])
