"""Weighted means under many weights at once: the means of :mod:`analysis.aggregation`, faster.

Where the scores of a child are the same under all weights, the sums are one matrix product, and no
array of weights by units by children is made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.aggregation import Array

POWERS = {"a_amean": 1.0, "a_gmean": 0.0, "a_hmean": -1.0}
# Beyond it the power of a score may leave the range of a double.
POWER_MAX = 8.0
NONE = np.zeros((1, 1))


def is_mean(method: str, power: float | None) -> bool:
    """Whether :func:`mean` knows a method."""
    return method in POWERS or (
        method == "a_genmean" and power is not None and abs(power) <= POWER_MAX
    )


def mean(
    scores: Sequence[Array],
    weights: Sequence[Array],
    method: str,
    power: float | None = None,
    missing_children: str = "share",
    children_coverage_min: float | None = None,
) -> Array:
    """Score of a parent, as :func:`analysis.aggregation.aggregate` gives it but for rounding.

    Args:
        scores: of each child, (units,) or (..., units); NaN where there is none.
        weights: of each child, one number or (...); NaN leaves it out.
        method, power: of which :func:`is_mean` holds; the others as in ``aggregate``.

    Returns:
        (..., units), NaN where there is no score.
    """
    lead = np.broadcast_shapes(*(x.shape[:-1] for x in scores), *(w.shape for w in weights))
    n = int(np.prod(lead))
    # A power counts for a_genmean alone: the stage hands it to branches of other methods, too.
    exponent = POWERS.get(method, power)
    assert exponent is not None, f"{method} without a power"
    least = 1.0 if missing_children == "none" else children_coverage_min or 0.0
    sums = _Sums(exponent, method == "a_amean", least)
    alike = [i for i, x in enumerate(scores) if x.ndim == 1]
    if alike:
        shape = lead if any(weights[i].ndim for i in alike) else ()
        parts = np.empty((len(alike), n if shape else 1))
        for place, i in enumerate(alike):
            parts[place] = np.broadcast_to(weights[i], shape).ravel()
        sums.add_alike(np.stack([scores[i] for i in alike]), parts)
    for x, w in zip(scores, weights, strict=True):
        if x.ndim > 1:
            of_child = np.broadcast_to(x, (*lead, x.shape[-1])).reshape(n, -1)
            sums.add(of_child, np.broadcast_to(w, lead).reshape(-1, 1) if w.ndim else w)
    return np.broadcast_to(sums.mean(), (n, scores[0].shape[-1])).reshape(*lead, -1)


class _Sums:
    """Sums over children, which come one by one or several with the same scores throughout."""

    def __init__(self, power: float, is_any_sign: bool, least: float) -> None:
        """``least``: share of the children that count that needs a score; those without are counted
        only where it matters: of none the weights are zero."""
        self.power, self.least = power, least
        self.is_any_sign = is_any_sign
        self.values, self.weights = NONE, NONE
        self.n, self.n_missing, self.n_undefined = NONE, NONE, NONE

    def add_alike(self, x: Array, w: Array) -> None:
        """Children with scores (children, units) and weights (children, n or 1)."""
        known, defined, counted = ~np.isnan(x), self._is_defined(x), ~np.isnan(w).T
        w = np.where(counted, w.T, 0.0)
        values = self._shaped(np.where(defined, x, 1.0))
        self.values = self.values + w @ np.where(defined, values, 0.0)
        present = counted.astype(float)
        self.n = self.n + present.sum(axis=1, keepdims=True)
        if known.all():
            self.weights = self.weights + w.sum(axis=1, keepdims=True)
        else:
            self.weights = self.weights + w @ known.astype(float)
            if self.least:
                self.n_missing = self.n_missing + present @ (~known).astype(float)
        wrong = known & ~defined
        if wrong.any():
            self.n_undefined = self.n_undefined + present @ wrong.astype(float)

    def add(self, x: Array, w: Array) -> None:
        """A child with scores (n, units) and weights (n, 1) or one number."""
        counted = ~np.isnan(w)
        if not counted.all():
            w = np.where(counted, w, 0.0)
        self.n = self.n + counted
        defined = self._is_defined(x)
        if defined.all():
            self.values = self.values + w * self._shaped(x)
            self.weights = self.weights + w
            return
        known = ~np.isnan(x)
        values = self._shaped(np.where(defined, x, 1.0))
        self.values = self.values + w * np.where(defined, values, 0.0)
        self.weights = self.weights + w * known
        if self.least:
            self.n_missing = self.n_missing + counted * ~known
        wrong = known & ~defined
        if wrong.any():
            self.n_undefined = self.n_undefined + counted * wrong

    def mean(self) -> Array:
        """The mean, where at least a share of the children that count have a score."""
        with np.errstate(all="ignore"):
            found = self._unshaped(self.values / self.weights)
        is_none = self.weights == 0
        if self.least:
            n_known = self.n - self.n_missing
            is_none = is_none | (n_known < np.maximum(self.n * self.least, 1) - 1e-12)
        if self.n_undefined is not NONE:
            is_none = is_none | (self.n_undefined > 0)
        return np.where(is_none, np.nan, found) if is_none.any() else found

    def _is_defined(self, x: Array) -> NDArray[np.bool_]:
        if self.is_any_sign:
            return ~np.isnan(x)
        return np.asarray(x >= 0 if self.power > 0 else x > 0)

    def _shaped(self, x: Array) -> Array:
        if self.power == 1:
            return x
        return np.asarray(np.log(x) if self.power == 0 else x**self.power)

    def _unshaped(self, x: Array) -> Array:
        if self.power == 1:
            return x
        return np.asarray(np.exp(x) if self.power == 0 else x ** (1 / self.power))
