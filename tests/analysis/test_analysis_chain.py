"""An index over arrays: many tables and weights at once are each as alone, and by hand.

tests/index/test_index_oracle.py tries on random frameworks that the stages are those of the SQL.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from analysis.aggregation import AGGREGATORS, aggregate, round_significant
from analysis.chain import (
    Index,
    Leaf,
    Variant,
    aggregate_tree,
    indices,
    leaf_scores,
    ranks,
    scale,
    scores_of,
)
from analysis.weights import Branch

NAN = np.nan
MANY = settings(max_examples=60, deadline=None, derandomize=True)

IMPUTE: list[dict[str, Any] | None] = [
    None,
    *(
        {"method": method, "grouping": "region", "across": across}
        for method in ("i_mean", "i_median", "i_mean_grp", "i_median_grp")
        for across in ("edition", "panel")
    ),
    {"method": "i_latest"},
    {"method": "i_latest", "editions_max": 1},
    {"method": "i_linear"},
]
TREAT: list[dict[str, Any] | None] = [
    None,
    *(
        {
            "method": "winsorise",
            "skewness_max": 1.0,
            "kurtosis_max": 1.0,
            "points_max": 2,
            "fallback": fallback,
            "boxcox_lambda": 0.5,
            "across": across,
        }
        for fallback in ("none", "log_CT", "log_CT_orig", "log_GII", "boxcox")
        for across in ("edition", "panel")
    ),
]
NORMALISE: list[dict[str, Any]] = [
    {
        "method": method,
        "score_min": 1.0,
        "score_max": 100.0,
        "mean": 50.0,
        "sd": 10.0,
        "shift": 2.0,
        "divisor": 7.0,
        "reference_unit": "u1",
        "is_capped": True,
        "across": across,
    }
    for method in (
        *("n_minmax", "n_goalposts", "n_zscore", "n_rank", "n_prank", "n_borda"),
        *("n_dist2max", "n_dist2ref", "n_dist2targ", "n_fracmax", "n_scaled"),
    )
    for across in ("edition", "panel")
]
EDITIONS = (2020, 2021, 2023)


def random_index(seed: int, n_units: int = 9, n_leaves: int = 4) -> Index:
    """Skewed figures with gaps, of units of which some are not ranked in three editions."""
    rng = np.random.default_rng(seed)
    editions = np.repeat(EDITIONS, n_units)
    values = np.round(rng.lognormal(2, 1.5, (len(editions), n_leaves)), 1)
    values[rng.random(values.shape) < 0.25] = NAN
    is_kept = np.repeat(rng.random((len(EDITIONS), n_leaves)) < 0.9, n_units, axis=0)
    is_kept[:, 0] = True
    names = [f"i{j}" for j in range(n_leaves)]
    return Index(
        framework="random",
        city_ids=np.array([f"u{u}" for u in range(n_units)] * len(EDITIONS), dtype=object),
        editions=editions,
        is_ranked=rng.random(len(editions)) < 0.9,
        groups={"region": rng.choice(np.array(["a", "b", None], dtype=object), len(editions))},
        leaves=tuple(
            Leaf(
                name,
                direction=1 if j % 2 else -1,
                cap_max=200.0 if j == 1 else None,
                transform="log1p" if j == 2 else None,
                is_treatable=j != 3,
                points_max=1 if j == 0 else None,
                is_imputable=j != 1,
                goalpost_min=1.0,
                goalpost_max=50.0,
                target=80.0 if j % 2 else 0.1,
            )
            for j, name in enumerate(names)
        ),
        values=np.where(is_kept, values, NAN),
        is_kept=is_kept,
        stages={
            "transform": {"method": "by_indicator"},
            "normalise": NORMALISE[0],
            "aggregate": {"method": "a_amean"},
        },
        branches=(Branch("total", 2, tuple(names), (1.0,) * n_leaves, "given", "a_amean"),),
        weights={edition: dict.fromkeys([*names, "total"], 1.0) for edition in EDITIONS},
    )


# ---------------------------------------------------------------- leaves
@MANY
@given(
    seed=st.integers(0, 10**6),
    impute=st.sampled_from(IMPUTE),
    treat=st.sampled_from(TREAT),
    normalise=st.sampled_from(NORMALISE),
)
def test_many_tables_at_once_are_each_as_alone(
    seed: int, impute: Any, treat: Any, normalise: Any
) -> None:
    index = random_index(seed)
    variant = Variant({"impute": impute, "treat": treat, "normalise": normalise})
    rng = np.random.default_rng(seed)
    tables = index.values * rng.lognormal(0, 0.5, (2, 3, *index.values.shape))
    tables[rng.random(tables.shape) < 0.1] = NAN
    together = leaf_scores(index, variant, tables)
    assert together.shape == tables.shape
    for at in np.ndindex(2, 3):
        alone = leaf_scores(
            replace(index, values=np.where(index.is_kept, tables[at], NAN)), variant
        )
        np.testing.assert_allclose(together[at], alone, rtol=1e-12, equal_nan=True)
    assert np.isnan(together[..., ~index.is_ranked, :]).all()
    assert np.isnan(together[..., ~index.is_kept]).all()


@MANY
@given(
    seed=st.integers(0, 10**6),
    impute=st.sampled_from(IMPUTE),
    treat=st.sampled_from(TREAT),
    normalise=st.sampled_from(NORMALISE),
)
def test_a_variant_is_the_index_with_its_stages(
    seed: int, impute: Any, treat: Any, normalise: Any
) -> None:
    index = random_index(seed)
    chosen = {"impute": impute, "treat": treat, "normalise": normalise, "transform": None}
    own = {stage: entry for stage, entry in chosen.items() if entry}
    np.testing.assert_array_equal(
        leaf_scores(index, Variant(chosen)), leaf_scores(replace(index, stages=own))
    )


@pytest.mark.parametrize("impute", [i for i in IMPUTE if i and "mean" in i["method"]])
def test_sums_do_not_depend_on_the_order_of_units(impute: Any) -> None:
    """Not in the last bit: a rank of values would turn on it."""
    index = random_index(5, n_units=40)
    rng = np.random.default_rng(1)
    order = np.concatenate([rng.permutation(40) + 40 * e for e in range(len(EDITIONS))])
    other = replace(
        index,
        **{
            name: getattr(index, name)[order]
            for name in ("city_ids", "editions", "is_ranked", "values", "is_kept")
        },
        groups={"region": index.groups["region"][order]},
    )
    for normalise in ({"method": "n_rank"}, {"method": "n_zscore", "mean": 0.0, "sd": 1.0}):
        variant = Variant({"impute": impute, "normalise": normalise})
        np.testing.assert_array_equal(
            leaf_scores(other, variant), leaf_scores(index, variant)[order]
        )


def test_the_mean_of_equal_figures_is_that_figure() -> None:
    """Or a city whose figure is imputed would stand before those that it is the mean of."""
    index = random_index(0, n_units=8, n_leaves=1)
    values = np.full(index.values.shape, 0.1)
    values[::8] = NAN
    index = replace(index, values=values, is_ranked=np.full(len(values), True))
    variant = Variant({"impute": {"method": "i_mean"}, "normalise": {"method": "n_rank"}})
    assert (leaf_scores(index, variant) == 1).all()


def test_winsorising_stops_where_the_test_is_passed() -> None:
    """By hand: 900 and 1000 are moved to 12, after which nothing is skewed."""
    figures = [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 12.0, 900.0, 1000.0]
    index = random_index(0, n_units=10, n_leaves=1)
    index = replace(
        index,
        editions=index.editions[:10],
        is_ranked=np.full(10, True),
        is_kept=np.full((10, 1), True),
        values=np.array(figures)[:, np.newaxis],
        leaves=(Leaf("i0", 1),),
    )
    plain = {"method": "n_scaled", "shift": 0.0, "divisor": 1.0}
    treat = {"method": "winsorise", "skewness_max": 1.0, "kurtosis_max": 0.0}
    for points_max, fallback, expected in (
        (5, "none", [*figures[:8], 12.0, 12.0]),
        (1, "none", [*figures[:8], 900.0, 900.0]),
        (1, "log_CT_orig", np.log(np.array(figures) - 2)),
    ):
        own = {**treat, "points_max": points_max, "fallback": fallback}
        found = leaf_scores(index, Variant({"treat": own, "normalise": plain}))
        np.testing.assert_allclose(found[:, 0], expected)


# ---------------------------------------------------------------- trees
METHODS = [(method, 0.5 if method == "a_genmean" else None) for method in AGGREGATORS]
LEAVES = tuple("abcdefg")


def random_tree(rng: np.random.Generator, methods: Mapping[str, tuple[str, float | None]]) -> Any:
    """Seven leaves below three nodes, two of which have one above them."""
    children = {
        "x": ("a", "b"),
        "y": ("c", "d", "e"),
        "z": ("f",),
        "xy": ("x", "y"),
        "total": ("xy", "z", "g"),
    }
    levels = {"x": 2, "y": 2, "z": 2, "xy": 3, "total": 4}
    return [
        Branch(
            node,
            levels[node],
            below,
            (1.0,) * len(below),
            "given",
            *methods[node],
            missing_children=str(rng.choice(["share", "none"])),
            children_coverage_min=rng.choice(np.array([None, 0.6], dtype=object)),
        )
        for node, below in children.items()
    ]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    methods=st.lists(st.sampled_from(METHODS), min_size=5, max_size=5)
    | st.sampled_from(METHODS).map(lambda m: [m] * 5),
    has_gaps=st.booleans(),
    is_out=st.booleans(),
    is_batch=st.booleans(),
)
def test_a_tree_is_node_by_node_what_its_methods_give(
    seed: int, methods: Any, has_gaps: bool, is_out: bool, is_batch: bool
) -> None:
    """Whatever is asked for, with many weights or scores: as aggregate() gives each alone."""
    rng = np.random.default_rng(seed)
    branches = random_tree(rng, dict(zip(("x", "y", "z", "xy", "total"), methods, strict=True)))
    # The power of the stage stands at every branch.
    branches = [replace(b, power=0.5) for b in branches]
    n, n_units = 4, 6
    lead = (n,) if is_batch else ()
    scores = {leaf: rng.integers(-1, 6, (*lead, n_units)) + 0.0 for leaf in LEAVES}
    weights = {node: rng.uniform(0.1, 1, n) for node in (*LEAVES, "x", "y", "z", "xy")}
    if has_gaps:
        for own in scores.values():
            own[rng.random(own.shape) < 0.2] = NAN
    if is_out:
        for own in weights.values():
            own[rng.random(n) < 0.2] = NAN

    expected: dict[str, list[Any]] = {b.node: [] for b in branches}
    for i in range(n):
        found = {leaf: own[i] if is_batch else own for leaf, own in scores.items()}
        counted = {node: own[i] for node, own in weights.items()} | {"total": 1.0}
        for b in branches:
            below = np.column_stack([found[child] for child in b.children])
            if b.aggregation == "a_copeland" and b.level > 2:
                below = round_significant(below)
            own = np.array([counted[child] for child in b.children])
            if np.isnan(own).all():
                counted[b.node] = NAN
            found[b.node] = aggregate(
                below, own, b.aggregation, b.power, b.missing_children, b.children_coverage_min
            )
            expected[b.node].append(round_significant(found[b.node]))
    everything = aggregate_tree(branches, scores, {**weights, "total": 1.0})
    root = aggregate_tree(branches, scores, {**weights, "total": 1.0}, ["total"])
    assert set(root) == {"total"}
    for node, own in expected.items():
        np.testing.assert_allclose(
            np.broadcast_to(everything[node], (n, n_units)), own, rtol=1e-11, atol=1e-13
        )
    np.testing.assert_allclose(
        np.broadcast_to(root["total"], (n, n_units)), expected["total"], rtol=1e-11, atol=1e-13
    )


def test_a_node_without_leaves_that_count_is_left_out() -> None:
    branches = [
        Branch("x", 2, ("a", "b"), (1.0, 1.0), "given", "a_amean"),
        Branch("y", 2, ("c",), (1.0,), "given", "a_amean"),
        Branch("total", 3, ("x", "y"), (1.0, 1.0), "given", "a_gmean", missing_children="none"),
    ]
    scores = {"a": np.array([4.0]), "b": np.array([8.0]), "c": np.array([24.0])}
    weights = {"a": np.array([1.0, NAN]), "b": 1.0, "c": np.array([1.0, 1.0])}
    weights |= {"x": 1.0, "y": 1.0, "total": 1.0}
    assert aggregate_tree(branches, scores, weights)["total"].tolist() == [
        [12.0],
        [round(192**0.5, 10)],
    ]
    weights |= {"c": np.array([NAN, 1.0])}
    found = aggregate_tree(branches, scores, weights)
    np.testing.assert_allclose(found["total"], [[6.0], [192**0.5]], rtol=1e-11)
    assert np.isnan(found["y"][0])
    weights["c"] = NAN
    found = aggregate_tree(branches, scores, weights)
    np.testing.assert_allclose(found["total"], [[6.0], [8.0]])
    assert np.isnan(found["y"]).all()


# ---------------------------------------------------------------- scores and ranks
def test_scaling_by_the_leader_and_by_the_range() -> None:
    scores = np.array([[20.0, 50.0, NAN, 30.0], [-2.0, -1.0, NAN, -3.0], [4.0, 4.0, 4.0, 4.0]])
    for method, expected in (
        ("leader_1", [[0.4, 1, NAN, 0.6], [NAN] * 4, [1.0] * 4]),
        ("leader_100", [[40, 100, NAN, 60], [NAN] * 4, [100.0] * 4]),
        ("zero_to_100", [[0, 100, NAN, 100 / 3], [50, 100, NAN, 0], [NAN] * 4]),
    ):
        found = scale(scores, {"scale": {"method": method}})
        np.testing.assert_allclose(found, expected, rtol=1e-11)
    np.testing.assert_array_equal(scale(scores, {}), scores)


def test_scores_of_a_panel_are_scaled_by_the_leader_of_all_editions() -> None:
    index = random_index(3)
    stages = {**index.stages, "scale": {"method": "leader_100"}}
    apart = scores_of(replace(index, stages=stages))["total"]
    together = {**stages, "normalise": {**NORMALISE[0], "across": "panel"}}
    one = scores_of(replace(index, stages=together), nodes=["total"])
    best = [[np.nanmax(x[index.editions == e]) for e in EDITIONS] for x in (apart, one["total"])]
    assert best[0] == [100.0] * 3
    assert max(best[1]) == 100.0 and min(best[1]) < 100.0


@MANY
@given(
    seed=st.integers(0, 10**6),
    shape=st.sampled_from([(7,), (3, 9), (2, 2, 5), (0, 4), (3, 0), (400, 200)]),
    is_tied=st.booleans(),
)
def test_ranks_are_those_of_rounded_scores(
    seed: int, shape: tuple[int, ...], is_tied: bool
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 10, shape)
    if is_tied:
        scores = np.round(scores) / 3
        scores *= 1 + rng.choice([0, 1e-15, 3e-13, 2e-12], shape)
    scores[rng.random(shape) < 0.1] = NAN
    expected = rankdata(-round_significant(scores), method="min", axis=-1, nan_policy="omit")
    expected = np.where(np.isnan(scores), 0, expected)
    np.testing.assert_array_equal(ranks(scores), expected)


@MANY
@given(seed=st.integers(0, 10**6), size=st.sampled_from([0.0, 3.0, 100.0]))
def test_rounding_is_that_of_the_sql_macro(seed: int, size: float) -> None:
    values = np.random.default_rng(seed).normal(0, 1, 500) * 10 ** np.random.default_rng(
        seed
    ).uniform(-size, size, 500)
    scale_ = np.power(10.0, 11 - np.floor(np.log10(np.abs(values))))
    expected = np.sign(values) * np.floor(np.abs(values) * scale_ + 0.5) / scale_
    np.testing.assert_array_equal(round_significant(values), expected)


def test_rounding_at_its_ends() -> None:
    values = [0.0, -0.0, 1.0, -10.0, 999999999999.5, 0.1 + 0.2, 5e-324, NAN]
    expected = [0.0, 0.0, 1.0, -10.0, 1e12, 0.3, 0.0, NAN]
    np.testing.assert_array_equal(round_significant(np.array(values)), expected)
    assert not np.signbit(round_significant(np.array(-0.0)))


# ---------------------------------------------------------------- tables
def test_an_index_is_read_from_the_tables_of_the_warehouse() -> None:
    nodes = pd.DataFrame(
        [
            {"node": "total", "level": 2, "position": 0, "aggregation": "a_gmean", "power": NAN},
            {"node": "b", "level": 1, "position": 2, "parent": "total", "weight": 0.25},
            {"node": "a", "level": 1, "position": 1, "parent": "total", "weight": 0.75},
        ]
    ).assign(framework="f", weighting="given", missing_children="share", children_coverage_min=None)
    nodes.loc[nodes["node"] == "b", ["direction", "treatment", "points_max"]] = ["lower", "none", 3]
    stages = pd.DataFrame(
        [
            {"stage": "screen", "method": "by_coverage", "position": 1},
            {"stage": "normalise", "method": "n_minmax", "position": 2, "score_min": 0.0},
        ]
    ).assign(framework="f", score_max=lambda x: [NAN, 10.0])
    rows = pd.DataFrame(
        list(itertools.product([2021, 2020], ["q", "p", "out"], ["b", "a"])),
        columns=["edition", "city_id", "node"],
    ).assign(framework="f", value=[float(i) for i in range(12)])
    screened = rows.drop_duplicates(["edition", "city_id"]).assign(
        is_ranked=lambda x: x.city_id > "p"
    )
    leaves = rows.drop_duplicates(["edition", "node"]).assign(
        is_kept=lambda x: (x["edition"] == 2020) | (x["node"] == "a")
    )
    weights = rows.drop_duplicates(["edition", "node"]).assign(
        weight=lambda x: np.where(leaves["is_kept"], 0.5, NAN)
    )
    (found,) = indices(
        nodes,
        stages,
        rows,
        rows[rows["city_id"] != "out"],
        screened,
        leaves,
        weights,
        pd.DataFrame({"city_id": ["p"], "grouping": ["region"], "group_name": ["north"]}),
    )
    assert [leaf.node for leaf in found.leaves] == ["a", "b"]
    assert [leaf.direction for leaf in found.leaves] == [1, -1]
    assert [leaf.is_treatable for leaf in found.leaves] == [True, False]
    assert [leaf.points_max for leaf in found.leaves] == [None, 3]
    assert list(zip(found.editions, found.city_ids, strict=True)) == [
        (2020, "p"),
        (2020, "q"),
        (2021, "p"),
        (2021, "q"),
    ]
    np.testing.assert_array_equal(found.values, [[9, 8], [7, 6], [3, NAN], [1, NAN]])
    assert found.is_ranked.tolist() == [False, True, False, True]
    assert found.groups["region"].tolist() == ["north", None, "north", None]
    assert found.stages["normalise"] == {"method": "n_minmax", "score_min": 0.0, "score_max": 10.0}
    (branch,) = found.branches
    assert (branch.children, branch.weights, branch.power) == (("a", "b"), (0.75, 0.25), None)
    assert found.weights[2020] == {"a": 0.5, "b": 0.5}
    assert np.isnan(found.weights[2021]["b"])
