"""What many partial rankings say together.

A list gives each of its members a place, or the best and the worst that is known of it. A city
that is no member stands nowhere in the list: it is compared with nothing. A member that is known
to be unranked below the k-th place has the places from k + 1 on. Cities are columns, lists rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.kemeny import is_compared, many_ranks

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

RESAMPLED_MAX = 9
"""Cities up to which Kemeny's ranking is found anew for every resample."""
PRIOR = 1.0
"""Weight of the last place that every city is given beside those in its lists."""

_CELLS_MAX = 4_000_000
_TOLERANCE = 1e-9


def orders(best: Floats, worst: Floats | None = None) -> Floats:
    """Which of two cities each list puts ahead.

    Args:
        best: (lists, cities), place, 1 the best; NaN where the city is no member of the list.
        worst: (lists, cities), where a place is only known to lie between best and worst; infinite
            for a member that is below all others. ``best`` where nothing is given.

    Returns:
        (lists, cities, cities): 1 where the list puts the city of the row ahead of that of the
        column, -1 behind, 0 where both have the same certain place, NaN where it does not say.
    """
    worst = best if worst is None else worst
    if best.shape != worst.shape or best.ndim != 2:
        raise ValueError(f"places of shapes {best.shape} and {worst.shape}, not (lists, cities)")
    if np.any(np.isnan(best) != np.isnan(worst)) or np.any(worst < best):
        raise ValueError("a best place is missing or behind the worst")
    ahead = worst[:, :, None] < best[:, None, :]
    sure = (best == worst) & np.isfinite(best)
    tied = sure[:, :, None] & sure[:, None, :] & (best[:, :, None] == best[:, None, :])
    found = np.full(ahead.shape, np.nan)
    found[tied] = 0
    found[ahead] = 1
    found[ahead.swapaxes(1, 2)] = -1
    found[:, np.arange(best.shape[1]), np.arange(best.shape[1])] = np.nan
    return found


def support(votes: Floats, weights: Floats | None = None) -> Floats:
    """Weight of the lists that put one city ahead of another, ties half.

    Args:
        votes: (lists, cities, cities) of ``orders``.
        weights: (..., lists), how much each list counts; 1 where nothing is given.

    Returns:
        (..., cities, cities); 0 both ways where no list compares two cities.
    """
    n_lists, n_cities, _ = votes.shape
    weights = np.ones(n_lists) if weights is None else weights
    shares = np.nan_to_num((votes + 1) / 2).reshape(n_lists, -1)
    found: Floats = (weights @ shares).reshape(*weights.shape[:-1], n_cities, n_cities)
    return found


def positions(votes: Floats) -> Floats:
    """Share of the cities that a list compares a city with which it puts behind, ties half.

    Returns:
        (lists, cities), 1 for the first and 0 for the last; NaN where it compares with none.
    """
    compared = (~np.isnan(votes)).sum(axis=-1)
    ahead = np.nan_to_num((votes + 1) / 2).sum(axis=-1)
    found: Floats = np.full(ahead.shape, np.nan)
    np.divide(ahead, compared, out=found, where=compared > 0)
    return found


def borda(places: Floats, weights: Floats | None = None, prior: float = PRIOR) -> Floats:
    """Borda's count for partial lists: the mean position of a city in the lists that have it.

    A list of 10 says as much of its first as one of 100, and a city loses nothing in a list that
    it is no member of. So that one good place in one list does not win, every city is last
    besides, with the weight of ``prior`` lists: first in one list it scores 1/2, first in four 0.8.

    Args:
        places: (lists, cities) of ``positions``.
        weights: (..., lists).

    Returns:
        (..., cities), 0 to 1, 12 significant digits; NaN where no list that counts has the city.
    """
    weights = np.ones(len(places)) if weights is None else weights
    total = weights @ np.nan_to_num(places)
    counted = weights @ (~np.isnan(places)).astype(float)
    scores = _rounded(total / np.where(counted > 0, counted + prior, 1))
    return np.where(counted > 0, scores, np.nan)


def copeland(pairs: Floats) -> Floats:
    """Cities that a city beats by majority, less those that beat it.

    Pairs that no list compares, and those on which the lists are divided equally, count neither
    way.

    Args:
        pairs: (..., cities, cities) of ``support``.

    Returns:
        (..., cities); NaN for a city that is compared with none.
    """
    margin = pairs - pairs.swapaxes(-1, -2)
    scores = np.sign(np.where(np.abs(margin) > _TOLERANCE, margin, 0)).sum(axis=-1)
    return np.where(is_compared(pairs), scores, np.nan)


def competition_ranks(scores: Floats) -> Floats:
    """Ranks of the highest first (1, 2, 2, 4) along the last axis, NaN where there is no score."""
    negative = np.where(np.isnan(scores), np.inf, -scores)
    ranks = rankdata(negative, method="min", axis=-1)
    return np.where(np.isnan(scores), np.nan, ranks)


@dataclass(frozen=True)
class Resamples:
    """What resampling the lists makes of a consensus; (cities,) each, NaN where it is never
    ranked."""

    ranked_share: Floats
    """Share of the resamples that have the city in any list."""
    low: Floats
    """Rank that 5 % of the resamples that rank the city reach or better."""
    high: Floats
    """Rank that 95 % of them reach or better."""


def resampled(
    votes: Floats, weights: Floats | None = None, *, n: int, seed: Sequence[int]
) -> dict[str, Resamples]:
    """Ranks by ``borda``, ``copeland`` and, up to 9 cities, Kemeny's over resamples of the lists.

    A resample draws as many lists as there are, with replacement (Efron 1979); a city that no
    drawn list compares has no rank in it. Kemeny's ranking is found for all resamples at once over
    the sets of first cities; of more cities that is too dear, and it is left out.

    Args:
        votes: (lists, cities, cities) of ``orders``; the order of the lists matters to the draw.
        weights: (lists,).
        n: number of resamples.
        seed: entropy of numpy.random.SeedSequence.
    """
    n_lists, n_cities, _ = votes.shape
    weights = np.ones(n_lists) if weights is None else weights
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(list(seed))))
    drawn = generator.multinomial(n_lists, np.full(n_lists, 1 / n_lists), size=n)
    places = positions(votes)
    preference = np.nan_to_num(borda(places, weights), nan=-1)
    found: dict[str, list[Floats]] = {"borda": [], "copeland": []}
    if n_cities <= RESAMPLED_MAX:
        found["kemeny"] = []
    chunk = max(1, _CELLS_MAX // max(1, n_cities**2, 2**n_cities if "kemeny" in found else 0))
    for start in range(0, n, chunk):
        drawn_weights = drawn[start : start + chunk] * weights
        pairs = support(votes, drawn_weights)
        found["borda"].append(competition_ranks(borda(places, drawn_weights)))
        found["copeland"].append(competition_ranks(copeland(pairs)))
        if "kemeny" in found:
            found["kemeny"].append(many_ranks(pairs, preference))
    return {method: _tallied(np.concatenate(ranks)) for method, ranks in found.items()}


def _tallied(ranks: Floats) -> Resamples:
    counted = (~np.isnan(ranks)).sum(axis=0)
    ordered = np.sort(ranks, axis=0)
    columns = np.arange(ranks.shape[1])

    def quantile(share: float) -> Floats:
        at = np.maximum(np.ceil(share * counted - _TOLERANCE).astype(int) - 1, 0)
        quantiles: Floats = ordered[at, columns]
        return quantiles

    return Resamples(counted / len(ranks), quantile(0.05), quantile(0.95))


def _rounded(values: Floats) -> Floats:
    """12 decimals, so that sums in another order tie alike."""
    rounded: Floats = np.round(values, 12)
    return rounded
