"""COINr's iData and iMeta as a catalog: what is made of them, and what is said of faulty ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ingest.bundle import bundle
from ingest.catalog import load_catalog
from ingest.coinr.__main__ import main
from ingest.settings import PROJECT, Settings

DATA = """\
"uName","uCode","Region","Time","Pop","Trees","Rot","Press","Note"
"Austria","AUT","W",2020,8.9,1e+05,-0.1,3,7
"Bergland","B.1","W",2020,1.6000000000000001,NA,0.30000000000000004,4,
"Chile, south","CHL","S",2020,19,12,5,0,1.5
"""
META = """\
Level,iCode,iName,Direction,Weight,Unit,Target,Denominator,Parent,Type
1,Trees,Fruit trees,1,2,Number,10,Pop,Land,Indicator
1,Rot,Rot,-1,1,%,0,,Land,Indicator
1,Press,Presses,1,1,,5,,Craft,Indicator
2,Land,Land,1,1,Score,,,Idx,Aggregate
2,Craft,Craft,1,1,Score,,,Idx,Aggregate
3,Idx,Orchards,1,1,Score,,,,Aggregate
,Region,Region,,,,,,,Group
,Pop,Population,,,Thousands,,,,Denominator
,Note,Note,,,,,,,Other
"""


def bring_in(folder: Path, data: str = DATA, meta: str = META, *options: str) -> int:
    (folder / "iData.csv").write_text(data, encoding="utf-8")
    (folder / "iMeta.csv").write_text(meta, encoding="utf-8")
    return main(
        [
            f"--idata={folder / 'iData.csv'}",
            f"--imeta={folder / 'iMeta.csv'}",
            f"--to={folder / 'orchards'}",
            *options,
        ]
    )


def framework(folder: Path) -> dict:
    path = folder / "orchards" / "frameworks" / "orchards.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def facts(folder: Path) -> pd.DataFrame:
    path = folder / "orchards" / "sources" / "orchards" / "idata.observation.csv"
    return pd.read_csv(path, dtype={"printed_value": str}, float_precision="round_trip")


def test_a_coin_becomes_a_catalog_without_fault(tmp_path: Path) -> None:
    assert bring_in(tmp_path) == 0
    catalog = load_catalog([tmp_path / "orchards"])
    assert catalog.errors == ()
    assert {c.city_id: (c.code, c.country_code, c.groups) for c in catalog.cities.values()} == {
        "aut": ("AUT", "AT", {"region": "W"}),
        "b_1": ("B.1", "ZZ", {"region": "W"}),
        "chl": ("CHL", "CL", {"region": "S"}),
    }
    assert {i.indicator: (i.code, i.direction) for i in catalog.indicators.values()} == {
        "trees_number": ("Trees", "higher"),
        "rot_per_cent_balance": ("Rot", "lower"),
        "press": ("Press", "higher"),
        "pop_thousands": ("Pop", "higher"),
        "note": ("Note", "higher"),
    }
    assert catalog.frameworks["orchards"].references == ("note",)


def test_figures_keep_every_digit(tmp_path: Path) -> None:
    assert bring_in(tmp_path) == 0
    found = facts(tmp_path).set_index(["indicator", "city_id"])
    assert len(found) == 15
    value = found["value"].to_dict()
    assert value["rot_per_cent_balance", "b_1"] == 0.30000000000000004
    assert value["pop_thousands", "b_1"] == 1.6000000000000001
    assert value["trees_number", "aut"] == 100000
    missing = found[found["status"] == "missing"]
    assert list(missing.index) == [("note", "b_1"), ("trees_number", "b_1")]
    assert found.loc[("trees_number", "aut"), "printed_value"] == "1e+05"


def test_weights_are_shares_of_siblings_or_none(tmp_path: Path) -> None:
    assert bring_in(tmp_path) == 0
    root = framework(tmp_path)["index"]
    land, craft = root["children"]
    assert "weight" not in land and "weight" not in craft
    assert [child["weight"] for child in land["children"]] == [2 / 3, 1 / 3]
    trees = land["children"][0]
    assert (trees["denominator"], trees["target"], trees["direction"]) == (
        "pop_thousands",
        10.0,
        "higher",
    )


def test_the_stages_are_those_of_the_example_coin(tmp_path: Path) -> None:
    assert bring_in(tmp_path) == 0
    stages = framework(tmp_path)["stages"]
    assert [(s["stage"], s["method"]) for s in stages] == [
        ("select", "exact"),
        ("denominate", "by_indicator"),
        ("impute", "i_mean_grp"),
        ("screen", "by_coverage"),
        ("treat", "winsorise"),
        ("normalise", "n_minmax"),
        ("weight", "given"),
        ("aggregate", "a_amean"),
    ]


def test_the_minimal_stages_change_no_value(tmp_path: Path) -> None:
    assert bring_in(tmp_path, DATA, META, "--stages=minimal") == 0
    names = [stage["stage"] for stage in framework(tmp_path)["stages"]]
    assert names == ["select", "denominate", "screen", "normalise", "weight", "aggregate"]


def test_years_are_editions(tmp_path: Path) -> None:
    later = "".join(line.replace(",2020,", ",2021,") for line in DATA.splitlines(True)[1:])
    assert bring_in(tmp_path, DATA + later) == 0
    editions = framework(tmp_path)["editions"]
    assert [e["edition"] for e in editions] == [2020, 2021]
    assert sorted(set(facts(tmp_path)["year"])) == [2020, 2021]


def test_without_time_the_year_is_said(tmp_path: Path) -> None:
    data = DATA.replace('"Time",', "").replace(",2020,", ",")
    assert bring_in(tmp_path, data, META, "--year=2017", "--kind=city", "--country=at") == 0
    assert framework(tmp_path)["editions"][0]["edition"] == 2017
    cities = load_catalog([tmp_path / "orchards"]).cities.values()
    assert {(c.kind, c.country_code) for c in cities} == {("city", "AT")}


def test_a_folder_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "orchards").mkdir()
    (tmp_path / "orchards" / "mine.txt").write_text("mine", encoding="utf-8")
    assert bring_in(tmp_path) == 1
    assert (
        "the folder is not empty. Name a folder that does not exist yet" in capsys.readouterr().err
    )
    assert [p.name for p in (tmp_path / "orchards").iterdir()] == ["mine.txt"]


Edit = Callable[[str], str]


def put(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


def keep(text: str) -> str:
    return text


FAULTS: dict[str, tuple[Edit, Edit]] = {
    "no_uCode": (put('"uCode"', '"code"'), keep),
    "unit_without_code": (put('"B.1"', '""'), keep),
    "unit_twice": (put('"CHL"', '"AUT"'), keep),
    "units_of_one_identifier": (put('"CHL"', '"b-1"'), keep),
    "cell_no_number": (put("1e+05", "many"), keep),
    "decimal_comma": (put("2020,8.9", '2020,"8,9"'), keep),
    "no_year": (put("2020", "20"), keep),
    "row_too_long": (put("3,7\n", "3,7,9\n"), keep),
    "column_unknown_to_meta": (put('"Note"', '"Notes"'), keep),
    "column_twice": (put('"Note"', '"Rot"'), keep),
    "semicolons": (lambda text: text.replace(",", ";").replace('"', ""), keep),
    "no_rows": (lambda text: text.splitlines(True)[0], keep),
    "meta_without_column": (keep, put("Direction", "Dir")),
    "code_twice": (keep, put("1,Rot,", "1,Trees,")),
    "parent_unknown": (keep, put("5,,Craft,", "5,,Crafts,")),
    "parent_missing": (keep, put("5,,Craft,", "5,,,")),
    "direction": (keep, put("Rot,Rot,-1", "Rot,Rot,2")),
    "direction_missing": (keep, put("Rot,Rot,-1", "Rot,Rot,")),
    "weight": (keep, put("Press,Presses,1,1", "Press,Presses,1,high")),
    "weight_zero": (keep, put("Press,Presses,1,1", "Press,Presses,1,0")),
    "type": (keep, put("Land,Indicator\n1,Rot", "Land,indicator\n1,Rot")),
    "denominator": (keep, put("10,Pop,", "10,Popu,")),
    "target": (keep, put("Number,10,", "Number,ten,")),
    "level_gap": (keep, put("3,Idx", "4,Idx")),
    "too_deep": (
        keep,
        put(
            "3,Idx,Orchards,1,1,Score,,,,Aggregate\n",
            "3,Idx,O,1,1,,,,A,Aggregate\n4,A,A,1,1,,,,B,Aggregate\n5,B,B,1,1,,,,C,Aggregate\n6,C,C,1,1,,,,,Aggregate\n",
        ),
    ),
    "two_roots": (keep, put(",Region,Region", "3,Second,Second,1,1,,,,,Aggregate\n,Region,Region")),
    "aggregate_without_children": (keep, put("5,,Craft,", "5,,Land,")),
    "indicator_without_data": (
        keep,
        put(",Note,Note", "1,Nuts,Nuts,1,1,,1,,Land,Indicator\n,Note,Note"),
    ),
}
"""Edits of iData and of iMeta, each of which is one fault."""
TOLD = yaml.safe_load((PROJECT / "tests" / "fixtures" / "coinr_faults.yml").read_text("utf-8"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_told_with_place_and_remedy(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, meta = FAULTS[fault]
    assert bring_in(tmp_path, data(DATA), meta(META)) == 1
    said = capsys.readouterr().err
    assert TOLD[fault] in said
    assert said.endswith("Nothing was written.\n")
    assert not (tmp_path / "orchards").exists()


def test_of_a_column_of_words_only_the_first_cells_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f'"U{i}","U{i}","W",2020,1,word,1,1,1\n' for i in range(40))
    assert bring_in(tmp_path, DATA + rows) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 5
    assert said[3] == (
        "iData.csv:8: column Trees: 37 more cells of it are not numbers. If it holds groups, its "
        "Type in iMeta is Group."
    )


def test_an_unknown_grouping_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bring_in(tmp_path, DATA, META, "--group=Regio") == 1
    assert "no column 'Regio' of Type Group. Did you mean 'Region'?" in capsys.readouterr().err


def test_the_file_itself_reads_as_the_bundled_facts_do(tmp_path: Path) -> None:
    """As with AICITY_ORIGIN=mirror: the same facts from the bytes of iData."""
    assert bring_in(tmp_path) == 0
    before = facts(tmp_path)
    catalog = tmp_path / "orchards"
    settings = Settings(home=tmp_path / "home", catalog=(catalog,), mirror=(catalog / "files",))
    assert [line.outcome for line in bundle(settings)] == ["written"]
    pd.testing.assert_frame_equal(facts(tmp_path), before)
