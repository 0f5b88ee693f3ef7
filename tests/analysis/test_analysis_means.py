"""Means under many weights at once, and ranks, against the plain ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.aggregation import Array, aggregate, round_significant
from analysis.chain import ranks
from analysis.means import mean

METHODS = (
    ("a_amean", None),
    ("a_gmean", None),
    ("a_hmean", None),
    ("a_genmean", 2.0),
    ("a_genmean", 0.5),
    ("a_genmean", 0.0),
    ("a_genmean", -3.0),
)


def drawn(random: np.random.Generator, shape: tuple[int, ...], low: int, gaps: float) -> Array:
    numbers = random.integers(low, 7, shape).astype(float)
    return np.where(random.random(shape) < gaps, np.nan, numbers)


@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 4),
    n_units=st.integers(1, 5),
    is_alike=st.lists(st.booleans(), min_size=1, max_size=5),
    method=st.sampled_from(METHODS),
    low=st.sampled_from([-2, 0, 1]),
    gaps=st.sampled_from([0.0, 0.2]),
    rule=st.sampled_from([("share", None), ("share", 0.5), ("share", 0.67), ("none", None)]),
)
def test_many_weights_at_once_are_as_one_by_one(
    seed: int,
    n: int,
    n_units: int,
    is_alike: list[bool],
    method: tuple[str, float | None],
    low: int,
    gaps: float,
    rule: tuple[str, float | None],
) -> None:
    random = np.random.default_rng(seed)
    scores = [drawn(random, (n_units,) if alike else (n, n_units), low, gaps) for alike in is_alike]
    weights = [drawn(random, (n,) if random.random() < 0.7 else (), 1, gaps) for _ in is_alike]
    found = mean(scores, weights, *method, *rule)
    lead = found.shape[:-1]
    expected = aggregate(
        np.stack([np.broadcast_to(x, (*lead, n_units)) for x in scores], axis=-1),
        np.stack([np.broadcast_to(w, lead) for w in weights], axis=-1),
        *method,
        *rule,
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_scores_that_are_equal_to_12_digits_share_a_rank(seed: int, n_units: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.choice([-1.0, 0.0, 1 / 3, 12.5, np.nan], (40, n_units))
    scores = scores * (1 + random.choice([0, 3e-16, 1e-12, 4e-12, 1e-10], scores.shape))
    rounded = round_significant(scores)
    above = (rounded[:, np.newaxis, :] > rounded[:, :, np.newaxis]).sum(axis=-1)
    np.testing.assert_array_equal(ranks(scores), np.where(np.isnan(scores), 0, above + 1))
