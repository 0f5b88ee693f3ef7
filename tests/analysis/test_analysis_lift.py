"""What would lift a city: numbers worked out by hand, and every answer computed again in full."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import chain
from analysis.chain import Index, Leaf
from analysis.lift import MONOTONE, PRECISION, lift, newest
from analysis.weights import Branch

EDITION = 2025


def index_of(
    values: Any,
    stages: dict[str, Any] | None = None,
    directions: list[int] | None = None,
    aggregation: str = "a_amean",
    weights: dict[str, float] | None = None,
) -> Index:
    """An index of cities a, b, ... with leaves 0, 1, ..., the first two in a node of their own."""
    table = np.array(values, dtype=float)
    n_cities, n_leaves = table.shape
    names = [str(j) for j in range(n_leaves)]
    groups = {"left": tuple(names[:2]), **({"right": tuple(names[2:])} if n_leaves > 2 else {})}

    def branch(node: str, level: int, children: tuple[str, ...], method: str) -> Branch:
        equal = tuple(1 / len(children) for _ in children)
        return Branch(node, level, children, equal, "given", method)

    branches = [branch(node, 2, children, "a_amean") for node, children in groups.items()]
    branches.append(branch("root", 3, tuple(groups), aggregation))
    own = {child: w for b in branches for child, w in zip(b.children, b.weights, strict=True)}
    return Index(
        framework="f",
        city_ids=np.array(list("abcdefghijkl")[:n_cities], dtype=object),
        editions=np.full(n_cities, EDITION),
        is_ranked=np.full(n_cities, True),
        groups={},
        leaves=tuple(Leaf(name, (directions or [1] * n_leaves)[j]) for j, name in enumerate(names)),
        values=table,
        is_kept=np.full(table.shape, True),
        stages=stages or {"normalise": {"method": "n_minmax", "score_min": 0, "score_max": 100}},
        branches=tuple(branches),
        weights={EDITION: own | {"root": 1.0} | (weights or {})},
    )


def answers(found: pd.DataFrame, city: str, n_ranks_up: int) -> pd.DataFrame:
    rows = (found["city_id"] == city) & (found["n_ranks_up"] == n_ranks_up)
    return found[rows].set_index("node")


#                     a           b           c          d: scores 100, 50.25, 40.25, 0
FIGURES = [[100, 100], [60.5, 40], [20, 60.5], [0, 0]]


def test_the_smallest_change_is_that_worked_out_by_hand() -> None:
    found = answers(lift(index_of(FIGURES), EDITION, ["c"]), "c", 1)
    # (x + 60.5) / 2 = 50.25, (20 + y) / 2 = 50.25, and (80.5 + 119.5 t) / 2 = 50.25.
    assert found["value_wanted"]["0"] == pytest.approx(40, abs=1e-3)
    assert found["value_wanted"]["1"] == pytest.approx(80.5, abs=1e-3)
    assert found["way_share"]["0"] == pytest.approx(0.25, abs=PRECISION)
    assert found["way_share"]["root"] == pytest.approx(20 / 119.5, abs=PRECISION)
    assert found["rank_reached"].tolist() == [2, 2, 2]
    assert found["is_checked"].all()
    assert found["lift_reason"].isna().all()


def test_where_fewer_are_above_the_first_place_is_wanted() -> None:
    found = lift(index_of(FIGURES), EDITION, list("abc"))
    asked = found[["city_id", "n_ranks_up"]].drop_duplicates().to_records(index=False).tolist()
    assert asked == [("b", 1), ("c", 1), ("c", 2)]
    first = answers(found, "c", 2)
    assert first["lift_reason"][["0", "1"]].str.startswith("even the best figure").all()
    assert first["is_checked"].isna()[["0", "1"]].all()
    # All the way in both is level with the first.
    assert first["way_share"]["root"] == 1
    assert first["rank_reached"]["root"] == 1


def test_what_is_counted_moves_by_whole_numbers() -> None:
    figures = [[100, 100.5], [61, 40], [20, 60], [0, 0.5]]
    found = answers(lift(index_of(figures), EDITION, ["c"]), "c", 1)
    # (x + 59.5) / 2 = (61 + 39.5) / 2 for x = 41; 41.5 in the second leaf's place asks for 42.
    assert found["value_wanted"]["0"] == 41
    figures[2][1] = 59.5
    found = answers(lift(index_of(figures), EDITION, ["c"]), "c", 1)
    assert found["value_wanted"]["0"] == 42
    assert rank_with(index_of(figures), "c", {"0": 41}) == 3


def test_lower_is_better_where_the_leaf_says_so() -> None:
    figures = [[0.5, 100], [40, 40.5], [80, 60.5], [100.5, 0]]
    found = answers(lift(index_of(figures, directions=[-1, 1]), EDITION, ["c"]), "c", 1)
    assert found["best_value"]["0"] == 0.5
    assert 0.5 < found["value_wanted"]["0"] < 80
    assert rank_with(index_of(figures, directions=[-1, 1]), "c", {"0": 59.9}) == 2
    assert found["value_wanted"]["0"] == pytest.approx(60, abs=0.1)


def test_what_cannot_move_says_why() -> None:
    figures = [[100.5, 100, 3], [60, 40.5, np.nan], [20, np.nan, 3], [0, 0, 1]]
    found = lift(index_of(figures, weights={"2": np.nan, "right": np.nan}), EDITION, ["b", "c"])
    assert "2" not in set(found["node"])  # it counts for nothing
    one = answers(found, "c", 1)
    assert one["lift_reason"]["1"] == "it has no figure of its own to move"
    assert np.isnan(one["value"]["1"])
    kept = answers(lift(index_of(figures), EDITION, ["c"]), "c", 1)
    assert kept["lift_reason"]["2"] == "no ranked city has a better figure"


def test_a_city_that_is_not_ranked_has_nothing_to_gain() -> None:
    index = index_of([*FIGURES, [50, 50]])
    index = replace(index, is_ranked=np.array([True, True, True, True, False]))
    assert lift(index, EDITION, ["e", "nobody"]).empty
    assert newest(replace(index, is_ranked=np.full(5, False))).empty
    assert newest(index, 2)["city_id"].unique().tolist() == ["b"]
    assert (newest(index)["edition"] == EDITION).all()


def rank_with(index: Index, city: str, figures: dict[str, float], share: float = 0) -> int:
    """Rank of a city by the whole chain, with other figures or all of them on their way."""
    values = index.values.copy()
    row = list(index.city_ids).index(city)
    signs = np.array([leaf.direction for leaf in index.leaves])
    best = np.nanmax(np.where(index.is_ranked[:, None], values * signs, np.nan), axis=0) * signs
    values[row] = np.where(share == 1, best, values[row] + share * (best - values[row]))
    for node, figure in figures.items():
        values[row, [leaf.node for leaf in index.leaves].index(node)] = figure
    roots = chain.scores_of(index, leaves=chain.leaf_scores(index, values=values))["root"]
    return int(chain.ranks(roots)[row])


NORMALISE: list[dict[str, Any]] = [
    {"method": "n_fracmax"},
    {"method": "n_borda"},
    {"method": "n_minmax", "score_min": 0.0, "score_max": 100.0},
    {"method": "n_prank"},
    {"method": "n_zscore", "mean": 0.0, "sd": 1.0},
    {"method": "n_minmax", "score_min": 1.0, "score_max": 100.0},
]
TREAT = {
    "method": "winsorise",
    "skewness_max": 0.8,
    "kurtosis_max": 0.5,
    "points_max": 2,
    "fallback": "log_CT",
}


@st.composite
def indices(draw: st.DrawFn) -> Index:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(3, 9)), draw(st.integers(2, 4)))
    values = np.exp(rng.normal(size=shape) * draw(st.sampled_from([0.5, 2.0]))) * 10
    if draw(st.booleans()):
        values = np.ceil(values)
    if draw(st.booleans()):
        values[rng.random(shape) < 0.15] = np.nan
    normalise = draw(st.sampled_from(NORMALISE))
    stages: dict[str, Any] = {"normalise": normalise}
    if draw(st.booleans()):
        stages["treat"] = TREAT
    if draw(st.booleans()):
        stages["impute"] = {"method": "i_median"}
    is_positive = normalise.get("score_min") == 1
    return index_of(
        values,
        stages,
        directions=[int(sign) for sign in rng.choice([-1, 1], size=shape[1])],
        aggregation="a_gmean" if is_positive else "a_amean",
    )


@settings(max_examples=20, deadline=None)
@given(indices())
def test_every_answer_holds_when_the_index_is_computed_again(index: Index) -> None:
    # Whether more is better throughout is certain of these only.
    method = index.stages["normalise"]["method"]
    is_certain = method in MONOTONE
    is_certain &= method != "n_fracmax" or all(leaf.direction == 1 for leaf in index.leaves)
    is_certain &= index.stages.keys() == {"normalise"} and not np.isnan(index.values).any()
    for row in lift(index, EDITION, list(index.city_ids)).to_dict("records"):
        city, wanted = row["city_id"], row["rank_wanted"]
        assert rank_with(index, city, {}) == row["rank"] == wanted + row["n_ranks_up"]
        is_all = row["node"] == "root"

        def rank_at(share: float, row: dict[str, Any] = row, is_all: bool = is_all) -> int:
            if is_all:
                return rank_with(index, row["city_id"], {}, share)
            start, end = row["value"], row["best_value"]
            figure = end if share == 1 else start + share * (end - start)
            return rank_with(index, row["city_id"], {row["node"]: figure})

        if not pd.isna(row["lift_reason"]):
            if is_certain and row["lift_reason"].startswith("even"):
                assert all(rank_at(share) > wanted for share in np.arange(11) / 10)
            continue
        figure = {} if is_all else {row["node"]: row["value_wanted"]}
        reached = rank_with(index, city, figure, row["way_share"] if is_all else 0)
        assert 0 < reached == row["rank_reached"] <= wanted
        if not is_certain:
            continue
        whole = not is_all and row["value_wanted"] % 1 == 0 and row["value"] % 1 == 0
        step = 1 / abs(row["best_value"] - row["value"]) if whole else 2 * PRECISION
        shorter = max(row["way_share"] - step, 0)
        assert all(rank_at(shorter * part) > wanted for part in (1, 0.9, 0.5, 0.1))
