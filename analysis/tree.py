"""Scores of the nodes of an index from those of its leaves, for many weights at once.

The methods are those of ``analysis.aggregation``. Here means are sums over the children, which are
products of matrices where the scores are the same whatever the weights: ten thousand sets of
weights cost little more than one.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.aggregation import Array, aggregate, round_significant
from analysis.means import is_mean, mean
from analysis.weights import Branch

LEAST = float(np.nextafter(0.0, 1.0))
"""The least score above zero."""


def aggregate_tree(
    branches: Sequence[Branch],
    scores: Mapping[str, Array],
    weights: Mapping[str, Array | float],
    nodes: Collection[str] | None = None,
    is_rounded: bool = True,
) -> dict[str, Array]:
    """Scores of nodes, from those of the leaves upward, rounded as the dbt models round them.

    A node all of whose children are left out is left out itself. It is fastest where only the root
    is asked for and leaves have one score for all weights: means of means of the same kind are
    then one product of matrices.

    Args:
        branches: with the methods that count, each after its children.
        scores: leaf -> (..., units), units of one edition.
        weights: node -> (...) or one number, relative to its siblings; NaN leaves a node out.
        nodes: those that are wanted; all without it.
        is_rounded: False leaves the rounding to :func:`analysis.chain.ranks`; it takes time.

    Returns:
        Node -> (..., units), NaN where it has no score.

    Raises:
        KeyError: a leaf without scores, or an unknown method.
    """
    wanted = {*scores, *(b.node for b in branches)} if nodes is None else {*nodes}
    counted = _counted(branches, weights)
    trees = [
        replace(b, children=tuple(c for c in b.children if c in counted))
        for b in branches
        if b.node in counted
    ]
    flat, shares = _flattened(trees, counted, wanted)
    if len(flat) == len(trees) or any(b.aggregation == "a_copeland" for b in trees):
        found = _aggregated(trees, scores, counted, wanted)
    else:
        found = _in_two_parts(trees, scores, counted, (flat, shares), wanted)
    if is_rounded:
        found = {node: round_significant(own) for node, own in found.items()}
    n_units = next(iter(scores.values())).shape[-1]
    nothing = np.full(n_units, np.nan)
    return {
        node: scores[node] if node in scores else found.get(node, nothing)
        for node in sorted(wanted)
    }


def without_undefined(
    branches: Sequence[Branch], scores: Mapping[str, Array], weights: Mapping[str, Array | float]
) -> dict[str, Array]:
    """Scores of nodes, without those that rest on a mean that is not defined for a child's score.

    Such a mean is not missing, so that the other children could stand in for it: neither it nor
    any node above has a score. (COINr stops.)

    Args:
        scores: node -> (..., units), of all nodes.
        weights: as of :func:`aggregate_tree`.
    """
    found, lost = dict(scores), dict[str, NDArray[np.bool_]]()
    for branch in branches:
        lowest, is_lost = _lowest(branch), np.zeros(scores[branch.node].shape, dtype=bool)
        for child in branch.children:
            below = lost.get(child, np.array(False))
            if lowest is not None:
                below = below | (scores[child] < lowest)
            is_lost |= below & ~np.isnan(np.asarray(weights[child]))[..., np.newaxis]
        lost[branch.node] = is_lost
        found[branch.node] = np.where(is_lost, np.nan, scores[branch.node])
    return found


def may_be_undefined(branches: Sequence[Branch], scores: Mapping[str, Array]) -> bool:
    """Whether a mean may meet a score that it is not defined for; ``scores`` of the leaves."""
    return any(_lowest(branch) is not None for branch in branches) and any(
        bool((leaf <= 0).any()) for leaf in scores.values()
    )


def _lowest(branch: Branch) -> float | None:
    """The mean of a branch is not defined for a score below this; None: it is for all scores."""
    if branch.aggregation in ("a_gmean", "a_hmean"):
        return LEAST
    if branch.aggregation == "a_genmean":
        return 0.0 if (branch.power or 0) > 0 else LEAST
    return None


def _counted(branches: Sequence[Branch], weights: Mapping[str, Array | float]) -> dict[str, Array]:
    """Weights of the nodes that are in the tree anywhere; NaN for a parent without children."""
    counted = {node: np.asarray(weight, dtype=float) for node, weight in weights.items()}
    counted = {node: weight for node, weight in counted.items() if not np.isnan(weight).all()}
    for branch in branches:
        own = [np.isnan(counted[child]) for child in branch.children if child in counted]
        weight = counted.pop(branch.node, np.array(1.0))
        is_out = functools.reduce(np.logical_and, own, np.array(True))
        if own and not is_out.all():
            counted[branch.node] = np.where(is_out, np.nan, weight) if is_out.any() else weight
    return counted


def _flattened(
    branches: Sequence[Branch], weights: Mapping[str, Array], wanted: Collection[str]
) -> tuple[list[Branch], dict[str, Array]]:
    """The tree without the means that their parent takes in the same way and nobody wants.

    Their children stand in their place. The scores are the same for a unit that has every leaf.
    """
    trees, shares = {b.node: b for b in branches}, dict(weights)
    families = {b.node: b.children for b in branches}
    for branch in branches:
        children: list[str] = []
        for child in branch.children:
            below = trees.get(child)
            if below is None or child in wanted or not _is_same_mean(branch, below):
                children.append(child)
                continue
            # Of what stands in the place of a grandchild the sum is the grandchild's share.
            parts = [shares[grandchild] for grandchild in families[child]]
            total = np.asarray(sum(np.where(np.isnan(part), 0.0, part) for part in parts))
            if (np.where(np.isnan(shares[child]), 1.0, total) == 0).any():
                children.append(child)
                continue
            with np.errstate(all="ignore"):
                factor = shares[child] / total
            shares |= {c: factor * shares[c] for c in below.children}
            children += below.children
            del trees[child]
        trees[branch.node] = replace(branch, children=tuple(children))
    return [trees[b.node] for b in branches if b.node in trees], shares


def _is_same_mean(one: Branch, other: Branch) -> bool:
    return is_mean(one.aggregation, one.power) and (
        one.aggregation == other.aggregation
        and (one.aggregation != "a_genmean" or one.power == other.power)
    )


def _in_two_parts(
    branches: Sequence[Branch],
    scores: Mapping[str, Array],
    weights: Mapping[str, Array],
    flat: tuple[Sequence[Branch], Mapping[str, Array]],
    wanted: Collection[str],
) -> dict[str, Array]:
    """Units that have every leaf by the flat tree, the others by the rules for what is missing."""
    used = [child for b in branches for child in b.children if child in scores]
    least = -np.inf if all(b.aggregation == "a_amean" for b in branches) else 0.0
    is_whole = np.logical_and.reduce(
        [(scores[leaf] > least).reshape(-1, scores[leaf].shape[-1]).all(axis=0) for leaf in used]
    )
    if is_whole.all():
        return _aggregated(flat[0], scores, flat[1], wanted)
    if not is_whole.any():
        return _aggregated(branches, scores, weights, wanted)
    whole, others = (
        _aggregated(tree, {leaf: scores[leaf][..., units] for leaf in used}, own, wanted)
        for tree, own, units in ((*flat, is_whole), (branches, weights, ~is_whole))
    )
    found = {}
    for node in whole:
        lead = np.broadcast_shapes(whole[node].shape[:-1], others[node].shape[:-1])
        found[node] = np.empty((*lead, len(is_whole)))
        found[node][..., is_whole] = whole[node]
        found[node][..., ~is_whole] = others[node]
    return found


def _aggregated(
    branches: Sequence[Branch],
    scores: Mapping[str, Array],
    weights: Mapping[str, Array],
    wanted: Collection[str],
) -> dict[str, Array]:
    """Scores of the wanted branches."""
    found: dict[str, Array] = dict(scores)
    for branch in branches:
        below = [found[child] for child in branch.children]
        if branch.aggregation == "a_copeland" and branch.level > 2:
            below = [round_significant(child) for child in below]
        combine = mean if is_mean(branch.aggregation, branch.power) else _combined
        found[branch.node] = combine(
            below,
            [weights[child] for child in branch.children],
            branch.aggregation,
            branch.power,
            branch.missing_children,
            branch.children_coverage_min,
        )
    return {b.node: found[b.node] for b in branches if b.node in wanted}


def _combined(scores: Sequence[Array], weights: Sequence[Array], *options: Any) -> Array:
    below = np.stack(np.broadcast_arrays(*scores), axis=-1)
    return aggregate(below, np.stack(np.broadcast_arrays(*weights), axis=-1), *options)
