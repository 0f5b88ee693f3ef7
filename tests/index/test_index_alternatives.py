"""Alternatives of one index over arrays against frameworks of their own in the engine.

analysis.chain takes the figures and the tree of one framework and the methods of another. That
other framework goes through the engine, too, and must have the same scores and ranks.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.chain import (
    Index,
    Variant,
    aggregate_tree,
    branches_of,
    indices,
    leaf_scores,
    ranks,
    scale,
    stages_of,
)
from tools import engine

EDITIONS = (2019, 2020, 2021)
UNITS = [f"u{i:02}" for i in range(14)]
LEAVES = ("a", "b", "c", "d", "e")
Stage = dict[str, Any]

BASE: dict[str, Stage] = {
    "select": {"method": "exact"},
    "screen": {"method": "by_coverage"},
    "impute": {"method": "i_mean"},
    "treat": {"method": "winsorise", "skewness_max": 1.0, "kurtosis_max": 1.0, "points_max": 2},
    "normalise": {"method": "n_minmax", "score_min": 1.0},
    "aggregate": {"method": "a_amean", "missing_children": "share"},
}
ALTERNATIVES: dict[str, list[Stage | None]] = {
    "impute": [
        {"method": "i_median", "across": "panel"},
        {"method": "i_mean_grp", "grouping": "half"},
        {"method": "i_median_grp", "grouping": "half", "across": "panel"},
        {"method": "i_latest", "editions_max": 1},
        {"method": "i_linear"},
        None,
    ],
    "treat": [
        *(
            {**BASE["treat"], "points_max": points, "fallback": fallback, "across": across}
            | ({"boxcox_lambda": 0.5} if fallback == "boxcox" else {})
            for points, fallback, across in (
                (1, "log_CT", "panel"),
                (0, "log_CT_orig", "edition"),
                (1, "log_GII", "edition"),
                (0, "boxcox", "panel"),
                (1, "none", "edition"),
            )
        ),
        None,
    ],
    "normalise": [
        {"method": "n_goalposts", "score_min": 1.0, "score_max": 10.0},
        {"method": "n_zscore", "mean": 100.0, "sd": 5.0, "across": "panel"},
        {"method": "n_rank"},
        {"method": "n_prank", "across": "panel"},
        {"method": "n_borda"},
        {"method": "n_dist2max"},
        {"method": "n_dist2ref", "reference_unit": "u03", "across": "panel", "is_capped": True},
        {"method": "n_dist2targ"},
        {"method": "n_fracmax", "across": "panel"},
        {"method": "n_scaled", "shift": 3.0, "factor": 7.0},
    ],
    "aggregate": [
        {**BASE["aggregate"], "method": method, **more}
        for method, more in (
            ("a_gmean", {}),
            ("a_hmean", {}),
            ("a_genmean", {"power": 3.0}),
            ("a_median", {}),
            ("a_copeland", {}),
            ("a_gmean", {"by_level": {3: "a_amean"}}),
        )
    ],
    "scale": [{"method": "leader_100"}, {"method": "zero_to_100"}],
}


def names() -> list[tuple[str, int]]:
    return [(stage, i) for stage, options in ALTERNATIVES.items() for i in range(len(options))]


def framework(name: str, stages: dict[str, Stage | None]) -> dict[str, Any]:
    """Five leaves below two nodes; the leaves have marks for the methods that need them."""
    method = (stages["normalise"] or {})["method"]
    posts = {"goalpost_min": 1.0, "goalpost_max": 900.0} if method == "n_goalposts" else {}
    leaves = [
        {"indicator": leaf, **posts, **({"target": target} if method == "n_dist2targ" else {})}
        for leaf, target in zip(LEAVES, (900.0, 0.5, 900.0, 0.5, 900.0), strict=True)
    ]
    order = ("select", "screen", "impute", "treat", "normalise", "aggregate", "scale")
    chosen = {stage: entry for stage in order if (entry := stages.get(stage))}
    return {
        "framework": name,
        "title": name,
        "description": "Made up.",
        "measures": "size",
        "universe": {"units": UNITS},
        "editions": [{"edition": edition} for edition in EDITIONS],
        "stages": [{"stage": stage, **entry} for stage, entry in chosen.items()],
        "index": {
            "node": "total",
            "children": [
                {"node": "left", "weight": 0.4, "children": leaves[:3]},
                {"node": "right", "weight": 0.6, "children": leaves[3:]},
            ],
        },
    }


@pytest.fixture(scope="module")
def built() -> tuple[duckdb.DuckDBPyConnection, dict[str, Index]]:
    rng = np.random.default_rng(11)
    figures = pd.DataFrame(
        list(itertools.product(UNITS, LEAVES, EDITIONS)), columns=["city_id", "indicator", "year"]
    )
    # The right node has every figure, so that every unit is ranked however it is imputed.
    value = np.round(rng.lognormal(2, 1.3, len(figures)), 1) + 1
    is_missing = figures["indicator"].isin(LEAVES[1:3]) & (rng.random(len(figures)) < 0.3)
    figures["value"] = np.where(is_missing, np.nan, value)
    cities = pd.DataFrame({"city_id": UNITS, "group_half": ["one", "two"] * 7})
    directions = {leaf: "lower" if leaf in "bd" else "higher" for leaf in LEAVES}
    frameworks = [framework("base", {**BASE})]
    frameworks += [
        framework(f"{stage}_{i}", {**BASE, stage: ALTERNATIVES[stage][i]}) for stage, i in names()
    ]
    with tempfile.TemporaryDirectory() as folder:
        engine.write_catalog(Path(folder), cities, directions, *frameworks)
        con = engine.run(Path(folder), figures)
    staging = [
        con.execute(f"select * from staging.stg_{table}").df()
        for table in ("framework_node", "framework_stage", "city_group")
    ]
    index = [
        con.execute(f"select * from intermediate.int_index_{table}").df()
        for table in ("denominated", "imputed", "screened", "screened_leaf", "weight")
    ]
    found = indices(*staging[:2], *index, staging[2])
    return con, {one.framework: one for one in found}


@pytest.mark.parametrize(("stage", "number"), names())
def test_an_alternative_is_a_framework_of_its_own(
    built: tuple[duckdb.DuckDBPyConnection, dict[str, Index]], stage: str, number: int
) -> None:
    con, found = built
    base, other = found["base"], found[f"{stage}_{number}"]
    variant = Variant(
        {stage: other.stages.get(stage)},
        {b.node: (b.aggregation, b.power) for b in other.branches} if stage == "aggregate" else {},
    )
    if stage == "normalise":  # whose marks are the framework's
        base = other if other.leaves != base.leaves else base
    scores = scores_of_root(base, variant)
    expected = con.execute(
        "select score, coalesce(rank, 0) from marts.index_score "
        "where framework = ? and node = 'total' order by edition, city_id",
        [other.framework],
    ).fetchall()
    assert len(expected) == len(EDITIONS) * len(UNITS)
    np.testing.assert_allclose(
        scores.ravel(), np.array([row[0] for row in expected], dtype=float), rtol=1e-9, atol=1e-12
    )
    assert ranks(scores).ravel().tolist() == [row[1] for row in expected]
    if stage != "scale":
        assert not np.array_equal(scores, scores_of_root(found["base"], Variant()))


def scores_of_root(index: Index, variant: Variant) -> np.ndarray[Any, Any]:
    """(editions, units), as replications have it: for several weights at once, here the first."""
    stages, leaves = stages_of(index, variant), leaf_scores(index, variant)
    rows = []
    for edition in EDITIONS:
        own = leaves[index.editions == edition]
        weights = {node: np.array([w, 0.5]) for node, w in index.weights[edition].items()}
        found = aggregate_tree(
            branches_of(index, variant),
            {leaf.node: own[:, i] for i, leaf in enumerate(index.leaves)},
            weights,
            nodes=["total"],
            is_rounded=False,
        )["total"]
        rows.append(found[0])
    return scale(np.array(rows), stages)
