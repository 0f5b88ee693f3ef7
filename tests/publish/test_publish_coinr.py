"""An index as COINr's tables: ratios, gaps, editions, codes that COINr refuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingest.coinr.files import read_coin
from publish.coinr import ExportError, export
from tools import engine

UNITS = pd.DataFrame(
    {
        "city_id": ["aa", "bb", "cc", "dd"],
        "code": ["AA", "NA", "cc", "1d"],
        "name_en": ["aa", "=1+1", "cc", "dd"],
        "group_region": ["north", "north", "south", ""],
    }
)
FRAMEWORK: dict[str, Any] = {
    "framework": "orchards",
    "title": "Orchards",
    "description": "Made up.",
    "measures": "mixed",
    "references": ["wealth"],
    "editions": [{"edition": 2020}, {"edition": 2021}],
    "stages": [
        {"stage": "select", "method": "exact"},
        {"stage": "denominate", "method": "by_indicator"},
        {"stage": "screen", "method": "by_coverage", "unit_coverage_min": 0.5},
        {"stage": "normalise", "method": "n_minmax"},
        {"stage": "aggregate", "method": "a_amean", "missing_children": "share"},
    ],
    "index": {
        "node": "total",
        "title": "Total",
        "children": [
            {
                "node": "sea",
                "weight": 0.25,
                "children": [{"node": "alone", "code": "Alone", "indicator": "ships"}],
            },
            {
                "node": "pair",
                "title": "Pair",
                "weight": 0.75,
                "children": [
                    {"node": "dense", "indicator": "trees", "denominator": "area", "per": 100},
                    {"node": "rot", "code": "Rot", "indicator": "rot"},
                ],
            },
        ],
    },
}
VALUES = {
    "ships": [1.5, 2, None, 8],
    "trees": [10, 20, 30, None],
    "area": [100, 100, 50, 100],
    "rot": [0.1, 0.30000000000000004, 0.5, None],
    "wealth": [7, 8, 9, 10],
}
TABLES = (
    *(
        "index_score",
        "index_weight",
        "framework",
        "framework_node",
        "city",
        "indicator",
        "observation",
    ),
    *("stg_framework_reference", "stg_city_group", "stg_framework_stage"),
)


def figures(values: dict[str, Sequence[float | None]] = VALUES) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (city, indicator, year, value)
            for indicator, row in values.items()
            for city, value in zip(UNITS["city_id"], row, strict=True)
            for year in (2020, 2021)
        ],
        columns=["city_id", "indicator", "year", "value"],
    )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a release of the framework has in its tables."""
    folder = tmp_path_factory.mktemp("orchards")
    directions = dict.fromkeys(VALUES, "higher") | {"rot": "lower"}
    catalog = engine.write_catalog(folder / "catalog", UNITS, directions, FRAMEWORK)
    con = engine.run(catalog, figures(), (*engine.STAGES, *TABLES))
    file = folder / "warehouse.duckdb"
    con.execute(f"attach '{file}' as release")
    con.execute("copy from database warehouse to release")
    con.close()
    return file


@pytest.fixture(scope="module")
def folder(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("out") / "orchards"
    export(warehouse, "orchards", target)
    return target


def test_every_parent_stands_one_level_above(folder: Path) -> None:
    meta = pd.read_csv(folder / "iMeta.csv").set_index("iCode")
    tree = meta[meta["Level"].notna()]
    below = tree[tree["Parent"].notna()]
    assert (tree.loc[below["Parent"], "Level"].to_numpy() == below["Level"] + 1).all()
    assert meta.loc["Alone", ["Parent", "Weight"]].to_list() == ["sea", 1]
    assert meta.loc["sea", ["Parent", "Weight"]].to_list() == ["total", 0.25]


def test_it_can_be_brought_in(folder: Path) -> None:
    coin = read_coin(folder / "iData.csv", folder / "iMeta.csv")
    assert coin.years == (2020, 2021)
    assert [m.code for m in coin.of_type("Indicator")] == ["Alone", "dense", "Rot"]
    assert [m.code for m in coin.of_type("Other")] == ["wealth"]
    assert coin.units["AA"].groups == {"region": "north"}
    assert coin.units["dd"].groups == {}


def test_no_text_is_a_missing_value_or_a_formula(folder: Path) -> None:
    data = pd.read_csv(folder / "iData.csv", keep_default_na=False)
    assert "NA" not in set(data["uCode"])
    texts = [str(cell) for row in data.to_numpy().tolist() for cell in row]
    assert " =1+1" in texts
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]
    coin = read_coin(folder / "iData.csv", folder / "iMeta.csv")
    assert coin.units["bb"].name == "=1+1"


def test_a_ratio_is_the_leaf_divided_by_its_denominator(folder: Path) -> None:
    data = pd.read_csv(folder / "iData.csv")
    meta = pd.read_csv(folder / "iMeta.csv").set_index("iCode")
    denominator = meta.loc["dense", "Denominator"]
    assert denominator == "area_per_100"
    stage = pd.read_csv(folder / "Denominated.csv").sort_values(["Time", "uCode"])
    data = data.sort_values(["Time", "uCode"])
    assert (data["dense"] / data[denominator]).round(12).to_list()[:3] == [10, 20, 60]
    assert stage["dense"].round(12).to_list()[:3] == [10, 20, 60]


def test_numbers_keep_every_digit_and_gaps_are_na(folder: Path) -> None:
    lines = (folder / "iData.csv").read_text(encoding="utf-8").splitlines()
    columns = lines[0].split(",")
    second = dict(zip(columns, lines[2].split(","), strict=True))
    assert second["uCode"] == "bb"
    assert float(second["Rot"]) == 0.30000000000000004
    fourth = dict(zip(columns, lines[4].split(","), strict=True))
    assert (fourth["uCode"], fourth["Rot"], fourth["region"]) == ("dd", "NA", "NA")


def test_stages_are_those_of_the_framework(folder: Path) -> None:
    assert sorted(path.stem for path in folder.iterdir()) == [
        *("Aggregated", "Denominated", "Normalised", "Raw", "Screened"),
        *("effective_weights", "iData", "iMeta", "results_ranks", "results_scores"),
    ]
    raw, screened = (pd.read_csv(folder / f"{name}.csv") for name in ("Raw", "Screened"))
    assert sorted(set(raw["uCode"])) == ["AA", "bb", "cc", "dd"]
    assert sorted(set(screened["uCode"])) == ["AA", "bb", "cc"]


def test_the_best_unit_comes_first(folder: Path) -> None:
    scores = pd.read_csv(folder / "results_scores.csv")
    ranks = pd.read_csv(folder / "results_ranks.csv")
    for table in (scores, ranks):
        assert table["Time"].to_list() == [2020, 2020, 2020, 2021, 2021, 2021]
    assert scores["uCode"].to_list() == ranks["uCode"].to_list()
    assert scores["total"][:3].is_monotonic_decreasing
    assert ranks["total"].to_list() == [1, 2, 3, 1, 2, 3]


def test_one_edition_has_no_time_in_its_tables(warehouse: Path, tmp_path: Path) -> None:
    export(warehouse, "orchards", tmp_path / "one", edition=2021)
    assert pd.read_csv(tmp_path / "one" / "Raw.csv").columns.to_list() == [
        *("uCode", "Alone", "dense", "Rot")
    ]
    assert set(pd.read_csv(tmp_path / "one" / "iData.csv")["Time"]) == {2021}


@pytest.mark.parametrize(
    ("framework", "edition", "said"),
    [
        ("even", None, "no framework 'even'; there are orchards."),
        ("orchards", 2019, "'orchards' has no edition 2019; it has 2020, 2021."),
    ],
)
def test_what_is_not_there_is_told(
    warehouse: Path, tmp_path: Path, framework: str, edition: int | None, said: str
) -> None:
    with pytest.raises(ExportError, match=said.replace("?", r"\?")):
        export(warehouse, framework, tmp_path / "out", edition)
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_left_alone(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="is not empty"):
        export(warehouse, "orchards", tmp_path)
