"""The weights that a published ranking implies: those on the indicators of an index that come
closest to it, and how well they are determined.

Weights are from zero up and sum to 1; they are those of a weighted sum of the indicators'
normalised scores, whatever means the index takes itself. All that is said of them is said of every
set of weights that fits nearly as well as the best, ``TOLERANCE`` being what "nearly" is.

Scores of units are a matrix (units, indicators) without gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, nnls
from scipy.sparse import block_diag, csr_array

from analysis.aggregation import Array, round_significant

TOLERANCE = 0.01
"""Fits nearly as well: a loss that is higher than the least by this share of the loss of weights
that tell the units not apart at all. Of a fit to scores that is an R2 lower by as much."""
DETERMINED = 0.2
"""A weight is determined where all that fit nearly as well are at most this far apart."""
GOOD = 0.5
"""R2, or tau-b of a fit to an order, below which a fit is poor."""

# Places next to one another are to be apart by the range of the scores / (this x places) at least.
RESOLUTION = 100
N_HALVINGS = 12


class Fit(NamedTuple):
    """Weights that come closest to a list."""

    weights: Array | None
    """(indicators,); None where no weights are nearer to the list than none at all."""
    low: Array
    """(indicators,): the least weight among all that fit nearly as well; NaN without weights."""
    high: Array
    r2: float | None
    """Share of the variance of the published scores; None of a fit to an order."""
    tau_b: float | None
    """Kendall's tau-b of the weighted sums and the list; None where one of them is level."""
    n_units: int
    rank: int
    """Rank of the matrix of scores about their means: more weights than this and one (they sum to
    1) are never determined by the scores alone."""

    @property
    def is_determined(self) -> NDArray[np.bool_]:
        """(indicators,)."""
        return np.asarray(self.high - self.low <= DETERMINED)


def fit_scores(scores: Array, published: Array) -> Fit:
    """Weights by which the weighted sum explains published scores best, up to scale and origin.

    Non-negative least squares (Lawson and Hanson 1974) on scores about their means. The range of a
    weight is found by halving, each time with the best fit in which the weight is so: the loss,
    and with it the set of weights that fit nearly as well, is convex.

    Args:
        scores: (units, indicators).
        published: (units,), higher being better.
    """
    x, y = scores - scores.mean(axis=0), published - published.mean()
    x, y = x / _size(x), y / _size(y)
    total = float(y @ y)
    part, residual = nnls(x, y)
    loss = residual**2
    if not part.sum() > 0 or loss >= total * (1 - 1e-9):
        return _no_fit(scores, None)
    weights = part / part.sum()
    limit = loss + TOLERANCE * total
    low, high = weights.copy(), weights.copy()
    for i in range(len(weights)):
        low[i] = _end(x, y, i, weights[i], 0.0, limit)
        high[i] = _end(x, y, i, weights[i], 1.0, limit)
    order = np.sign(np.subtract.outer(published, published)).astype(float)
    return Fit(
        weights=weights,
        low=low,
        high=high,
        r2=1 - loss / total,
        tau_b=_tau_b(scores @ weights, order),
        n_units=len(x),
        rank=_rank(scores),
    )


def fit_order(scores: Array, first: Array, last: Array) -> Fit:
    """Weights by which the weighted sum follows an order best.

    The linear programme of UTASTAR (Siskos and Yannacopoulos 1985): the least sum of what the
    units' sums have to be raised or lowered by, so that each is a step above all that are behind
    it. Who shares a place, or whose places overlap, may be in any order. The range of a weight is
    the post-optimality analysis of that method. It is not the order with the fewest pairs reversed,
    but near it, and its loss tells by how much they are.

    Args:
        scores: (units, indicators).
        first, last: (units,) the best and the worst place that a unit can have; equal where known.
    """
    cuts = np.array([k for k in np.unique(last) if (first > k).any()])
    spread = np.ptp(scores, axis=0).max(initial=0.0)
    if not len(cuts) or spread == 0:
        return _no_fit(scores, None)
    n, n_indicators = scores.shape
    x = (scores - scores.mean(axis=0)) / spread
    rows = _order_rows(x, first, last, cuts)
    # Variables: parts, what units are raised and lowered by, thresholds at the cuts, the step.
    n_errors = 2 * n
    free = (None, None)
    bounds: list[tuple[float | None, float | None]] = [
        *[(0, None)] * (n_indicators + n_errors),
        *[free] * len(cuts),
        (1 / (RESOLUTION * (len(cuts) + 1)), None),
    ]
    loss_row = np.concatenate([np.zeros(n_indicators), np.ones(n_errors), np.zeros(len(cuts) + 1)])
    step = np.eye(rows.shape[1])[-1]
    # With a step of 1 parts are free up to what RESOLUTION allows.
    most = RESOLUTION * (len(cuts) + 1)
    parts = np.concatenate([np.ones(n_indicators), np.zeros(rows.shape[1] - n_indicators)])
    best = linprog(
        loss_row,
        A_ub=np.vstack([rows, parts]),
        b_ub=np.append(np.zeros(len(rows)), most),
        A_eq=step[np.newaxis],
        b_eq=[1.0],
        bounds=[*bounds[:-1], (0, None)],
    )
    nothing = _loss_of_nothing(rows[:, n_indicators:], loss_row[n_indicators:], bounds)
    if best.x is None or best.fun >= nothing * (1 - 1e-9) or not best.x[:n_indicators].sum() > 0:
        return _no_fit(scores, None)
    weights = best.x[:n_indicators] / best.x[:n_indicators].sum()
    limit = best.fun + TOLERANCE * nothing
    # Parts that sum to 1, and the step in their measure (Charnes and Cooper 1962).
    within = np.vstack([rows, loss_row - limit * step])
    low, high = _ends(within, parts, bounds, n_indicators)
    before = np.sign(np.subtract.outer(last, first))
    order = (before < 0).astype(float) - (before.T < 0).astype(float)
    return Fit(
        weights=weights,
        low=np.minimum(low, weights),
        high=np.maximum(high, weights),
        r2=None,
        tau_b=_tau_b(scores @ weights, order),
        n_units=n,
        rank=_rank(scores),
    )


def in_words(fit: Fit) -> str | None:
    """What speaks against the weights; None for nothing."""
    n_indicators = len(fit.low)
    if fit.weights is None:
        return f"{_counts(fit)}: no weights from zero up follow this list"
    reasons = []
    if fit.n_units <= n_indicators + 1:
        reasons.append("so many weights fit so few units almost whatever the list says")
    n_open = int((~fit.is_determined).sum())
    if n_open:
        at = int(np.argmax(fit.high - fit.low))
        reasons.append(
            f"{n_open} of the weights not determined, one of them may be anything from "
            f"{fit.low[at]:.2f} to {fit.high[at]:.2f}"
        )
    quality = fit.tau_b if fit.r2 is None else fit.r2
    if quality is None or quality < GOOD:
        reasons.append("a poor fit: the list follows something else")
    return f"{_counts(fit)}: {'; '.join(reasons)}" if reasons else None


def _counts(fit: Fit) -> str:
    n = len(fit.low)
    return f"{fit.n_units} units, {n} indicator{'s' if n != 1 else ''}"


def node_in_words(fit: Fit, node: int) -> str | None:
    """The same of one weight."""
    if fit.weights is None:
        return in_words(fit)
    if fit.is_determined[node]:
        return None
    ends = f"{fit.low[node]:.2f} to {fit.high[node]:.2f}"
    return f"{_counts(fit)}: any weight from {ends} fits as well"


def without_gaps(scores: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Units and indicators that make a table without gaps: indicators that at least half of the
    units have a score of, and units that have all of these."""
    known = ~np.isnan(scores)
    indicators = known.sum(axis=0) * 2 >= len(scores)
    units = known[:, indicators].all(axis=1) & indicators.any()
    return np.asarray(units), np.asarray(indicators)


def _no_fit(scores: Array, r2: float | None) -> Fit:
    none = np.full(scores.shape[1], np.nan)
    return Fit(None, none, none, r2, None, len(scores), _rank(scores))


def _size(x: Array) -> float:
    return float(np.abs(x).max(initial=0.0)) or 1.0


def _rank(scores: Array) -> int:
    return int(np.linalg.matrix_rank(scores - scores.mean(axis=0))) if len(scores) else 0


def _tau_b(sums: Array, order: Array) -> float | None:
    """Of the order of units in a matrix of signs, 1 where the row is ahead of the column."""
    rounded = round_significant(sums)
    found = np.sign(np.subtract.outer(rounded, rounded))
    scale = np.sqrt((found**2).sum() * (order**2).sum())
    return float((found * order).sum() / scale) if scale > 0 else None


# ---------------------------------------------------------------- scores
def _end(x: Array, y: Array, node: int, inside: float, end: float, limit: float) -> float:
    """The weight nearest to ``end`` with which the loss of the best fit is within the limit."""
    if _loss_with(x, y, node, end) <= limit:
        return end
    outside = end
    for _ in range(N_HALVINGS):
        middle = (inside + outside) / 2
        if _loss_with(x, y, node, middle) <= limit:
            inside = middle
        else:
            outside = middle
    return inside


def _loss_with(x: Array, y: Array, node: int, weight: float) -> float:
    """Least loss where the node has this share of all weights: each of the others stands for
    itself with that share of the node."""
    others = np.delete(x, node, axis=1)
    if weight == 1:
        mixed = x[:, [node]]
    elif others.shape[1]:
        mixed = weight * x[:, [node]] + (1 - weight) * others
    else:
        return float("inf")
    return float(nnls(mixed, y)[1] ** 2)


# ---------------------------------------------------------------- order
def _order_rows(x: Array, first: Array, last: Array, cuts: Array) -> Array:
    """Rows of the programme, which are to be at most 0.

    A unit whose last place is at a cut or before it is a step above its threshold, one whose first
    place is behind the cut is not above it, and thresholds fall from cut to cut: of its cuts the
    nearest suffices.
    """
    n, n_indicators = x.shape
    width = n_indicators + 2 * n + len(cuts) + 1
    above = np.searchsorted(cuts, last)
    below = np.searchsorted(cuts, first) - 1
    rows = []
    for i in range(n):
        if above[i] < len(cuts):
            row = np.zeros(width)
            row[:n_indicators], row[n_indicators + i] = -x[i], -1.0
            row[n_indicators + 2 * n + above[i]] = row[-1] = 1.0
            rows.append(row)
        if below[i] >= 0:
            row = np.zeros(width)
            row[:n_indicators], row[n_indicators + n + i] = x[i], -1.0
            row[n_indicators + 2 * n + below[i]] = -1.0
            rows.append(row)
    for k in range(len(cuts) - 1):
        row = np.zeros(width)
        row[n_indicators + 2 * n + k], row[n_indicators + 2 * n + k + 1] = -1.0, 1.0
        rows.append(row)
    return np.array(rows)


def _loss_of_nothing(rows: Array, loss_row: Array, bounds: Sequence[Any]) -> float:
    """The least loss where all sums are equal and the step is 1."""
    step = np.eye(rows.shape[1])[-1]
    found = linprog(
        loss_row,
        A_ub=rows,
        b_ub=np.zeros(len(rows)),
        A_eq=step[np.newaxis],
        b_eq=[1.0],
        bounds=[*bounds[len(bounds) - rows.shape[1] : -1], (0, None)],
    )
    return float(found.fun)


def _ends(
    rows: Array, parts: Array, bounds: Sequence[Any], n_indicators: int
) -> tuple[Array, Array]:
    """Least and greatest of each part, in one programme of independent blocks."""
    n_blocks = 2 * n_indicators
    objective = np.zeros((n_blocks, rows.shape[1]))
    each = np.arange(n_indicators)
    objective[each, each], objective[n_indicators + each, each] = 1.0, -1.0
    found = linprog(
        objective.ravel(),
        A_ub=block_diag([csr_array(rows)] * n_blocks, format="csr"),
        b_ub=np.zeros(n_blocks * len(rows)),
        A_eq=block_diag([csr_array(parts[np.newaxis])] * n_blocks, format="csr"),
        b_eq=np.ones(n_blocks),
        bounds=list(bounds) * n_blocks,
    )
    if found.x is None:
        return np.zeros(n_indicators), np.ones(n_indicators)
    solved = found.x.reshape(n_blocks, -1)
    return solved[each, each], solved[n_indicators + each, each]
