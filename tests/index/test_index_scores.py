"""Weights, aggregation and final scaling: a framework and figures in, scores out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from tools import engine

ASEM = Path(__file__).resolve().parents[3] / "shared" / "reference" / "coinr_asem"
needs_asem = pytest.mark.skipif(not ASEM.is_dir(), reason="needs ../shared/reference/coinr_asem")

Tree = Mapping[str, Any]
STAGES = {
    "select": {"method": "newest"},
    "screen": {"method": "by_coverage"},
    "normalise": {"method": "n_minmax"},
    "aggregate": {"method": "a_amean", "missing_children": "share"},
}
LEAVES = ("a", "b", "c", "d", "e")
TREE = {"root": {"left": ["a", "b", "c"], "right": ["d", "e"]}}


def node(name: str, children: Any, **more: Any) -> dict[str, Any]:
    if isinstance(children, Mapping):
        return {"node": name, "children": [node(k, v) for k, v in children.items()], **more}
    return {"node": name, "children": [{"indicator": leaf} for leaf in children], **more}


def framework(
    tree: Mapping[str, Any],
    stages: Mapping[str, Mapping[str, Any]],
    editions: Sequence[int] = (2020,),
    **more: Any,
) -> dict[str, Any]:
    """A framework of these stages, those of STAGES where others are not given."""
    merged = {**STAGES, **stages}
    order = ("select", "screen", "normalise", "weight", "aggregate", "scale")
    return {
        "framework": "f",
        "title": "F",
        "description": "Made up.",
        "measures": "mixed",
        "editions": [{"edition": year} for year in editions],
        "stages": [{"stage": name, **merged[name]} for name in order if name in merged],
        "index": tree,
        **more,
    }


def build(
    folder: Path,
    values: pd.DataFrame,
    card: Mapping[str, Any],
    lower: Sequence[str] = (),
    models: Sequence[str] = engine.STAGES,
) -> duckdb.DuckDBPyConnection:
    """The index of a framework on figures: units, or years and units, by indicators."""
    if values.index.nlevels == 1:
        values = pd.concat({2020: values})
    figures = (
        values.rename_axis(["year", "city_id"])
        .rename_axis("indicator", axis=1)
        .stack(future_stack=True)
        .rename("value")
        .reset_index()
    )
    cities = pd.DataFrame({"city_id": figures["city_id"].unique()})
    directions = {name: "lower" if name in lower else "higher" for name in values.columns}
    return engine.run(engine.write_catalog(folder, cities, directions, card), figures, models)


def scores_of(con: duckdb.DuckDBPyConnection, column: str = "aggregated_score") -> pd.DataFrame:
    """Units by nodes; editions are part of the index where there are several."""
    table = con.execute("select * from marts.index_score").df()
    index = ["edition", "city_id"] if table["edition"].nunique() > 1 else "city_id"
    return table.pivot(index=index, columns="node", values=column)


def weights_of(con: duckdb.DuckDBPyConnection, column: str = "weight") -> pd.Series:
    table = con.execute("select * from intermediate.int_index_weight").df()
    return table.set_index("node")[column]


def assert_close(found: Any, expected: Any, relative: float = 1e-9) -> None:
    np.testing.assert_allclose(
        np.asarray(found, float), np.asarray(expected, float), rtol=relative, atol=1e-11
    )


@pytest.fixture(scope="module")
def figures() -> pd.DataFrame:
    """Twelve units, positive, with ties in one indicator."""
    rng = np.random.default_rng(5)
    values = rng.lognormal(size=(12, 5)) + 0.3 * rng.normal(size=(12, 1)) ** 2
    values[:, 1] = np.round(values[:, 1])
    return pd.DataFrame(values, columns=list(LEAVES), index=[f"u{i:02d}" for i in range(12)])


def minmax(values: pd.DataFrame, low: float = 0, high: float = 100) -> pd.DataFrame:
    return low + (high - low) * (values - values.min()) / (values.max() - values.min())


def weighted(tree: str = "root") -> dict[str, Any]:
    """The tree with weights of its own."""
    left = node("left", ["a", "b", "c"], weight=0.7)
    right = node("right", ["d", "e"], weight=0.3)
    for child, weight in zip(left["children"], (0.5, 0.2, 0.3), strict=True):
        child["weight"] = weight
    for child, weight in zip(right["children"], (0.25, 0.75), strict=True):
        child["weight"] = weight
    return {"node": "root", "children": [left, right]}


def median(x: np.ndarray, w: np.ndarray) -> float:
    order = np.argsort(x)
    below = np.cumsum(w[order]) / w.sum()
    return float(
        np.mean([x[order][np.argmax(below > limit)] for limit in (0.5 - 1e-12, 0.5 + 1e-12)])
    )


def copeland(columns: np.ndarray, w: np.ndarray) -> np.ndarray:
    """COINr's: row sums of the outranking matrix turned into wins and losses."""
    columns = np.round(columns, 9)
    one, other = columns[:, None, :], columns[None, :, :]
    matrix = ((one > other) * w).sum(axis=2) + ((one == other) * w).sum(axis=2) / 2
    outcome = np.sign(np.round(matrix / w.sum() - 0.5, 9))
    np.fill_diagonal(outcome, 0)
    return np.asarray(outcome.sum(axis=1))


def each_row(formula: Callable[..., float]) -> Callable[..., np.ndarray]:
    return lambda x, w: np.array([formula(row, w) for row in x])


FORMULAS: dict[str, Callable[..., np.ndarray]] = {
    "a_amean": each_row(lambda x, w: float(np.average(x, weights=w))),
    "a_gmean": each_row(lambda x, w: float(np.prod(x ** (w / w.sum())))),
    "a_hmean": each_row(lambda x, w: float(w.sum() / np.sum(w / x))),
    "a_genmean": each_row(lambda x, w: float(np.average(x**2.5, weights=w) ** (1 / 2.5))),
    "a_median": each_row(median),
    "a_copeland": copeland,
}


@pytest.mark.parametrize("method", FORMULAS)
def test_a_method_of_aggregation(tmp_path: Path, figures: pd.DataFrame, method: str) -> None:
    power = {"power": 2.5} if method == "a_genmean" else {}
    con = build(
        tmp_path,
        figures,
        framework(
            weighted(),
            {
                "normalise": {"method": "n_minmax", "score_min": 1, "score_max": 100},
                "aggregate": {"method": method, **power},
            },
        ),
    )
    x, found, formula = minmax(figures, 1), scores_of(con), FORMULAS[method]
    left = formula(x[["a", "b", "c"]].to_numpy(), np.array([0.5, 0.2, 0.3]))
    right = formula(x[["d", "e"]].to_numpy(), np.array([0.25, 0.75]))
    assert_close(found["left"], left)
    assert_close(found["right"], right)
    both = np.column_stack([left, right])
    assert_close(found["root"], formula(both, np.array([0.7, 0.3])))


def entropy(x: np.ndarray) -> np.ndarray:
    p = x / x.sum(axis=0)
    logs = np.log(p, where=p > 0, out=np.zeros_like(p))
    return np.asarray(1 + (p * logs).sum(axis=0) / np.log(len(x)))


def critic(x: np.ndarray) -> np.ndarray:
    conflict = (1 - np.corrcoef(x, rowvar=False)).sum(axis=0)
    return np.asarray(x.std(axis=0, ddof=1) / np.ptp(x, axis=0) * conflict)


def first_component(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.eigh(np.corrcoef(x, rowvar=False))[1][:, -1])


def shares(weights: np.ndarray) -> np.ndarray:
    return np.asarray(weights / weights.sum())


@pytest.mark.parametrize(
    ("method", "formula"), [("entropy", entropy), ("critic", critic), ("pca", first_component)]
)
def test_weights_found_in_the_scores_of_the_level_below(
    tmp_path: Path,
    figures: pd.DataFrame,
    method: str,
    formula: Callable[[np.ndarray], np.ndarray],
) -> None:
    con = build(
        tmp_path, figures, framework(node("root", TREE["root"]), {"weight": {"method": method}})
    )
    x, found = minmax(figures), weights_of(con)
    left, right = x[["a", "b", "c"]].to_numpy(), x[["d", "e"]].to_numpy()
    assert_close(found[["a", "b", "c"]], shares(formula(left)))
    assert_close(found[["d", "e"]], shares(formula(right)))
    above = np.column_stack([left @ shares(formula(left)), right @ shares(formula(right))])
    assert_close(found[["left", "right"]], shares(formula(above)))
    assert_close(scores_of(con)["root"], above @ shares(formula(above)))
    effective = weights_of(con, "effective_weight")
    assert_close(effective["a"], found["a"] * found["left"])
    assert effective[list(LEAVES)].sum() == pytest.approx(1)


def test_a_node_decides_for_its_children(tmp_path: Path, figures: pd.DataFrame) -> None:
    tree = weighted()
    tree["children"][1]["weighting"] = "critic"
    by_level = {"method": "given", "by_level": {3: "equal"}}
    con = build(tmp_path, figures, framework(tree, {"weight": by_level}))
    found = weights_of(con)
    assert_close(found[["left", "right", "a", "b", "c"]], [0.5, 0.5, 0.5, 0.2, 0.3])
    assert_close(found[["d", "e"]], shares(critic(minmax(figures)[["d", "e"]].to_numpy())))
    assert list(weights_of(con, "weighting")[["left", "a", "d"]]) == ["equal", "given", "critic"]


def objective(x: np.ndarray, w: np.ndarray, name: str) -> float:
    """COINr's, without the logarithm: x are the children of the root."""
    r = np.array([np.corrcoef(column, x @ w)[0, 1] for column in x.T])
    return float(-r.sum() if name == "infomax" else np.mean((r / r.sum() - 1 / len(r)) ** 2))


@pytest.mark.parametrize("name", ["balance", "infomax"])
def test_optimised_weights(tmp_path: Path, figures: pd.DataFrame, name: str) -> None:
    method = {"method": "correlation_optimised", "objective": name}
    con = build(tmp_path, figures, framework(node("root", LEAVES), {"weight": method}))
    x, found = minmax(figures).to_numpy(), weights_of(con)[list(LEAVES)].to_numpy()
    others = np.random.default_rng(1).dirichlet(np.ones(5), 5000)
    assert objective(x, found, name) < min(objective(x, w, name) for w in others)
    assert found.min() >= 0


def test_weights_over_the_panel(tmp_path: Path, figures: pd.DataFrame) -> None:
    later = figures.iloc[::-1].set_axis(figures.index) * [1, 2, 1, 3, 1]
    values = pd.concat({2020: figures, 2021: later})
    stages = {
        "normalise": {"method": "n_minmax", "across": "panel"},
        "weight": {"method": "critic", "across": "panel"},
    }
    con = build(tmp_path, values, framework(node("root", LEAVES), stages, (2020, 2021)))
    table = con.execute("select * from intermediate.int_index_weight").df()
    by_edition = table.pivot(index="edition", columns="node", values="weight")[list(LEAVES)]
    assert_close(by_edition, [shares(critic(minmax(values).to_numpy()))] * 2)


def test_weights_that_the_scores_do_not_determine(tmp_path: Path, figures: pd.DataFrame) -> None:
    tree = node("root", TREE["root"], weighting="equal")
    # That z-scores around 0 don't go with it is told of the file; around 0.01 only the scores tell.
    normalise = {"method": "n_zscore", "mean": 0.01}
    stages = {"normalise": normalise, "weight": {"method": "entropy"}}
    con = build(tmp_path, figures, framework(tree, stages))
    assert_close(weights_of(con)[["a", "d"]], [1 / 3, 1 / 2])
    assert set(weights_of(con, "weighting")) == {"equal", "given"}
    problem = weights_of(con, "weighting_problem")["a"]
    assert problem == (
        "entropy weights below left: entropy needs scores from zero up; normalise to 0..100, or "
        "choose other weights"
    )


def test_an_indicator_that_screening_drops_has_no_weight(
    tmp_path: Path, figures: pd.DataFrame
) -> None:
    values = figures.copy()
    values.iloc[:8, 0] = np.nan
    values.iloc[:8, 3:] = np.nan
    screen = {"method": "by_coverage", "indicator_coverage_min": 0.5}
    con = build(tmp_path, values, framework(weighted(), {"screen": screen}))
    found = weights_of(con)
    assert found[["a", "d", "e", "right"]].isna().all()
    assert_close(found[["b", "c", "left"]], [0.4, 0.6, 1])
    x = minmax(figures)
    assert_close(scores_of(con)["root"], 0.4 * x["b"] + 0.6 * x["c"])


def test_missing_children_by_rule(tmp_path: Path, figures: pd.DataFrame) -> None:
    """u00 has one child of three, u01 two."""
    values = figures.copy()
    values.iloc[0, :2] = np.nan
    values.iloc[1, :1] = np.nan
    x = minmax(values)
    rules: dict[str, dict[str, Any]] = {
        "share": {},
        "half": {"children_coverage_min": 0.5},
        "none": {"missing_children": "none"},
    }
    found = {
        name: scores_of(
            build(
                tmp_path / name,
                values,
                framework(
                    node("root", ["a", "b", "c"]), {"aggregate": {"method": "a_amean", **rule}}
                ),
            )
        )["root"]
        for name, rule in rules.items()
    }
    one, two = x["c"].iloc[0], x[["b", "c"]].iloc[1].mean()
    assert_close(
        [found[name].iloc[:2] for name in rules], [[one, two], [np.nan, two], [np.nan] * 2]
    )
    for name in rules:
        assert_close(found[name].iloc[2:], x[["a", "b", "c"]].iloc[2:].mean(axis=1))


@pytest.mark.parametrize("method", ["a_gmean", "a_hmean"])
def test_a_score_of_zero_has_no_geometric_mean(
    tmp_path: Path, figures: pd.DataFrame, method: str
) -> None:
    con = build(
        tmp_path,
        figures,
        framework(
            node("root", LEAVES),
            {
                "normalise": {"method": "n_scaled", "shift": 0, "factor": 2},
                "aggregate": {"method": method},
            },
        ),
        models=[*engine.STAGES, "index_ranking"],
    )
    x = figures / 2
    assert list(scores_of(con)["root"].isna()) == list((x == 0).any(axis=1))
    table = con.execute("select city_id, reason from marts.index_ranking where rank is null").df()
    reasons = dict(table.itertuples(index=False))
    assert reasons == {
        unit: f"no {method} of root: {'; '.join(x.columns[row == 0])} not above zero"
        for unit, row in x.iterrows()
        if (row == 0).any()
    }


@pytest.mark.parametrize(
    ("method", "formula"),
    [
        ("leader_1", lambda s: s / s.max()),
        ("leader_100", lambda s: 100 * s / s.max()),
        ("zero_to_100", minmax),
    ],
)
def test_final_scaling(
    tmp_path: Path, figures: pd.DataFrame, method: str, formula: Callable[..., pd.DataFrame]
) -> None:
    con = build(
        tmp_path,
        figures,
        framework(node("root", TREE["root"]), {"scale": {"method": method}}),
    )
    before, after = scores_of(con), scores_of(con, "score")
    above = ["left", "right", "root"]
    assert_close(after[above], formula(before[above]))
    assert_close(after[list(LEAVES)], before[list(LEAVES)])
    ranks = scores_of(con, "rank")["root"]
    assert list(ranks) == list(after["root"].rank(method="min", ascending=False))


def test_bounds_under_a_geometric_mean(tmp_path: Path, figures: pd.DataFrame) -> None:
    values = figures.copy()
    values.iloc[3, 2] = values.iloc[5, 4] = values.iloc[8, 0] = np.nan
    con = build(
        tmp_path,
        values,
        framework(
            weighted(),
            {
                "normalise": {"method": "n_minmax", "score_min": 1, "score_max": 100},
                "aggregate": {"method": "a_gmean", "missing_children": "share"},
                "scale": {"method": "leader_1"},
            },
        ),
        models=[*engine.STAGES, "int_index_bound"],
    )
    x, formula = minmax(values, 1), FORMULAS["a_gmean"]
    bounds = con.execute("select * from intermediate.int_index_bound").df()
    bounds = bounds.set_index("city_id").sort_index()
    for column, filled in (("score_from", 1.0), ("score_to", 100.0)):
        row = x.fillna(filled)
        left = formula(row[["a", "b", "c"]].to_numpy(), np.array([0.5, 0.2, 0.3]))
        right = formula(row[["d", "e"]].to_numpy(), np.array([0.25, 0.75]))
        both = formula(np.column_stack([left, right]), np.array([0.7, 0.3]))
        assert_close(bounds[column], pd.Series(both, index=bounds.index))
    low, high = bounds["score_from"].to_numpy(), bounds["score_to"].to_numpy()
    others = ~np.eye(len(bounds), dtype=bool)
    best = 1 + ((low > high[:, None]) & others).sum(axis=1)
    worst = 1 + ((high > low[:, None]) & others).sum(axis=1)
    assert list(bounds["rank_from"]) == list(best)
    assert list(bounds["rank_to"]) == list(worst)
    complete = bounds["n_missing"] == 0
    assert (best < worst)[complete].any(), "gaps of others leave ranks of complete cities open"


def asem_tree(parents: Mapping[str, Sequence[str]], name: str = "Index") -> dict[str, Any]:
    children = [
        asem_tree(parents, child) if child in parents else {"indicator": child.lower()}
        for child in parents[name]
    ]
    return {"node": name.lower(), "children": children}


def asem(folder: Path, low: float, method: str, **stages: Any) -> duckdb.DuckDBPyConnection:
    """The index of ASEM from its treated values."""
    meta = pd.read_csv(ASEM / "ASEM_iMeta.csv")
    treated = pd.read_csv(ASEM / "stage5_Treated.csv").set_index("uCode")
    parents = meta[meta["Parent"].notna()].groupby("Parent", sort=False)["iCode"].apply(list)
    leaves = meta.loc[meta["Level"] == 1]
    values = treated[list(leaves["iCode"])].rename(columns=str.lower).rename(index=str.lower)
    card = framework(
        asem_tree(parents.to_dict()),
        {
            "normalise": {"method": "n_minmax", "score_min": low, "score_max": 100},
            "aggregate": {"method": method, "missing_children": "share"},
            **stages,
        },
    )
    lower = leaves.loc[leaves["Direction"] == -1, "iCode"].str.lower()
    return build(folder, values, card, lower=list(lower))


def reference(name: str) -> pd.DataFrame:
    table = pd.read_csv(ASEM / f"{name}.csv", skipinitialspace=True)
    table = table.set_index("uCode").rename(columns=str.lower).rename(index=str.lower)
    return table.sort_index()


@needs_asem
@pytest.mark.parametrize(
    ("name", "low", "method"),
    [("stage7_Aggregated", 0, "a_amean"), ("agg_alt_1_100_a_gmean", 1, "a_gmean")],
)
def test_asem_aggregates_as_in_coinr(tmp_path: Path, name: str, low: float, method: str) -> None:
    found, expected = scores_of(asem(tmp_path, low, method)), reference(name)
    nodes = [column for column in expected.columns if column in found.columns]
    assert len(nodes) >= 11
    assert_close(found[nodes].astype(float), expected[nodes].astype(float))


@needs_asem
def test_asem_ranks_and_effective_weights_are_those_of_coinr(tmp_path: Path) -> None:
    con = asem(tmp_path, 0, "a_amean")
    results = reference("results_full_ranks")
    ranks = scores_of(con, "rank")
    nodes = [column for column in results.columns if column in ranks.columns]
    assert len(nodes) >= 11
    assert (ranks[nodes].astype(int) == results[nodes].astype(int)).all(axis=None)
    weights = pd.read_csv(ASEM / "effective_weights.csv", skipinitialspace=True)
    expected = weights.set_index(weights["iCode"].str.lower())["EffWeight"].astype(float)
    found = weights_of(con, "effective_weight")
    assert len(expected) == len(found)
    assert_close(found[expected.index], expected)
