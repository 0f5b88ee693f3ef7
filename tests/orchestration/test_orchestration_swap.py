"""``make swap`` on a warehouse of four cities."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from orchestration.swap import SwapError, answer
from orchestration.unit_names import UnitError
from tools import engine

MODELS = ("stg_city", "int_index_aggregated", "int_index_weight")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("swap")
    cities = pd.DataFrame(
        {"city_id": ["one", "two", "three", "four"], "name_en": ["Ayr", "Bath", "Cork", "Cork"]}
    )
    values = {"size": [100, 0, 50, 0], "speed": [0, 100, 50, 0]}
    figures = pd.DataFrame(
        [
            (city, indicator, 2020, float(value))
            for indicator, column in values.items()
            for city, value in zip(cities["city_id"], column, strict=True)
        ],
        columns=["city_id", "indicator", "year", "value"],
    )
    index = {
        "framework": "small",
        "title": "Small index",
        "description": "Made up.",
        "measures": "size",
        "universe": {"units": list(cities["city_id"])},
        "editions": [{"edition": 2020}],
        "stages": [
            {"stage": "select", "method": "exact"},
            {"stage": "screen", "method": "by_coverage"},
            {"stage": "normalise", "method": "n_minmax"},
            {"stage": "aggregate", "method": "a_amean"},
        ],
        "index": {
            "node": "total",
            "title": "Small index",
            "children": [
                {"indicator": "size", "weight": 0.6},
                {"indicator": "speed", "weight": 0.4},
            ],
        },
    }
    engine.write_catalog(folder / "catalog", cities, dict.fromkeys(values, "higher"), index)
    file = folder / "warehouse.duckdb"
    con = engine.prepare(folder / "catalog", figures, str(file))
    for model in engine.needed(MODELS):
        engine.build(con, model)
    con.close()
    return file


def test_it_tells_what_has_to_move(warehouse: Path) -> None:
    lines = answer(warehouse, "small", "bath", "one", ["indicators"])
    assert lines[:3] == [
        "Small index (small), edition 2020",
        "Ayr: rank 1 of 4",
        "Bath: rank 3 of 4",
    ]
    assert lines[4:] == [
        "Weights of indicators: 10.00 % of all weight has to move for Bath to pass Ayr.",
        "  60.000 % ->  50.000 %  size [size]",
        "  40.000 % ->  50.000 %  speed [speed]",
        "All other weights stay. Checked by computing the index with these weights.",
    ]


def test_it_tells_why_none_do(warehouse: Path) -> None:
    lines = answer(warehouse, "small", "four", "Bath", ["dimensions", "indicators"])
    assert [line for line in lines if line.startswith("Weights")] == [
        f"Weights of {scope}: none put Cork above Bath: Bath is at least as good in every part."
        for scope in ("dimensions", "indicators")
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("smal", "one", "two"), "No index 'smal'. Did you mean 'small'?"),
        (("small", "cork", "one"), "'cork' is the name of several cities: four, three."),
        (("small", "Ayr", "one"), "Ayr and one are the same city."),
    ],
)
def test_it_names_what_is_wrong(warehouse: Path, asked: tuple[str, str, str], words: str) -> None:
    with pytest.raises((SwapError, UnitError)) as error:
        answer(warehouse, *asked, ["indicators"])
    assert str(error.value) == words


def test_an_edition_that_is_not_there(warehouse: Path) -> None:
    with pytest.raises(SwapError, match="no edition 2019"):
        answer(warehouse, "small", "one", "two", ["indicators"], 2019)
