"""What must hold of an index whatever its figures: laws of the methods, tried on random tables.

Many frameworks and many tables of figures go through the engine at once, as one catalog, since a
run costs the same for one as for a hundred: each sheet has units of its own.
"""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ingest.framework_cards import METHODS
from tools import engine

YEAR = 2020
INDICATORS = ("a", "b", "c", "d")
DIRECTIONS = {"a": "higher", "b": "lower", "c": "higher", "d": "higher"}
GOOD = np.array([1.0, -1.0, 1.0, 1.0])
"""Which way an indicator counts as better."""

FEW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
"""Examples are runs of the engine, each of several cases."""

Array = np.ndarray[Any, np.dtype[np.float64]]
Stage = dict[str, Any]


# ---------------------------------------------------------------- sheets
@dataclass
class Sheet:
    """A table of figures (rows: units, columns: INDICATORS) and the framework applied to it."""

    values: Array
    stages: Sequence[Stage] = ()
    leaves: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What leaves have besides their indicator."""
    weights: Sequence[float] | None = None
    """Of the two dimensions."""
    more: Mapping[str, Any] = field(default_factory=dict)

    def framework(self, name: str, units: Sequence[str]) -> dict[str, Any]:
        stages = {
            "select": {"stage": "select", "method": "exact"},
            "screen": {"stage": "screen", "method": "by_coverage"},
            "normalise": {"stage": "normalise", "method": "n_minmax"},
            "aggregate": {"stage": "aggregate", "method": "a_amean"},
        } | {stage["stage"]: stage for stage in self.stages}
        leaves = [{"indicator": i, **self.leaves.get(i, {})} for i in INDICATORS]
        dimensions: list[dict[str, Any]] = [
            {"node": "left", "children": leaves[:2]},
            {"node": "right", "children": leaves[2:]},
        ]
        for dimension, weight in zip(dimensions, self.weights or (), strict=False):
            dimension["weight"] = weight
        return {
            "framework": name,
            "title": name,
            "description": "Made up.",
            "measures": "size",
            "universe": {"units": list(units)},
            "editions": [{"edition": YEAR}],
            "stages": [stages[stage] for stage in METHODS if stage in stages],
            "index": {"node": "total", "children": dimensions},
            **self.more,
        }


def run(sheets: Mapping[str, Sheet], shuffle: int | None = None) -> duckdb.DuckDBPyConnection:
    """All sheets through the engine; the units of a sheet are <sheet>_<row>."""
    units = {name: [f"{name}_{i}" for i in range(len(s.values))] for name, s in sheets.items()}
    rows = [
        (unit, indicator, YEAR, float(value))
        for name, sheet in sheets.items()
        for unit, row in zip(units[name], sheet.values, strict=True)
        for indicator, value in zip(INDICATORS, row, strict=True)
    ]
    figures = pd.DataFrame(rows, columns=["city_id", "indicator", "year", "value"])
    cities = pd.DataFrame({"city_id": list(itertools.chain(*units.values()))})
    last = cities["city_id"].str[-1].astype(int)
    cities["group_half"] = np.where(last % 2 == 0, "even", "odd")
    frameworks = [sheet.framework(name, units[name]) for name, sheet in sheets.items()]
    if shuffle is not None:
        figures = figures.sample(frac=1, random_state=shuffle)
        cities = cities.sample(frac=1, random_state=shuffle)
        frameworks.reverse()
    with tempfile.TemporaryDirectory() as folder:
        engine.write_catalog(Path(folder), cities, DIRECTIONS, *frameworks)
        return engine.run(Path(folder), figures)


def scores(con: duckdb.DuckDBPyConnection, sheet: str, column: str = "score") -> pd.DataFrame:
    """Rows: units in the order of the sheet; columns: nodes; NaN where there is none."""
    frame = con.execute(
        f"select city_id, node, {column} as found from marts.index_score "
        "where framework = ? and edition = ?",
        [sheet, YEAR],
    ).df()
    frame["row"] = frame["city_id"].str.rsplit("_", n=1).str[1].astype(int)
    return frame.pivot(index="row", columns="node", values="found").sort_index().astype(float)


def same(one: pd.DataFrame, other: pd.DataFrame, what: str) -> None:
    left, right = one.to_numpy(), other.to_numpy()
    assert np.array_equal(np.isnan(left), np.isnan(right)), f"{what}: missing elsewhere"
    known = ~np.isnan(left)
    assert np.allclose(left[known], right[known], rtol=1e-9, atol=1e-9), f"{what}:\n{one}\n{other}"


TENTHS = st.integers(10, 400).map(lambda n: n / 10)
"""Few enough to be tied at times."""


def tables(
    least: int = 2, most: int = 9, numbers: st.SearchStrategy[float] = TENTHS
) -> st.SearchStrategy[Array]:
    return st.integers(least, most).flatmap(
        lambda n: hnp.arrays(np.float64, (n, len(INDICATORS)), elements=numbers)
    )


def several(**case: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Cases enough to fill a run."""
    return st.lists(st.fixed_dictionaries(case), min_size=4, max_size=4)


def varies(x: Array) -> bool:
    return bool((x.min(axis=0) < x.max(axis=0)).all())


# ---------------------------------------------------------------- methods
def normalisations(
    x: Array, reference: str = ""
) -> dict[str, tuple[Stage, dict[str, dict[str, Any]]]]:
    """Every method of the stage normalise with what it needs for a table: goalposts and targets
    in the unit of the table, a reference unit."""
    low, high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    best = np.where(GOOD > 0, high, low)
    posts = {
        i: {"goalpost_min": float(low[j] - 1), "goalpost_max": float(high[j] + 1)}
        for j, i in enumerate(INDICATORS)
    }
    targets = {i: {"target": float(best[j] + GOOD[j])} for j, i in enumerate(INDICATORS)}
    parameters: dict[str, tuple[Stage, dict[str, dict[str, Any]]]] = {
        "n_minmax": ({"score_min": 1.0, "score_max": 100.0}, {}),
        "n_goalposts": ({"score_min": 1.0, "score_max": 100.0}, posts),
        "n_zscore": ({"mean": 50.0, "sd": 10.0}, {}),
        "n_dist2ref": ({"reference_unit": reference}, {}),
        "n_dist2targ": ({}, targets),
        "n_scaled": ({"shift": 2.0, "factor": 3.0}, {}),
    }
    found = {}
    for method in METHODS["normalise"]:
        stage, leaves = parameters.get(method, ({}, {}))
        found[method] = ({"stage": "normalise", "method": method, **stage}, leaves)
    return found


AGGREGATIONS: dict[str, Stage] = {
    method: {"stage": "aggregate", "method": method}
    | ({"power": 0.5} if method == "a_genmean" else {})
    for method in METHODS["aggregate"]
}


POSITIVE = ("a_gmean", "a_hmean", "a_genmean")
"""Aggregations that are defined for positive scores alone."""

TREAT: Stage = {
    "stage": "treat",
    "method": "winsorise",
    "skewness_max": 1.0,
    "kurtosis_max": 1.0,
    "points_max": 2,
}


# ---------------------------------------------------------------- every method is there
def stage_cases() -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Each stage and method, with a sheet's stages and leaves to try it with."""
    x = TABLE
    for stage, methods in METHODS.items():
        for method in methods:
            entry: Stage = {"stage": stage, "method": method}
            leaves: dict[str, dict[str, Any]] = {}
            if stage == "impute" and method.endswith("_grp"):
                entry["grouping"] = "half"
            if stage == "normalise":
                entry, leaves = normalisations(x, f"{stage}_{method}_0")[method]
            if stage == "aggregate":
                entry = AGGREGATIONS[method]
            yield stage, method, {"stages": [entry], "leaves": leaves}


TABLE = np.random.default_rng(5).normal(30, 5, (9, len(INDICATORS))).round(2)
OVER_TIME = ("i_latest", "i_linear")
"""Methods that need another edition; the other one has no figures here."""
EXPERTS = ("ahp", "budget_allocation")
"""Weightings that read a table of experts' answers beside the framework."""


@pytest.fixture(scope="module")
def all_methods() -> duckdb.DuckDBPyConnection:
    sheets = {}
    for stage, method, parts in stage_cases():
        if method in EXPERTS:
            continue
        stages = parts["stages"]
        if stage != "normalise":
            stages = [*stages, {"stage": "normalise", "method": "n_minmax", "score_min": 1.0}]
        more = {}
        if method in OVER_TIME:
            more["editions"] = [{"edition": YEAR - 1}, {"edition": YEAR}]
        sheets[f"{stage}_{method}"] = Sheet(TABLE, stages, parts["leaves"], more=more)
    return run(sheets)


@pytest.mark.parametrize(
    "sheet", [f"{stage}_{m}" for stage, m, _ in stage_cases() if m not in EXPERTS]
)
def test_a_method_gives_rows_in_every_stage(
    all_methods: duckdb.DuckDBPyConnection, sheet: str
) -> None:
    """A method that the loader knows and a model does not would lose the index without a word."""
    n_leaves = len(TABLE) * len(INDICATORS)
    for model, column, expected in (
        ("int_index_denominated", "value", n_leaves),
        ("int_index_imputed", "value", n_leaves),
        ("int_index_transformed", "value", n_leaves),
        ("int_index_treated", "value", n_leaves),
        ("int_index_normalised", "score", n_leaves),
        ("int_index_weight", "weight", len(INDICATORS) + 3),
        ("int_index_aggregated", "score", n_leaves + 3 * len(TABLE)),
    ):
        found = all_methods.execute(
            f"select count({column}) from intermediate.{model} where framework = ? and edition = ?",
            [sheet, YEAR],
        ).fetchall()
        assert found == [(expected,)], model
    assert scores(all_methods, sheet).notna().all().all()


# ---------------------------------------------------------------- units of measurement
AFFINE = ("n_minmax", "n_zscore", "n_rank", "n_prank", "n_borda", "n_dist2max", "n_dist2ref")
"""Methods that do not depend on the zero of a scale."""


@FEW
@given(
    several(
        x=tables(3),
        factor=st.sampled_from([0.001, 0.5, 7.0, 1e6]),
        shift=st.sampled_from([-300.0, 0.0, 12.5]),
    )
)
def test_units_of_measurement_do_not_matter(cases: list[dict[str, Any]]) -> None:
    """Metres for kilometres, Fahrenheit for Celsius; goalposts and targets go with the unit."""
    sheets = {}
    for (number, case), method, treat in itertools.product(
        enumerate(cases), METHODS["normalise"], (False, True)
    ):
        if method == "n_scaled":
            continue  # its shift and factor are those of one unit for all indicators
        x, factor = case["x"], case["factor"]
        zero = case["shift"] if method in (*AFFINE, "n_goalposts", "n_dist2targ") else 0.0
        for side, values in (("one", x), ("other", x * factor + zero)):
            name = f"{method}_{number}_{treat}_{side}".lower()
            stage, leaves = normalisations(x, f"{name}_0")[method]
            if side == "other":
                leaves = {
                    i: {k: v * factor + zero for k, v in leaf.items()} for i, leaf in leaves.items()
                }
            stages = [stage, *([TREAT] if treat else [])]
            sheets[name] = Sheet(values, stages, leaves)
    con = run(sheets)
    for one in [name for name in sheets if name.endswith("_one")]:
        other = one.removesuffix("_one") + "_other"
        same(scores(con, one), scores(con, other), one)


# ---------------------------------------------------------------- order
def combinations() -> Iterable[tuple[str, str]]:
    """Normalisations with the aggregations that take their scores."""
    for method, aggregation in itertools.product(METHODS["normalise"], AGGREGATIONS):
        if aggregation not in POSITIVE or method in ("n_minmax", "n_goalposts"):
            yield method, aggregation


@FEW
@given(
    several(
        x=tables(2, 7),
        better=st.integers(0, len(INDICATORS) - 1),
        by=st.sampled_from([0.37, 55.5]),
        aggregation=st.sampled_from([*AGGREGATIONS]),
    )
)
def test_doing_better_never_costs_score_or_rank(cases: list[dict[str, Any]]) -> None:
    """The first city alone improves in one indicator.

    Its own score then never falls. Nor does its rank, where the scores of others cannot rise with
    it: under z-scores they can, for it changes the spread, and beyond an uncapped target or
    reference too, for it may be the lowest from which distances are counted. An outlier that is
    treated otherwise than before can cost, so nothing is treated here. A fraction of the maximum
    turns lower-is-better round, as in COINr; a reference unit is compared with as it is.
    """
    sheets = {}
    for number, case in enumerate(cases):
        x, better = case["x"], case["better"]
        raised = x.copy()
        raised[0, better] += case["by"] * GOOD[better]
        if not varies(x) or not varies(raised):
            continue
        for method, aggregation in combinations():
            if aggregation != case["aggregation"] or method in ("n_dist2ref", "n_fracmax"):
                continue
            stage, leaves = normalisations(np.vstack([x, raised]))[method]
            capped = {"is_capped": True} if method == "n_dist2targ" else {}
            for side, values in (("before", x), ("after", raised)):
                stages = [{**stage, **capped}, AGGREGATIONS[aggregation]]
                sheets[f"{method}_{aggregation}_{number}_{side}"] = Sheet(values, stages, leaves)
    if not sheets:
        return
    con = run(sheets)
    for before in [name for name in sheets if name.endswith("_before")]:
        after = before.removesuffix("before") + "after"
        one, other = (scores(con, side)["total"] for side in (before, after))
        if not math.isnan(one[0]) and not math.isnan(other[0]):
            assert other[0] >= one[0] - 1e-9, (before, one, other)
            if not before.startswith("n_zscore"):
                ranks = [scores(con, side, "rank")["total"][0] for side in (before, after)]
                assert ranks[1] <= ranks[0], (before, one, other)


@FEW
@given(
    several(
        x=tables(3, 9),
        gains=st.tuples(*[st.sampled_from([0.0, 0.0, 1.5, 90.0])] * 4),
        aggregation=st.sampled_from([*AGGREGATIONS]),
    )
)
def test_who_is_nowhere_behind_is_not_behind(cases: list[dict[str, Any]]) -> None:
    """The first city has what the second has, or better, of everything: no method, treated or not,
    puts it behind; and who is level in everything shares a rank."""
    sheets = {}
    for (number, case), treat in itertools.product(enumerate(cases), (False, True)):
        x = case["x"].copy()
        x[0] = x[1] + GOOD * np.array(case["gains"])
        for method, aggregation in combinations():
            if aggregation != case["aggregation"] or method == "n_fracmax":
                continue
            name = f"{method}_{aggregation}_{number}_{treat}".lower()
            stage, leaves = normalisations(x, f"{name}_2")[method]
            stages = [stage, AGGREGATIONS[aggregation], *([TREAT] if treat else [])]
            sheets[name] = Sheet(x, stages, leaves)
    con = run(sheets)
    for name in sheets:
        found, ranks = scores(con, name), scores(con, name, "rank")
        level = cases[int(name.split("_")[-2])]["gains"] == (0.0,) * 4
        for node in found:
            first, second = found[node][0], found[node][1]
            assert math.isnan(first) == math.isnan(second)
            assert not first < second, (name, node, found)
            assert not level or math.isnan(first) or ranks[node][0] == ranks[node][1], (name, node)


@FEW
@given(several(x=tables(3, 9, st.integers(1, 3).map(float))))
def test_ties_share_the_smallest_rank(cases: list[dict[str, Any]]) -> None:
    rank: Stage = {"stage": "normalise", "method": "n_rank"}
    sheets = {f"minmax_{i}": Sheet(case["x"]) for i, case in enumerate(cases)}
    sheets |= {f"rank_{i}": Sheet(case["x"], [rank]) for i, case in enumerate(cases)}
    con = run(sheets)
    for sheet in sheets:
        found, ranks = scores(con, sheet), scores(con, sheet, "rank")
        for node in found:
            expected = found[node].dropna().rank(method="min", ascending=False)
            assert ranks[node].dropna().to_dict() == expected.to_dict(), (sheet, node)


# ---------------------------------------------------------------- means
MEANS: dict[str, Stage] = {
    "hmean": {"method": "a_hmean"},
    "power_of_minus_half": {"method": "a_genmean", "power": -0.5},
    "gmean": {"method": "a_gmean"},
    "power_of_half": {"method": "a_genmean", "power": 0.5},
    "amean": {"method": "a_amean"},
    "power_of_two": {"method": "a_genmean", "power": 2.0},
}
"""From the lowest to the highest."""


@FEW
@given(several(x=tables(2, 9), weight=st.sampled_from([0.1, 0.5, 0.75])))
@example([{"x": np.full((3, 4), 7.0), "weight": 0.5}])
def test_means_stand_in_their_order(cases: list[dict[str, Any]]) -> None:
    """Harmonic below geometric below arithmetic, and the power means between by their exponents;
    all between the lowest and the highest child."""
    sheets = {}
    for (number, case), (name, mean) in itertools.product(enumerate(cases), MEANS.items()):
        stage, leaves = normalisations(case["x"])["n_goalposts"]
        weights = [case["weight"], 1 - case["weight"]]
        stages = [stage, {"stage": "aggregate", **mean}]
        sheets[f"{name}_{number}"] = Sheet(case["x"], stages, leaves, weights)
    con = run(sheets)
    for number in range(len(cases)):
        found = {name: scores(con, f"{name}_{number}") for name in MEANS}
        for lower, higher in itertools.pairwise(found):
            for node in ("left", "right", "total"):
                assert (found[lower][node] <= found[higher][node] + 1e-9).all(), (lower, higher)
        for name, table in found.items():
            children = table[["left", "right"]]
            assert (table["total"] <= children.max(axis=1) + 1e-9).all(), name
            assert (table["total"] >= children.min(axis=1) - 1e-9).all(), name


@FEW
@given(several(x=tables(2, 9)))
def test_equal_weights_are_given_equal_weights(cases: list[dict[str, Any]]) -> None:
    halves = {i: {"weight": 0.5} for i in INDICATORS}
    odd = {i: {"weight": w} for i, w in zip(INDICATORS, (0.3, 0.7, 0.9, 0.1), strict=True)}
    equal = {"stage": "weight", "method": "equal"}
    sheets = {}
    for number, case in enumerate(cases):
        sheets |= {
            f"none_{number}": Sheet(case["x"]),
            f"given_{number}": Sheet(case["x"], (), halves, [0.5, 0.5]),
            f"equal_{number}": Sheet(case["x"], [equal]),
            f"equal_against_given_{number}": Sheet(case["x"], [equal], odd, [0.2, 0.8]),
        }
    con = run(sheets)
    for number in range(len(cases)):
        for name in ("given", "equal", "equal_against_given"):
            one, other = scores(con, f"none_{number}"), scores(con, f"{name}_{number}")
            assert one.equals(other), name


# ---------------------------------------------------------------- rows and other frameworks
TABLES = (
    "intermediate.int_index_selected",
    "intermediate.int_index_imputed",
    "intermediate.int_index_treated",
    "intermediate.int_index_normalised",
    "intermediate.int_index_weight",
    "marts.index_score",
)


def contents(con: duckdb.DuckDBPyConnection, sheet: str) -> dict[str, list[Any]]:
    return {
        table: con.execute(
            f"select * from {table} where framework = ? order by all", [sheet]
        ).fetchall()
        for table in TABLES
    }


def rich(x: Array, method: str) -> Sheet:
    """A sheet that passes through every stage that adds up values."""
    return Sheet(
        x,
        [
            {"stage": "impute", "method": "i_mean_grp", "grouping": "half"},
            TREAT,
            {"stage": "normalise", "method": method},
        ],
        {"a": {"weight": 0.3}, "b": {"weight": 0.7}},
        [0.15, 0.85],
    )


@FEW
@given(
    cases=several(
        x=tables(3, 25, st.floats(0.1, 1e6) | st.just(math.nan)),
        method=st.sampled_from(["n_zscore", "n_minmax", "n_prank"]),
    ),
    seed=st.integers(0, 99),
)
def test_order_of_rows_and_other_frameworks_change_no_bit(
    cases: list[dict[str, Any]], seed: int
) -> None:
    """Figures, cities and frameworks in another order, and frameworks that nobody asked for."""
    sheets = {f"sheet_{i}": rich(case["x"], case["method"]) for i, case in enumerate(cases)}
    others = {f"other_{i}": Sheet(case["x"] * 2) for i, case in enumerate(cases)}
    one, other = run(sheets), run({**sheets, **others}, shuffle=seed)
    for name in sheets:
        assert contents(one, name) == contents(other, name)


# ---------------------------------------------------------------- the ends of what can be given
@pytest.fixture(scope="module")
def ends() -> duckdb.DuckDBPyConnection:
    table = TABLE.copy()
    sheets = {}
    for method in METHODS["normalise"]:
        for name, values in (
            ("alone", table[:1]),
            ("equal", np.full((5, len(INDICATORS)), 7.0)),
            ("missing", np.full((5, len(INDICATORS)), math.nan)),
        ):
            sheet = f"{name}_{method}"
            marks = table if name == "missing" else values
            stage, leaves = normalisations(marks, f"{sheet}_0")[method]
            stages = [stage, {"stage": "treat", "method": "winsorise"}]
            sheets[sheet] = Sheet(values, stages, leaves)
    return run(sheets)


KEEP_CONSTANTS = ("n_goalposts", "n_rank", "n_borda", "n_dist2targ", "n_fracmax", "n_scaled")
"""Methods whose score is defined where all values are equal."""


@pytest.mark.parametrize("method", METHODS["normalise"])
@pytest.mark.parametrize("name", ["alone", "equal", "missing"])
def test_ends_have_a_score_or_none_and_never_a_nan(
    ends: duckdb.DuckDBPyConnection, name: str, method: str
) -> None:
    """One city alone, and cities that are all equal, have a score where the method measures by
    something else than the spread of the cities; without figures nobody has one."""
    found = scores(ends, f"{name}_{method}")
    rows = ends.execute(
        "select count(*), count(score), count(case when isnan(score) or isinf(score) then 1 end) "
        "from marts.index_score where framework = ?",
        [f"{name}_{method}"],
    ).fetchall()
    assert rows[0][0] == found.size, "a row for every city and node"
    assert rows[0][2] == 0
    defined = method in KEEP_CONSTANTS or (method == "n_prank" and name == "equal")
    expected = found.size if defined and name != "missing" else 0
    assert rows[0][1] == expected
    if expected:
        assert found["total"].nunique() == 1
        assert (scores(ends, f"{name}_{method}", "rank")["total"] == 1).all()


# ---------------------------------------------------------------- means that need positive scores
GMEAN = AGGREGATIONS["a_gmean"]


def test_a_geometric_mean_of_scores_from_zero_is_refused() -> None:
    """The worst city would have 0 whatever its other scores: the loader says what to do."""
    with pytest.raises(ValueError, match="a_gmean") as caught:
        run({"sheet": Sheet(TABLE, [GMEAN])})
    assert "positive scores" in str(caught.value)
    assert "score_min" in str(caught.value)


def test_a_geometric_mean_takes_zero_and_negative_figures_by_their_scores() -> None:
    """Figures of zero and below are no fault, scores are: those have no mean, and others keep
    theirs. The audit then blocks the release (index_score, means_are_defined)."""
    x = TABLE - TABLE.min(axis=0) - 1
    x[0] = [2.0, 3.0, 5.0, 4.0]
    positive, _ = normalisations(x)["n_minmax"]
    plain: Stage = {"stage": "normalise", "method": "n_scaled", "shift": 0.0, "factor": 1.0}
    higher = {"b": {"direction": "higher"}}
    con = run(
        {
            "positive": Sheet(x, [positive, GMEAN], higher),
            "as_it_is": Sheet(x, [plain, GMEAN], higher),
        }
    )
    assert scores(con, "positive")["total"].notna().all()
    found = scores(con, "as_it_is")
    undefined = (x[:, :2] <= 0).any(axis=1) | (x[:, 2:] <= 0).any(axis=1)
    assert 0 < undefined.sum() < len(x)
    assert (found["total"].isna() == undefined).all()
    assert math.isclose(found["left"][0], math.sqrt(6), rel_tol=1e-9)
    assert math.isclose(found["total"][0], 120**0.25, rel_tol=1e-9)


# ---------------------------------------------------------------- imputed means
def test_the_mean_of_equal_figures_ties_with_them() -> None:
    """0.1 + ... + 0.1 is no multiple of 0.1 to the last bit, and a rank would turn on it."""
    sheets = {}
    for n in (3, 7, 10):
        x = np.full((n + 1, len(INDICATORS)), 0.1)
        x[0, 1::2] = math.nan
        stages: list[Stage] = [
            {"stage": "impute", "method": "i_mean"},
            {"stage": "normalise", "method": "n_rank"},
        ]
        sheets[f"equal_{n}"] = Sheet(x, stages)
    con = run(sheets)
    for name in sheets:
        assert (scores(con, name, "rank") == 1).all().all(), name
