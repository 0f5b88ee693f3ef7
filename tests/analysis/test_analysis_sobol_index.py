"""Sobol' indices of a ranking, and rankings without a node, against numbers known otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from analysis.chain import Array, Index, Leaf, ranks
from analysis.design import Errors, Factor, draw
from analysis.removal import without_each
from analysis.replication import scores
from analysis.sobol import SHIFT, of_edition
from analysis.weights import Branch

MINMAX = {"method": "n_minmax", "score_min": 0.0, "score_max": 100.0}
AS_IS = {"method": "n_scaled", "shift": 0.0, "divisor": 1.0}


def index_of(
    values: Array,
    tree: Mapping[str, Mapping[str, float]],
    normalise: Mapping[str, Any] = AS_IS,
    aggregation: str = "a_amean",
) -> Index:
    """Cities c0, c1, ... with leaves x0, x1, ..., and branches with the weights of their children,
    each after its children, the last being the root."""
    levels: dict[str, int] = {}
    branches = []
    for node, children in tree.items():
        levels[node] = 1 + max(levels.get(child, 1) for child in children)
        branches.append(
            Branch(
                node=node,
                level=levels[node],
                children=tuple(children),
                weights=tuple(children.values()),
                weighting="given",
                aggregation=aggregation,
            )
        )
    n_cities, n_leaves = values.shape
    return Index(
        framework="index",
        city_ids=np.array([f"c{i}" for i in range(n_cities)], dtype=object),
        editions=np.full(n_cities, 2020),
        is_ranked=np.ones(n_cities, dtype=bool),
        groups={},
        leaves=tuple(Leaf(f"x{i}", 1) for i in range(n_leaves)),
        values=values,
        is_kept=np.ones(values.shape, dtype=bool),
        stages={"normalise": normalise, "aggregate": {"method": aggregation}},
        branches=tuple(branches),
        weights={
            2020: {
                child: weight for children in tree.values() for child, weight in children.items()
            }
        },
    )


def choice(name: str, stage: str, *others: Mapping[str, Any], level: int | None = None) -> Factor:
    own = {"method": "own"}
    return Factor(name, "stage", stage=stage, level=level, alternatives=(own, *others))


def exact(outputs: Array) -> dict[str, Array]:
    """First-order and total indices from an output for every combination of choices, (choices of
    the first factor, of the second, ..., outputs): variances of conditional means."""
    axes = tuple(range(outputs.ndim - 1))
    variance = outputs.var(axis=axes)
    first, total = [], []
    for factor in axes:
        others = tuple(axis for axis in axes if axis != factor)
        first.append(outputs.mean(axis=others).var(axis=0) / variance)
        total.append(outputs.var(axis=factor).mean(axis=tuple(range(len(others)))) / variance)
    return {"first_order": np.array(first).T, "total_order": np.array(total).T}


def test_indices_of_ranks_agree_with_all_combinations_of_choices() -> None:
    random = np.random.default_rng(11)
    index = index_of(
        random.lognormal(size=(30, 6)),
        {"a": {"x0": 1, "x1": 2}, "b": {"x2": 1, "x3": 1, "x4": 1, "x5": 1}, "r": {"a": 1, "b": 1}},
        MINMAX,
    )
    factors = (
        choice("normalise", "normalise", {"method": "n_prank"}, {"method": "n_fracmax"}),
        choice("combine", "aggregate", {"method": "a_median"}, level=2),
        choice("root", "aggregate", {"method": "a_genmean", "power": 2.0}, level=3),
        Factor("left_out", "left_out", level=1),
    )
    sizes = [3, 2, 2, 7]
    places = np.array(list(itertools.product(*(range(size) for size in sizes))))
    u = (places + 0.5) / sizes
    found = ranks(scores(index, 2020, draw(index, 2020, factors, u)))
    shift = np.abs(found - found[0]).mean(axis=1, keepdims=True)
    known = exact(np.hstack([shift, found]).reshape(*sizes, -1))

    frame = of_edition(index, 2020, factors, seed=3, n_samples=256)
    assert list(frame["output"].unique()) == [SHIFT, *(f"rank of c{i}" for i in range(30))]
    varies = np.concatenate([[True], found.std(axis=0) > 0])
    assert set(frame.loc[frame["reason"].notna(), "output"]) == {
        f"rank of c{i}" for i in np.flatnonzero(~varies[1:])
    }
    covered = []
    for name, truth in known.items():
        wide = {
            part: frame.pivot(index="output", columns="factor", values=name + part)
            .reindex(index=frame["output"].unique(), columns=[f.factor for f in factors])
            .to_numpy()[varies]
            for part in ("_low", "", "_high")
        }
        of_varying = truth[varies]
        covered.append((wide["_low"] - 1e-9 <= of_varying) & (of_varying <= wide["_high"] + 1e-9))
        assert np.abs(wide[""] - of_varying).mean() < 0.04
    assert np.mean(covered) >= 0.93


def of_output(frame: pd.DataFrame, output: str) -> pd.DataFrame:
    return frame[frame["output"] == output].set_index("factor")


def test_weights_of_twins_cannot_matter_and_those_above_explain_all() -> None:
    # The leaves of a are the same, and those of b, so that their weights move nothing. c0 (10, 0)
    # is before c1 (0, 9) while a weighs more than nine tenths of b.
    values = np.array([[10.0, 10, 0, 0], [0, 0, 9, 9], [-5, -5, -5, -5]])
    factors = (
        Factor("twins", "weight_noise", level=1, noise=0.5),
        Factor("above", "weight_noise", level=2, noise=0.5),
        Factor("nothing", "weight_noise", level=3, noise=0.5),
        choice("same", "normalise", {"method": "n_scaled", "shift": 3.0, "divisor": 2.0}),
    )
    index = index_of(
        values,
        {"a": {"x0": 0.5, "x1": 0.5}, "b": {"x2": 0.5, "x3": 0.5}, "r": {"a": 0.5, "b": 0.5}},
    )
    frame = of_edition(index, 2020, factors, seed=1, n_samples=512)
    for output in (SHIFT, "rank of c0", "rank of c1"):
        rows = of_output(frame, output)
        for factor in ("twins", "nothing", "same"):
            assert tuple(rows.loc[factor, ["first_order", "total_order"]]) == (0, 0)
            assert tuple(rows.loc[factor, ["total_order_low", "total_order_high"]]) == (0, 0)
        above = rows.loc["above"]
        assert above["first_order_low"] <= 1 <= above["first_order_high"]
        assert above["total_order_low"] <= 1 <= above["total_order_high"]
    last = of_output(frame, "rank of c2")
    assert last[["first_order", "total_order_high", "warning"]].isna().all(axis=None)
    assert set(last["reason"]) == {"never varies in 1024 replications"}


def test_a_city_without_a_score_counts_as_last() -> None:
    # c0 leads by the sum and has no geometric mean, nor has c3: both are last of four then.
    values = np.array([[9.0, 0], [4, 4], [3, 3], [1, 0]])
    index = index_of(values, {"r": {"x0": 1, "x1": 1}})
    factors = (choice("combine", "aggregate", {"method": "a_gmean"}),)
    frame = of_edition(index, 2020, factors, seed=1, n_samples=64)
    shift, c0, _, _, c3 = frame.to_dict("records")
    assert c0["undefined_share"] == c3["undefined_share"]
    assert 0.35 < c0["undefined_share"] < 0.65 and shift["undefined_share"] == pytest.approx(
        c0["undefined_share"] / 2
    )
    # One factor explains all; c3 is last with a score and without.
    assert c0["total_order_low"] <= 1 <= c0["total_order_high"]
    assert c3["reason"] == "never varies in 128 replications"


def test_too_few_samples_are_said_with_how_many_would_do() -> None:
    # c0 = 10 w0 and c1 = 9.2 w1 change places where w1 / w0 > 10 / 9.2: rarely, at 5 % of noise.
    index = index_of(np.array([[10.0, 0], [0, 9.2], [-9, -9]]), {"r": {"x0": 1, "x1": 1}})
    rare = (Factor("noise", "weight_noise", noise=0.05),)
    row = of_output(of_edition(index, 2020, rare, 5, 128), SHIFT).loc["noise"]
    moved = int(row["warning"].split("its usual value in ")[1].split(" ")[0])
    assert 0 < moved < 30 and row["warning"].endswith(
        f"about {row['n_samples_needed']:.0f} would do"
    )
    assert row["n_samples_needed"] >= 128 * 30 / moved

    often = (Factor("noise", "weight_noise", noise=0.5),)
    few = of_output(of_edition(index, 2020, often, 5, 16), SHIFT).loc["noise"]
    assert "16 are few for a bootstrap" in few["warning"] and few["n_samples"] == 16
    enough = of_output(of_edition(index, 2020, often, 5, 4096), SHIFT).loc["noise"]
    assert pd.isna(enough["warning"]) and pd.isna(enough["n_samples_needed"])
    width = enough["total_order_high"] - enough["total_order_low"]
    assert width <= 0.2

    middle = of_output(of_edition(index, 2020, often, 5, 64), SHIFT).loc["noise"]
    width = max(
        middle[f"{kind}_high"] - middle[f"{kind}_low"] for kind in ("first_order", "total_order")
    )
    assert f"an interval is {width:.2f} wide" in middle["warning"]
    # Ten times as wide needs a hundred times as many.
    assert middle["n_samples_needed"] == 2 ** np.ceil(np.log2(64 * (width / 0.2) ** 2))


def test_numbers_do_not_depend_on_chunks_and_wide_factors_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(2)
    index = index_of(random.lognormal(size=(12, 4)), {"r": {f"x{i}": 1 for i in range(4)}}, MINMAX)
    rows, leaves = (place.ravel() for place in np.indices((12, 4)))
    errors = Errors(rows, leaves, np.full(48, 0.2))
    factors = (
        Factor("errors", "observation_error"),
        Factor("noise", "weight_noise", noise=0.3),
    )
    once = of_edition(index, 2020, factors, 1, 128, errors)
    monkeypatch.setattr("analysis.sobol.VALUES_AT_ONCE", 1000)
    pd.testing.assert_frame_equal(of_edition(index, 2020, factors, 1, 128, errors), once)
    # With plain random numbers in the place of a Sobol' sequence the indices are about the same.
    monkeypatch.setattr("analysis.sobol.WIDE", 10)
    other = of_edition(index, 2020, factors, 1, 128, errors)
    assert not other["total_order"].equals(once["total_order"])
    one, same = (of_output(f, SHIFT) for f in (once, other))
    assert (one["total_order_low"] <= same["total_order_high"]).all()
    assert (same["total_order_low"] <= one["total_order_high"]).all()
    assert of_output(once, SHIFT).loc["errors", "total_order"] > 0.5


def test_nothing_ranked_or_nothing_declared_gives_no_rows() -> None:
    index = index_of(np.ones((3, 2)), {"r": {"x0": 1, "x1": 1}})
    assert of_edition(index, 2020, (), 1, 16).empty
    nobody = replace(index, is_ranked=np.zeros(3, dtype=bool))
    assert of_edition(nobody, 2020, (Factor("n", "weight_noise", noise=0.1),), 1, 16).empty


# ---------------------------------------------------------------- removal
def test_ranking_without_a_node_by_hand() -> None:
    # r = (a + b) / 2, a = (x0 + x1) / 2, b = x2.
    values = np.array([[8.0, 0, 5], [2, 4, 5], [0, 1, 9], [4, 0, np.nan]])
    index = index_of(
        values, {"a": {"x0": 0.5, "x1": 0.5}, "b": {"x2": 1}, "r": {"a": 0.5, "b": 0.5}}
    )
    found = without_each(index, 2020)
    # Scores: (4 + 5) / 2, (3 + 5) / 2, (0.5 + 9) / 2, 2.
    assert found.nominal.tolist() == [2, 3, 1, 4]
    ranked = dict(zip(found.nodes, found.without.tolist(), strict=True))
    assert ranked == {
        "a": [2, 2, 1, 0],  # 5, 5, 9, nothing
        "b": [1, 2, 4, 3],  # 4, 3, 0.5, 2
        "x0": [3, 2, 1, 4],  # (0 + 5) / 2, (4 + 5) / 2, (1 + 9) / 2, 0
        "x1": [1, 4, 2, 3],  # (8 + 5) / 2, (2 + 5) / 2, (0 + 9) / 2, 4
        "x2": [1, 2, 4, 3],  # the only one in b
    }
    taus = dict(zip(found.nodes, found.kendall_tau_b, strict=True))
    assert taus["a"] == pytest.approx(2 / np.sqrt(3 * 2))  # of 3 pairs 2 in order, 1 level in one
    assert taus["b"] == pytest.approx((3 - 3) / 6)
    assert taus["x0"] == pytest.approx((5 - 1) / 6)


def test_half_of_a_two_leaf_index_leaves_the_other_leaf() -> None:
    random = np.random.default_rng(4)
    values = random.lognormal(size=(40, 2)).round(1)
    index = index_of(values, {"r": {"x0": 0.5, "x1": 0.5}}, MINMAX)
    found = without_each(index, 2020)
    for node, left in (("x0", 1), ("x1", 0)):
        row = found.without[found.nodes.index(node)]
        by_pandas = pd.Series(values[:, left]).rank(ascending=False, method="min")
        assert row.tolist() == by_pandas.tolist()
        assert found.kendall_tau_b[found.nodes.index(node)] == pytest.approx(
            kendalltau(found.nominal, by_pandas).statistic
        )


def test_an_index_of_one_leaf_is_nothing_without_it() -> None:
    found = without_each(index_of(np.array([[1.0], [2.0]]), {"a": {"x0": 1}, "r": {"a": 1}}), 2020)
    assert found.nodes == ("a", "x0")
    assert found.nominal.tolist() == [2, 1] and not found.without.any()
    assert np.isnan(found.kendall_tau_b).all()


def test_a_leaf_that_nobody_has_a_figure_of_stands_in_for_no_sibling() -> None:
    values = np.array([[1, np.nan, 2], [4, np.nan, 1], [3, np.nan, 5]])
    tree = {"a": {"x0": 1, "x1": 1}, "b": {"x2": 1}, "r": {"a": 1, "b": 1}}
    index = index_of(values, tree, MINMAX)
    needed = (*index.branches[:-1], replace(index.branches[-1], missing_children="none"))
    found = without_each(replace(index, branches=needed), 2020)
    ranked = dict(zip(found.nodes, found.without.tolist(), strict=True))
    assert ranked["x0"] == ranked["a"] == [2, 3, 1]
    assert ranked["x1"] == found.nominal.tolist() == [3, 2, 1]


def test_where_nobody_has_a_score_nothing_is_explained() -> None:
    # All are ranked by their figures, but the same figure everywhere makes no scale.
    index = index_of(np.ones((4, 2)), {"r": {"x0": 1, "x1": 1}}, MINMAX)
    factor = choice("normalise", "normalise", {"method": "n_prank"})
    assert of_edition(index, 2020, [factor], seed=1, n_samples=16).empty
