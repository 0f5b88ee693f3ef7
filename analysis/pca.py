"""Principal components of the children of a node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """Principal components of k columns, the largest first."""

    eigenvalues: Floats
    """Of the correlation matrix, (c,), c = min(n_units, k); they sum to k."""
    vectors: Floats
    """Unit vectors, (k, c), a component a column: `rotation` of R's prcomp."""
    n_units: int
    """Rows without a gap, on which they rest."""

    @property
    def shares(self) -> Floats:
        """Share of the variance of each component, (c,); they sum to 1."""
        return np.asarray(self.eigenvalues / self.eigenvalues.sum())

    @property
    def loadings(self) -> Floats:
        """Correlation of each column with each component, (k, c)."""
        return np.asarray(self.vectors * np.sqrt(self.eigenvalues))


def principal_components(values: Floats) -> Components:
    """Principal components of standardised columns, as get_PCA of COINr finds them with prcomp.

    Rows with a gap are left aside. A component has no sign of its own: it points where its entries
    sum to a positive number, or, where they sum to nothing, where the first of them is positive.

    Args:
        values: (n, k), a row a unit, NaN for a gap.

    Raises:
        ValueError: a column does not vary over the rows without a gap; see `varying`.
    """
    complete = values[~np.isnan(values).any(axis=1)]
    if not (len(complete) > 1 and np.all(complete.min(axis=0) < complete.max(axis=0))):
        raise ValueError("a column does not vary over the rows without a gap: leave it out")
    # Scaled first, so that squares neither overflow nor vanish.
    centred = complete - complete.mean(axis=0)
    centred = centred / np.abs(centred).max(axis=0)
    standard = centred / centred.std(axis=0, ddof=1)
    _, singular, rows = np.linalg.svd(standard, full_matrices=False)
    eigenvalues = singular**2 / (len(complete) - 1)
    return Components(
        # What rounding leaves of a column that follows from others is nothing.
        eigenvalues=np.where(eigenvalues > 1e-12, eigenvalues, 0.0),
        vectors=_signed(rows.T),
        n_units=len(complete),
    )


def varying(values: Floats) -> NDArray[np.bool_]:
    """Which columns have principal components together: all vary over the rows without a gap.

    Of columns that do not, those without any variation go first, then one after the other the
    emptiest of all until the others vary.
    """
    kept = np.array(
        [len(np.unique(column[~np.isnan(column)])) > 1 for column in values.T], dtype=np.bool_
    )
    while kept.any():
        complete = values[:, kept]
        complete = complete[~np.isnan(complete).any(axis=1)]
        if len(complete) > 1:
            constant = complete.min(axis=0) == complete.max(axis=0)
            if not constant.any():
                break
            kept[np.flatnonzero(kept)[constant]] = False
        else:
            gaps = np.where(kept, np.isnan(values).sum(axis=0), -1)
            kept[int(gaps.argmax())] = False
    return kept


def _signed(vectors: Floats) -> Floats:
    sums = vectors.sum(axis=0)
    first = np.array([column[np.abs(column) > 1e-9][0] for column in vectors.T])
    return np.asarray(vectors * np.where(np.where(np.abs(sums) > 1e-9, sums, first) < 0, -1, 1))
