"""What a ranking owes to each node of its index: the ranks without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from analysis.chain import NOMINAL, Array, Index, Replications, ranks
from analysis.design import gone_with
from analysis.replication import LeafTables, scores


@dataclass(frozen=True)
class Removals:
    """Ranks of the units of ``Index.ranked_rows``, as they are and without each node."""

    nodes: tuple[str, ...]
    nominal: NDArray[np.int64]
    """(units,), 0 for none."""
    without: NDArray[np.int64]
    """(nodes, units), 0 for a unit that has no score without the node."""
    kendall_tau_b: Array
    """(nodes,) of the two ranks, over the units that have both; NaN where one never varies."""


def without_each(index: Index, edition: int, tables: LeafTables | None = None) -> Removals:
    """The ranks of an edition without each node below the root that is in it.

    The siblings of the node share its weight in proportion; where it was the only child that
    anybody has a score of, its parent goes, too (:func:`analysis.design.gone_with`). Which units
    are ranked, what was imputed and normalised, and weights that were found in the scores stay as
    they are.

    Tau-b is that of Kendall (1945), by ``scipy.stats.kendalltau``.
    """
    weights = index.weights[edition]
    nodes = tuple(sorted(n for n, w in weights.items() if n != index.root and not np.isnan(w)))
    varied = {node: np.full(1 + len(nodes), float(weights[node])) for node in nodes}
    gone = gone_with(index, edition)
    for position, node in enumerate(nodes, start=1):
        for out in gone.get(node) or (node,):
            varied[out][position] = np.nan
    rows = np.zeros(1 + len(nodes), dtype=np.int64)
    found = ranks(scores(index, edition, Replications([NOMINAL], rows, varied), tables))
    nominal, without = found[0], found[1:]
    return Removals(nodes, nominal, without, np.array([_tau_b(nominal, w) for w in without]))


def _tau_b(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    both = (one > 0) & (other > 0)
    if not both.any():
        return float("nan")
    return float(kendalltau(one[both], other[both]).statistic)
