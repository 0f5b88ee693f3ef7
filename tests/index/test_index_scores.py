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
    """COINr's: row sums of the outranking matrix. Scores are level that are so by 12 digits."""
    columns = np.round(columns, 9)
    one, other = columns[:, None, :], columns[None, :, :]
    matrix = ((one > other) * w).sum(axis=2) + ((one == other) * w).sum(axis=2) / 2
    np.fill_diagonal(matrix, 0)
    return np.asarray(matrix.sum(axis=1) / w.sum())


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
