"""How far lists of cities agree: two by two, and as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Agreement:
    """Matrices (lists, lists)."""

    n_common: Integers
    """Cities that both rank."""
    kendall_tau_b: Floats
    """NaN where one of the two puts none of them into an order."""
    top_k: Integers
    """Half of the common cities, ten at most."""
    top_k_overlap: Floats
    """Common cities in the top k of both, as a share of those in the larger of the two tops; NaN
    for a k of 0."""


def agreement(ranks: Floats) -> Agreement:
    """Every two lists, over the cities that both rank.

    Args:
        ranks: (lists, cities), NaN where a list does not rank the city.

    Returns:
        Kendall's tau-b (1945), with pairs that one of the two ties, and the overlap of the tops,
        ties at the k-th place in, for each two lists.
    """
    n_lists = len(ranks)
    known = ~np.isnan(ranks)
    signs = np.nan_to_num(np.sign(ranks[:, None, :] - ranks[:, :, None])).reshape(n_lists, -1)
    both = (known[:, None, :] & known[:, :, None]).reshape(n_lists, -1).astype(float)
    untied = signs**2 @ both.T
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = (signs @ signs.T) / np.sqrt(untied * untied.T)
    n_common = (known.astype(float) @ known.T).astype(np.int64)
    top_k = np.minimum(10, n_common // 2)
    overlap = np.full((n_lists, n_lists), np.nan)
    for one in range(n_lists):
        # Ranks among the cities in common with each other list, then the tops of both.
        common = known[one] & known
        mine = _ranks_within(np.where(common, ranks[one], np.nan))
        theirs = _ranks_within(np.where(common, ranks, np.nan))
        k = top_k[one][:, None]
        mine_top, their_top = mine <= k, theirs <= k
        size = np.maximum(mine_top.sum(axis=1), their_top.sum(axis=1))
        shared = (mine_top & their_top).sum(axis=1)
        overlap[one] = np.divide(shared, size, out=np.full(n_lists, np.nan), where=top_k[one] > 0)
    return Agreement(n_common, np.clip(tau, -1, 1), top_k, overlap)


def _ranks_within(ranks: Floats) -> Floats:
    """Competition ranks among the cities that have one, infinite for others."""
    found = rankdata(np.where(np.isnan(ranks), np.inf, ranks), method="min", axis=-1)
    return np.where(np.isnan(ranks), np.inf, found)


@dataclass(frozen=True)
class Concordance:
    """Kendall's W of some lists on the cities that all of them rank."""

    lists: Integers
    """Numbers of the lists."""
    n_cities: int
    kendall_w: float
    """0 (none) to 1 (all the same), corrected for ties; NaN where it is not defined."""
    reason: str | None
    """Why it is not defined."""


def kendall_w(ranks: Floats) -> tuple[int, float, str | None]:
    """Kendall's coefficient of concordance (Kendall and Babington Smith 1939), ties corrected.

    Args:
        ranks: (lists, cities); cities that a list does not rank (NaN) are left out.

    Returns:
        Number of cities that all lists rank, W, and the reason where W is NaN.
    """
    common = ranks[:, ~np.isnan(ranks).any(axis=0)]
    n_lists, n_cities = common.shape
    if n_lists < 3:
        return n_cities, np.nan, "fewer than 3 lists"
    if n_cities < 3:
        return n_cities, np.nan, "fewer than 3 cities in common"
    within = rankdata(common, axis=1)
    total = within.sum(axis=0)
    deviation = float(((total - total.mean()) ** 2).sum())
    tied = sum(
        float((counts.astype(float) ** 3 - counts).sum())
        for counts in (np.unique(row, return_counts=True)[1] for row in within)
    )
    largest = n_lists**2 * (n_cities**3 - n_cities) - n_lists * tied
    if largest <= 0:
        return n_cities, np.nan, "all lists tie all cities"
    return n_cities, min(12 * deviation / largest, 1.0), None


def concordances(ranks: Floats) -> list[Concordance]:
    """Kendall's W of three lists and more, up to all of them.

    Partial lists have few cities in common, the fewer the more lists. So the two with the most
    are taken, and one by one the list that leaves most; of several, the first.

    Args:
        ranks: (lists, cities).

    Returns:
        One for each number of lists from three as long as three cities are in common; where there
        is none, one for all lists with the reason.
    """
    known = ~np.isnan(ranks)
    n_lists = len(ranks)
    found = []
    if n_lists >= 3:
        shared = np.triu(known.astype(float) @ known.T, 1)
        taken = [int(number) for number in np.unravel_index(np.argmax(shared), shared.shape)]
        while len(taken) < n_lists:
            common = known[taken].all(axis=0)
            left = (known & common).sum(axis=1).astype(float)
            left[taken] = -1
            taken.append(int(np.argmax(left)))
            n_cities, value, reason = kendall_w(ranks[taken])
            if n_cities < 3:
                break
            found.append(Concordance(np.array(sorted(taken)), n_cities, value, reason))
    if not found:
        n_cities, value, reason = kendall_w(ranks)
        if n_lists >= 3:
            reason = "no three lists with 3 cities in common"
        found.append(Concordance(np.arange(n_lists), n_cities, value, reason))
    return found
