"""Published weights that swap two cities, tried by building the index with them in SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from tools import engine

FIGURES = {
    "a": [90, 30, 10, 50, 0],
    "b": [10, 80, 60, 40, 20],
    "c": [70, 20, 100, 0, 30],
    "d": [30, 90, 20, 60, 10],
}
CITIES = [f"city_{i}" for i in range(5)]
MODELS = (
    "index_weight_swap",
    "index_weight_swap_node",
    "index_weight_first",
    "index_weight_first_node",
    "index_weight_range",
    "index_weight_break",
)


def framework(name: str, weights: dict[str, float], method: str) -> dict[str, Any]:
    """Leaves a, b below x and c, d below y; weights of leaves are shares of the whole."""
    sides = {"x": ("a", "b"), "y": ("c", "d")}
    parts = {side: sum(weights[leaf] for leaf in leaves) for side, leaves in sides.items()}
    return {
        "framework": name,
        "title": name,
        "description": "Made up.",
        "measures": "size",
        "universe": {"units": CITIES},
        "editions": [{"edition": 2020}],
        "stages": [
            {"stage": "select", "method": "exact"},
            {"stage": "screen", "method": "by_coverage"},
            {"stage": "normalise", "method": "n_minmax", "score_min": 1, "score_max": 100},
            {"stage": "aggregate", "method": method},
        ],
        "index": {
            "node": "total",
            "children": [
                {
                    "node": side,
                    "weight": parts[side],
                    "children": [
                        {"indicator": leaf, "weight": weights[leaf] / parts[side]}
                        for leaf in leaves
                    ],
                }
                for side, leaves in sides.items()
            ],
        },
    }


def figures() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (city, leaf, 2020, float(value))
            for leaf, values in FIGURES.items()
            for city, value in zip(CITIES, values, strict=True)
        ],
        columns=["city_id", "indicator", "year", "value"],
    )


def build(
    folder: Path, models: tuple[str, ...], *frameworks: dict[str, Any]
) -> duckdb.DuckDBPyConnection:
    catalog = engine.write_catalog(
        folder, pd.DataFrame({"city_id": CITIES}), dict.fromkeys(FIGURES, "higher"), *frameworks
    )
    return engine.run(catalog, figures(), models)


GIVEN = {"a": 0.4, "b": 0.2, "c": 0.1, "d": 0.3}


@pytest.mark.parametrize("method", ["a_amean", "a_gmean"])
def test_the_index_with_the_published_weights_swaps(tmp_path: Path, method: str) -> None:
    con = build(tmp_path / "before", MODELS, framework("given", GIVEN, method))
    swaps = con.execute(
        "select city_id, other_city_id, weight_moved from marts.index_weight_swap "
        "where weight_scope = 'indicators' and is_possible and is_exact order by all"
    ).fetchall()
    firsts = con.execute(
        "select city_id from marts.index_weight_first "
        "where weight_scope = 'indicators' and is_possible and is_exact order by all"
    ).fetchall()
    assert len(swaps) > 4 and len(firsts) > 1
    swaps, firsts = swaps[::2], firsts[:2]
    tried = []
    for i, (city, other, moved) in enumerate(swaps):
        weights = dict(
            con.execute(
                "select node, weight_needed from marts.index_weight_swap_node where weight_scope = "
                "'indicators' and city_id = ? and other_city_id = ?",
                [city, other],
            ).fetchall()
        )
        change = sum(abs(weights[leaf] - GIVEN[leaf]) for leaf in GIVEN) / 2
        assert change == pytest.approx(moved, abs=1e-9)
        tried.append(framework(f"swap_{i}", positive(weights), method))
    for i, (city,) in enumerate(firsts):
        weights = dict(
            con.execute(
                "select node, weight_needed from marts.index_weight_first_node where weight_scope "
                "= 'indicators' and city_id = ?",
                [city],
            ).fetchall()
        )
        tried.append(framework(f"first_{i}", positive(weights), method))

    after = build(tmp_path / "after", ("index_score",), *tried)
    ranks = {
        (name, city): rank
        for name, city, rank in after.execute(
            "select framework, city_id, rank from marts.index_score where node = 'total'"
        ).fetchall()
    }
    for i, (city, other, _) in enumerate(swaps):
        assert ranks[f"swap_{i}", other] < ranks[f"swap_{i}", city]
    for i, (city,) in enumerate(firsts):
        assert ranks[f"first_{i}", city] == 1


def positive(weights: dict[str, float]) -> dict[str, float]:
    """A framework file takes no weight of zero: next to nothing instead, below the margin."""
    return {node: max(weight, 1e-12) for node, weight in weights.items()}


def test_what_breaks_the_order_is_the_smallest_swap(tmp_path: Path) -> None:
    con = build(tmp_path, MODELS, framework("given", GIVEN, "a_amean"))
    top = con.execute(
        "select city_id from marts.index_score where node = 'total' order by rank limit 3"
    ).fetchall()
    swaps = con.execute(
        "select weight_moved, city_id, other_city_id from marts.index_weight_swap "
        "where weight_scope = 'dimensions' and is_possible order by all"
    ).fetchall()
    a, b, c = (city for (city,) in top)
    smallest = min(
        row
        for row in swaps
        if row[1:] in ((a, b), (b, c)) or (row[1] == c and row[2] not in (a, b))
    )
    found = con.execute(
        "select weight_moved, city_id, other_city_id from marts.index_weight_break "
        "where weight_scope = 'dimensions'"
    ).fetchall()
    assert found == [smallest]
    ranges = con.execute(
        "select effective_weight, weight_low, weight_high, alone_low, alone_high, weight_broken "
        "from marts.index_weight_range where weight_scope = 'dimensions' and is_range_exact"
    ).fetchall()
    assert len(ranges) == 2
    for weight, low, high, alone_low, alone_high, broken in ranges:
        # Of two weights the other is what is left, so that both ranges are the same.
        assert (low, high) == (pytest.approx(alone_low), pytest.approx(alone_high))
        assert low < weight < high
        assert np.isclose(broken, low, atol=1e-6) or np.isclose(broken, high, atol=1e-6)
