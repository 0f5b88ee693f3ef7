"""Principal components: closed forms, and the rule that gives them a sign."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.pca import principal_components, varying


def correlated(r: float, n: int = 50) -> np.ndarray:
    """Two columns whose correlation is r exactly."""
    random = np.random.default_rng(3)
    basis, _ = np.linalg.qr(random.normal(size=(n, 2)) - random.normal(size=(n, 2)).mean(axis=0))
    basis = basis - basis.mean(axis=0)
    basis, _ = np.linalg.qr(basis)
    return basis @ np.array([[1, r], [0, np.sqrt(1 - r**2)]])


@pytest.mark.parametrize("r", [0.97, 0.5, -0.8])
def test_two_columns_have_closed_forms(r: float) -> None:
    found = principal_components(correlated(r))
    assert found.eigenvalues == pytest.approx([1 + abs(r), 1 - abs(r)], abs=1e-12)
    assert found.shares == pytest.approx([(1 + abs(r)) / 2, (1 - abs(r)) / 2], abs=1e-12)
    root = np.sqrt(0.5)
    first, second = ([root, root], [root, -root]) if r > 0 else ([root, -root], [root, root])
    assert found.vectors[:, 0] == pytest.approx(first, abs=1e-9)
    assert found.vectors[:, 1] == pytest.approx(second, abs=1e-9)
    assert found.loadings[:, 0] == pytest.approx(np.array(first) * np.sqrt(1 + abs(r)), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 40), k=st.integers(2, 6))
def test_they_are_those_of_the_correlation_matrix(seed: int, n: int, k: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, k)) * 10.0 ** random.integers(-8, 8, size=k)
    found = principal_components(values)
    matrix = np.corrcoef(values, rowvar=False)
    count = min(n, k)
    assert found.eigenvalues.shape == (count,)
    assert np.sort(np.linalg.eigvalsh(matrix))[::-1][:count] == pytest.approx(
        found.eigenvalues, abs=1e-9
    )
    assert found.eigenvalues.sum() == pytest.approx(k)
    kept = found.vectors[:, found.eigenvalues > 0]
    assert kept.T @ kept == pytest.approx(np.eye(kept.shape[1]), abs=1e-9)
    for column in kept.T:
        if abs(column.sum()) > 1e-6:
            assert column.sum() > 0
    assert principal_components(values * 5 + 7).vectors[:, 0] == pytest.approx(
        found.vectors[:, 0], abs=1e-6
    )


def test_rows_with_a_gap_are_left_aside() -> None:
    values = np.array([[1.0, 2], [2, 1], [3, 5], [np.nan, 90], [4, 4]])
    found = principal_components(values)
    whole = principal_components(values[~np.isnan(values).any(axis=1)])
    assert found.n_units == 4
    assert found.loadings == pytest.approx(whole.loadings)


def test_a_column_that_does_not_vary_is_named() -> None:
    values = np.array([[1.0, 7, 3], [2, 7, 1], [3, 7, 2]])
    with pytest.raises(ValueError, match="does not vary"):
        principal_components(values)
    assert varying(values).tolist() == [True, False, True]


def test_columns_that_have_no_row_in_common() -> None:
    values = np.array([[1.0, np.nan, 1], [2, np.nan, 2], [np.nan, 1, 4], [np.nan, 2, 3]])
    kept = varying(values)
    principal_components(values[:, kept])
    assert kept.sum() >= 1
    assert varying(np.full((3, 2), np.nan)).tolist() == [False, False]
