"""How the scores of children become the score of their parent, over arrays.

Names and definitions are COINr's (``a_amean``, ``a_gmean``, ``a_hmean``, ``a_copeland`` of its
``aggregate.R``); the power mean and the median are those of the OECD/JRC *Handbook on Constructing
Composite Indicators*. The SQL of the stage aggregate gives the same numbers.

Scores have the shape (..., units, children), NaN where a child has no score; weights have the shape
(..., children), are relative, and are NaN for a child that is left out. A score has the shape
(..., units), NaN where there is none. Children without a score drop out with their weights.
"""

from __future__ import annotations

from collections.abc import Callable
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
    order = np.argsort(np.where(_is_known(scores, weights), scores, np.inf), axis=-1, kind="stable")
    in_order = np.take_along_axis(scores, order, axis=-1)
    cumulated = np.cumsum(np.take_along_axis(known, order, axis=-1), axis=-1)
    total = known.sum(axis=-1)
    with np.errstate(all="ignore"):
        share = np.round(cumulated / total[..., np.newaxis], DIGITS)
    lower = np.argmax(share >= 0.5, axis=-1)[..., np.newaxis]
    upper = np.argmax(share > 0.5, axis=-1)[..., np.newaxis]
    pair = [np.take_along_axis(in_order, place, axis=-1)[..., 0] for place in (lower, upper)]
    return np.where(total > 0, (pair[0] + pair[1]) / 2, np.nan)


def a_copeland(scores: Array, weights: Array) -> Array:
    """Copeland score: over how many other units a unit prevails, less how many prevail over it.

    COINr's ``a_copeland``: of two units that one prevails which is ahead in children of more weight
    than it is behind in. Only children that both have are weighed (in COINr what a pair lacks
    counts for the later row). Scores are compared as they are: round what is a sum. Takes
    units x units of memory.
    """
    known = _is_known(scores, weights)
    filled = np.where(known, scores, np.nan)
    shape = (*scores.shape[:-1], scores.shape[-2])
    lead, weight = np.zeros(shape), np.zeros(shape)
    for child in range(scores.shape[-1]):
        column = filled[..., child]
        ahead = np.sign(column[..., :, np.newaxis] - column[..., np.newaxis, :])
        share = np.broadcast_to(weights[..., child, np.newaxis, np.newaxis], shape)
        lead += np.where(np.isnan(ahead), 0.0, share * ahead)
        weight += np.where(np.isnan(ahead), 0.0, share)
    with np.errstate(all="ignore"):
        margin = np.where(weight != 0, np.round(lead / weight, DIGITS), 0.0)
    return np.where(known.any(axis=-1), np.sign(margin).sum(axis=-1), np.nan)


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
    scores = np.where(is_enough[..., np.newaxis], scores, np.nan)
    parameters: dict[str, Any] = {"power": power} if method == "a_genmean" else {}
    return AGGREGATORS[method](scores, weights, **parameters)


def round_significant(values: Array, digits: int = DIGITS) -> Array:
    """Round half away from zero, by the operations of the SQL macro of this name."""
    with np.errstate(all="ignore"):
        scale = np.power(10.0, digits - 1 - np.floor(np.log10(np.abs(values))))
        rounded = np.sign(values) * np.floor(np.abs(values) * scale + 0.5) / scale
    return np.where(values == 0, 0.0, rounded)


def _is_known(scores: Array, weights: Array) -> NDArray[np.bool_]:
    return ~(np.isnan(scores) | np.isnan(weights[..., np.newaxis, :]))


def _weights_of_known(scores: Array, weights: Array) -> Array:
    return np.where(_is_known(scores, weights), weights[..., np.newaxis, :], 0.0)


def _zero_for_nan(scores: Array) -> Array:
    return np.nan_to_num(scores, nan=0.0)


def _ratio(numerator: Array, denominator: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)
