"""Replications of an index: scores and ranks under other choices, and what they say of a ranking.

Memory is bounded whatever the number of replications: they go through in chunks, and what is kept
of them are counts (:class:`Tally`). Replications with the same choices share the scores of the
leaves, and their weights are one matrix, so that a mean costs a matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.chain import (
    Array,
    Index,
    Replications,
    Variant,
    aggregate_tree,
    branches_of,
    leaf_scores,
    scale,
    stages_of,
)
from analysis.chain import ranks as ranks_of
from analysis.design import NO_ERRORS, Errors, Factor, columns, draw, own_choices, uniform
from analysis.tree import may_be_undefined, without_undefined

TOP = 50
"""Cities of which every pair is compared."""
DECIDED = 0.95
"""From this probability on one city is told apart from another."""
LOW, HIGH = 0.05, 0.95
# What is worked on at once: scores and replications of a chunk, scores (that stay in the cache of a
# processor) and figures of a batch.
SCORES_IN_CHUNK = 2**22
REPLICATIONS_IN_CHUNK = 20_000
SCORES_AT_ONCE = 2**16
FIGURES_AT_ONCE = 2**22
Integers = NDArray[np.int64]
LeafTables = Callable[[Variant], Array]


# ---------------------------------------------------------------- scores
def leaf_tables(index: Index) -> LeafTables:
    """The scores of the leaves by variant, (rows, leaves), each computed once."""
    known: dict[object, Array] = {}

    def table(variant: Variant) -> Array:
        key = tuple(
            (stage, None if options is None else tuple(sorted(options.items())))
            for stage, options in sorted(variant.stages.items())
        )
        if key not in known:
            known[key] = leaf_scores(index, variant)
        return known[key]

    return table


def scores(
    index: Index, edition: int, replications: Replications, tables: LeafTables | None = None
) -> Array:
    """Scores of the root in every replication.

    Args:
        tables: of :func:`leaf_tables`, where several calls share them.

    Returns:
        (n, units) in the order of :meth:`Index.ranked_rows`, NaN for none, as they are published;
        where they are normalised across the panel, before the stage scale, which needs all editions
        and keeps their order.
    """
    tables = tables or leaf_tables(index)
    rows = index.ranked_rows(edition)
    found = np.empty((len(replications.variant), len(rows)))
    order = np.argsort(replications.variant, kind="stable")
    weights = {node: column[order] for node, column in replications.weights.items()}
    ends = np.searchsorted(
        replications.variant[order], np.arange(len(replications.variants) + 1), side="left"
    )
    for number, variant in enumerate(replications.variants):
        start, stop = int(ends[number]), int(ends[number + 1])
        for part in _batches(index, replications, max(1, len(rows)), start, stop):
            leaves = tables(variant)[rows].T
            of_leaves = {leaf.node: leaves[i] for i, leaf in enumerate(index.leaves)}
            if replications.values is not None:
                figures = replications.values[order[part]]
                of_leaves |= _moved_leaves(index, variant, figures, rows)
            found[order[part]] = _roots(
                index,
                edition,
                variant,
                of_leaves,
                {node: column[part] for node, column in weights.items()},
            )
    return found


def _batches(
    index: Index, replications: Replications, n_units: int, start: int, stop: int
) -> Iterator[slice]:
    size = SCORES_AT_ONCE // n_units
    if replications.values is not None:
        size = min(size, FIGURES_AT_ONCE // index.values.size)
    for first in range(start, stop, max(1, size)):
        yield slice(first, min(first + size, stop))


def _moved_leaves(
    index: Index, variant: Variant, figures: Array, rows: Integers
) -> dict[str, Array]:
    """(n, units) of the leaves in which any figure is another than that of the index."""
    is_same = (figures == index.values) | (np.isnan(figures) & np.isnan(index.values))
    moved = np.flatnonzero(~is_same.all(axis=(0, 1)))
    part = index.with_leaves(moved)
    found = leaf_scores(part, variant, figures[:, :, moved])[:, rows]
    return {leaf.node: found[:, :, i] for i, leaf in enumerate(part.leaves)}


def _roots(
    index: Index,
    edition: int,
    variant: Variant,
    leaves: Mapping[str, Array],
    weights: Mapping[str, Array],
) -> Array:
    branches = branches_of(index, variant)
    known: dict[str, Array | float] = {**index.weights[edition], **weights}
    root = index.root
    if may_be_undefined(branches, leaves):
        tree = aggregate_tree(branches, leaves, known, is_rounded=False)
        found = without_undefined(branches, tree, known)[root]
    else:
        found = aggregate_tree(branches, leaves, known, nodes=[root], is_rounded=False)[root]
    stages = stages_of(index, variant)
    return found if stages["normalise"].get("across") == "panel" else scale(found, stages)


def nominal_scores(index: Index, edition: int, tables: LeafTables | None = None) -> Array:
    """Scores of the replication in which nothing varies, (units,)."""
    nothing = draw(index, edition, (), np.empty((1, 0)))
    found: Array = scores(index, edition, nothing, tables)[0]
    return found


# ---------------------------------------------------------------- chunks
@dataclass(frozen=True)
class Chunk:
    """Some replications of an edition."""

    scores: Array
    """(n, units)"""
    is_own: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Factor with a choice -> (n,) whether the choice is the framework's own."""


def chunks(
    index: Index,
    edition: int,
    factors: Sequence[Factor],
    seed: int,
    n: int,
    known_errors: Errors = NO_ERRORS,
    tables: LeafTables | None = None,
    size: int | None = None,
) -> Iterator[Chunk]:
    """The replications 0 .. n - 1 of a Monte Carlo design, by and by.

    The numbers do not depend on ``size``: see :func:`analysis.design.uniform`.

    Args:
        size: replications of a chunk; what fits a bounded memory without it.
    """
    tables = tables or leaf_tables(index)
    parts = columns(index, edition, factors, known_errors)
    if size is None:
        size = SCORES_IN_CHUNK // max(1, len(index.ranked_rows(edition)))
        size = min(size, REPLICATIONS_IN_CHUNK)
        if len(known_errors.sd):
            size = min(size, FIGURES_AT_ONCE // index.values.size)
    size = max(1, size)
    for start in range(0, n, size):
        u = uniform(seed, edition, parts, start, min(start + size, n))
        replications = draw(index, edition, factors, u, known_errors)
        yield Chunk(scores(index, edition, replications, tables), own_choices(parts, factors, u))


# ---------------------------------------------------------------- tallies
@dataclass
class Tally:
    """Counts over replications; their size does not depend on how many there are."""

    nominal: Integers
    """(units,) ranks without a change, 0 for none."""
    n: int
    histogram: NDArray[np.int32]
    """(units, units + 1): in how many replications a unit has a rank; 0 for no score."""
    top: Integers
    """(top,) units with the best nominal ranks, in their order; equal ones in the order given."""
    above: Integers
    """(top, top): in how many replications the first is above the second. In the rest, less those
    of the other way round, they are level, or neither has a score."""
    n_top3_kept: int
    """In how many the nominal top three are in their nominal order, each above the next."""
    own_rank_sum: dict[str, Array]
    """Factor with a choice -> (units,) sum of ranks where the choice is the framework's own."""
    own_n: dict[str, Array]
    """Factor with a choice -> (units,) in how many of these the unit has a rank."""


def tally(nominal: Integers, parts: Iterable[Chunk], top: int = TOP) -> Tally:
    """Count ranks, wins and the order at the top.

    A unit without a score stands below all that have one, and level with others that have none.

    Args:
        nominal: (units,) ranks without a change, 0 for none.
        parts: of :func:`chunks`; their order changes nothing.
    """
    n_units = len(nominal)
    by_rank = np.lexsort((np.arange(n_units), np.where(nominal > 0, nominal, n_units + 1)))
    best = by_rank[: min(top, int((nominal > 0).sum()))]
    found = Tally(
        nominal=nominal,
        n=0,
        histogram=np.zeros((n_units, n_units + 1), dtype=np.int32),
        top=best,
        above=np.zeros((len(best), len(best)), dtype=np.int64),
        n_top3_kept=0,
        own_rank_sum={},
        own_n={},
    )
    for chunk in parts:
        _count(found, ranks_of(chunk.scores), chunk.is_own)
    return found


def _count(found: Tally, ranks: Integers, is_own: Mapping[str, NDArray[np.bool_]]) -> None:
    n, n_units = ranks.shape
    found.n += n
    places = (ranks + np.arange(n_units) * (n_units + 1)).ravel()
    counts = found.histogram.reshape(-1)
    if counts.size <= 4 * places.size:
        counts += np.bincount(places, minlength=counts.size).astype(np.int32)
    else:
        np.add.at(counts, places, np.int32(1))

    # Short numbers are compared several times as fast; a city with all others takes little memory.
    short = "int16" if n_units < 2**15 - 1 else "int32"
    of_top: NDArray[np.int32] = np.ascontiguousarray(ranks[:, found.top].T).astype(short)
    of_top[of_top == 0] = n_units + 1
    for place, own in enumerate(of_top):
        found.above[place] += np.add.reduce(own < of_top, axis=1, dtype=np.int32)
    first = of_top[:3]
    found.n_top3_kept += int((first[:-1] < first[1:]).all(axis=0).sum())

    step = max(1, SCORES_AT_ONCE // max(1, n_units))
    for factor in is_own:
        found.own_rank_sum.setdefault(factor, np.zeros(n_units))
        found.own_n.setdefault(factor, np.zeros(n_units))
    for start in range(0, n if is_own else 0, step):
        some = slice(start, start + step)
        as_numbers, is_ranked = ranks[some].astype(float), ranks[some] > 0
        is_whole = is_ranked.all()
        for factor, own_rows in is_own.items():
            weights = own_rows[some].astype(float)
            found.own_rank_sum[factor] += weights @ as_numbers
            found.own_n[factor] += weights.sum() if is_whole else weights @ is_ranked


# ---------------------------------------------------------------- what they say
def rank_quantiles(found: Tally, shares: Sequence[float]) -> Array:
    """Ranks of which a share of the replications is at or above, (shares, units); NaN for none.

    The nearest rank: the smallest that at least this share of the replications with a score has or
    is above. So a quantile is always a rank that occurs.
    """
    result = np.full((len(shares), len(found.nominal)), np.nan)
    for part in _blocks(found):
        cumulated = np.cumsum(found.histogram[part, 1:], axis=1, dtype=np.int64)
        totals = cumulated[:, -1] if cumulated.size else np.zeros(len(part))
        for number, share in enumerate(shares):
            needed = np.ceil(share * totals - 1e-9)
            place = (cumulated < needed[:, np.newaxis]).sum(axis=1) + 1
            result[number, part] = np.where(totals > 0, place, np.nan)
    return result


def _blocks(found: Tally) -> list[Integers]:
    """Units, few enough at once that their counts may be copied."""
    return np.array_split(np.arange(len(found.nominal)), len(found.nominal) // 500 + 1)


def rank_at_most(found: Tally, rank: int) -> Array:
    """Share of all replications in which a unit has this rank or a better one, (units,)."""
    share: Array = found.histogram[:, 1 : rank + 1].sum(axis=1) / found.n
    return share


def top3_order_share(found: Tally) -> float:
    """Share of all replications in which the nominal top three stand in their nominal order, each
    above the next; NaN where the nominal order is not strict, or there is nothing to order."""
    nominal = found.nominal[found.top[:3]]
    if len(nominal) < 2 or (np.diff(nominal) <= 0).any():
        return float("nan")
    return found.n_top3_kept / found.n


def mean_rank_shift(found: Tally) -> Array:
    """Mean absolute difference from the nominal rank, over those with a score, (units,)."""
    result = np.full(len(found.nominal), np.nan)
    places = np.arange(1, len(found.nominal) + 1)
    for part in _blocks(found):
        counts = found.histogram[part, 1:]
        shifts = np.abs(places - found.nominal[part, np.newaxis])
        with np.errstate(all="ignore"):
            mean = np.einsum("ij,ij->i", counts, shifts) / counts.sum(axis=1)
        result[part] = np.where(found.nominal[part] > 0, mean, np.nan)
    return result


def mean_ranks_by_choice(found: Tally) -> dict[str, tuple[Array, Array]]:
    """Factor with a choice -> mean ranks where the choice is the framework's own, and where it is
    another, (units,) each; over the replications with a score, NaN where there are none."""
    ranks = np.arange(found.histogram.shape[1])
    totals = np.zeros((2, len(found.nominal)))
    for part in _blocks(found):
        counts = found.histogram[part]
        totals[:, part] = counts @ ranks, counts[:, 1:].sum(axis=1)
    means = {}
    with np.errstate(all="ignore"):
        for factor, own_sum in found.own_rank_sum.items():
            own_n = found.own_n[factor]
            means[factor] = own_sum / own_n, (totals[0] - own_sum) / (totals[1] - own_n)
    return means


def rank_groups(found: Tally, decided: float = DECIDED) -> Integers:
    """Groups of the top that cannot be told apart, numbered from 1 down the ranking, (top,).

    A city joins the present group while no pair in it is decided, that is while of any two neither
    is above the other in ``decided`` of the replications or more; else it opens the next group.
    """
    is_decided = np.maximum(found.above, found.above.T) >= decided * found.n - 1e-9
    groups, first = np.ones(len(found.top), dtype=np.int64), 0
    for place in range(1, len(found.top)):
        if is_decided[first:place, place].any():
            first = place
            groups[place] = groups[place - 1] + 1
        else:
            groups[place] = groups[place - 1]
    return groups
