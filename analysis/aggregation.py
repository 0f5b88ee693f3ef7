"""How the scores of children become the score of their parent, over arrays.

Names and definitions are COINr's (``a_amean``, ``a_gmean``, ``a_hmean``, ``a_copeland`` of its
``aggregate.R``); the power mean and the median are those of the OECD/JRC *Handbook on Constructing
Composite Indicators*. The SQL of the stage aggregate gives the same numbers.

Scores have the shape (..., units, children), NaN where a child has no score; weights have the shape
(..., children), are relative, and are NaN for a child that is left out. A score has the shape
(..., units), NaN where there is none. Children without a score drop out with their weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A share of weights that equals one half must not be lost to the last bit of a sum.
DIGITS = 12


def a_amean(scores: Array, weights: Array) -> Array:
    """Weighted arithmetic mean."""
    weights = _weights_of_known(scores, weights)
    return _ratio((weights * _zero_for_nan(scores)).sum(axis=-1), weights.sum(axis=-1))


def a_gmean(scores: Array, weights: Array) -> Array:
    """Weighted geometric mean; NaN where a score is not above zero."""
    return a_genmean(scores, weights, 0.0)


def a_hmean(scores: Array, weights: Array) -> Array:
    """Weighted harmonic mean; NaN where a score is not above zero."""
    return a_genmean(scores, weights, -1.0)


def a_genmean(scores: Array, weights: Array, power: float) -> Array:
    """Weighted power mean: (sum of w x^power / sum of w)^(1/power), the geometric mean for 0.

    NaN where a score is below zero, or is zero and ``power`` not above zero.
    """
    known = _is_known(scores, weights)
    least = np.where(known, scores, np.inf).min(axis=-1)
    is_defined = (least >= 0 if power > 0 else least > 0) & np.isfinite(least)
    # Relative to the child with the largest summand, so that no power leaves the range of a double.
    extreme = np.where(known, scores, -np.inf).max(axis=-1) if power > 0 else least
    with np.errstate(all="ignore"):
        ratio = np.where(known, scores, np.nan) / extreme[..., np.newaxis]
        if power == 0:
            mean = np.exp(a_amean(np.log(ratio), weights))
        else:
            mean = a_amean(ratio**power, weights) ** (1 / power)
        result: Array = np.where(extreme == 0, 0.0, extreme * mean)
    return np.where(is_defined, result, np.nan)


def a_median(scores: Array, weights: Array) -> Array:
    """Weighted median: half of the weight is at or below it; between two scores, their mean.

    COINr has none. With equal weights it is the ordinary median.
    """
    known = _weights_of_known(scores, weights)
    # A child that does not count adds no weight, so that no half is reached at it.
    order = np.argsort(scores, axis=-1, kind="stable")
    in_order = np.broadcast_to(np.take_along_axis(scores, order, axis=-1), known.shape)
    order = np.broadcast_to(order, known.shape)
    cumulated = np.cumsum(np.take_along_axis(known, order, axis=-1), axis=-1)
    total = known.sum(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        share = np.round(cumulated / total, DIGITS)
    lower, upper = (
        np.take_along_axis(in_order, np.argmax(at, axis=-1, keepdims=True), axis=-1)[..., 0]
        for at in (share >= 0.5, share > 0.5)
    )
    return np.where(total[..., 0] > 0, (lower + upper) / 2, np.nan)


def a_copeland(scores: Array, weights: Array) -> Array:
    """Copeland score: over how many other units a unit prevails, less how many prevail over it.

    COINr's ``a_copeland``: of two units that one prevails which is ahead in children of more weight
    than it is behind in. Only children that both have are weighed (in COINr what a pair lacks
    counts for the later row). Scores are compared as they are: round what is a sum.
    """
    n_units, n_children = scores.shape[-2:]
    lead = np.broadcast_shapes(scores.shape[:-2], weights.shape[:-1])
    shares = np.broadcast_to(weights, (*lead, n_children)).reshape(-1, n_children)
    tables = np.broadcast_to(scores, (*lead, n_units, n_children)).reshape(-1, n_units, n_children)
    is_same = scores.ndim == 2
    step = max(1, CELLS // max(1, n_units**2))
    found = np.empty((len(shares), n_units))
    for first in range(0, len(shares), step):
        some = slice(first, first + step)
        of_child = [
            _ahead(scores if is_same else tables[some], child) for child in range(n_children)
        ]
        found[some] = _wins(of_child, np.nan_to_num(shares[some], nan=0.0))
    found = found.reshape(*lead, n_units)
    return np.where(_is_known(scores, weights).any(axis=-1), found, np.nan)


CELLS = 2_000_000
"""Pairs of units that are compared at once, so that memory is bounded."""


def _ahead(tables: Array, child: int) -> Array:
    """(..., units, units): 1 where the row is ahead of the column, -1 where behind; or NaN."""
    column = tables[..., child]
    return np.asarray(np.sign(column[..., :, np.newaxis] - column[..., np.newaxis, :]))


def _wins(of_child: Sequence[Array], shares: Array) -> Array:
    """(tables, units): pairs won less pairs lost, by the weights (tables, children)."""
    known = [~np.isnan(ahead) for ahead in of_child]
    is_whole = all(k.all() for k in known)
    ahead = of_child if is_whole else [np.nan_to_num(a, nan=0.0) for a in of_child]
    lead = _sum_of_children(ahead, shares)
    weight = (
        shares.sum(axis=1)[:, np.newaxis, np.newaxis]
        if is_whole
        else _sum_of_children([k.astype(float) for k in known], shares)
    )
    # A draw must not be lost to the last bit of a sum.
    is_draw = np.abs(lead) <= 0.5 * 10.0**-DIGITS * np.abs(weight)
    outcome = np.where(is_draw | (weight == 0), 0.0, np.sign(lead) * np.sign(weight))
    wins: Array = outcome.sum(axis=-1)
    return wins


def _sum_of_children(parts: Sequence[Array], shares: Array) -> Array:
    if parts[0].ndim == 2:
        stacked = np.stack([part.ravel() for part in parts])
        return (shares @ stacked).reshape(-1, *parts[0].shape)
    total = np.zeros(parts[0].shape)
    for child, part in enumerate(parts):
        total += shares[:, child, np.newaxis, np.newaxis] * part
    return total


AGGREGATORS: dict[str, Callable[..., Array]] = {
    "a_amean": a_amean,
    "a_gmean": a_gmean,
    "a_hmean": a_hmean,
    "a_genmean": a_genmean,
    "a_median": a_median,
    "a_copeland": a_copeland,
}


def aggregate(
    scores: Array,
    weights: Array,
    method: str,
    power: float | None = None,
    missing_children: str = "share",
    children_coverage_min: float | None = None,
) -> Array:
    """Score of a parent by a method's name, with the rules for children without a score.

    Args:
        scores: (..., units, children), NaN where a child has no score.
        weights: (..., children), relative; NaN for a child that is left out.
        method: a name of ``AGGREGATORS``.
        power: exponent of ``a_genmean``.
        missing_children: ``share``, or ``none``: without one of them there is no score.
        children_coverage_min: share of the children that need a score (COINr's ``dat_thresh``).

    Returns:
        (..., units), NaN where there is no score.

    Raises:
        KeyError: an unknown method.
    """
    known = _is_known(scores, weights)
    needed = np.sum(~np.isnan(weights), axis=-1)[..., np.newaxis]
    if missing_children != "none":
        needed = needed * (children_coverage_min or 0.0)
    is_enough = known.sum(axis=-1) >= needed - 1e-12
    if not is_enough.all():
        scores = np.where(is_enough[..., np.newaxis], scores, np.nan)
    parameters: dict[str, Any] = {"power": power} if method == "a_genmean" else {}
    return AGGREGATORS[method](scores, weights, **parameters)


def round_significant(values: Array) -> Array:
    """Round to 12 significant digits, half away from zero: the numbers of the SQL macro of this
    name, with the power of ten taken from a table by the exponent of the double."""
    size = np.asarray(np.abs(values), dtype=np.float64)
    exponent = size.view(np.int64) >> 52
    low, high, border = _POWERS
    with np.errstate(all="ignore"):
        scale = np.where(size < border[exponent], low[exponent], high[exponent])
        size *= scale
        size += 0.5
        np.floor(size, out=size)
        size /= scale
    # Adding zero makes a zero of minus zero.
    return np.asarray(np.copysign(size, values) + 0.0)


def _powers() -> tuple[Array, Array, Array]:
    """By the biased exponent of a double: the power of ten that brings it to 12 digits before the
    point, below and from the power of ten that lies between such doubles, and that one."""
    with np.errstate(all="ignore"):
        smallest = np.ldexp(1.0, np.arange(2048) - 1023)
        place = np.floor(np.log10(smallest))
        border = np.power(10.0, place + 1)
        scales = [np.power(10.0, DIGITS - 1 - p) for p in (place, place + 1)]
    for scale in scales:
        scale[np.isinf(scale)] = 1.0  # of numbers that are as good as zero
        scale[-1] = np.nan
    return scales[0], scales[1], border


_POWERS = _powers()


def _is_known(scores: Array, weights: Array) -> NDArray[np.bool_]:
    return ~(np.isnan(scores) | np.isnan(weights[..., np.newaxis, :]))


def _weights_of_known(scores: Array, weights: Array) -> Array:
    return np.where(_is_known(scores, weights), weights[..., np.newaxis, :], 0.0)


def _zero_for_nan(scores: Array) -> Array:
    return np.nan_to_num(scores, nan=0.0)


def _ratio(numerator: Array, denominator: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)
