"""The smallest index there is, one indicator of two cities, through every model of an index."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tools import engine

LEAF = "x_index"


def test_an_index_of_one_indicator_is_built(tmp_path: Path) -> None:
    framework = {
        "framework": "f",
        "title": "F",
        "description": "Made up.",
        "measures": "mixed",
        "universe": {"countries": ["XX"]},
        "editions": [{"edition": 2020}],
        "stages": [
            {"stage": "select", "method": "newest"},
            {"stage": "screen", "method": "by_coverage"},
            {"stage": "normalise", "method": "n_minmax", "score_min": 0, "score_max": 100},
            {"stage": "aggregate", "method": "a_amean"},
        ],
        "index": {
            "node": "f",
            "title": "F",
            "children": [{"node": "a", "title": "A", "children": [{"indicator": LEAF}]}],
        },
        "uncertainty": {"replications": 100, "samples": 16},
    }
    cities = pd.DataFrame({"city_id": ["one", "two"]})
    figures = cities.assign(indicator=LEAF, year=2020, value=[1.0, 2.0])
    catalog = engine.write_catalog(tmp_path / "catalog", cities, {LEAF: "higher"}, framework)
    models = [name for name in engine.compiled() if name.startswith(("index_", "int_index_"))]
    con = engine.run(catalog, figures, models)
    ranges = con.execute(
        "select city_id, rank_p05, rank_p95 from marts.index_sensitivity order by city_id"
    ).fetchall()
    assert ranges == [("one", 2, 2), ("two", 1, 1)]
    # No two children, so no components; no ranking without the only indicator.
    assert con.execute("select count(*) from marts.index_pca").fetchall() == [(0,)]
    reasons = con.execute("select distinct reason from marts.index_removal").fetchall()
    assert reasons == [("no city has a score without it",)]
