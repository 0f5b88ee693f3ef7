"""Correlations of all pairs of columns, each over the rows that have both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Matrices (k, k) over the columns; NaN where a measure is not defined."""

    n: NDArray[np.int64]
    """Rows that have both."""
    covariance: Floats
    """With n - 1; NaN for fewer than two rows."""
    pearson: Floats
    """NaN where one of the two does not vary."""
    spearman: Floats
    """Pearson's of the ranks within these rows, ties at their mean."""


def pairwise(values: Floats) -> Pairs:
    """As R's cov and cor with use = "pairwise.complete.obs".

    Columns with gaps in the same rows are taken together, so that a table without gaps costs one
    product of matrices; with gaps everywhere, one a pair.

    Args:
        values: (n, k), a row a unit, NaN for a gap.
    """
    n_columns = values.shape[1]
    values = np.asfortranarray(values)
    known = ~np.isnan(values)
    order = np.argsort(np.where(known, values, np.inf), axis=0, kind="stable")
    patterns, pattern_of = np.unique(known.T, axis=0, return_inverse=True)
    pattern_of = pattern_of.reshape(-1)
    groups = [np.flatnonzero(pattern_of == number) for number in range(len(patterns))]

    n = np.zeros((n_columns, n_columns), dtype=np.int64)
    measures = {
        name: np.full((n_columns, n_columns), np.nan)
        for name in ("covariance", "pearson", "spearman")
    }
    for first, columns in enumerate(groups):
        for second in range(first, len(groups)):
            others = groups[second]
            rows = patterns[first] & patterns[second]
            count = int(rows.sum())
            cells = np.ix_(columns, others)
            n[cells] = count
            if count > 1:
                one, other = values[:, columns][rows], values[:, others][rows]
                measures["covariance"][cells] = _centred(one).T @ _centred(other) / (count - 1)
                measures["pearson"][cells] = _correlation(one, other)
                measures["spearman"][cells] = _correlation(
                    _ranks(values, order, columns, rows), _ranks(values, order, others, rows)
                )
            mirrored = np.ix_(others, columns)
            n[mirrored] = n[cells].T
            for matrix in measures.values():
                matrix[mirrored] = matrix[cells].T
    return Pairs(n=n, **measures)


def _centred(values: Floats) -> Floats:
    return np.asarray(values - values.mean(axis=0))


def _correlation(one: Floats, other: Floats) -> Floats:
    return np.clip(_standard(one).T @ _standard(other), -1, 1)


def _standard(values: Floats) -> Floats:
    """Columns of length 1; NaN for one that does not vary, which rounding could hide."""
    centred = _centred(values)
    largest = np.abs(centred).max(axis=0)
    centred = centred / np.where((values.min(axis=0) < values.max(axis=0)), largest, np.nan)
    return np.asarray(centred / np.sqrt((centred**2).sum(axis=0)))


def _ranks(
    values: Floats, order: NDArray[np.int64], columns: NDArray[np.int64], rows: Rows
) -> Floats:
    """Ranks of columns within rows that all of them have, from the order of all rows."""
    ranks = np.empty((len(rows), len(columns)))
    for place, column in enumerate(columns):
        chosen = order[:, column][rows[order[:, column]]]
        sorted_values = values[chosen, column]
        starts = np.flatnonzero(np.r_[True, sorted_values[1:] != sorted_values[:-1]])
        sizes = np.diff(np.r_[starts, len(chosen)])
        ranks[chosen, place] = np.repeat(starts + (sizes + 1) / 2, sizes)
    return ranks[rows]
