"""Scores of the nodes of an index from those of its leaves, for many weights at once.

The methods are those of ``analysis.aggregation``. Here means are sums over the children, which are
products of matrices where the scores are the same whatever the weights: ten thousand sets of
weights cost little more than one.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.aggregation import Array, aggregate, round_significant
from analysis.weights import Branch

EXPONENTS: Mapping[str, float | None] = {
    "a_amean": 1.0,
    "a_gmean": 0.0,
    "a_hmean": -1.0,
    "a_genmean": None,
}
"""Aggregations that are a power mean; that of a_genmean is the branch's own."""
LEAST_POWER = 1e-200
"""Powers of scores, relative to the largest, below which digits would be lost."""


def aggregate_tree(
    branches: Sequence[Branch],
    scores: Mapping[str, Array],
    weights: Mapping[str, Array | float],
    nodes: Collection[str] | None = None,
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
    n_units = next(iter(scores.values())).shape[-1]
    nothing = np.full(n_units, np.nan)
    return {
        node: scores[node] if node in scores else found.get(node, nothing)
        for node in sorted(wanted)
    }


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
    for branch in branches:
        children: list[str] = []
        for child in branch.children:
            below = trees.get(child)
            if below is None or child in wanted or not _is_same_mean(branch, below):
                children.append(child)
                continue
            total = np.asarray(sum(np.nan_to_num(shares[c], nan=0.0) for c in below.children))
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
    exponents = EXPONENTS.get(one.aggregation), EXPONENTS.get(other.aggregation)
    if one.aggregation not in EXPONENTS or one.aggregation != other.aggregation:
        return False
    return exponents[0] is not None or one.power == other.power


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
        parts = [found[child] for child in branch.children]
        own = [weights[child] for child in branch.children]
        mean = _mean(branch, parts, own) if branch.aggregation in EXPONENTS else None
        found[branch.node] = _by_method(branch, parts, own) if mean is None else mean
    return {b.node: round_significant(found[b.node]) for b in branches if b.node in wanted}


def _by_method(branch: Branch, parts: Sequence[Array], weights: Sequence[Array]) -> Array:
    """By the functions of ``analysis.aggregation``, which take all children in one array."""
    below = np.stack(np.broadcast_arrays(*parts), axis=-1)
    if branch.aggregation == "a_copeland" and branch.level > 2:
        below = round_significant(below)
    return aggregate(
        below,
        np.stack(np.broadcast_arrays(*weights), axis=-1),
        branch.aggregation,
        branch.power,
        branch.missing_children,
        branch.children_coverage_min,
    )


def _mean(branch: Branch, parts: Sequence[Array], weights: Sequence[Array]) -> Array | None:
    """A power mean by sums over the children, (..., units).

    None where a power leaves the range of a double, of which ``a_genmean`` takes care.
    """
    counted = [np.nan_to_num(weight, nan=0.0) for weight in weights]
    is_in = [(~np.isnan(weight)).astype(float) for weight in weights]
    known = [~np.isnan(part) for part in parts]
    is_whole = all(k.all() for k in known)
    exponent = EXPONENTS[branch.aggregation]
    exponent = branch.power if exponent is None else exponent
    assert exponent is not None, f"a_genmean without a power: {branch.node}"

    terms, extreme, is_undefined = list(parts), np.array(1.0), np.array(False)
    if branch.aggregation != "a_amean":
        # As a_genmean: relative to the largest summand, and undefined beside what has no power.
        good = [x >= 0 if exponent > 0 else x > 0 for x in parts]
        extreme = _extreme(parts, exponent)
        ratios = [np.where(g, x, extreme) / extreme for g, x in zip(good, parts, strict=True)]
        terms = [_raised(ratio, exponent) for ratio in ratios]
        if exponent != 0 and any(
            ((term < LEAST_POWER) & (r > 0)).any() for term, r in zip(terms, ratios, strict=True)
        ):
            return None
        if not all(g.all() for g in good):
            bad = [(k & ~g).astype(float) for k, g in zip(known, good, strict=True)]
            is_undefined = _sum(bad, is_in) > 0
    if is_whole:
        total = np.asarray(sum(counted))[..., np.newaxis]
    else:
        terms = [np.where(k, term, 0.0) for k, term in zip(known, terms, strict=True)]
        total = _sum([k.astype(float) for k in known], counted)
        if branch.missing_children == "none" or branch.children_coverage_min:
            least = 1.0 if branch.missing_children == "none" else branch.children_coverage_min
            n_known = _sum([k.astype(float) for k in known], is_in)
            needed = np.asarray(sum(is_in))[..., np.newaxis] * least
            is_undefined = is_undefined | (n_known < needed - 1e-12)

    mean = _sum(terms, counted)
    with np.errstate(all="ignore"):
        mean /= np.where(total == 0, np.nan, total)
        if branch.aggregation != "a_amean":
            mean = extreme * (np.exp(mean) if exponent == 0 else _raised(mean, 1 / exponent))
    return np.where(is_undefined, np.nan, mean) if is_undefined.any() else mean


def _extreme(parts: Sequence[Array], exponent: float) -> Array:
    """Of the scores above zero the largest, or for exponents up to zero the smallest."""
    if exponent > 0:
        extreme = functools.reduce(np.maximum, [np.where(x > 0, x, 0.0) for x in parts])
        return np.where(extreme > 0, extreme, 1.0)
    extreme = functools.reduce(np.minimum, [np.where(x > 0, x, np.inf) for x in parts])
    return np.where(np.isfinite(extreme), extreme, 1.0)


def _raised(x: Array, exponent: float) -> Array:
    if exponent == 0:
        return np.asarray(np.log(x))
    return 1 / x if exponent == -1 else x**exponent


def _sum(parts: Sequence[Array], weights: Sequence[Array]) -> Array:
    """Sum over the children of their weight (...) times their part (..., units)."""
    if all(part.ndim == 1 for part in parts):
        return np.asarray(np.stack(np.broadcast_arrays(*weights), axis=-1) @ np.stack(parts))
    lead = (*weights, *(part[..., 0] for part in parts))
    total = np.zeros((*np.broadcast_shapes(*(x.shape for x in lead)), parts[0].shape[-1]))
    for part, weight in zip(parts, weights, strict=True):
        total += weight[..., np.newaxis] * part
    return total
