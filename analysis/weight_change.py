"""What would have to change in the weights of an index for its order to change.

Weights are shares of the whole index, from zero up, that sum to 1; the distance of two sets of them
is the share of weight that moves, half the sum of absolute differences. In the scope
``dimensions`` the weights of the root's children change and everything below stays, so that a
weighted arithmetic, geometric, harmonic or power mean at the root orders units as a sum of weights
times transformed scores, whatever the levels below. In the scope ``indicators`` the weights of the
leaves change, and with them those above, which are their sums; the order is that of such a sum
where all levels are means of one power.

Where a unit lacks a score, its weight goes to the siblings, and the score is a ratio in the
weights. It lies between the means that give what is missing the best and the worst score of the
siblings known. Where means of several powers lie above one another, the score lies between the
means of the least and of the greatest of the powers. So the linear programme with what is most in
favour of the question gives a bound that no weights go below, or proves that there are none; where
its answer, recomputed, holds, it is exact. Else weights are sought by a sequence of linear
programmes on tangents, and what is found holds but need not be the nearest. Every answer is
recomputed with the whole tree (:func:`analysis.chain.aggregate_tree`).

A weight may be zero: the part is left out, but a unit without the score that the method needs stays
without one. Where units lack scores, a weight keeps 1e-9 of what it is, so that none loses its
score because all the weight is on what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog

from analysis.aggregation import Array
from analysis.chain import aggregate_tree, tree
from analysis.weights import Branch

Indices = NDArray[np.int64]

SCOPES = ("dimensions", "indicators")

MARGIN = 1e-8
"""Strictly above: by this share of the largest difference of the two among the nodes, and by
``RELATIVE_MARGIN`` of their scores at least, both far above the 12 digits in which scores are
compared."""
RELATIVE_MARGIN = 1e-10

# HiGHS takes nothing smaller; rows are brought to a largest coefficient of 1 before.
TOLERANCE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
# So small a programme takes longer to simplify than to solve.
OPTIONS = {**TOLERANCE, "presolve": False}
# Two distances are the same.
SAME = 1e-7
# Nothing below this is divided by in a tangent.
FLOOR = 1e-9
N_TANGENTS = 12
N_CUTS = 4
N_CORNERS = 2
N_ROUNDS = 3
# How much of the way to where tangents lead.
PARTS = np.array([[1.0], [0.5], [0.2]])
# Steps on a line of weights, and how often they are refined around an end.
N_STEPS = 24
N_REFINED = 4
# What the next tangents must gain to go on.
GAIN = 1e-4


@dataclass(frozen=True)
class Space:
    """The weights that may change, and what they act on."""

    scope: str
    branches: tuple[Branch, ...]
    """From the parents of ``nodes`` to the root."""
    nodes: tuple[str, ...]
    """Whose weights change."""
    weights: Array
    """(nodes,): as they are, shares of the whole."""
    within: Mapping[str, float]
    """Node -> weight within its parent as it is; NaN where it is left out."""
    scores: Mapping[str, Array]
    """Node of ``nodes`` -> (units,)."""
    known: Mapping[str, NDArray[np.bool_]]
    """Node -> (units,): has a score, whatever the weights."""
    ids: tuple[str, ...]
    """Of the units, all of which have a score of the root."""
    names: tuple[str, ...]
    """Of the units, for reasons in words."""
    root: Array
    """(units,): scores of the root with the weights as they are."""
    worst: Array
    """(units, nodes): scores, in units of the largest; what is missing at its worst."""
    best: Array
    """(units, nodes): the same at its best."""
    powers: tuple[float, float]
    """The least and the greatest power of the means."""
    problem: str | None
    """Why nothing can be said."""

    @property
    def is_linear(self) -> bool:
        """Whether sums of weights times transformed scores give the order, if none is missing."""
        return self.powers[0] == self.powers[1]

    @property
    def has_gaps(self) -> bool:
        """Whether a unit lacks a score."""
        return not all(known.all() for known in self.known.values())

    @property
    def order(self) -> Indices:
        """(units,): positions from the highest score down; equal ones as they come."""
        return np.argsort(-self.root, kind="stable").astype(np.int64)


class Answer(NamedTuple):
    """The nearest weights under which something holds."""

    is_possible: bool | None
    """None where neither weights nor a proof that there are none were found."""
    weights: Array | None
    """(nodes,), shares of the whole."""
    moved: float | None
    """Share of weight that moves, 0 to 1."""
    moved_low: float | None
    """No weights that move less do; None where no bound is known."""
    is_exact: bool
    """Whether ``moved``, or that it is impossible, is proven."""
    reason: str | None


class TopOrder(NamedTuple):
    """The weights under which the first units keep their strict order, ahead of all others."""

    top: tuple[int, ...]
    """Positions of the units, the first first."""
    low: Array
    """(nodes,): least weight under which the order can hold, the others as they need to be."""
    high: Array
    is_exact: NDArray[np.bool_]
    """(nodes,): the order holds, recomputed, with weights that have ``low`` and ``high``. Else it
    breaks for certain outside of them, and may break inside."""
    alone_low: Array
    """(nodes,): least weight under which the order holds, where siblings share in proportion what
    it leaves them and nothing else moves."""
    alone_high: Array
    is_alone_exact: NDArray[np.bool_]
    """(nodes,): whether these are solved for; else found by steps, to 1e-5 of the way."""
    broken: Answer
    """The nearest weights under which a unit is strictly ahead of one that it was behind."""
    overtaken: tuple[int, int] | None
    """Positions of the unit that falls back and of the one that passes it."""
    problem: str | None


def space(
    branches: Sequence[Branch],
    scores: Mapping[str, Array],
    weights: Mapping[str, float],
    scope: str,
    ids: Sequence[str],
    names: Sequence[str] | None = None,
) -> Space:
    """The weights of a scope.

    Args:
        branches: nodes with children, each after its children; the last is the root.
        scores: node -> (units,) of one edition, of the leaves, or for the scope ``dimensions`` of
            the root's children; NaN where missing.
        weights: node -> weight within its parent; NaN or absent for a node left out.
        scope: one of ``SCOPES``.
        ids, names: (units,); without names the identifiers stand in for them.
    """
    within = {
        child: float(weights.get(child, np.nan)) for b in branches for child in b.children
    } | {branches[-1].node: 1.0}
    used = [branches[-1]] if scope == "dimensions" else list(branches)
    kept = {b.node: [c for c in b.children if not np.isnan(within[c])] for b in used}
    used = [
        replace(b, children=tuple(kept[b.node]), weights=tuple(within[c] for c in kept[b.node]))
        for b in used
        if kept[b.node] and not np.isnan(within[b.node])
    ]
    parents = {b.node for b in used}
    shares = {branches[-1].node: 1.0}
    for branch in reversed(used):
        total = sum(branch.weights)
        for child, weight in zip(branch.children, branch.weights, strict=True):
            shares[child] = shares[branch.node] * (weight / total if total else np.nan)
    nodes = tuple(n for b in used for n in b.children if n not in parents)

    found = aggregate_tree(used, {n: scores[n] for n in nodes}, within)
    rows = ~np.isnan(found[branches[-1].node])
    inside = {n: np.asarray(scores[n], dtype=float)[rows] for n in nodes}
    even = {n: np.nan if np.isnan(weight) else 1.0 for n, weight in within.items()}
    known = {n: ~np.isnan(values) for n, values in inside.items()}
    known |= {n: ~np.isnan(v) for n, v in aggregate_tree(used, inside, even).items()}

    found_powers = [_power(b) for b in used if len(b.children) > 1]
    powers = [p for p in found_powers if p is not None] or [1.0]
    start = np.array([shares[n] for n in nodes])
    worst, best = _bounds(used, nodes, inside, known)
    return Space(
        scope=scope,
        branches=tuple(used),
        nodes=nodes,
        weights=start,
        within=within,
        scores=inside,
        known=known,
        ids=tuple(np.array(ids, dtype=object)[rows]),
        names=tuple(np.array(names or ids, dtype=object)[rows]),
        root=found[branches[-1].node][rows],
        worst=worst,
        best=best,
        powers=(min(powers), max(powers)),
        problem=_problem(used, start, worst, (min(powers), max(powers))),
    )


def spaces(
    nodes: pd.DataFrame,
    weights: pd.DataFrame,
    scores: pd.DataFrame,
    cities: pd.DataFrame,
    of_edition: int | None = None,
) -> Iterator[tuple[str, int, Space]]:
    """The weights of each scope, of every framework that scores somebody in an edition.

    Args:
        nodes, cities: stg_framework_node and stg_city.
        weights, scores: int_index_weight and int_index_aggregated.
        of_edition: without it, the newest of each framework.
    """
    names = dict(zip(cities["city_id"], cities["name_en"], strict=True))
    for framework, own in nodes.groupby("framework", sort=True):
        branches = tree(own.sort_values(["level", "position", "node"]))
        scored = scores[(scores["framework"] == framework) & scores["score"].notna()]
        editions = scored.loc[scored["node"] == branches[-1].node, "edition"]
        edition = editions.max() if of_edition is None else of_edition
        if edition not in set(editions):
            continue
        wide = scored[scored["edition"] == edition].pivot(
            index="city_id", columns="node", values="score"
        )
        wide = wide.reindex(columns=list(own["node"])).sort_index()
        columns = {str(n): np.asarray(wide[n].to_numpy(dtype=float, na_value=np.nan)) for n in wide}
        is_own = (weights["framework"] == framework) & (weights["edition"] == edition)
        within = dict(zip(weights["node"][is_own], weights["weight"][is_own], strict=True))
        for scope in SCOPES:
            ids = list(wide.index)
            found = space(branches, columns, within, scope, ids, [names[i] for i in ids])
            yield str(framework), int(edition), found


def root_scores(of: Space, weights: Array) -> Array:
    """Scores of the root, (sets, units), of sets of weights, (sets, nodes), by the whole tree.

    Where the weights of all children are zero, they share as they do now.
    """
    totals = {n: weights[:, i] for i, n in enumerate(of.nodes)}
    within: dict[str, Array | float] = {of.branches[-1].node: 1.0}
    for branch in of.branches:
        kept = [c for c in branch.children if c in totals]
        total = np.sum([totals[c] for c in kept], axis=0)
        totals[branch.node] = total
        left = {c: np.full(len(weights), np.nan) for c in branch.children if c not in totals}
        with np.errstate(all="ignore"):
            within |= left | {c: np.where(total > 0, totals[c] / total, of.within[c]) for c in kept}
    return aggregate_tree(of.branches, of.scores, within)[of.branches[-1].node]


def swaps(of: Space, pairs: Sequence[tuple[int, int]]) -> list[Answer]:
    """The nearest weights under which the second unit of a pair is strictly above the first.

    With one condition the linear programme needs no solver: weight goes to the node in which the
    second is furthest ahead, from those in which it is furthest behind first.

    Args:
        pairs: positions of units.
    """
    if of.problem or not pairs:
        return [_nothing(of.problem)] * len(pairs)
    above, below = np.array(pairs, dtype=np.int64).T
    rows, margins = _leads(of, below, above)
    if not of.is_linear:
        return [
            _dominated(of, one) if row.max() < margin else _searched(of, [two], [one])
            for one, two, row, margin in zip(above, below, rows, margins, strict=True)
        ]
    nearest, moved = _nearest_of_one(of.weights, rows, margins)
    nearest = _kept_off_zero(of, nearest)
    holds = _holds(of, nearest, below[:, np.newaxis], above[:, np.newaxis])
    return [
        _dominated(of, above[i])
        if np.isnan(moved[i])
        else _exact(nearest[i], moved[i])
        if holds[i]
        else _searched(of, [below[i]], [above[i]])
        for i in range(len(pairs))
    ]


def firsts(of: Space, units: Iterable[int]) -> list[Answer]:
    """The nearest weights under which a unit is strictly ahead of all others.

    That there are none is proven by another unit, or a mean of others, that is at least as good in
    every node (Farkas' lemma; the mean are the dual values of the linear programme, recomputed).

    Args:
        units: positions.
    """
    if of.problem:
        return [_nothing(of.problem) for _ in units]
    front = _front(of.worst)
    return [_first(of, int(unit), front) for unit in units]


def top_order(of: Space, n_top: int = 3) -> TopOrder:
    """Under which weights the first units are strictly in their order and ahead of all others."""
    order = of.order
    top = order[:n_top]
    if of.problem or len(order) < n_top:
        return _no_order(of, top, of.problem or f"{len(order)} ranked: no {n_top} first")
    better = np.concatenate([top[:-1], np.repeat(top[-1:], len(order) - n_top)])
    worse = np.concatenate([top[1:], order[n_top:]])
    # What is nowhere ahead never breaks the order.
    rows, margins = _leads(of, worse, better)
    can_break = (rows.max(axis=1) >= margins) | (np.arange(len(rows)) < n_top)
    better, worse = better[can_break], worse[can_break]
    rows, margins = _leads(of, better, worse)
    if not _holds(of, of.weights[np.newaxis], better[np.newaxis], worse[np.newaxis])[0] or (
        of.is_linear and (rows @ of.weights < margins).any()
    ):
        return _no_order(of, top, f"no strict order of the first {n_top}: some are level")
    alone_low, alone_high, is_alone_exact = _alone(of, better, worse)
    low = high = np.full(len(of.nodes), np.nan)
    is_exact = np.zeros(len(of.nodes), dtype=bool)
    if of.is_linear:
        low, high, is_exact = _ranges(of, better, worse, rows, margins)
    broken, overtaken = _nearest_break(of, better, worse)
    return TopOrder(
        top=tuple(int(t) for t in top),
        low=low,
        high=high,
        is_exact=is_exact,
        alone_low=alone_low,
        alone_high=alone_high,
        is_alone_exact=is_alone_exact,
        broken=broken,
        overtaken=overtaken,
        problem=None if of.is_linear else "means of several powers: no linear range",
    )


# ---------------------------------------------------------------- what the scores are
def _power(branch: Branch) -> float | None:
    powers = {"a_amean": 1.0, "a_gmean": 0.0, "a_hmean": -1.0, "a_genmean": branch.power}
    return powers.get(branch.aggregation)


def _transform(values: Array, power: float) -> Array:
    """A rising function of which the power mean is the arithmetic one."""
    with np.errstate(all="ignore"):
        if power == 1:
            return values
        return np.log(values) if power == 0 else np.sign(power) * values**power


def _slope(values: Array, power: float) -> Array:
    with np.errstate(all="ignore"):
        if power == 1:
            return np.ones_like(values)
        return 1 / values if power == 0 else np.asarray(abs(power) * values ** (power - 1))


def _inverse(values: Array, power: float) -> Array:
    with np.errstate(all="ignore"):
        if power == 1:
            return values
        return np.exp(values) if power == 0 else (np.sign(power) * values) ** (1 / power)


def _bounds(
    branches: Sequence[Branch],
    nodes: Sequence[str],
    scores: Mapping[str, Array],
    known: Mapping[str, NDArray[np.bool_]],
    around: tuple[Array, float] | None = None,
) -> tuple[Array, Array]:
    """(units, nodes) scores, what is missing at the worst and the best of its known siblings: the
    mean that stands in for it lies between.

    Args:
        around: weights (nodes,) and how much of them moves at most; the mean is between what it can
            be with those.
    """
    scale = max((float(np.nanmax(np.abs(v), initial=0.0)) for v in scores.values()), default=1.0)
    worst = {n: scores[n] / (scale if scale > 0 else 1.0) for n in nodes}
    best = dict(worst)
    totals = {} if around is None else dict(zip(nodes, around[0], strict=True))
    for branch in branches:
        inside = branch.children
        here = np.column_stack([known[c] for c in inside])
        low = np.where(here, np.column_stack([worst[c] for c in inside]), np.inf)
        high = np.where(here, np.column_stack([best[c] for c in inside]), -np.inf)
        worst[branch.node], best[branch.node] = low.min(axis=1), high.max(axis=1)
        if around is not None:
            weights = np.array([totals[c] for c in inside])
            totals[branch.node] = weights.sum()
            power = 1.0 if len(inside) == 1 else float(_power(branch) or 0.0)
            ends = np.maximum(weights - around[1], FLOOR), weights + around[1]
            low, high = (_transform(np.where(here, x, 1.0), power) for x in (low, high))
            worst[branch.node] = _inverse(-_greatest_mean(-low, here, ends), power)
            best[branch.node] = _inverse(_greatest_mean(high, here, ends), power)
    root = branches[-1].node
    filled, spare = {root: np.zeros_like(known[root])}, {root: (worst[root], best[root])}
    for branch in reversed(branches):
        for child in branch.children:
            own = filled[branch.node]
            filled[child] = own | ~known[child]
            spare[child] = (
                np.where(own, spare[branch.node][0], worst[branch.node]),
                np.where(own, spare[branch.node][1], best[branch.node]),
            )
    return (
        np.column_stack([np.where(filled[n], spare[n][0], worst[n]) for n in nodes]),
        np.column_stack([np.where(filled[n], spare[n][1], best[n]) for n in nodes]),
    )


def _greatest_mean(values: Array, known: NDArray[np.bool_], ends: tuple[Array, Array]) -> Array:
    """(units,) greatest weighted mean of known values, (units, children), each weight between two
    ends: the greatest weights are on the values from one of them up."""
    found = np.full(len(values), -np.inf)
    for i in range(values.shape[1]):
        weights = known * np.where(values >= values[:, [i]], ends[1], ends[0])
        with np.errstate(all="ignore"):
            mean = (weights * values).sum(axis=1) / weights.sum(axis=1)
        found = np.maximum(found, np.where(known[:, i], mean, -np.inf))
    return found


def _problem(
    branches: Sequence[Branch], weights: Array, scores: Array, powers: tuple[float, float]
) -> str | None:
    for branch in branches:
        if len(branch.children) > 1 and _power(branch) is None:
            name = branch.aggregation.removeprefix("a_")
            return f"the {name} at {branch.node} is not linear in the weights"
    if np.isnan(weights).any():
        return "the weights of the children of a node sum to zero"
    if (weights < 0).any():
        return "fitted weights below zero are no shares of the whole"
    if not len(scores):
        return "no unit has a score"
    if not all(np.isfinite(_transform(scores, power)).all() for power in powers):
        return "the power takes scores out of the range of numbers"
    return None


# ---------------------------------------------------------------- conditions
def _leads(of: Space, better: Indices, worse: Indices) -> tuple[Array, Array]:
    """Rows and margins of transformed scores: by how much ``better`` is ahead of ``worse`` at best.

    With one power, ``better`` is not strictly above where rows @ weights < margins; with any, it
    never is where a whole row is below its margin.
    """
    power = of.powers[0]
    return _scaled(of, _transform(of.best[better], power), _transform(of.worst[worse], power))


def _conditions(
    of: Space, better: Indices, worse: Indices, at: Array | None = None
) -> tuple[Array, Array]:
    """Rows and margins: where rows @ weights < margins, ``better`` is not strictly above ``worse``.

    The mean of the least power is a sum of weights in its transform; that of the greatest is a
    concave function there, which lies below its tangent ``at`` some weights.
    """
    least, greatest = of.powers
    if of.is_linear:
        return _leads(of, better, worse)
    parts = _transform(of.best[better], greatest)
    mean = (parts @ (of.weights if at is None else at))[:, np.newaxis]
    score = _inverse(mean, greatest)
    slope = _slope(score, least) / _slope(score, greatest)
    tangent = _transform(score, least) + slope * (parts - mean)
    return _scaled(of, tangent, _transform(of.worst[worse], least))


def _scaled(of: Space, ahead: Array, behind: Array) -> tuple[Array, Array]:
    rows = ahead - behind
    largest = np.abs(rows).max(axis=1)
    scale = np.where(largest > 0, largest, 1.0)
    sizes = np.maximum(np.abs(ahead), np.abs(behind)).max(axis=1)
    if of.powers[0] == 0:
        # A difference of logarithms is relative already.
        sizes = np.maximum(sizes, 1.0)
    return rows / scale[:, np.newaxis], np.maximum(MARGIN, RELATIVE_MARGIN * sizes / scale)


def _kept_off_zero(of: Space, weights: Array) -> Array:
    return (1 - FLOOR) * weights + FLOOR * of.weights if of.has_gaps else weights


def _holds(of: Space, weights: Array, better: Indices, worse: Indices) -> NDArray[np.bool_]:
    """(sets,): all of ``better`` are strictly above ``worse``, recomputed; these are positions,
    (sets, n), or (1, n) for all sets."""
    units, places = np.unique(np.concatenate([better, worse], axis=1), return_inverse=True)
    places = places.reshape(len(better), -1)
    scores = root_scores(_only(of, units), np.where(np.isnan(weights), of.weights, weights))
    if len(places) < len(scores):
        places = np.repeat(places, len(scores), axis=0)
    one, two = np.split(np.take_along_axis(scores, places, axis=1), [better.shape[1]], axis=1)
    return np.asarray((one > two).all(axis=1))


def _only(of: Space, units: Indices) -> Space:
    """The same of some units, by their positions."""
    return replace(
        of,
        scores={n: values[units] for n, values in of.scores.items()},
        known={n: values[units] for n, values in of.known.items()},
        ids=tuple(of.ids[i] for i in units),
        names=tuple(of.names[i] for i in units),
        root=of.root[units],
        worst=of.worst[units],
        best=of.best[units],
    )


def _moved(one: Array, other: Array) -> float:
    return float(np.abs(one - other).sum() / 2)


def _exact(weights: Array, moved: float) -> Answer:
    return Answer(True, weights, float(moved), float(moved), True, None)


def _nothing(problem: str | None) -> Answer:
    return Answer(None, None, None, None, False, problem)


def _dominated(of: Space, by: int) -> Answer:
    return Answer(
        False, None, None, None, True, f"{of.names[by]} is at least as good in every part"
    )


# ---------------------------------------------------------------- programmes
def _nearest_of_one(start: Array, rows: Array, margins: Array) -> tuple[Array, Array]:
    """Nearest weights with row @ weights >= margin, for each row alone: (n, nodes) and what moves,
    (n,); NaN where there are none."""
    receiver = rows.argmax(axis=1)
    every = np.arange(len(rows))
    gains = rows[every, receiver][:, np.newaxis] - rows
    donors = np.argsort(-gains, axis=1, kind="stable")
    gain = np.take_along_axis(gains, donors, axis=1)
    stock = start[donors]
    needed = np.maximum(margins - rows @ start, 0.0)
    before = np.cumsum(stock * gain, axis=1) - stock * gain
    with np.errstate(all="ignore"):
        given = np.clip((needed[:, np.newaxis] - before) / gain, 0.0, stock)
    given = np.where(gain > 0, given, 0.0)
    nearest = np.broadcast_to(start, rows.shape).copy()
    np.put_along_axis(nearest, donors, stock - given, axis=1)
    moved = given.sum(axis=1)
    nearest[every, receiver] += moved
    is_possible = rows.max(axis=1) >= margins
    nearest[~is_possible] = np.nan
    return nearest, np.where(is_possible, moved, np.nan)


def _nearest(start: Array, rows: Array, margins: Array) -> Array | None:
    """Nearest weights with rows @ weights >= margins; None where there are none.

    The variables are what each node gains and what it gives.
    """
    if len(rows) == 1:
        nearest, moved = _nearest_of_one(start, rows, margins)
        return None if np.isnan(moved[0]) else nearest[0]
    n = len(start)
    found = linprog(
        np.concatenate([np.ones(n), np.zeros(n)]),
        A_ub=np.hstack([-rows, rows]),
        b_ub=rows @ start - margins,
        A_eq=np.concatenate([np.ones(n), -np.ones(n)])[np.newaxis],
        b_eq=[0.0],
        bounds=np.column_stack([np.zeros(2 * n), np.concatenate([np.ones(n), start])]),
        method="highs",
        options=OPTIONS,
    )
    if found.x is None:
        return None
    weights = np.maximum(start + found.x[:n] - found.x[n:], 0.0)
    return np.asarray(np.where(weights < 1e-14, 0.0, weights) / weights.sum())


def _extreme(objective: Array, rows: Array, margins: Array) -> Array | None:
    """Weights with the smallest objective @ weights among those with rows @ weights >= margins."""
    n = len(objective)
    found = linprog(
        objective,
        A_ub=-rows,
        b_ub=-margins,
        A_eq=np.ones((1, n)),
        b_eq=[1.0],
        bounds=(0, 1),
        method="highs",
        options=OPTIONS,
    )
    return None if found.x is None else np.asarray(np.clip(found.x, 0, 1))


def _mean_that_dominates(rows: Array, margins: Array) -> Array | None:
    """Shares of rows whose mean is below their mean margin in every node: with it no weights meet
    all of them."""
    n = rows.shape[1]
    found = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=np.column_stack([-rows, np.ones(len(rows))]),
        b_ub=-margins,
        A_eq=np.append(np.ones(n), 0.0)[np.newaxis],
        b_eq=[1.0],
        bounds=[(0, 1)] * n + [(None, None)],
        method="highs",
        options=OPTIONS,
    )
    if found.x is None:
        return None
    shares = np.maximum(-found.ineqlin.marginals, 0.0)
    shares = shares / shares.sum()
    return shares if (shares @ rows).max() < shares @ margins else None


# ---------------------------------------------------------------- first of all
def _front(low: Array) -> Indices:
    """Positions of units that no other is at least as good as in every node, and better in one."""
    order = np.lexsort((np.arange(len(low)), -low.sum(axis=1)))
    front: list[int] = []
    for unit in order:
        kept = low[front]
        ahead = (kept >= low[unit]).all(axis=1) & (kept > low[unit]).any(axis=1)
        if not ahead.any():
            front.append(int(unit))
    return np.array(front, dtype=np.int64)


def _first(of: Space, unit: int, front: Indices) -> Answer:
    others = np.delete(np.arange(len(of.root)), unit)
    if not len(others):
        return _exact(of.weights, 0.0)
    rows, margins = _leads(of, np.full(len(others), unit), others)
    hopeless = np.flatnonzero(rows.max(axis=1) < margins)
    if len(hopeless):
        best = hopeless[np.argmax(of.root[others[hopeless]])]
        return _dominated(of, int(others[best]))
    if of.root[unit] > of.root[others].max():
        return _exact(of.weights, 0.0)
    # Others that are nowhere ahead are left aside.
    back, back_margins = _leads(of, others, np.full(len(others), unit))
    is_rival = back.max(axis=1) >= -back_margins
    others = others[is_rival]
    better = np.full(len(others), unit)
    if not of.is_linear:
        return _searched(of, better, others)
    rows, margins = rows[is_rival], margins[is_rival]
    used = np.isin(others, front) if np.isin(others, front).any() else np.ones(len(others), bool)
    while True:
        nearest = _nearest(of.weights, rows[used], margins[used])
        if nearest is None:
            return _never_first(of, others[used], rows[used], margins[used])
        missed = (rows @ nearest < margins - 10 * TOLERANCE["primal_feasibility_tolerance"]) & ~used
        if not missed.any():
            break
        used = used | missed
    moved = _moved(nearest, of.weights)
    nearest = _kept_off_zero(of, nearest)
    if _holds(of, nearest[np.newaxis], better[np.newaxis], others[np.newaxis])[0]:
        return _exact(nearest, moved)
    return _searched(of, better, others)


def _never_first(of: Space, others: Indices, rows: Array, margins: Array) -> Answer:
    """``others`` as often as their rows have cuts."""
    shares = _mean_that_dominates(rows, margins)
    if shares is None:
        return _nothing("no weights found, and no proof that there are none")
    share = np.bincount(np.tile(others, len(rows) // len(others)), shares, len(of.names))
    most = [int(i) for i in np.argsort(-share, kind="stable") if share[i] >= 0.005]
    if of.is_linear:
        named = _listed([f"{of.names[i]} ({share[i]:.2f})" for i in most])
        reason = f"a mean of {named} is at least as good in every part"
    else:
        reason = f"no weights put it ahead of {_listed([of.names[i] for i in most])} at once"
    return Answer(False, None, None, None, True, reason)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# ---------------------------------------------------------------- where nothing is linear
def _tangents(of: Space, weights: Array) -> Array:
    """(units, nodes): rows @ weights are the transformed scores of the root at these weights, and
    follow them to the first order nearby."""
    floored = np.maximum(weights, FLOOR)
    floored = floored / floored.sum()
    totals = {n: floored[i] for i, n in enumerate(of.nodes)}
    steps = {n: np.eye(len(of.nodes))[i] for i, n in enumerate(of.nodes)}
    scores = dict(of.scores)
    slopes = {n: np.zeros((len(of.root), len(of.nodes))) for n in of.nodes}
    mean = rise = np.zeros(0)
    for branch in of.branches:
        kept = branch.children
        power = 1.0 if len(kept) == 1 else float(_power(branch) or 0.0)
        known = np.column_stack([of.known[c] for c in kept])
        values = np.column_stack([np.where(of.known[c], scores[c], 1.0) for c in kept])
        share = known * np.array([totals[c] for c in kept])
        with np.errstate(all="ignore"):
            share = share / share.sum(axis=1, keepdims=True)
        parts = _transform(values, power)
        mean = (share * parts).sum(axis=1)
        rise = np.zeros((len(of.root), len(of.nodes)))
        for i, child in enumerate(kept):
            effect = np.outer(share[:, i] / totals[child] * (parts[:, i] - mean), steps[child])
            slope = (share[:, i] * _slope(values[:, i], power))[:, np.newaxis]
            rise += np.where(known[:, [i]], effect + slope * slopes[child], 0.0)
        scores[branch.node] = _inverse(mean, power)
        slopes[branch.node] = rise / _slope(scores[branch.node], power)[:, np.newaxis]
        totals[branch.node] = sum(totals[c] for c in kept)
        steps[branch.node] = np.sum([steps[c] for c in kept], axis=0)
    return np.asarray(rise + (mean - rise @ floored)[:, np.newaxis])


def _searched(of: Space, better: Sequence[int] | Indices, worse: Sequence[int] | Indices) -> Answer:
    """Weights by which all of ``better`` are strictly above ``worse``, by linear programmes on
    tangents, and back on the line towards the weights as they are as far as it holds."""
    units, places = np.unique(np.concatenate([better, worse]), return_inverse=True)
    whole, of = of, _only(of, units)
    one, two = np.split(places, [len(better)])
    relaxed, reason = _relaxed(of, one, two)
    if relaxed is None:
        return _never_first(whole, units[two], *reason)
    least = _moved(relaxed, of.weights)
    starts = [relaxed, _on_tangents(of, of.weights, one, two), *_corners(of, one, two)]
    best = _drawn_back(of, np.array([s for s in starts if s is not None]), one, two)
    at = relaxed
    for _ in range(N_TANGENTS):
        nearest = _on_tangents(of, at if best is None else best, one, two)
        if nearest is None:
            break
        at = nearest
        if best is None:
            best = _drawn_back(of, at[np.newaxis], one, two)
            continue
        closer = _drawn_back(of, best + PARTS * (nearest - best), one, two)
        if closer is None or _moved(closer, of.weights) > _moved(best, of.weights) - GAIN:
            break
        best = closer
    if best is None:
        return _nothing("no weights found, and no proof that there are none")
    best, least = _bounded(of, one, two, best, least)
    best_moved = _moved(best, of.weights)
    if best_moved <= least + SAME:
        return Answer(True, best, best_moved, least, True, None)
    cause = "weights of missing parts are shared" if of.is_linear else "means of several powers"
    return Answer(True, best, best_moved, least, False, f"{cause}: not proven to be the nearest")


def _bounded(
    of: Space, better: Indices, worse: Indices, best: Array, least: float
) -> tuple[Array, float]:
    """The same weights or nearer ones, and a closer bound: what is nearer moves no more than these,
    and near the weights as they are less is open about what is missing."""
    for _ in range(N_ROUNDS if of.has_gaps else 0):
        radius = _moved(best, of.weights)
        worst, highest = _bounds(of.branches, of.nodes, of.scores, of.known, (of.weights, radius))
        near = replace(of, worst=worst, best=highest)
        relaxed, _reason = _relaxed(near, better, worse)
        bound = radius if relaxed is None else min(radius, _moved(relaxed, of.weights))
        gained, least = bound - least, max(bound, least)
        if relaxed is not None and bound < radius:
            found = _drawn_back(of, relaxed[np.newaxis], better, worse)
            if found is not None and _moved(found, of.weights) < radius:
                best = found
        if gained < GAIN or radius - least < SAME:
            break
    return best, least


def _relaxed(
    of: Space, better: Indices, worse: Indices
) -> tuple[Array | None, tuple[Array, Array]]:
    """The nearest weights that no bound of the scores rules out, and the rows and margins used.

    With several powers tangents are added where the last weights are (Kelley's cutting planes).
    """
    rows, margins = _conditions(of, better, worse)
    nearest = _nearest(of.weights, rows, margins)
    moved = 0.0
    for _ in range(0 if of.is_linear else N_CUTS):
        if nearest is None or _moved(nearest, of.weights) < moved + 1e-4:
            break
        moved = _moved(nearest, of.weights)
        more, more_margins = _conditions(of, better, worse, nearest)
        rows, margins = np.vstack([rows, more]), np.append(margins, more_margins)
        nearest = _nearest(of.weights, rows, margins)
    return nearest, (rows, margins)


def _seems(of: Space, weights: Array, better: Indices, worse: Indices) -> NDArray[np.bool_]:
    """(sets,): all of ``better`` are above ``worse`` by more than rounding."""
    scores = _unrounded_scores(of, weights)
    one, two = scores[:, better], scores[:, worse]
    apart = RELATIVE_MARGIN * np.maximum(np.abs(one), np.abs(two))
    return np.asarray((one - two > apart).all(axis=1))


def _unrounded_scores(of: Space, weights: Array) -> Array:
    """(sets, units) as :func:`root_scores`, by matrix products, for the search: scores that matter
    are recomputed. Weights of zero count as ``FLOOR``."""
    floored = np.maximum(weights, FLOOR)
    totals = {n: floored[:, i] for i, n in enumerate(of.nodes)}
    scores: dict[str, Array] = {}
    for branch in of.branches:
        power = 1.0 if len(branch.children) == 1 else float(_power(branch) or 0.0)
        above: Array | float = 0.0
        below: Array | float = 0.0
        leaves = [c for c in branch.children if c in of.scores]
        if leaves:
            known = np.array([of.known[c] for c in leaves], dtype=float)
            parts = np.array([np.where(of.known[c], of.scores[c], 1.0) for c in leaves])
            share = np.column_stack([totals[c] for c in leaves])
            above, below = share @ (known * _transform(parts, power)), share @ known
        for child in (c for c in branch.children if c not in of.scores):
            share = totals[child][:, np.newaxis] * of.known[child]
            values = np.where(of.known[child], scores[child], 1.0)
            above, below = above + share * _transform(values, power), below + share
        totals[branch.node] = np.sum([totals[c] for c in branch.children], axis=0)
        with np.errstate(all="ignore"):
            scores[branch.node] = _inverse(np.asarray(above / below), power)
    return scores[of.branches[-1].node]


def _on_tangents(of: Space, at: Array, better: Indices, worse: Indices) -> Array | None:
    """The nearest weights where tangents at some weights hold."""
    lines = _tangents(of, at)
    rows = lines[better] - lines[worse]
    scale = np.abs(rows).max(axis=1, keepdims=True)
    rows = rows / np.where(scale > 0, scale, 1.0)
    return _nearest(of.weights, rows, np.full(len(rows), 10 * MARGIN))


def _corners(of: Space, better: Indices, worse: Indices) -> list[Array]:
    """All weight on a node in which ``better`` are ahead, the one in which they are most first."""
    rows, margins = _leads(of, better, worse)
    ahead = (rows - margins[:, np.newaxis]).min(axis=0)
    nodes = np.argsort(-ahead, kind="stable")[:N_CORNERS]
    return [np.eye(len(of.nodes))[node] for node in nodes if ahead[node] >= 0]


def _drawn_back(of: Space, targets: Array, better: Indices, worse: Indices) -> Array | None:
    """Of the lines from the weights as they are to ``targets``, (n, nodes), and as far again
    beyond, the nearest weights where all hold; None where they hold nowhere."""
    targets = _kept_off_zero(of, targets)
    ways = targets - of.weights
    with np.errstate(all="ignore"):
        ends = np.where(ways < 0, of.weights / -ways, np.inf).min(axis=1)
    starts, ends = np.zeros(len(ways)), np.minimum(ends, 2.0)
    for _ in range(N_REFINED):
        steps = np.linspace(starts, ends, N_STEPS + 1, axis=1)
        lines = np.maximum(of.weights + steps[..., np.newaxis] * ways[:, np.newaxis], 0.0)
        flat = _kept_off_zero(of, lines.reshape(-1, len(of.weights)))
        holds = _seems(of, flat, better, worse).reshape(steps.shape)
        some = holds.any(axis=1)
        ways, steps, holds, lines = ways[some], steps[some], holds[some], flat.reshape(lines.shape)
        lines = lines[some]
        if not len(ways):
            return None
        at = np.argmax(holds, axis=1)
        each = np.arange(len(ways))
        found = lines[each, at]
        starts, ends = steps[each, np.maximum(at - 1, 0)], steps[each, at]
    found = found / found.sum(axis=1, keepdims=True)
    nearest = found[np.argmin(np.abs(found - of.weights).sum(axis=1))]
    is_so = _holds(of, nearest[np.newaxis], better[np.newaxis], worse[np.newaxis])[0]
    return np.asarray(nearest) if is_so else None


# ---------------------------------------------------------------- the order of the first
def _no_order(of: Space, top: Indices, problem: str) -> TopOrder:
    none = np.full(len(of.nodes), np.nan)
    return TopOrder(
        tuple(int(t) for t in top),
        none,
        none,
        np.zeros(len(of.nodes), dtype=bool),
        none,
        none,
        np.zeros(len(of.nodes), dtype=bool),
        _nothing(problem),
        None,
        problem,
    )


def _ranges(
    of: Space, better: Indices, worse: Indices, rows: Array, margins: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    used = _needed(rows, margins)
    low, high = np.full(len(of.nodes), np.nan), np.full(len(of.nodes), np.nan)
    corners: list[Array] = []
    for sign, ends in ((1.0, low), (-1.0, high)):
        for i in range(len(of.nodes)):
            unit = np.zeros(len(of.nodes))
            unit[i] = sign
            found = _extreme(unit, rows[used], margins[used])
            corner = of.weights if found is None else found
            ends[i] = corner[i]
            corners.append(corner)
    near = _kept_off_zero(of, np.array(corners))
    holds = _holds(of, near, better[np.newaxis], worse[np.newaxis])
    return low, high, holds[: len(of.nodes)] & holds[len(of.nodes) :]


def _needed(rows: Array, margins: Array) -> Indices:
    """Positions of conditions that no other one implies, node by node."""
    return _front(-(rows - margins[:, np.newaxis]))


def _alone(of: Space, better: Indices, worse: Indices) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Ends of the weight of each node, its siblings sharing the rest in proportion, and whether
    they are solved for."""
    ways, totals = _ways(of)
    is_fixed = ~ways.any(axis=1)
    if of.is_linear:
        ahead = _leads(of, better, worse)
        behind, margins = _leads(of, worse, better)
        outer = _line_ends(of, ways, totals, *ahead)
        inner = _line_ends(of, ways, totals, -behind, margins)
        is_exact: NDArray[np.bool_] = np.array(
            np.abs(np.array(outer) - np.array(inner)).max(axis=0) < SAME
        )
        low, high = outer
    else:
        low, high, is_exact = of.weights.copy(), of.weights.copy(), np.array(is_fixed)
    units, places = np.unique(np.concatenate([better, worse]), return_inverse=True)
    few, (one, two) = _only(of, units), np.split(places, [len(better)])
    for i in np.flatnonzero(~is_exact):
        low[i] = of.weights[i] - _reach(few, -ways[i], of.weights[i], one, two)
        end = max(totals[i] - of.weights[i], 0.0)
        high[i] = of.weights[i] + _reach(few, ways[i], end, one, two)
    return low, high, is_exact


def _line_ends(
    of: Space, ways: Array, totals: Array, rows: Array, margins: Array
) -> tuple[Array, Array]:
    """Ends, (nodes,) each, of the weights on lines for which rows @ weights >= margins."""
    slack = np.maximum(rows @ of.weights - margins, 0.0)[:, np.newaxis]
    slope = rows @ ways.T
    with np.errstate(all="ignore"):
        reach = slack / np.abs(slope)
    down = np.where(slope > 0, reach, np.inf).min(axis=0)
    up = np.where(slope < 0, reach, np.inf).min(axis=0)
    is_fixed = ~ways.any(axis=1)
    low, high = np.maximum(of.weights - down, 0.0), np.minimum(of.weights + up, totals)
    return np.where(is_fixed, of.weights, low), np.where(is_fixed, of.weights, high)


def _reach(of: Space, way: Array, end: float, better: Indices, worse: Indices) -> float:
    """How far on a line of weights, from 0 to ``end``, all hold."""
    start, stop = 0.0, end
    for _ in range(N_REFINED):
        steps = np.linspace(start, stop, N_STEPS + 1)
        line = _kept_off_zero(of, np.maximum(of.weights + steps[:, np.newaxis] * way, 0.0))
        holds = _seems(of, line, better, worse)
        if holds.all():
            return stop
        if not holds[0]:
            return start
        first = int(np.argmin(holds))
        start, stop = steps[first - 1], steps[first]
    return float(start)


def _ways(of: Space) -> tuple[Array, Array]:
    """(nodes, nodes): change of all weights by a change of 1 of one, its siblings giving it; and
    (nodes,) what the node and its siblings have together."""
    position = {n: i for i, n in enumerate(of.nodes)}
    ways, totals = np.zeros((len(of.nodes), len(of.nodes))), of.weights.copy()
    for branch in of.branches:
        # Branches among the children move as a whole: their leaves share in proportion.
        kept = {c: _below(of, c) for c in branch.children}
        sums = {c: sum(of.weights[position[n]] for n in below) for c, below in kept.items()}
        for child in (c for c in kept if c in position and len(kept) > 1):
            i = position[child]
            siblings = [n for c, below in kept.items() if c != child for n in below]
            rest = sum(sums[c] for c in kept if c != child)
            totals[i] = rest + of.weights[i]
            ways[i, i] = 1.0
            for n in siblings:
                j = position[n]
                ways[i, j] = -(of.weights[j] / rest if rest > 0 else 1 / len(siblings))
    return ways, totals


def _below(of: Space, node: str) -> list[str]:
    """Nodes of the space at or below a node."""
    if node in of.nodes:
        return [node]
    found = [b for b in of.branches if b.node == node]
    return [n for b in found for c in b.children for n in _below(of, c)]


def _nearest_break(
    of: Space, better: Indices, worse: Indices
) -> tuple[Answer, tuple[int, int] | None]:
    """The nearest weights by which one of the conditions is reversed: the smallest swap."""
    rows, margins = _conditions(of, worse, better)
    _, moved = _nearest_of_one(of.weights, rows, margins)
    if np.isnan(moved).all():
        return _unbreakable(), None
    answer, pair, least = _nothing("no weights found"), None, np.inf
    # By their bounds, the smallest first, until none can be smaller than what was found.
    for i in np.argsort(moved, kind="stable"):
        if np.isnan(moved[i]) or (answer.moved is not None and moved[i] >= answer.moved):
            break
        (tried,) = swaps(of, [(int(better[i]), int(worse[i]))])
        if tried.is_possible is not False:
            least = min(least, moved[i] if tried.moved_low is None else tried.moved_low)
        if tried.is_possible and (answer.moved is None or (tried.moved or 0.0) < answer.moved):
            answer, pair = tried, (int(better[i]), int(worse[i]))
    if answer.moved is None:
        return answer._replace(moved_low=least if np.isfinite(least) else None), pair
    is_exact = answer.moved <= least + SAME
    return answer._replace(moved_low=float(least), is_exact=is_exact), pair


def _unbreakable() -> Answer:
    return Answer(False, None, None, None, True, "the order holds under all weights")
