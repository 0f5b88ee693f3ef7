"""The engine against two more implementations of the chain, over random frameworks.

One is the plain oracle, the other analysis.chain, which computes many indices at once.

Each case has its own units, figures, tree, editions and methods; all cases of a seed go through
the engine as frameworks of one catalog, which costs as much as one.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import index_oracle as oracle
import numpy as np
import pandas as pd
import pytest
import yaml

from ingest.catalog import load_catalog
from tools import engine

CASES = 50
SEEDS = (1, 2, 3)
YEARS = (2019, 2020, 2021, 2022)
INDICATORS = {f"i{j}": "lower" if j % 4 == 3 else "higher" for j in range(10)}
DENOMINATOR = "people"
DIRECTIONS = {**INDICATORS, DENOMINATOR: "higher"}
REGIONS = ("north", "south", "")
POSITIVE = ("a_gmean", "a_hmean", "a_genmean")
"""Aggregations that are defined for positive scores alone."""

Random = np.random.Generator
Case = tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]
"""A framework, its units with their groups, and their figures."""


def pick(random: Random, *options: Any) -> Any:
    return options[int(random.integers(len(options)))]


def chance(random: Random, share: float) -> bool:
    return bool(random.random() < share)


# ---------------------------------------------------------------- cases
def random_values(random: Random, n: int) -> np.ndarray[Any, Any]:
    """Values of one indicator: even, skewed, tied, with outliers at either end, or all equal."""
    kind = pick(random, "normal", "skewed", "tied", "high", "low", "equal", "zeros")
    if kind == "normal":
        return random.normal(50, 10, n)
    if kind == "skewed":
        return random.lognormal(2, 1.2, n)
    if kind == "tied":
        return random.integers(1, 5, n).astype(float)
    if kind == "zeros":
        return np.where(random.random(n) < 0.5, 0.0, random.lognormal(1, 1, n))
    if kind == "equal":
        return np.full(n, 7.0)
    x = random.normal(20, 2, n)
    far = random.choice(n, size=min(n, int(random.integers(1, 4))), replace=False)
    x[far] = x[far] * 30 if kind == "high" else x[far] / 30
    return x


def figures(random: Random, units: list[str], years: tuple[int, ...]) -> pd.DataFrame:
    rows = []
    missing = pick(random, 0.0, 0.1, 0.3)
    for indicator in INDICATORS:
        block = random_values(random, len(units) * len(years))
        known = random.random(block.size) >= missing
        pairs = [(unit, year) for unit in units for year in years]
        rows += [
            (unit, indicator, year, float(value) if is_known else math.nan)
            for (unit, year), value, is_known in zip(pairs, block, known, strict=True)
            if is_known or chance(random, 0.5)  # a row without a value, or no row
        ]
    rows += [
        (unit, DENOMINATOR, year, pick(random, 0.0, *random.lognormal(3, 1, 12)))
        for unit in units
        for year in years
    ]
    return pd.DataFrame(rows, columns=["city_id", "indicator", "year", "value"])


def shares(random: Random, n: int) -> list[float | None]:
    """Given weights that sum to 1, or none."""
    if chance(random, 0.4):
        return [None] * n
    parts = random.integers(1, 6, n)
    weights = [round(float(part / parts.sum()), 6) for part in parts]
    weights[-1] = 1 - sum(weights[:-1])
    return [*weights]


def random_leaf(random: Random, name: str, methods: dict[str, Any]) -> dict[str, Any]:
    leaf: dict[str, Any] = {"indicator": name}
    if chance(random, 0.15):
        leaf |= {"denominator": DENOMINATOR, "per": pick(random, 1, 100)}
    if chance(random, 0.2):
        leaf["direction"] = pick(random, "higher", "lower")
    if methods["transform"] and chance(random, 0.4):
        leaf["transform"] = pick(random, "sqrt", "log1p", "log", "log10", "boxcox")
        if leaf["transform"] == "boxcox":
            leaf["boxcox_lambda"] = pick(random, 0.0, 0.5, -1.0)
    if chance(random, 0.15):
        leaf |= pick(random, {"cap_min": 5.0}, {"cap_max": 60.0}, {"cap_min": 3.0, "cap_max": 50.0})
    if methods["select"] == "newest" and chance(random, 0.1):
        leaf["max_age_years"] = pick(random, 0, 2)
    if methods["treat"] and chance(random, 0.2):
        leaf |= pick(random, {"treatment": "none"}, {"points_max": int(random.integers(0, 4))})
    if methods["impute"] and chance(random, 0.15):
        leaf["imputation"] = "none"
    if methods["normalise"] == "n_goalposts":
        leaf |= {"goalpost_min": pick(random, 0.5, 1.0), "goalpost_max": pick(random, 30.0, 80.0)}
    if methods["normalise"] == "n_dist2targ":
        leaf["target"] = pick(random, 40.0, 90.0)
    return leaf


def random_tree(random: Random, methods: dict[str, Any]) -> dict[str, Any]:
    names = list(random.permutation(list(INDICATORS)))[: int(random.integers(2, 10))]
    leaves = [random_leaf(random, str(name), methods) for name in names]

    def group(nodes: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]]:
        parts = np.array_split(np.array(nodes, dtype=object), int(random.integers(1, 4)))
        return [branch(list(part), f"{prefix}{i}") for i, part in enumerate(parts) if len(part)]

    def branch(children: list[dict[str, Any]], name: str) -> dict[str, Any]:
        for child, weight in zip(children, shares(random, len(children)), strict=True):
            child |= {} if weight is None else {"weight": weight}
        node: dict[str, Any] = {"node": name, "children": children}
        if chance(random, 0.1):
            node["aggregation"] = pick(random, "a_amean", "a_median")
        if chance(random, 0.1):
            node["missing_children"] = pick(random, "share", "none")
        return node

    nodes = leaves
    for prefix in ("d", "p")[: int(random.integers(0, 3))]:
        nodes = group(nodes, prefix)
    return branch(nodes, "total")


def random_stages(
    random: Random, units: list[str], n_editions: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    methods: dict[str, Any] = {
        "select": pick(random, "newest", "exact"),
        "impute": pick(random, None, *CHAIN["impute"]),
        "transform": chance(random, 0.3),
        "treat": chance(random, 0.6),
        "normalise": pick(random, *CHAIN["normalise"]),
        "weight": pick(random, None, *CHAIN["weight"]),
        "aggregate": pick(random, *CHAIN["aggregate"]),
        "scale": pick(random, None, None, *CHAIN["scale"]),
    }
    if n_editions == 1 and methods["impute"] in ("i_latest", "i_linear"):
        methods["impute"] = "i_mean"
    positive = methods["aggregate"] in POSITIVE or methods["weight"] == "entropy"
    if positive:
        methods["normalise"] = pick(
            random, *(m for m in CHAIN["normalise"] if m in ("n_minmax", "n_goalposts", "n_rank"))
        )
    if methods["normalise"] == "n_zscore":
        methods["scale"] = pick(random, None, *(s for s in CHAIN["scale"] if s == "zero_to_100"))
    across = {"across": pick(random, "edition", "panel")}
    screen: dict[str, Any] = {"stage": "screen", "method": "by_coverage"}
    for name, values in (
        ("unit_coverage_min", (0.5, 0.75)),
        ("unit_nonzero_min", (0.2, 0.5)),
        ("dimension_coverage_min", (0.5, 0.7)),
        ("indicator_coverage_min", (0.5,)),
    ):
        if name in CHAIN["screen"] and chance(random, 0.3):
            screen[name] = pick(random, *values)
    stages: list[dict[str, Any]] = [
        {"stage": "select", "method": methods["select"]},
        {"stage": "denominate", "method": "by_indicator"},
        screen,
    ]
    if methods["impute"]:
        impute = {"stage": "impute", "method": methods["impute"]}
        if methods["impute"].endswith("_grp"):
            impute["grouping"] = "region"
        if methods["impute"].startswith(("i_mean", "i_median")):
            impute |= {"across": pick(random, "edition", "panel")}
        if methods["impute"] == "i_latest" and chance(random, 0.5):
            impute["editions_max"] = pick(random, 1, 2)
        stages.insert(pick(random, 2, 3), impute)
    if methods["transform"]:
        stages.append({"stage": "transform", "method": "by_indicator"})
    if methods["treat"]:
        treat = {"stage": "treat", "method": "winsorise", **across}
        for name, values in (
            ("skewness_max", (1.0, 2.0, 2.25)),
            ("kurtosis_max", (2.0, 3.5)),
            ("points_max", (0, 1, 3, 5)),
            ("fallback", ("none", "log_CT", "log_CT_orig", "log_GII", "boxcox")),
        ):
            if chance(random, 0.4):
                treat[name] = pick(random, *values)
        if treat.get("fallback") == "boxcox":
            treat["boxcox_lambda"] = pick(random, 0.0, 0.5)
        stages.append(treat)
    normalise = {"stage": "normalise", "method": methods["normalise"]}
    if methods["normalise"] not in ("n_goalposts", "n_scaled"):
        normalise |= across
    if methods["normalise"] in ("n_minmax", "n_goalposts"):
        normalise |= {"score_min": 1.0 if positive else 0.0, "score_max": pick(random, 10.0, 100.0)}
    if methods["normalise"] == "n_zscore" and chance(random, 0.5):
        normalise |= {"mean": 50.0, "sd": 10.0}
    if methods["normalise"] == "n_scaled":
        normalise |= {"shift": 3.0, "factor": 20.0}
    if methods["normalise"] == "n_dist2ref":
        normalise["reference_unit"] = units[0]
    if methods["normalise"] in ("n_goalposts", "n_dist2ref", "n_dist2targ") and chance(random, 0.5):
        normalise["is_capped"] = positive or pick(random, True, False)
    stages.append(normalise)
    if methods["weight"]:
        weight = {"stage": "weight", "method": methods["weight"], **across}
        if chance(random, 0.2):
            weight["by_level"] = {2: pick(random, "given", "equal")}
        stages.append(weight)
    aggregate = {"stage": "aggregate", "method": methods["aggregate"]}
    if chance(random, 0.2):
        aggregate["by_level"] = {3: pick(random, "a_amean", "a_median", "a_copeland")}
    if methods["aggregate"] == "a_genmean":
        aggregate["power"] = pick(random, -1.0, 0.5, 2.0)
    if chance(random, 0.3):
        aggregate["missing_children"] = pick(random, "share", "none")
    if chance(random, 0.2):
        aggregate["children_coverage_min"] = 0.6
    stages.append(aggregate)
    if methods["scale"]:
        stages.append({"stage": "scale", "method": methods["scale"]})
    return stages, methods


def random_case(random: Random, number: int) -> Case:
    units = [f"k{number}_u{i}" for i in range(int(pick(random, 1, 2, 4, 7, 12, 25)))]
    regions = [pick(random, *REGIONS) for _ in units]
    cities = pd.DataFrame({"city_id": units, "group_region": regions})
    editions = sorted(random.choice(YEARS[1:], size=int(random.integers(1, 4)), replace=False))
    stages, methods = random_stages(random, units, len(editions))
    framework = {
        "framework": f"k{number}",
        "title": f"Case {number}",
        "description": "Made up.",
        "measures": "size",
        "universe": {"units": units},
        "editions": [
            {"edition": int(edition)}
            | ({"max_age_years": pick(random, 0, 1)} if methods["select"] == "newest" else {})
            for edition in editions
        ],
        "stages": stages,
        "index": random_tree(random, methods),
    }
    return framework, cities, figures(random, units, YEARS)


CHAIN: dict[str, tuple[str, ...]] = {
    "screen": (
        "unit_coverage_min",
        "unit_nonzero_min",
        "dimension_coverage_min",
        "indicator_coverage_min",
    ),
    "impute": ("i_mean", "i_median", "i_mean_grp", "i_median_grp", "i_latest", "i_linear"),
    "normalise": (
        "n_minmax",
        "n_goalposts",
        "n_zscore",
        "n_rank",
        "n_prank",
        "n_borda",
        "n_dist2max",
        "n_dist2ref",
        "n_dist2targ",
        "n_fracmax",
        "n_scaled",
    ),
    "weight": ("given", "equal", "entropy", "critic"),
    "aggregate": ("a_amean", "a_gmean", "a_hmean", "a_genmean", "a_median", "a_copeland"),
    "scale": ("leader_1", "leader_100", "zero_to_100"),
}


# ---------------------------------------------------------------- comparison
STAGES = {
    "denominated": ("intermediate.int_index_denominated", "value"),
    "imputed": ("intermediate.int_index_imputed", "value"),
    "transformed": ("intermediate.int_index_transformed", "value"),
    "treated": ("intermediate.int_index_treated", "value"),
    "normalised": ("intermediate.int_index_normalised", "score"),
    "score": ("marts.index_score", "score"),
}


def differences(
    con: duckdb.DuckDBPyConnection, framework: str, expected: oracle.Result
) -> list[str]:
    """The first stage in which the engine and the oracle differ, with some of the values."""
    for stage, (table, column) in STAGES.items():
        found = con.execute(
            f"select edition, city_id, node, {column} from {table} "
            f"where framework = ? and {column} is not null",
            [framework],
        ).fetchall()
        wrong = compared(
            {row[:3]: row[3] for row in found}, getattr(expected, stage), scale_of(stage)
        )
        if wrong:
            return [f"{stage}: {line}" for line in wrong[:8]]
    found = con.execute(
        "select edition, node, weight from intermediate.int_index_weight "
        "where framework = ? and parent is not null and weight is not null",
        [framework],
    ).fetchall()
    wrong = compared({row[:2]: row[2] for row in found}, expected.weight, 1e-12)
    return [f"weight: {line}" for line in wrong[:8]] or ranks_wrong(con, framework, expected)


def scale_of(stage: str) -> float:
    """What counts as zero: scores are differences of values, whose digits cancel near the ends
    of a scale."""
    return 1e-9 if stage in ("normalised", "score") else 0.0


def compared(found: dict[Any, float], expected: dict[Any, float], absolute: float) -> list[str]:
    return [
        f"{key}: engine {found.get(key)}, expected {expected.get(key)}"
        for key in sorted({*found, *expected})
        if key not in found
        or key not in expected
        or not math.isclose(found[key], expected[key], rel_tol=1e-9, abs_tol=absolute)
    ]


def ranks_wrong(
    con: duckdb.DuckDBPyConnection, framework: str, expected: oracle.Result
) -> list[str]:
    """Ranks against those of the expected scores; scores nearer than 1e-10 may go either way."""
    groups: dict[tuple[int, str], list[float]] = {}
    for (edition, _, node), score in expected.score.items():
        groups.setdefault((edition, node), []).append(score)
    wrong = []
    for edition, city, node, rank in con.execute(
        "select edition, city_id, node, rank from marts.index_score "
        "where framework = ? and rank is not null",
        [framework],
    ).fetchall():
        own = expected.score[edition, city, node]
        others = np.array(groups[edition, node])
        near = 1e-10 * max(1.0, abs(own))
        best, worst = 1 + (others > own + near).sum(), 1 + (others > own - near).sum() - 1
        if not best <= rank <= max(best, worst):
            wrong.append(f"rank of {(edition, city, node)}: {rank}, expected {best} to {worst}")
    return wrong


def arrays_wrong(con: duckdb.DuckDBPyConnection, framework: str) -> list[str]:
    """Nodes at which analysis.chain, on which replications rest, has another score or rank."""
    return [
        f"analysis.chain: edition, node, scores in one only, other ranks, difference: {row}"
        for row in con.execute(
            "select edition, node, n_unmatched, n_rank_deviations, score_deviation "
            "from intermediate.int_index_fidelity where framework = ? and "
            "(n_unmatched > 0 or n_rank_deviations > 0 or score_deviation > 1e-9)",
            [framework],
        ).fetchall()
    ]


def accepted(cases: list[Case], folder: Path) -> list[Case]:
    """The cases whose frameworks are valid: a few combinations are none, as the loader says."""
    catalog = load_catalog([write(cases, folder)])
    return [case for case in cases if case[0]["framework"] in catalog.frameworks]


def write(cases: list[Case], folder: Path) -> Path:
    cities = pd.concat([case[1] for case in cases], ignore_index=True)
    return engine.write_catalog(folder, cities, DIRECTIONS, *(case[0] for case in cases))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_frameworks_agree_with_the_oracle(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    cases = accepted([random_case(random, n) for n in range(CASES)], tmp_path / "all")
    assert len(cases) > 0.8 * CASES
    values = pd.concat([case[2] for case in cases], ignore_index=True)
    models = (*engine.STAGES, "int_index_fidelity")
    shuffled = values.sample(frac=1, random_state=seed)
    con = engine.run(write(cases, tmp_path / "valid"), shuffled, models)
    failures = []
    for framework, units, own in cases:
        groups = {
            city: {"region": region} if region else {}
            for city, region in zip(units["city_id"], units["group_region"], strict=True)
        }
        chain = oracle.Chain(framework, own, list(units["city_id"]), groups, DIRECTIONS)
        wrong = differences(con, framework["framework"], chain.run())
        wrong += arrays_wrong(con, framework["framework"])
        if wrong:
            text = yaml.safe_dump(framework, sort_keys=False)
            failures.append("\n".join([*wrong, text]))
    assert not failures, f"{len(failures)} of {len(cases)} differ\n\n" + "\n".join(failures[:3])
