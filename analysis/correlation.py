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


def pairwise(values: Floats, *, ranked: bool = True) -> Pairs:
    """As R's cov and cor with use = "pairwise.complete.obs".

    Covariances come from a few products of whole matrices. Pairs whose common rows vary little
    beside the whole columns, where such sums cancel out, are computed one by one; and so are the
    ranks of columns with gaps, which are ranks within the common rows.

    Args:
        values: (n, k), a row a unit, NaN for a gap.
        ranked: whether Spearman's is wanted; without it, it is NaN.
    """
    known = ~np.isnan(values)
    n, covariance, variance = _products(values, known)
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = covariance / np.sqrt(variance * variance.T)
    doubtful = (n > 1) & ~((variance > 1e-3) & (variance.T > 1e-3))
    scale = _scale(values)
    covariance *= np.outer(scale, scale)
    for one, other in zip(*np.nonzero(np.triu(doubtful)), strict=True):
        rows = known[:, one] & known[:, other]
        x, y = values[rows][:, [one]], values[rows][:, [other]]
        exact = (_centred(x).T @ _centred(y))[0, 0] / (len(x) - 1)
        covariance[one, other] = covariance[other, one] = exact
        pearson[one, other] = pearson[other, one] = _correlation(x, y)[0, 0]
    pearson[n < 2] = np.nan
    spearman = _spearman(values, known) if ranked else np.full(pearson.shape, np.nan)
    return Pairs(n=n, covariance=covariance, pearson=np.clip(pearson, -1, 1), spearman=spearman)


def _scale(values: Floats) -> Floats:
    """Root mean square of each centred column; 1 for one that does not vary."""
    centred = np.abs(np.nan_to_num(values - _means(values)))
    largest = centred.max(axis=0, initial=0.0)
    largest = np.where(largest > 0, largest, 1.0)
    count = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    spread = largest * np.sqrt(((centred / largest) ** 2).sum(axis=0) / count)
    return np.asarray(np.where(spread > 0, spread, 1.0))


def _means(values: Floats) -> Floats:
    count = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    return np.asarray(np.nan_to_num(values).sum(axis=0) / count)


def _products(values: Floats, known: Rows) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Rows, covariance and variance (of the row's column) of each pair, of columns scaled to 1."""
    filled = np.where(known, (values - _means(values)) / _scale(values), 0.0)
    mask = known.astype(np.float64)
    n = np.rint(mask.T @ mask)
    sums = filled.T @ mask
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = (filled.T @ filled - sums * sums.T / n) / (n - 1)
        variance = ((filled**2).T @ mask - sums**2 / n) / (n - 1)
    for matrix in (covariance, variance):
        matrix[n < 2] = np.nan
    return n.astype(np.int64), covariance, variance


def _spearman(values: Floats, known: Rows) -> Floats:
    """Correlations of ranks; columns with gaps in the same rows are taken together."""
    n_columns = values.shape[1]
    spearman = np.full((n_columns, n_columns), np.nan)
    order = np.argsort(np.where(known, values, np.inf), axis=0, kind="stable")
    patterns, pattern_of = np.unique(known.T, axis=0, return_inverse=True)
    groups = [np.flatnonzero(pattern_of.reshape(-1) == k) for k in range(len(patterns))]
    for first, columns in enumerate(groups):
        for second in range(first, len(groups)):
            others = groups[second]
            rows = patterns[first] & patterns[second]
            if rows.sum() > 1:
                found = _correlation(
                    _ranks(values, order, columns, rows), _ranks(values, order, others, rows)
                )
                spearman[np.ix_(columns, others)] = found
                spearman[np.ix_(others, columns)] = found.T
    return spearman


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
