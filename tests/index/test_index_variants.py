"""A variant and an index weighted by experts, from their files to the scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tools import engine

UNITS = ["north", "south", "east"]
FIGURES = pd.DataFrame(
    [
        (unit, indicator, 2020, value)
        for indicator, values in {
            "roads": [1.0, 3.0, 9.0],
            "rails": [4.0, 2.0, 3.0],
            "ports": [5.0, 1.0, 2.0],
        }.items()
        for unit, value in zip(UNITS, values, strict=True)
    ],
    columns=["city_id", "indicator", "year", "value"],
)
BASE: dict[str, Any] = {
    "framework": "base",
    "title": "Base",
    "description": "Made up.",
    "measures": "size",
    "editions": [{"edition": 2020}],
    "stages": [
        {"stage": "select", "method": "exact"},
        {"stage": "screen", "method": "by_coverage"},
        {"stage": "normalise", "method": "n_minmax", "score_max": 1},
        {"stage": "aggregate", "method": "a_amean"},
    ],
    "index": {
        "node": "base",
        "children": [
            {"indicator": "roads", "weight": 0.5},
            {"indicator": "rails", "weight": 0.3},
            {"indicator": "ports", "weight": 0.2},
        ],
    },
}
SCORES = {
    "roads": {"north": 0, "south": 0.25, "east": 1},
    "rails": {"north": 1, "south": 0, "east": 0.5},
    "ports": {"north": 1, "south": 0, "east": 0.25},
}


def test_variants_stand_beside_their_base_with_weights_of_their_own(tmp_path: Path) -> None:
    directions = dict.fromkeys(("roads", "rails", "ports"), "higher")
    variants: list[dict[str, Any]] = [
        {"framework": "even", "stages": [{"stage": "weight", "method": "equal"}]},
        {"framework": "without_ports", "without_nodes": ["ports"]},
        {"framework": "by_pairs", "stages": [{"stage": "weight", "method": "ahp"}]},
        {"framework": "by_points", "nodes": {"base": {"weighting": "budget_allocation"}}},
    ]
    catalog = engine.write_catalog(tmp_path, pd.DataFrame({"city_id": UNITS}), directions, BASE)
    for variant in variants:
        name = variant["framework"]
        path = catalog / "frameworks" / name
        text = yaml.safe_dump({"title": name, "variant_of": "base", **variant})
        path.with_suffix(".yml").write_text(text, encoding="utf-8")
        path.mkdir()
    (catalog / "frameworks" / "by_pairs" / "pairwise_comparisons.csv").write_text(
        "expert,node,compared_node,importance\n"
        "ann,roads,rails,2\nann,rails,ports,3\nann,roads,ports,6\n"
    )
    (catalog / "frameworks" / "by_points" / "budget_allocation.csv").write_text(
        "expert,node,points\nann,roads,1\nann,rails,0\nann,ports,3\n"
    )
    con = engine.run(catalog, FIGURES)
    found = con.execute("select framework, city_id, score from marts.index_score where level = 2")
    weights = {
        "base": (0.5, 0.3, 0.2),
        "even": (1 / 3, 1 / 3, 1 / 3),
        "without_ports": (0.625, 0.375, 0),
        "by_pairs": (0.6, 0.3, 0.1),
        "by_points": (0.25, 0, 0.75),
    }
    expected = {
        (framework, unit): sum(
            weight * SCORES[node][unit]
            for node, weight in zip(("roads", "rails", "ports"), shares, strict=True)
        )
        for framework, shares in weights.items()
        for unit in UNITS
    }
    assert {row[:2]: row[2] for row in found.fetchall()} == pytest.approx(expected, rel=1e-11)
    compared = con.execute(
        "select framework from raw.framework where variant_of = 'base' order by framework"
    ).fetchall()
    assert [name for (name,) in compared] == sorted(v["framework"] for v in variants)
