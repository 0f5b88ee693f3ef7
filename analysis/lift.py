"""What would lift a city: the smallest changes of its figures that bring it up by some ranks.

For each indicator alone, how far the city's figure must go towards the best one among the ranked
cities; and for all indicators together, which share of the way to the best in each suffices. Every
candidate goes through the whole chain from the figures on, since a changed figure may change the
scores of the others. Weights stay as they are published.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.aggregation import round_significant
from analysis.chain import Array, Index, aggregate_tree, leaf_scores, ranks
from analysis.design import of_edition

LIFTS = (1, 3, 5)
"""By how many ranks."""
PRECISION = 1e-6
"""To which share of the way to the best figure an answer is found."""
ROUNDS = 60
"""More than halving needs; the chord of the gap takes far fewer."""
WHOLE = 1e-6
"""So near to a whole number a figure that is counted is one."""
CITIES = 30
PROBES = (0.75, 0.5, 0.25)
"""Shares of the way that are tried besides, since more may not be better: what counts as an outlier
depends on all figures, and so do the mean and the spread of a scale."""
MONOTONE = ("n_minmax", "n_goalposts", "n_scaled", "n_fracmax", "n_rank", "n_prank", "n_borda")
"""Methods by which a better figure up to the best lifts no other score: the best stays what it is,
and where the worst rises, the others fall."""
FIGURES_AT_ONCE = 2**22
COLUMNS = (
    "city_id",
    "rank",
    "n_ranks_up",
    "rank_wanted",
    "node",
    "value",
    "best_value",
    "value_wanted",
    "way_share",
    "rank_reached",
    "is_checked",
    "lift_reason",
)
Integers = NDArray[np.int64]
NO_FIGURE = "it has no figure of its own to move"
IS_BEST = "no ranked city has a better figure"
TOO_FAR = "even the best figure among the ranked cities does not suffice"
ALL_TOO_FAR = "even the best figure of the ranked cities in every indicator does not suffice"


def lift(
    index: Index, edition: int, city_ids: Sequence[str], lifts: Sequence[int] = LIFTS
) -> pd.DataFrame:
    """What would lift some ranked cities of an edition, each alone.

    Where fewer cities are above than a lift asks for, the first place is what is wanted, once.

    Args:
        city_ids: others than the ranked are left out.
        lifts: by how many ranks.

    Returns:
        A row a city, lift and leaf that is kept, and one with the root for all leaves together
        (which has no figures): city_id, rank, n_ranks_up (ranks between the present and the wanted
        one), rank_wanted, node, value and best_value and value_wanted (in the unit of the leaf,
        before caps and transforms), way_share (share of the way from the figure to the best),
        rank_reached, is_checked (the index computed with it gives that rank, and nothing shorter
        among what was tried does), lift_reason (why there is none). Ordered by city_ids, lift and
        tree.
    """
    problems = _Problems(index, edition)
    leaves = [j for j in range(len(index.leaves)) if problems.counts(j)]
    asked = []
    for city in city_ids:
        for unit in np.flatnonzero(problems.city_ids == city):
            rank = int(problems.ranks[unit])
            wanted = [max(rank - k, 1) for k in sorted(lifts)]
            for target in dict.fromkeys(rank_ for rank_ in wanted if 0 < rank_ < rank):
                asked += [(unit, target, j) for j in (*leaves, problems.ALL)]
    if not asked:
        return pd.DataFrame(columns=list(COLUMNS))
    unit, target, leaf = np.array(asked, dtype=np.int64).T
    share, reached, reason = problems.solve(unit, target, leaf)
    is_all = leaf == problems.ALL
    own = np.where(is_all, 0, leaf)
    figure = np.where(is_all, np.nan, problems.figures[unit, own])
    best = np.where(is_all, np.nan, problems.best[own])
    found = pd.DataFrame(
        {
            "city_id": problems.city_ids[unit],
            "rank": problems.ranks[unit],
            "n_ranks_up": problems.ranks[unit] - target,
            "rank_wanted": target,
            "node": [index.root if j == problems.ALL else index.leaves[j].node for j in leaf],
            "value": figure,
            "best_value": best,
            "value_wanted": _moved(figure, best, share, problems.is_whole[own]),
            "way_share": share,
            "rank_reached": pd.array(np.where(np.isnan(share), -1, reached), dtype="Int64"),
            "is_checked": pd.array(~np.isnan(share), dtype="boolean"),
            "lift_reason": reason,
        }
    )
    none = np.isnan(share)
    found.loc[none, ["rank_reached", "is_checked"]] = pd.NA
    return found[list(COLUMNS)]


def newest(index: Index, n_cities: int = CITIES) -> pd.DataFrame:
    """What would lift the first cities of the newest edition that ranks any; see :func:`lift`, with
    a column edition in front."""
    editions = index.editions[index.is_ranked]
    if not len(editions):
        return pd.DataFrame(columns=["edition", *COLUMNS])
    edition = int(editions.max())
    problems = _Problems(index, edition)
    order = np.lexsort((problems.city_ids.astype(str), problems.ranks))
    first = list(problems.city_ids[order[problems.ranks[order] > 0]])[:n_cities]
    found = lift(index, edition, first)
    found.insert(0, "edition", edition)
    return found


def _moved(start: Array, end: Array, share: Array, is_whole: NDArray[np.bool_]) -> Array:
    """A figure that has gone a share of the way; whole to the last bit where it is whole."""
    moved = np.where(share == 1, end, start + share * (end - start))
    whole = np.rint(moved)
    return np.where(is_whole & (np.abs(moved - whole) < WHOLE), whole, moved)


class _Problems:
    """An edition of an index, and the search for the shortest way of a unit, a leaf and a rank."""

    ALL = -1
    """In place of a leaf: all of them."""

    def __init__(self, index: Index, edition: int) -> None:
        self.index = of_edition(index, edition, ())
        self.weights = index.weights[edition]
        self.units = self.index.ranked_rows(edition)
        self.city_ids = self.index.city_ids[self.units]
        self.figures = self.index.values[self.units]
        self.scores = leaf_scores(self.index)[self.units]
        self.roots = self._roots({})
        self.ranks = ranks(self.roots)
        signs = np.array([leaf.direction for leaf in index.leaves])
        known = np.where(np.isnan(self.figures), -np.inf, self.figures * signs)
        best = known.max(axis=0, initial=-np.inf) * signs
        self.best = np.where(np.isfinite(best), best, np.nan)
        self.probes = () if self._is_monotone() else PROBES
        # What is counted moves by whole numbers.
        self.is_whole = np.all(np.isnan(self.figures) | (self.figures % 1 == 0), axis=0)

    def _is_monotone(self) -> bool:
        """Whether more of a figure is never worse for its city, and never better for another."""
        stages, method = self.index.stages, self.index.stages["normalise"]["method"]
        if "treat" in stages or method not in MONOTONE:
            return False
        if "impute" in stages and stages["impute"]["method"] not in ("i_latest", "i_linear"):
            return False
        if method == "n_fracmax":
            # Shares of a number below zero are the other way round.
            signs = np.array([leaf.direction for leaf in self.index.leaves])
            if (self.best * signs <= 0).any():
                return False
        return not any(weight < 0 for weight in self.weights.values()) and all(
            branch.aggregation != "a_copeland" for branch in self.index.branches
        )

    def counts(self, leaf: int) -> bool:
        """Whether a leaf and all nodes above it have a weight."""
        node = self.index.leaves[leaf].node
        for branch in self.index.branches:
            if node in branch.children:
                weight = self.weights[node]
                if np.isnan(weight) or weight == 0:
                    return False
                node = branch.node
        return True

    def solve(
        self, unit: Integers, target: Integers, leaf: Integers
    ) -> tuple[Array, Integers, NDArray[np.object_]]:
        """Shortest share of the way of each problem, NaN for none; the rank that it leads to; why
        there is none."""
        n = len(unit)
        share = np.full(n, np.nan)
        reached = np.zeros(n, dtype=np.int64)
        reason = np.full(n, None, dtype=object)
        own = np.where(leaf == self.ALL, 0, leaf)
        start, end = self.figures[unit, own], self.best[own]
        is_all = leaf == self.ALL
        reason[~is_all & (start == end)] = IS_BEST
        reason[~is_all & np.isnan(start)] = NO_FIGURE
        problems = np.column_stack([unit, target, leaf])
        low, high = np.zeros(n), np.full(n, np.nan)
        gap_low, gap_high = np.full(n, np.nan), np.full(n, np.nan)
        nominal = np.broadcast_to(self.roots, (n, len(self.units)))
        gap_low, _ = _gap(nominal, unit, target)
        is_open = np.array([why is None for why in reason], dtype=bool)

        def narrow(going: Integers) -> None:
            self._narrow(problems, going, low, high, gap_low, gap_high, reached)

        def probe(at: Integers, shares: Array) -> NDArray[np.bool_]:
            """Try shorter ways, and keep those that suffice."""
            gap, rank = self.gaps(problems[at], shares)
            up = at[gap >= 0]
            high[up], gap_high[up], reached[up] = shares[gap >= 0], gap[gap >= 0], rank[gap >= 0]
            return np.asarray(gap >= 0)

        probe(np.flatnonzero(is_open), np.ones(int(is_open.sum())))
        for part in self.probes:
            at = np.flatnonzero(is_open & np.isnan(high))
            probe(at, np.full(len(at), part))
        going = np.flatnonzero(~np.isnan(high))
        narrow(going)
        for part in self.probes:
            again = going[probe(going, high[going] * part)]
            low[again], (gap_low[again], _) = 0.0, _gap(nominal[again], *problems[again, :2].T)
            narrow(again)
        self._to_whole(problems, going, probe, high)
        lost = is_open & np.isnan(high)
        reason[lost] = np.where(is_all[lost], ALL_TOO_FAR, TOO_FAR)
        share[going] = high[going]
        return share, reached, reason

    def _to_whole(
        self,
        problems: Integers,
        going: Integers,
        probe: Callable[[Integers, Array], NDArray[np.bool_]],
        high: Array,
    ) -> None:
        """Go on to the next whole figure of what is counted, where it suffices, too."""
        unit, _, leaf = problems[going].T
        counted = going[(leaf != self.ALL) & self.is_whole[np.where(leaf == self.ALL, 0, leaf)]]
        unit, _, leaf = problems[counted].T
        start, end = self.figures[unit, leaf], self.best[leaf]
        way = np.abs(end - start)
        least = np.ceil((high[counted] - 2 * PRECISION) * way)
        up = probe(counted, least / way)
        probe(counted[~up], np.minimum(least[~up] + 1, way[~up]) / way[~up])

    def _narrow(
        self,
        problems: Integers,
        going: Integers,
        low: Array,
        high: Array,
        gap_low: Array,
        gap_high: Array,
        reached: Integers,
    ) -> None:
        """Narrow brackets in place: by the chord of the gap (regula falsi with the Illinois rule),
        tried a little to either side of where it meets zero so that both ends close in, and by
        halves every fourth time, since a gap may jump."""
        n = len(problems)
        side = np.zeros(n, dtype=np.int64)
        for round_ in range(ROUNDS):
            going = going[high[going] - low[going] > PRECISION]
            if not len(going):
                return
            width = high[going] - low[going]
            with np.errstate(all="ignore"):
                chord = low[going] - gap_low[going] * width / (gap_high[going] - gap_low[going])
            hair = PRECISION / 4
            chord = chord + (hair if round_ % 2 == 0 else -hair)
            # Level with another city it may be all the way.
            is_level = (gap_high[going] == 0) & (round_ % 2 == 1)
            is_chord = np.isfinite(chord) & ~is_level & (round_ % 4 < 3)
            at = np.where(is_chord, chord, low[going] + width / 2)
            at = np.clip(at, low[going] + hair, high[going] - hair)
            gap, rank = self.gaps(problems[going], at)
            is_up = gap >= 0
            up, down = going[is_up], going[~is_up]
            gap_low[up] = np.where(side[up] == 1, gap_low[up] / 2, gap_low[up])
            gap_high[down] = np.where(side[down] == -1, gap_high[down] / 2, gap_high[down])
            high[up], gap_high[up], reached[up], side[up] = at[is_up], gap[is_up], rank[is_up], 1
            low[down], gap_low[down], side[down] = at[~is_up], gap[~is_up], -1

    def gaps(self, problems: Integers, share: Array) -> tuple[Array, Integers]:
        """By how much a unit's score is above what the wanted rank asks for, and its rank, when its
        figure goes a share of the way to the best; below 0 it is not reached."""
        unit, target, leaf = problems.T
        gap, rank = np.empty(len(unit)), np.empty(len(unit), dtype=np.int64)
        for j in np.unique(leaf):
            columns = np.arange(len(self.index.leaves)) if j == self.ALL else np.array([j])
            of_leaf = np.flatnonzero(leaf == j)
            size = max(1, FIGURES_AT_ONCE // (len(self.index.city_ids) * len(columns)))
            for first in range(0, len(of_leaf), size):
                part = of_leaf[first : first + size]
                # Different ranks may be wanted of the same figures.
                tried, which = np.unique(
                    np.column_stack([unit[part], share[part]]), axis=0, return_inverse=True
                )
                moved = self._leaves(columns, tried[:, 0].astype(np.int64), tried[:, 1])
                roots = self._roots(moved)[which.reshape(-1)]
                gap[part], rank[part] = _gap(roots, unit[part], target[part])
        return gap, rank

    def _leaves(self, columns: Integers, unit: Integers, share: Array) -> dict[str, Array]:
        """(problems, units) scores of some leaves in which one unit of each problem has moved."""
        part = self.index.with_leaves(columns)
        start, end = self.figures[np.ix_(unit, columns)], self.best[columns]
        values = np.repeat(part.values[np.newaxis], len(unit), axis=0)
        whole = self.is_whole[columns] & (len(columns) == 1)
        moved = _moved(start, np.broadcast_to(end, start.shape), share[:, np.newaxis], whole)
        values[np.arange(len(unit)), self.units[unit]] = moved
        scores = leaf_scores(part, values=values)[:, self.units]
        return {leaf.node: scores[:, :, i] for i, leaf in enumerate(part.leaves)}

    def _roots(self, moved: dict[str, Array]) -> Array:
        """Scores of the root, (..., units), rounded as they are compared."""
        leaves = {leaf.node: self.scores[:, j] for j, leaf in enumerate(self.index.leaves)}
        tree = aggregate_tree(self.index.branches, leaves | moved, self.weights, is_rounded=False)
        return round_significant(tree[self.index.root])


def _gap(roots: Array, unit: Integers, target: Integers) -> tuple[Array, Integers]:
    """By how much the score of a unit is above the lowest with which it has the wanted rank, and
    its rank; -inf and 0 without a score."""
    rows = np.arange(len(unit))
    scores = np.where(np.isnan(roots), -np.inf, roots)
    own = scores[rows, unit]
    rank = np.where(own > -np.inf, (scores > own[:, np.newaxis]).sum(axis=1) + 1, 0)
    others = scores.copy()
    others[rows, unit] = -np.inf
    # The score of the other unit that is on the wanted rank without it: level with it is enough.
    others.sort(axis=1)
    wanted = others[rows, others.shape[1] - target]
    gap = np.full(len(own), -np.inf)
    np.subtract(own, wanted, out=gap, where=own > -np.inf)
    return gap, rank
