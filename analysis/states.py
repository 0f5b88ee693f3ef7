"""Two states of an index over the same rows and leaves, and the index of any mixture of the two.

A state is mixed of four factors, each as before (0) or as after (1): the figures (``data``), how
they are made scores (``method``), the tree and its weights (``weights``), and who is let through
and ranked (``field``); :mod:`analysis.decomposition` says what belongs to which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import chain
from analysis.chain import Array, Index, Leaf
from analysis.weights import Branch

STAGES = ("impute", "transform", "treat", "normalise", "scale")
"""Stages of the factor method; those before make the data and the field."""

Flags = NDArray[np.bool_]
State = tuple[int, ...]
"""For each of the factors data, method, weights and field 0 (as before) or 1 (as after)."""


@dataclass(frozen=True)
class StatePair:
    """Two states over the same rows and leaves: those that either has, sorted."""

    before: Index
    after: Index
    redefined: Collection[str] = ()
    is_scored: bool = False
    """Values are scores of leaves already."""
    panel: Array = field(default_factory=lambda: np.empty(0))
    """Root scores that are scaled with those of an edition."""

    @cached_property
    def sides(self) -> tuple[Index, Index]:
        """Before and after."""
        return self.before, self.after

    @cached_property
    def rows(self) -> pd.MultiIndex:
        """(edition, city_id) of the rows."""
        found = [
            pd.MultiIndex.from_arrays([side.editions.astype(np.int64), side.city_ids])
            for side in self.sides
        ]
        return found[0].union(found[1], sort=None).sort_values()

    @cached_property
    def places(self) -> list[NDArray[np.int64]]:
        """Of each side the row of each of its rows."""
        return [
            np.asarray(
                self.rows.get_indexer(pd.MultiIndex.from_arrays([side.editions, side.city_ids]))
            )
            for side in self.sides
        ]

    @cached_property
    def editions(self) -> NDArray[np.int64]:
        """(rows,)"""
        return np.asarray(self.rows.get_level_values(0), dtype=np.int64)

    @cached_property
    def city_ids(self) -> NDArray[np.object_]:
        """(rows,)"""
        return np.asarray(self.rows.get_level_values(1), dtype=object)

    @cached_property
    def nodes(self) -> list[str]:
        """The leaves that either side has, sorted."""
        return sorted({leaf.node for side in self.sides for leaf in side.leaves})

    @cached_property
    def leaves(self) -> list[tuple[Leaf, ...]]:
        """By method: what a side says of a leaf, or the other of one that it has not."""
        known = [{leaf.node: leaf for leaf in side.leaves} for side in self.sides]
        return [
            tuple(known[side].get(node) or known[1 - side][node] for node in self.nodes)
            for side in (0, 1)
        ]

    @cached_property
    def exists(self) -> Flags:
        """(2, rows) by field."""
        found = np.zeros((2, len(self.rows)), dtype=bool)
        for side in (0, 1):
            found[side, self.places[side]] = True
        return found

    @cached_property
    def ranked(self) -> Flags:
        """(2, rows) by field."""
        found = np.zeros((2, len(self.rows)), dtype=bool)
        for side in (0, 1):
            found[side, self.places[side]] = self.sides[side].is_ranked
        return found

    @cached_property
    def groups(self) -> list[dict[str, NDArray[np.object_]]]:
        """By method: grouping -> (rows,), the other side's for rows that a side has not."""
        found = []
        for side in (0, 1):
            own: dict[str, NDArray[np.object_]] = {}
            for name in self.sides[side].groups:
                own[name] = np.full(len(self.rows), None, dtype=object)
                for each in (1 - side, side):
                    if name in self.sides[each].groups:
                        own[name][self.places[each]] = self.sides[each].groups[name]
            found.append(own)
        return found

    def _other_groups(self) -> bool:
        """Whether anyone is in another group of those within which is imputed."""
        names = [str(side.stages.get("impute", {}).get("grouping")) for side in self.sides]
        return any(
            list(self.groups[0].get(name, ())) != list(self.groups[1].get(name, ()))
            for name in names
        )

    @cached_property
    def known(self) -> Flags:
        """(2, rows, leaves): a side has the row and keeps the leaf in its edition."""
        found = np.zeros((2, len(self.rows), len(self.nodes)), dtype=bool)
        for i, side in enumerate(self.sides):
            found[i][np.ix_(self.places[i], self.columns[i])] = side.is_kept
        return found

    @cached_property
    def columns(self) -> list[NDArray[np.int64]]:
        """Of each side the column of each of its leaves."""
        place = {node: i for i, node in enumerate(self.nodes)}
        return [np.array([place[leaf.node] for leaf in side.leaves]) for side in self.sides]

    @cached_property
    def values(self) -> Array:
        """(2, rows, leaves) by data. What one side alone has is the same on both."""
        found = np.full(self.known.shape, np.nan)
        for i, side in enumerate(self.sides):
            found[i][np.ix_(self.places[i], self.columns[i])] = side.values
        found[~self.known] = np.nan
        return np.where(self.known, found, np.where(self.known[::-1], found[::-1], np.nan))

    @cached_property
    def is_redefined(self) -> Flags:
        """(leaves,): the figures go with the method."""
        return np.array([node in self.redefined for node in self.nodes], dtype=bool)

    @cached_property
    def is_changed(self) -> Flags:
        """(rows, leaves): the figure is another."""
        one, other = self.values
        is_other: Flags = (one != other) & ~(np.isnan(one) & np.isnan(other))
        return is_other

    @cached_property
    def differs(self) -> State:
        """Whether each factor changes: one that does not is never computed anew."""
        before, after = self.sides
        method = (
            any(_parameters(before, stage) != _parameters(after, stage) for stage in STAGES)
            or self.leaves[0] != self.leaves[1]
            or _methods(before.branches, after.branches) != _methods(after.branches, after.branches)
            or self._other_groups()
            or bool(self.is_changed[:, self.is_redefined].any())
        )
        return (
            int(self.is_changed[:, ~self.is_redefined].any()),
            int(method),
            int(_trees(before.branches) != _trees(after.branches) or self._other_weights()),
            int(
                (self.exists[0] != self.exists[1]).any() or (self.ranked[0] != self.ranked[1]).any()
            ),
        )

    def _other_weights(self) -> bool:
        return any(
            not np.array_equal(
                [self.weights(0, edition).get(node, np.nan) for node in nodes],
                [self.weights(1, edition).get(node, np.nan) for node in nodes],
                equal_nan=True,
            )
            for edition in self.common
            for nodes in [sorted({*self.weights(0, edition), *self.weights(1, edition)})]
        )

    @cached_property
    def common(self) -> list[int]:
        """Editions that both sides have."""
        both = set(self.before.weights) & set(self.after.weights)
        return sorted(int(edition) for edition in both)

    def weights(self, side: int, edition: int) -> Mapping[str, float]:
        """Of an edition, the other side's where a side has not the edition."""
        own, other = self.sides[side].weights, self.sides[1 - side].weights
        return own.get(edition) or other[edition]

    def branches(self, method: int, weights: int) -> list[Branch]:
        """The tree of one side, its nodes aggregated as on another where this has them."""
        return _combined(self.sides[weights].branches, self.sides[method].branches)

    def reduced(self, state: State) -> State:
        """The same state with the factors that do not change as before."""
        return tuple(a * b for a, b in zip(state, self.differs, strict=True))

    def figures(self, data: int, method: int, field: int) -> Array:
        """(rows, leaves) of a state."""
        values = np.where(self.is_redefined, self.values[method], self.values[data])
        return np.where(self.exists[field][:, np.newaxis], values, np.nan)

    def leaf_scores(self, values: Array, method: int, field: int) -> Array:
        """(..., rows, leaves) of figures, NaN for who is not in the field."""
        if self.is_scored:
            return np.where(self.ranked[field][:, np.newaxis], values, np.nan)
        state = replace(
            self.sides[method],
            city_ids=self.city_ids,
            editions=self.editions,
            is_ranked=self.ranked[field],
            groups=self.groups[method],
            leaves=self.leaves[method],
            values=values.reshape(-1, *values.shape[-2:])[0],
            is_kept=self.known[0] | self.known[1],
        )
        return chain.leaf_scores(state, values=values)

    def aggregated(self, scores: Array, method: int, weights: int, field: int) -> Array:
        """(..., rows) root scores before scaling, from those of leaves (..., rows, leaves)."""
        branches = self.branches(method, weights)
        parents = {branch.node for branch in branches}
        used = {child for branch in branches for child in branch.children} - parents
        found = np.full(scores.shape[:-1], np.nan)
        for edition in np.unique(self.editions):
            rows = np.flatnonzero((self.editions == edition) & self.ranked[field])
            columns = {
                node: scores[..., rows, i] for i, node in enumerate(self.nodes) if node in used
            }
            shares = self.weights(weights, int(edition))
            shares = {node: shares.get(node, np.nan) for node in {*parents, *used}}
            nodes = chain.aggregate_tree(branches, columns, shares)
            found[..., rows] = nodes[branches[-1].node]
        return found

    def scaled_with(self, edition: int, method: int) -> Flags:
        """Rows that are scaled together with those of an edition."""
        panel = self.sides[method].stages.get("normalise", {}).get("across") == "panel"
        return np.full(len(self.rows), True) if panel else self.editions == edition

    def scaled(self, roots: Array, method: int) -> Array:
        """The stage scale on (..., rows)."""
        stages = self.sides[method].stages
        if "scale" not in stages:
            return roots
        found = np.full(roots.shape, np.nan)
        panel = np.broadcast_to(self.panel, (*roots.shape[:-1], len(self.panel)))
        for edition in self.common:
            together = self.scaled_with(edition, method)
            rows = self.editions == edition
            all_scores = np.concatenate([roots[..., together], panel], axis=-1)
            scores = chain.scale(all_scores, stages)[..., : int(together.sum())]
            found[..., rows] = scores[..., rows[together]]
        return found

    def ranks(self, scores: Array) -> Array:
        """(..., rows) within each edition, NaN where there is no score."""
        found = np.full(scores.shape, np.nan)
        for edition in self.common:
            rows = self.editions == edition
            ranks = chain.ranks(scores[..., rows]).astype(float)
            found[..., rows] = np.where(ranks == 0, np.nan, ranks)
        return found


def _parameters(index: Index, stage: str) -> dict[str, object] | None:
    found = index.stages.get(stage)
    return None if found is None else dict(found)


def _trees(branches: Sequence[Branch]) -> dict[str, tuple[str, ...]]:
    return {branch.node: tuple(sorted(branch.children)) for branch in branches}


def _combined(tree: Sequence[Branch], methods: Sequence[Branch]) -> list[Branch]:
    by_node = {branch.node: branch for branch in methods} | {tree[-1].node: methods[-1]}
    return [
        replace(
            branch,
            aggregation=how.aggregation,
            power=how.power,
            missing_children=how.missing_children,
            children_coverage_min=how.children_coverage_min,
        )
        for branch in tree
        for how in [by_node.get(branch.node, branch)]
    ]


def _methods(methods: Sequence[Branch], tree: Sequence[Branch]) -> list[tuple[object, ...]]:
    return [
        (b.aggregation, b.power, b.missing_children, b.children_coverage_min)
        for b in _combined(tree, methods)
    ]
