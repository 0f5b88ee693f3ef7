"""A small index as arrays, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.chain import Array, Index, Leaf
from analysis.weights import Branch

EDITION = 2024
OWN_SCALE: Mapping[str, Any] = {
    "method": "n_minmax",
    "across": "edition",
    "score_min": 0.0,
    "score_max": 100.0,
}


def small_index(
    values: Sequence[Sequence[float]] | Array,
    tree: Mapping[str, Mapping[str, float]],
    stages: Mapping[str, Mapping[str, Any]] | None = None,
    aggregation: str = "a_amean",
    missing_children: str = "share",
    editions: Sequence[int] | None = None,
) -> Index:
    """An index of cities a, b, ... with the leaves of a tree in its order.

    Args:
        values: (cities, leaves).
        tree: node with children -> child -> weight, each after its children, the root last.
    """
    figures = np.asarray(values, dtype=float)
    years = np.asarray(editions or [EDITION] * len(figures), dtype=np.int64)
    leaves = [child for family in tree.values() for child in family if child not in tree]
    level: dict[str, int] = {}
    for node, family in tree.items():
        level[node] = 1 + max(level.get(child, 1) for child in family)
    weights = {
        child: weight / sum(family.values())
        for family in tree.values()
        for child, weight in family.items()
    }
    return Index(
        framework="small",
        city_ids=np.array([chr(97 + i) for i in range(len(figures))], dtype=object),
        editions=years,
        is_ranked=np.full(len(figures), True),
        groups={},
        leaves=tuple(Leaf(node, 1) for node in leaves),
        values=figures,
        is_kept=np.full(figures.shape, True),
        stages=stages or {"normalise": OWN_SCALE},
        branches=tuple(
            Branch(
                node,
                level[node],
                tuple(family),
                tuple(family.values()),
                "given",
                aggregation,
                missing_children=missing_children,
            )
            for node, family in tree.items()
        ),
        weights={int(year): weights | {list(tree)[-1]: 1.0} for year in np.unique(years)},
    )
