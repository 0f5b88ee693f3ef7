"""The parts of a change: by hand, and whatever the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.chain import Index, Leaf
from analysis.decomposition import (
    FACTORS,
    Change,
    between_editions,
    between_states,
    shapley,
    with_rest,
)
from analysis.reasons import sentences
from analysis.weights import Branch

MINMAX = {"method": "n_minmax", "score_min": 0.0, "score_max": 100.0}
NAN = np.nan


def branch(node: str, children: Sequence[str], level: int = 2, how: str = "a_amean") -> Branch:
    return Branch(node, level, tuple(children), (1.0,) * len(children), "given", how)


def index(
    figures: Mapping[str, Sequence[float]],
    weights: Mapping[str, float],
    *,
    editions: Sequence[int] | None = None,
    stages: Mapping[str, Mapping[str, Any]] | None = None,
    branches: Sequence[Branch] | None = None,
    leaves: Mapping[str, Mapping[str, Any]] | None = None,
) -> Index:
    """An index of units whose figures are given in the order of the leaves a, b, ..."""
    units = sorted(figures)
    n = len(next(iter(figures.values())))
    names = "abcdefgh"[:n]
    values = np.array([figures[unit] for unit in units], dtype=float)
    years = np.array(editions or [2020] * len(units))
    return Index(
        framework="f",
        city_ids=np.array([unit.split("@")[0] for unit in units], dtype=object),
        editions=years,
        is_ranked=np.ones(len(units), dtype=bool),
        groups={},
        leaves=tuple(
            Leaf(node=name, direction=1, **(leaves or {}).get(name, {})) for name in names
        ),
        values=values,
        is_kept=np.ones(values.shape, dtype=bool),
        stages={"normalise": MINMAX} if stages is None else stages,
        branches=tuple(branches or [branch("root", names)]),
        weights={int(year): {"root": 1.0, **weights} for year in set(years)},
    )


def parts(change: Change, unit: str) -> dict[str, tuple[float, float]]:
    """What is not 0 of a unit: factor or leaf -> points and places."""
    rows = change.parts[change.parts["city_id"] == unit]
    return {
        row.factor if row.node == "root" else row.node: (row.score_part, row.rank_part)
        for row in rows.itertuples()
        if (row.score_part, row.rank_part) != (0, 0)
    }


BEFORE = {"x": (0, 0), "y": (50, 100), "z": (100, 50)}
HALVES = {"a": 0.5, "b": 0.5}


def test_only_one_figure_changed() -> None:
    """x goes from 0 to 75 in b, on whose scale from 50 to 100 it then has 50 and z nothing."""
    change = between_states(index(BEFORE, HALVES), index({**BEFORE, "x": (0, 75)}, HALVES))
    totals = change.totals.set_index("city_id")
    assert totals["score_before"].to_dict() == {"x": 0, "y": 75, "z": 75}
    assert totals["score"].to_dict() == {"x": 25, "y": 75, "z": 50}
    assert parts(change, "x") == {"data": (25, 0), "b": (25, 0)}
    assert parts(change, "y") == {}
    # z stands still and loses 25 points, and a place, by the figure of another.
    assert parts(change, "z") == {"data": (-25, -1), "b": (-25, -1)}
    own = change.parts[change.parts["node"] == "b"].set_index("city_id")["own_score_part"]
    assert own.to_dict() == {"x": 25, "y": 0, "z": 0}


def test_an_own_figure_costs_the_places_that_it_costs() -> None:
    change = between_states(index(BEFORE, HALVES), index({**BEFORE, "y": (0, 100)}, HALVES))
    assert parts(change, "y") == {"data": (-25, -1), "a": (-25, -1)}
    own = change.parts[change.parts["node"] == "a"].set_index("city_id")
    assert own["own_score_part"].to_dict() == {"x": 0, "y": -25, "z": 0}
    assert own["own_rank_part"].to_dict() == {"x": 0, "y": -1, "z": 0}


def test_no_own_part_is_told_of_what_nobody_had() -> None:
    """w brings its figure of b from the start, since it enters; that makes no scale for others."""
    before = {"x": (10.0, NAN), "y": (20.0, NAN), "z": (30.0, NAN)}
    after = {"x": (10.0, 1.0), "y": (20.0, 2.0), "z": (30.0, 3.0), "w": (15.0, 2.0)}
    change = between_states(index(before, HALVES), index(after, HALVES))
    of_b = change.parts[change.parts["node"] == "b"]
    assert set(of_b["city_id"]) == {"x", "y", "z"}
    assert of_b["own_score_part"].isna().all() and of_b["own_rank_part"].isna().all()


def test_only_weights_changed() -> None:
    change = between_states(index(BEFORE, HALVES), index(BEFORE, {"a": 0.25, "b": 0.75}))
    assert parts(change, "y") == {"weights": (12.5, 0)}
    assert parts(change, "z") == {"weights": (-12.5, -1)}
    assert parts(change, "x") == {}


def test_only_a_city_entered() -> None:
    """w takes the upper ends of both scales, so that all others fall, and brings its figures."""
    change = between_states(index(BEFORE, HALVES), index({**BEFORE, "w": (200, 200)}, HALVES))
    assert parts(change, "y") == {"field": (75 / 2 - 75, -1)}
    assert parts(change, "z") == {"field": (75 / 2 - 75, -1)}
    assert parts(change, "x") == {"field": (0, -1)}
    assert parts(change, "w") == {}
    standing = change.totals.set_index("city_id")["standing"].to_dict()
    assert standing == {"w": "entered", "x": "ranked", "y": "ranked", "z": "ranked"}
    back = between_states(index({**BEFORE, "w": (200, 200)}, HALVES), index(BEFORE, HALVES))
    assert parts(back, "y") == {"field": (75 / 2, 1)}
    assert back.totals.set_index("city_id")["standing"]["w"] == "left"


def test_only_the_method_changed() -> None:
    geometric = [branch("root", "ab", how="a_gmean")]
    scale = {"normalise": {**MINMAX, "score_min": 1.0}}
    one = index(BEFORE, HALVES, stages=scale)
    other = index(BEFORE, HALVES, stages=scale, branches=geometric)
    change = between_states(one, other)
    # The arithmetic mean of 50.5 and 100 against the geometric one.
    assert set(parts(change, "y")) == {"method"}
    assert parts(change, "y")["method"][0] == pytest.approx(5050**0.5 - 75.25, abs=1e-9)
    caps = {"a": {"cap_max": 50.0}}
    capped = between_states(index(BEFORE, HALVES), index(BEFORE, HALVES, leaves=caps))
    # With 50 for 100 the best in a, y has all points and z keeps its own.
    assert parts(capped, "y") == {"method": (25, 0)}
    assert parts(capped, "z") == {"method": (0, -1)}


def test_an_indicator_that_is_added_is_weights_alone() -> None:
    """b comes in with half of the weight: no figure that was known before is another."""
    one = index({unit: figures[:1] for unit, figures in BEFORE.items()}, {"a": 1.0})
    change = between_states(one, index(BEFORE, HALVES))
    assert parts(change, "y") == {"weights": (25, 1)}
    assert parts(change, "z") == {"weights": (-25, 0)}
    assert change.totals.set_index("city_id")["rank"].to_dict() == {"x": 3, "y": 1, "z": 1}


def test_figures_drawn_otherwise_are_method() -> None:
    after = {unit: (a / 7, b) for unit, (a, b) in BEFORE.items()}
    after["y"] = (100 / 7, 100)
    one, other = index(BEFORE, HALVES), index(after, HALVES)
    assert set(parts(between_states(one, other), "y")) == {"data", "a"}
    assert set(parts(between_states(one, other, redefined={"a"}), "y")) == {"method"}


def test_the_leader_takes_the_scale_with_it() -> None:
    """Scores in per cent of the leader: z stands still and falls as y rises."""
    stages = {
        "normalise": {"method": "n_scaled", "shift": 0.0, "divisor": 1.0},
        "scale": {"method": "leader_100"},
    }
    one = index(BEFORE, HALVES, stages=stages)
    other = index({**BEFORE, "y": (200, 100)}, HALVES, stages=stages)
    change = between_states(one, other)
    assert parts(change, "z") == {"data": (-50, -1), "a": (-50, -1)}
    own = change.parts[change.parts["node"] == "a"].set_index("city_id")
    assert own["own_score_part"].to_dict() == {"x": 0, "y": 0, "z": 0}
    # Alone of all, y would have stood at 200 % of z's: it is the scale, so it has 100 all the same.
    assert parts(change, "y") == {}


def test_editions_are_apart_unless_they_are_pooled() -> None:
    """x rises in the second of two editions: the first is another only on a common scale."""
    years = [2021, 2022] * 2
    figures = {"x@1": (0,), "x@2": (10,), "y@1": (10,), "y@2": (0,)}
    for across, changed in (("edition", {2022}), ("panel", {2021, 2022})):
        stages = {"normalise": {**MINMAX, "across": across}}
        one = index(figures, {"a": 1.0}, editions=years, stages=stages)
        other = index({**figures, "x@2": (20,)}, {"a": 1.0}, editions=years, stages=stages)
        change = between_states(one, other)
        assert set(change.totals["edition"]) == {2021, 2022}
        assert set(change.parts.loc[change.parts["node"] == "a", "edition"]) == changed
    assert parts(change, "y") == {"data": (-50, 0), "a": (-50, 0)}


def test_across_editions_the_panel_stays() -> None:
    """With a scale over all editions a figure that does not change keeps its score."""
    figures = {"x@1": (0,), "y@1": (40,), "x@2": (80,), "y@2": (40,), "x@3": (100,), "y@3": (0,)}
    stages = {"normalise": {**MINMAX, "across": "panel"}}
    panel = index(figures, {"a": 1.0}, editions=[2021, 2022, 2023] * 2, stages=stages)
    change = between_editions(panel, 2021, 2022)
    assert parts(change, "x") == {"data": (80, 1), "a": (80, 1)}
    assert parts(change, "y") == {"data": (0, -1), "a": (0, -1)}
    assert set(change.totals["edition"]) == {2022}


def test_a_state_without_a_score_leaves_the_change_unexplained() -> None:
    """With the old figures x has none at or below zero, with the new method and old ones it has."""
    stages = {"normalise": {"method": "n_scaled", "shift": 0.0, "divisor": 1.0}}
    one = index({"x": (-1, 5), "y": (2, 2)}, HALVES, stages=stages)
    geometric = [branch("root", "ab", how="a_gmean")]
    other = index({"x": (4, 9), "y": (2, 2)}, HALVES, stages=stages, branches=geometric)
    change = between_states(one, other)
    assert parts(change, "x") == {"unexplained": (4, 0)}
    assert "unexplained" not in parts(change, "y")


def test_shapley_is_the_mean_over_all_orders() -> None:
    rng = np.random.default_rng(5)
    worth = {state: rng.normal(size=3) for state in product((0, 1), repeat=4)}
    expected = np.zeros((4, 3))
    for order in permutations(range(4)):
        state = (0, 0, 0, 0)
        for factor in order:
            after = tuple(1 if i == factor else s for i, s in enumerate(state))
            expected[factor] += (worth[after] - worth[state]) / 24
            state = after
    np.testing.assert_allclose(shapley(worth), expected, atol=1e-12)


def test_a_change_that_another_version_computed_is_unexplained() -> None:
    change = between_states(index(BEFORE, HALVES), index(BEFORE, {"a": 0.25, "b": 0.75}))
    found = change.parts.assign(framework="f")
    moves = pd.DataFrame(
        {
            "framework": "f",
            "edition": 2020,
            "city_id": ["x", "y", "z"],
            "score_change": [0.5, 12.5, -12.5],
            "rank_change": [0, 0, -1],
        }
    )
    with_it = with_rest(found, moves, {"f": "root"})
    rest = with_it[with_it["factor"] == "unexplained"]
    assert rest[["city_id", "node", "score_part", "rank_part"]].to_numpy().tolist() == [
        ["x", "root", 0.5, 0.0]
    ]


# ---------------------------------------------------------------- whatever the index

METHODS = ("n_minmax", "n_zscore", "n_rank", "n_fracmax")
PARAMETERS = {
    "n_minmax": {"score_min": 1.0, "score_max": 100.0},
    "n_zscore": {"mean": 50.0, "sd": 10.0},
}


@st.composite
def states(draw: st.DrawFn) -> Index:
    """A tree of two dimensions over some of four leaves, for some of seven units, with gaps."""
    units = sorted(draw(st.sets(st.sampled_from("pqrstuv"), min_size=3)))
    figure = st.one_of(st.integers(1, 9).map(float), st.just(NAN))
    values = np.array([[draw(figure) for _ in range(4)] for _ in units])
    method = draw(st.sampled_from(METHODS))
    stages: dict[str, Any] = {"normalise": {"method": method, **PARAMETERS.get(method, {})}}
    if draw(st.booleans()):
        stages["impute"] = {"method": draw(st.sampled_from(["i_mean", "i_median"]))}
    if draw(st.booleans()):
        stages["scale"] = {"method": draw(st.sampled_from(["leader_100", "zero_to_100"]))}
    how = st.sampled_from(["a_amean", "a_amean", "a_copeland", "a_gmean", "a_median"])
    split = draw(st.integers(1, 3))
    kept = draw(st.lists(st.booleans(), min_size=4, max_size=4))
    kept[0] = kept[3] = True
    dimensions = [
        [name for name, keep in zip("abcd"[part], kept[part], strict=True) if keep]
        for part in (slice(0, split), slice(split, 4))
    ]
    branches = [
        *(branch(f"d{i}", leaves, 2, draw(how)) for i, leaves in enumerate(dimensions)),
        branch("root", ["d0", "d1"], 3, draw(how)),
    ]
    weights = {node: float(draw(st.integers(1, 4))) for node in ("a", "b", "c", "d", "d0", "d1")}
    full = index(dict(zip(units, values, strict=True)), weights, stages=stages, branches=branches)
    columns = [i for i, keep in enumerate(kept) if keep]
    ranked = np.array(draw(st.lists(st.booleans(), min_size=len(units), max_size=len(units))))
    return replace(
        full,
        leaves=tuple(full.leaves[i] for i in columns),
        values=values[:, columns],
        is_kept=full.is_kept[:, columns],
        is_ranked=ranked | (np.arange(len(units)) < 2),
    )


def root_parts(change: Change) -> pd.DataFrame:
    return change.parts[change.parts["node"] == "root"]


@settings(max_examples=30, deadline=None)
@given(states(), states())
def test_parts_sum_to_the_change(before: Index, after: Index) -> None:
    change = between_states(before, after)
    ranked = change.totals[change.totals["standing"] == "ranked"].set_index("city_id")
    sums = root_parts(change).groupby("city_id")[["score_part", "rank_part"]].sum()
    assert set(sums.index) == set(ranked.index)
    sums = sums.loc[ranked.index]
    np.testing.assert_allclose(
        sums["score_part"], ranked["score"] - ranked["score_before"], atol=1e-9
    )
    np.testing.assert_allclose(sums["rank_part"], ranked["rank_before"] - ranked["rank"], atol=1e-9)
    data = root_parts(change)[root_parts(change)["factor"] == "data"].set_index("city_id")
    leaves = change.parts[change.parts["node"] != "root"]
    by_leaf = leaves.groupby("city_id")[["score_part", "rank_part"]].sum()
    by_leaf = by_leaf.reindex(data.index).fillna(0)
    np.testing.assert_allclose(
        by_leaf, data[["score_part", "rank_part"]].to_numpy(float), atol=1e-9
    )


@settings(max_examples=15, deadline=None)
@given(states(), states())
def test_the_way_back_has_the_opposite_signs(before: Index, after: Index) -> None:
    key = ["city_id", "factor", "node"]
    there, back = (
        between_states(*pair).parts.set_index(key)[["score_part", "rank_part"]].sort_index()
        for pair in ((before, after), (after, before))
    )
    pd.testing.assert_frame_equal(there, -back + 0.0, atol=1e-9, check_like=True)


@settings(max_examples=25, deadline=None)
@given(states(), states(), st.sampled_from(FACTORS))
def test_a_factor_that_is_the_same_has_no_part(before: Index, after: Index, same: str) -> None:
    if same == "weights":
        after = replace(after, branches=_on(before.branches, after), weights=before.weights)
        after = replace(after, leaves=before.leaves)
        assume(len(before.leaves) == after.values.shape[1])
    elif same == "method":
        after = replace(after, stages=before.stages, branches=_as(before, after.branches))
    elif same == "field":
        assume(set(before.city_ids) & set(after.city_ids) == set(before.city_ids))
        rows = np.isin(after.city_ids, before.city_ids)
        after = replace(
            after,
            city_ids=before.city_ids,
            editions=before.editions,
            values=after.values[rows],
            is_kept=after.is_kept[rows],
            is_ranked=before.is_ranked,
        )
    else:
        assume(len(before.leaves) == len(after.leaves))
        known = dict(zip(before.city_ids, before.values, strict=True))
        values = [
            known.get(unit, row) for unit, row in zip(after.city_ids, after.values, strict=True)
        ]
        after = replace(after, leaves=before.leaves, values=np.array(values))
        after = replace(after, branches=before.branches, weights=after.weights)
    change = between_states(before, after)
    found = change.parts[change.parts["factor"] == same]
    assert (found[["score_part", "rank_part"]] == 0).all(axis=None)


def _on(tree: Sequence[Branch], after: Index) -> tuple[Branch, ...]:
    how = {b.node: b for b in after.branches}
    return tuple(replace(b, aggregation=how[b.node].aggregation) for b in tree)


def _as(before: Index, tree: Sequence[Branch]) -> tuple[Branch, ...]:
    how = {b.node: b for b in before.branches}
    return tuple(replace(b, aggregation=how[b.node].aggregation) for b in tree)


@settings(max_examples=10, deadline=None)
@given(states(), states(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(before: Index, after: Index, random: Any) -> None:
    order = list(range(len(after.city_ids)))
    random.shuffle(order)
    shuffled = replace(
        after,
        city_ids=after.city_ids[order],
        is_ranked=after.is_ranked[order],
        values=after.values[order],
    )
    for one, other in zip(
        between_states(before, after), between_states(before, shuffled), strict=True
    ):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


# ---------------------------------------------------------------- sentences


def test_sentences() -> None:
    moves = pd.DataFrame(
        [
            ("f", "x", "moved", 5, 8, 54.25, 52.15, None),
            ("f", "y", "entered", None, 120, None, 12.3, None),
            ("f", "z", "left", 9, None, 3.5, None, "no data for dimension Talent"),
            ("f", "u", "moved", 2, 2, 60.0, 60.0, None),
            ("f", "v", "moved", 3, 2, 50.0, 51.0, None),
        ],
        columns=[
            "framework", "city_id", "change_kind", "rank_before", "rank", "score_before", "score",
            "not_ranked_reason",
        ],
    )  # fmt: skip
    columns = [
        "framework", "city_id", "change_factor", "level", "title", "score_part", "rank_part",
        "own_score_part", "value_before", "value", "value_year_before", "value_year", "unit",
    ]  # fmt: skip
    per = "count per 10000 persons"
    rows = [
        ("f", "x", "data", 3, "F", -1.8, -2.5),
        ("f", "x", "data", 1, "Patents", -1.4, -2, -0.5, 35.0, 31.0, 2023, 2024, per),
        ("f", "x", "data", 1, "Loans", -0.4, -0.5, 0.0, 1234567.0, 1234567.0, 2023, 2023, "cny"),
        ("f", "x", "data", 1, "Models", 0.1, 0.0, None, None, 2.0, None, 2024, "count"),
        ("f", "x", "method", 3, "F", 0.0, 0.0),
        ("f", "x", "weights", 3, "F", 0.0, 0.0),
        ("f", "x", "field", 3, "F", -0.3, -0.5),
        ("f", "u", "data", 3, "F", 0.0, 0.0),
        ("f", "v", "unexplained", 3, "F", 1.0, 1.0),
    ]
    parts = pd.DataFrame([row + (None,) * (13 - len(row)) for row in rows], columns=columns)
    expected = """
        Fell 3 ranks from 5 to 8 (score -2.1, from 54.25 to 52.15): Patents -1.4 and -2 ranks (35
        to 31 per 10000 persons, 2023 to 2024; of it by the figures of others -0.9); Loans -0.4 and
        -0.5 ranks (1,234,567 cny as before, 2023; of it by the figures of others -0.4); Models
        +0.1 (no figure to 2, 2024); method 0; weights 0; field -0.3 and -0.5 ranks.

        Entered at rank 120 (score 12.3); not ranked before: no reason is known.

        No longer ranked, after rank 9 (score 3.5): no data for dimension Talent.

        Stayed at rank 2 (score 60): data 0.

        Rose 1 rank from 3 to 2 (score +1, from 50 to 51): not divided, since an index between the
        two has no score for it.
    """
    found = sentences(moves, parts, ["framework", "city_id"])
    assert found == [" ".join(text.split()) for text in expected.split("\n\n")]
