"""Pairwise correlations are those of pandas, whatever the gaps, ties and sizes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.correlation import pairwise


def assert_like_pandas(values: np.ndarray, relative: float = 1e-9) -> None:
    frame, found = pd.DataFrame(values), pairwise(values)
    known = frame.notna().astype(int)
    np.testing.assert_array_equal(found.n, known.T @ known)
    spread = np.sqrt(np.outer(frame.var().fillna(1), frame.var().fillna(1)))
    np.testing.assert_allclose(
        found.covariance, frame.cov(), rtol=relative, atol=relative * (spread.max() + 1e-300)
    )
    varies = ~np.isnan(found.pearson)
    for one in frame:
        for other in frame:
            both = frame[[one, other]].dropna()
            expected = len(both) > 1 and (both.nunique() > 1).all()
            assert varies[one, other] == expected, (one, other)
    for matrix, method in ((found.pearson, "pearson"), (found.spearman, "spearman")):
        expected = frame.corr(method).to_numpy()
        np.testing.assert_allclose(matrix[varies], expected[varies], atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 30),
    gaps=st.sampled_from([0.0, 0.1, 0.6]),
    digits=st.sampled_from([0, 1, 12]),
    size=st.sampled_from([1e-9, 1.0, 1e12]),
)
def test_random_tables(seed: int, n: int, gaps: float, digits: int, size: float) -> None:
    random = np.random.default_rng(seed)
    values = size * random.normal(size=(n, 5)).round(digits)
    values[:, 4] = size  # does not vary
    values[random.random(values.shape) < gaps] = np.nan
    assert_like_pandas(values)


def test_an_outlier_among_rows_that_the_other_lacks() -> None:
    # Sums over whole columns would cancel out: the common rows vary by 1e-6 of the column.
    random = np.random.default_rng(1)
    values = random.normal(size=(40, 2))
    values[:, 1] += values[:, 0]
    values[0] = [1e7, np.nan]
    found = pairwise(values)
    rest = pd.DataFrame(values[1:])
    assert found.pearson[0, 1] == pytest.approx(rest.corr().loc[0, 1], rel=1e-12)
    assert found.covariance[0, 1] == pytest.approx(rest.cov().loc[0, 1], rel=1e-12)


def test_without_ranks() -> None:
    found = pairwise(np.arange(6.0).reshape(3, 2), ranked=False)
    assert np.isnan(found.spearman).all()
    assert found.pearson == pytest.approx(np.ones((2, 2)))
