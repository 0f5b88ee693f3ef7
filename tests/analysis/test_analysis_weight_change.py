"""Weights that change an order: against all weights on a fine grid, and against recomputation."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analysis.chain import aggregate_tree
from analysis.weight_change import (
    MARGIN,
    SCOPES,
    Answer,
    Space,
    firsts,
    root_scores,
    swaps,
    top_order,
)
from analysis.weight_change import space as space_of
from analysis.weights import Branch

Array = np.ndarray[Any, np.dtype[np.float64]]
METHODS = [("a_amean", None), ("a_gmean", None), ("a_hmean", None), ("a_genmean", 3.0)]
NAMES = list("ABCDEFGHIJ")


def branch(node: str, level: int, children: str, aggregation: str, power: float | None) -> Branch:
    return Branch(
        node=node,
        level=level,
        children=tuple(children),
        weights=(1.0,) * len(children),
        weighting="given",
        aggregation=aggregation,
        power=power,
    )


def flat(scores: Array, weights: Array, aggregation: str = "a_amean") -> Space:
    """An index without dimensions; scores are (units, leaves)."""
    leaves = "pqrstu"[: scores.shape[1]]
    root = branch("root", 2, leaves, aggregation, None)
    named = dict(zip(leaves, scores.T, strict=True))
    weighed = dict(zip(leaves, weights, strict=True))
    return space_of([root], named, weighed, "indicators", NAMES[: len(scores)])


def nested(
    scores: Array, scope: str, below: tuple[str, float | None], above: tuple[str, float | None]
) -> Space:
    """Leaves p, q below x and r, s below y; scores are (units, 4)."""
    tree = [
        branch("x", 2, "pq", *below),
        branch("y", 2, "rs", *below),
        branch("root", 3, "xy", *above),
    ]
    weights = {"p": 0.5, "q": 0.5, "r": 0.25, "s": 0.75, "x": 0.6, "y": 0.4}
    named = dict(zip("pqrs", scores.T, strict=True))
    if scope == "dimensions":
        named = aggregate_tree(tree, named, weights)
    return space_of(tree, named, weights, scope, NAMES[: len(scores)])


def grid(n: int, steps: int) -> Array:
    """All weights of n nodes in steps."""
    parts = [p for p in itertools.product(range(steps + 1), repeat=n - 1) if sum(p) <= steps]
    return np.array([(*p, steps - sum(p)) for p in parts]) / steps


def moved(of: Space, weights: Array) -> Array:
    return np.asarray(np.abs(weights - of.weights).sum(axis=-1) / 2)


def tables(n_nodes: int, least: float = 1.0) -> st.SearchStrategy[Array]:
    numbers = st.integers(int(least), 100)
    row = st.lists(numbers, min_size=n_nodes, max_size=n_nodes)
    return st.lists(row, min_size=4, max_size=6).map(lambda rows: np.array(rows, dtype=float))


def shares(n: int) -> st.SearchStrategy[Array]:
    parts = st.lists(st.integers(1, 20), min_size=n, max_size=n)
    return parts.map(lambda p: np.array(p, dtype=float) / sum(p))


def check_against_grid(of: Space, answer: Answer, holds: Any, steps: int) -> None:
    """``holds``: of scores (sets, units), in which sets the question is met."""
    tried = grid(len(of.nodes), steps)
    if of.has_gaps:
        # Weights that leave a unit without a score of a dimension are not counted.
        tried = tried[(tried > 0).all(axis=1)]
    met = holds(root_scores(of, tried))
    if answer.is_possible is False:
        assert not met.any()
        return
    if answer.is_possible is None:
        assert not answer.is_exact
        return
    assert answer.weights is not None and answer.moved is not None
    assert holds(root_scores(of, answer.weights[np.newaxis]))[0]
    assert answer.weights.min() >= 0 and answer.weights.sum() == pytest.approx(1, abs=1e-12)
    assert moved(of, answer.weights) == pytest.approx(answer.moved, abs=1e-7)
    if met.any():
        best = moved(of, tried[met]).min()
        assert answer.moved_low is not None
        assert answer.moved_low <= best + 1e-7
        if answer.is_exact:
            assert answer.moved <= best + 1e-6


# ---------------------------------------------------------------- by hand
def test_weight_goes_where_the_second_leads_from_where_it_trails() -> None:
    # 0.5, 0.3, 0.2 on (10, 0, 5) against (0, 10, 5): ahead by 2. Each point of weight moved from
    # the first to the second node changes the difference by 20: 0.1 makes them level.
    of = flat(np.array([[10.0, 0.0, 5.0], [0.0, 10.0, 5.0]]), np.array([0.5, 0.3, 0.2]))
    (answer,) = swaps(of, [(0, 1)])
    assert answer.is_exact and answer.is_possible
    assert answer.moved is not None
    assert 0.1 < answer.moved < 0.1 + 1e-6
    assert answer.weights == pytest.approx([0.4, 0.4, 0.2], abs=1e-7)


def test_a_unit_that_leads_nowhere_never_passes() -> None:
    of = flat(np.array([[10.0, 5.0], [10.0, 4.0], [1.0, 1.0]]), np.array([0.5, 0.5]))
    (answer,) = swaps(of, [(0, 1)])
    assert (answer.is_possible, answer.is_exact) == (False, True)
    assert answer.reason == "A is at least as good in every part"


def test_a_unit_between_two_specialists_is_never_first() -> None:
    # Nobody is ahead of C in both, but the mean of A and B is.
    of = flat(np.array([[10.0, 0.0], [0.0, 10.0], [4.0, 4.0]]), np.array([0.6, 0.4]))
    a, b, c = firsts(of, [0, 1, 2])
    assert a.moved == 0.0
    assert b.moved == pytest.approx(0.1, abs=1e-7)
    assert (c.is_possible, c.is_exact) == (False, True)
    assert c.reason == "a mean of A (0.50) and B (0.50) is at least as good in every part"


def test_the_geometric_mean_is_solved_in_logarithms() -> None:
    # w log 16 + (1 - w) log 1 = w log 1 + (1 - w) log 4 at w = 1 / 3.
    of = flat(np.array([[16.0, 1.0], [1.0, 4.0]]), np.array([0.5, 0.5]), "a_gmean")
    (answer,) = swaps(of, [(0, 1)])
    assert answer.is_exact
    assert answer.weights == pytest.approx([1 / 3, 2 / 3], abs=1e-7)


def test_the_order_of_three_holds_between_two_ends() -> None:
    # A leads B where w < 0.8, B leads C where w > 0.2, C leads D always.
    of = flat(np.array([[8.0, 8.0], [10.0, 0.0], [6.0, 1.0], [0.0, 0.0]]), np.array([0.6, 0.4]))
    found = top_order(of)
    assert [of.names[i] for i in found.top] == ["A", "B", "C"]
    assert found.is_exact.all() and found.is_alone_exact.all()
    for low, high in ((found.low, found.high), (found.alone_low, found.alone_high)):
        assert low == pytest.approx([0.2, 0.2], abs=1e-6)
        assert high == pytest.approx([0.8, 0.8], abs=1e-6)
    assert found.broken.moved == pytest.approx(0.2, abs=1e-6)
    assert found.overtaken == (0, 1)


def test_why_nothing_is_said() -> None:
    scores = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]])
    median = flat(scores, np.array([0.5, 0.5]), "a_median")
    assert swaps(median, [(0, 1)])[0].reason == "the median at root is not linear in the weights"
    negative = flat(scores, np.array([1.5, -0.5]))
    assert top_order(negative).problem == "fitted weights below zero are no shares of the whole"
    level = flat(np.ones((4, 2)), np.array([0.5, 0.5]))
    assert "level" in str(top_order(level).problem)
    assert "2 ranked" in str(top_order(flat(scores[:2], np.array([0.4, 0.6]))).problem)


def test_a_median_below_the_root_is_no_hindrance_to_the_weights_of_dimensions() -> None:
    scores = np.array([[9.0, 9.0, 1.0, 1.0], [5.0, 5.0, 6.0, 6.0]])
    of = nested(scores, "dimensions", ("a_median", None), ("a_amean", None))
    (answer,) = swaps(of, [(0, 1)])
    # 9 w + (1 - w) against 5 w + 6 (1 - w): level at w = 5 / 9.
    assert answer.is_exact and answer.weights == pytest.approx([5 / 9, 4 / 9], abs=1e-7)


# ---------------------------------------------------------------- against all weights
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_swaps_are_the_nearest_of_all_weights(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 3))
    of = flat(
        data.draw(tables(n)), data.draw(shares(n)), data.draw(st.sampled_from(METHODS[:3]))[0]
    )
    order = of.order
    for one, two in itertools.combinations(order[:4], 2):
        (answer,) = swaps(of, [(int(one), int(two))])
        assert answer.is_exact
        check_against_grid(of, answer, lambda s: s[:, two] > s[:, one], 60)  # noqa: B023


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_firsts_are_the_nearest_of_all_weights(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 3))
    of = flat(
        data.draw(tables(n)), data.draw(shares(n)), data.draw(st.sampled_from(METHODS[:3]))[0]
    )
    for unit, answer in enumerate(firsts(of, range(len(of.names)))):

        def is_first(scores: Array, unit: int = unit) -> Array:
            return np.asarray(scores[:, unit] > np.delete(scores, unit, axis=1).max(axis=1))

        assert answer.is_exact
        check_against_grid(of, answer, is_first, 60)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_order_of_three_holds_inside_and_breaks_outside(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 3))
    of = flat(data.draw(tables(n)), data.draw(shares(n)))
    found = top_order(of)
    if found.problem:
        return
    a, b, c = found.top
    rest = [i for i in range(len(of.names)) if i not in found.top]
    tried = grid(n, 60)
    scores = root_scores(of, tried)
    holds = (
        (scores[:, a] > scores[:, b])
        & (scores[:, b] > scores[:, c])
        & (scores[:, c] > scores[:, rest].max(axis=1))
    )
    assert found.is_exact.all()
    outside = ((tried < found.low - 1e-6) | (tried > found.high + 1e-6)).any(axis=1)
    assert not (holds & outside).any()
    for i in range(n):
        assert not holds.any() or found.low[i] <= tried[holds, i].min() + 1e-6
    if found.broken.is_possible and found.overtaken:
        assert found.broken.weights is not None
        after = root_scores(of, found.broken.weights[np.newaxis])[0]
        assert after[found.overtaken[1]] > after[found.overtaken[0]]
    within = tried[moved(of, tried) < (found.broken.moved_low or 2.0) - 1e-6]
    if not len(within):
        return
    inside = root_scores(of, within)
    # Up to the change that breaks it nothing is reversed.
    assert (inside[:, a] >= inside[:, b]).all() and (inside[:, b] >= inside[:, c]).all()
    assert (inside[:, [c]] >= inside[:, rest]).all()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_one_weight_alone_moves_between_its_ends(data: st.DataObject) -> None:
    of = flat(data.draw(tables(3)), data.draw(shares(3)))
    found = top_order(of)
    if found.problem:
        return
    order = [*found.top, *(i for i in range(len(of.names)) if i not in found.top)]
    for node in range(3):
        ends = (found.alone_low[node], found.alone_high[node])
        for at in np.linspace(0, 1, 41):
            rest = np.delete(of.weights, node)
            weights = np.insert(rest / rest.sum() * (1 - at), node, at)
            after = root_scores(of, weights[np.newaxis])[0][order]
            holds = after[0] > after[1] > after[2] > after[3:].max()
            if ends[0] + 1e-6 < at < ends[1] - 1e-6:
                assert holds
            elif at < ends[0] - 1e-6 or at > ends[1] + 1e-6:
                assert not holds


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_closed_form_is_the_linear_programme(data: st.DataObject) -> None:
    of = flat(data.draw(tables(5)), data.draw(shares(5)))
    one, two = (int(i) for i in of.order[:2])
    (answer,) = swaps(of, [(one, two)])
    lead = np.array([of.scores[n][two] - of.scores[n][one] for n in of.nodes])
    n = len(lead)
    found = linprog(
        np.append(np.zeros(n), np.full(n, 0.5)),
        A_ub=np.block(
            [
                [-lead, np.zeros(n)],
                [np.eye(n), -np.eye(n)],
                [-np.eye(n), -np.eye(n)],
            ]
        ),
        b_ub=np.concatenate([[-MARGIN * np.abs(lead).max()], of.weights, -of.weights]),
        A_eq=np.append(np.ones(n), np.zeros(n))[np.newaxis],
        b_eq=[1.0],
    )
    # To the solver a tie is ahead enough.
    assert answer.is_possible == bool(lead.max() > 0)
    if answer.is_possible:
        assert answer.moved == pytest.approx(found.fun, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_levels_and_missing_scores(data: st.DataObject) -> None:
    """Nested means, alike or not, with gaps: what is found holds, what is proven as well."""
    scores = data.draw(tables(4))
    gaps = data.draw(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=2))
    for row, column in gaps:
        if not np.isnan(scores[row, column ^ 1]):
            scores[row, column] = np.nan
    below, above = data.draw(st.sampled_from(METHODS)), data.draw(st.sampled_from(METHODS))
    scope = data.draw(st.sampled_from(SCOPES))
    of = nested(scores, scope, below, above)
    order = of.order
    one, two = int(order[0]), int(order[1])
    (swap,) = swaps(of, [(one, two)])
    check_against_grid(of, swap, lambda s: s[:, two] > s[:, one], 12)
    for unit, answer in zip(order, firsts(of, order), strict=True):

        def is_first(scores: Array, unit: int = int(unit)) -> Array:
            others = np.delete(scores, unit, axis=1)
            return np.asarray((scores[:, [unit]] > others).all(axis=1))

        check_against_grid(of, answer, is_first, 12)
    if scope == "dimensions" or (below == above and not gaps):
        assert swap.is_exact
    found = top_order(of)
    if not found.problem and found.broken.is_possible and found.overtaken:
        assert found.broken.weights is not None
        after = root_scores(of, found.broken.weights[np.newaxis])[0]
        assert after[found.overtaken[1]] > after[found.overtaken[0]]
