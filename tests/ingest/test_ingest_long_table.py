"""A CSV of figures in, observations out: long and wide forms, own figures, provinces."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_bench import Bench, card, write_catalog

from ingest.catalog import load_catalog

# Beijing is a municipality, and Hangzhou shares its name with no province; Jilin does.
PLACES = """\
city_id,name_en,name_zh,aliases,country_code,province_en,province_zh,kind
cn_beijing,Beijing,北京市,北京,CN,Beijing,北京市,municipality
cn_hangzhou,Hangzhou,杭州市,杭州,CN,Zhejiang,浙江省,city
cn_jilin,Jilin,吉林市,吉林,CN,Jilin,吉林省,city
cn_jilin_province,Jilin,吉林省,吉林,CN,Jilin,吉林省,province
cn_suzhou_anhui,Suzhou,宿州市,宿州,CN,Anhui,安徽省,city
cn_suzhou_jiangsu,Suzhou,苏州市,苏州,CN,Jiangsu,江苏省,city
br_sao_paulo,São Paulo,,,BR,São Paulo,,city
"""
GDP = {"indicator": "gdp_cny", "column": "gdp", "unit": "亿元", "scope": "total_city"}
PEOPLE = {
    "indicator": "population_persons",
    "column": "people",
    "unit": "万人",
    "scope": "total_city",
}
WIDE = "city,year,gdp,people\n北京,2022,41610.9,2184.3\n杭州,2022,18753.0,\n"


def wide(*values: dict[str, Any], **parse: Any) -> dict[str, Any]:
    options = {
        "place_column": "city",
        "country_code": "CN",
        "year_column": "year",
        "values": list(values or (GDP, PEOPLE)),
    }
    return card("long_table", parse={k: v for k, v in (options | parse).items() if v is not None})


def own(**parse: Any) -> dict[str, Any]:
    options = {"indicator_column": "indicator", "unit_column": "unit", "note_column": "note"}
    return wide(values=None, **(options | parse))


def table(*rows: tuple[Any, ...]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


def test_a_wide_table(bench: Bench) -> None:
    read = bench.read(wide(), WIDE.encode())
    rows = {(r["indicator"], r["city_id"]): r for r in read.rows("observation")}
    assert len(rows) == 4
    gdp = rows["gdp_cny", "cn_beijing"]
    assert gdp["value"] == 4161090000000
    assert (gdp["year"], gdp["scope"], gdp["unit"]) == (2022, "total_city", "cny")
    assert (gdp["printed_value"], gdp["printed_unit"]) == ("41610.9", "亿元")
    assert gdp["locator"] == "line 2, column gdp"
    assert gdp["quote"] == "北京 | gdp | 41610.9"
    missing = rows["population_persons", "cn_hangzhou"]
    assert (missing["status"], missing["value"]) == ("missing", None)
    assert missing["missing_reason"] == "not published (blank in the source)"
    assert read.rows("quarantine") == []


def test_a_long_table_names_its_variables_and_units(bench: Bench) -> None:
    figures = {"column": "value", "scope": "total_city"}
    values = (
        {
            "indicator": "gdp_cny",
            "unit": "亿元",
            "where": [{"column": "variable", "values": ["gdp"]}],
            **figures,
        },
        {
            "indicator": "population_persons",
            "unit": "万人",
            "where": [{"column": "variable", "values": ["people"]}],
            **figures,
        },
    )
    source = wide(*values, unit_column="unit", year_from=2020)
    rows: list[tuple[Any, ...]] = [
        ("city", "year", "variable", "unit", "value"),
        ("北京", 2022, "gdp", "亿元", "41610.9"),
        ("北京", 2022, "people", "万人", "2184.3"),
        ("杭州", 2022, "water", "吨", "7"),
        ("杭州", 2019, "gdp", "亿元", "7"),
    ]
    read = bench.read(source, table(*rows))
    found = {(r["indicator"], r["city_id"]): r for r in read.rows("observation")}
    assert {key: row["value"] for key, row in found.items()} == {
        ("gdp_cny", "cn_beijing"): 4161090000000,
        ("population_persons", "cn_beijing"): 21843000,
    }
    assert found["gdp_cny", "cn_beijing"]["quote"] == "北京 | gdp | 41610.9"
    rows[1] = ("北京", 2022, "gdp", "万元", "41610.9")
    error = bench.read(source, table(*rows)).error
    assert "line 2: the unit is '万元', the card declares '亿元' for gdp_cny" in error


def test_years_side_by_side(bench: Bench) -> None:
    values = [{**GDP, "column": str(year), "year": year} for year in (2021, 2022)]
    data = table(("city", 2021, 2022), ("北京", 1, 2), ("杭州", 3, 4))
    assert bench.read(wide(*values, year_column=None), data).values() == [
        ("cn_beijing", 2021, 100000000),
        ("cn_beijing", 2022, 200000000),
        ("cn_hangzhou", 2021, 300000000),
        ("cn_hangzhou", 2022, 400000000),
    ]


def test_own_figures(bench: Bench) -> None:
    data = table(
        ("city", "indicator", "year", "value", "unit", "note"),
        ("杭州", "models_count", 2024, "12", "个", "counted by the bureau"),
        ("杭州", "gdp_cny", 2024, "2,186,000", "cny", ""),
        ("北京", "models_count", 2024, "", "个", "withheld"),
    )
    rows = {(r["indicator"], r["city_id"]): r for r in bench.read(own(), data).rows("observation")}
    assert rows["models_count", "cn_hangzhou"]["value"] == 12
    assert rows["models_count", "cn_hangzhou"]["scope"] == "total_city"
    quote = "杭州 | models_count | 12 | counted by the bureau"
    assert rows["models_count", "cn_hangzhou"]["quote"] == quote
    assert rows["gdp_cny", "cn_hangzhou"]["value"] == 2186000
    assert rows["models_count", "cn_beijing"]["missing_reason"] == "withheld"


def test_own_figures_of_another_scope(bench: Bench) -> None:
    data = table(
        ("city", "indicator", "year", "value", "unit", "note", "scope"),
        ("杭州", "gdp_cny", 2024, "2", "元", "", "districts"),
        ("杭州", "gdp_cny", 2024, "3", "元", "", ""),
    )
    rows = bench.read(own(scope_column="scope"), data).rows("observation")
    assert {r["scope"]: r["value"] for r in rows} == {"districts": 2, "total_city": 3}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("杭州", "model_count", 2024, 1, "个", ""), "Did you mean 'models_count'?"),
        (("杭州", "gdp_cny", 2024, 1, "个", ""), "the unit '个' does not convert to 'cny'"),
        (("杭州", "gdp_cny", 2024, 1, "", ""), "the unit '' does not convert to 'cny'"),
        (("杭州", "gdp_cny", 2024, 1), "line 2 has another number of cells"),
        (("杭州", "gdp_cny", 2024, 1, "元", "", ""), "line 2 has another number of cells"),
    ],
)
def test_faults_in_own_figures(bench: Bench, row: tuple[Any, ...], message: str) -> None:
    error = bench.read(own(), table(("city", "indicator", "year", "value", "unit", "note"), row))
    assert "line 2" in error.error
    assert message in error.error


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("city,year,gdp\n北京,2022,1\n", "no column people; the file has city, year, gdp"),
        ("city,year,gdp,people,gdp\n北京,2022,1,2,3\n", "the heading gdp stands twice"),
        (WIDE + "北京市,2022,5,6\n", "stands on line 2 already"),
        ("city,year,gdp,people\n大同,2022,1,2\n", "0 known places"),
        ("", "no column"),
    ],
)
def test_what_is_not_as_declared(bench: Bench, data: str, message: str) -> None:
    assert message in bench.read(wide(), data.encode()).error


def test_not_in_utf_8(bench: Bench) -> None:
    """In another encoding the table is the same; its places are those of the reader of CSV."""
    read = bench.read(wide(GDP), WIDE.encode("gb18030"))
    assert read.values() == bench.read(wide(GDP), WIDE.encode()).values()
    read = bench.read(wide(GDP), WIDE.encode("gb18030"))
    assert "table 1, row 2, column 3" in {r["locator"] for r in read.rows("observation")}


def test_too_many_rows(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.parsers.long_table.MAX_ROWS", 1)
    assert "more than 1 rows" in bench.read(wide(), WIDE.encode()).error


def test_cells_that_are_no_numbers(bench: Bench) -> None:
    data = table(("city", "year", "gdp", "people"), ("北京", 2022, "n/a", ":"), ("杭州", 22, 1, 2))
    read = bench.read(wide(missing={":": "not available"}), data)
    (row,) = read.rows("observation")
    assert (row["status"], row["missing_reason"]) == ("missing", "not available")
    texts = {r["text"]: r["reason"] for r in read.rows("quarantine")}
    assert texts == {
        "北京: n/a": "'n/a' is not a number with decimal '.'; if it stands for a missing figure, "
        "name it under missing",
        "22": "not a year",
    }


def test_countries_places_and_totals(bench: Bench) -> None:
    source = wide(
        GDP,
        country_code=None,
        country_column="land",
        countries={"BRA": "BR", "CHN": "CN"},
        places=[{"printed": "Greater Hangzhou", "city": "cn_hangzhou"}],
        left_out=["All"],
    )
    data = table(
        ("city", "land", "year", "gdp"),
        ("Sao Paulo", "BRA", 2022, 1),
        ("Greater Hangzhou", "CHN", 2022, 2),
        ("Beijing", "CN", 2022, 3),
        ("Beijing", "BRA", 2022, 4),
        ("All", "", 2022, 10),
    )
    read = bench.read(source, data)
    assert [city for city, _, _ in read.values()] == ["br_sao_paulo", "cn_beijing", "cn_hangzhou"]
    assert [r["text"] for r in read.rows("quarantine")] == ["Beijing"]
    source["parse"]["countries"] = {}
    assert "country 'BRA': add its code to countries" in bench.read(source, data).error


def test_the_scope_is_the_indicators_where_none_is_named(bench: Bench) -> None:
    without = {key: value for key, value in GDP.items() if key != "scope"}
    rows = bench.read(wide(without), WIDE.encode()).rows("observation")
    assert {row["scope"] for row in rows} == {"total_city"}


def test_a_unit_that_does_not_convert_is_told_with_its_column(bench: Bench) -> None:
    error = bench.read(wide({**GDP, "unit": "吨"}), WIDE.encode()).error
    assert "line 2, column gdp: the unit '吨' does not convert to 'cny'" in error


def test_other_places_may_be_expected(bench: Bench) -> None:
    """A world file is no heap of quarantined rows; an ambiguous name stays one."""
    rows = [(f"Town {i}", 2022, i) for i in range(300)]
    data = table(("city", "year", "gdp"), ("北京", 2022, 1), ("Suzhou", 2022, 2), *rows)
    read = bench.read(wide(GDP), data)
    assert len(read.rows("quarantine")) == 301
    read = bench.read(wide(GDP, other_places="expected"), data)
    kept = {r["reason"]: r for r in read.rows("quarantine")}
    assert sorted(kept) == ["outside the gazetteer, as the card expects", "unknown place"]
    assert kept["unknown place"]["candidates"] == "cn_suzhou_anhui; cn_suzhou_jiangsu"
    assert kept["outside the gazetteer, as the card expects"]["text"].startswith("300 places: ")


def test_the_province_decides_between_two_cities(bench: Bench) -> None:
    data = table(("city", "province", "year", "gdp"), ("Suzhou", "Anhui", 2022, 1))
    read = bench.read(wide(GDP, province_column="province"), data)
    assert [city for city, _, _ in read.values()] == ["cn_suzhou_anhui"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": None}, "declare either values or an indicator_column"),
        ({"indicator_column": "indicator"}, "declare either values or an indicator_column"),
        ({"values": None, "indicator_column": "i"}, "an indicator_column needs a unit_column"),
        ({"note_column": "note"}, "go with an indicator_column"),
        ({"kinds": ["village"]}, "village"),
        ({"places": [{"printed": "X", "city": "cn_nowhere"}]}, "unknown city 'cn_nowhere'"),
        ({"values": [{**GDP, "indicator": "nothing_cny"}]}, "unknown indicator 'nothing_cny'"),
    ],
)
def test_a_faulty_card(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    catalog = load_catalog([write_catalog(tmp_path, wide(**changes))])
    assert any(message in str(error) for error in catalog.errors), catalog.errors
    assert catalog.sources == {}


# ---------------------------------------------------------------- properties
NAMES = {"北京": "cn_beijing", "杭州": "cn_hangzhou", "苏州": "cn_suzhou_jiangsu"}
FIGURES = st.lists(
    st.tuples(
        st.sampled_from(sorted(NAMES)),
        st.integers(2020, 2023),
        st.integers(0, 10**6),
        st.sampled_from(["", "1", "2.5", "n/a"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:2],
)
PATIENT = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PATIENT
@given(rows=FIGURES, random=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(bench: Bench, rows: list[Any], random: Any) -> None:
    """All but the line of a fact stays; so does what is quarantined."""

    def facts(rows: list[Any]) -> list[Any]:
        read = bench.read(wide(), table(("city", "year", "gdp", "people"), *rows))
        keys = ("indicator", "city_id", "year", "value", "status", "printed_value", "quote")
        found = [tuple(str(r[k]) for k in keys) for r in read.rows("observation")]
        return sorted(found) + sorted(r["text"] for r in read.rows("quarantine"))

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert facts(rows) == facts(shuffled)


@PATIENT
@given(
    names=st.lists(
        st.sampled_from(["北京", "北京市", "吉林", "吉林省", "Jilin", "吉林市", "杭州", "浙江"]),
        min_size=1,
        unique=True,
    )
)
def test_a_province_never_lands_on_a_city(bench: Bench, names: list[str]) -> None:
    """北京 and 北京市 are one place; 吉林 is the province where provinces are asked for."""
    if "北京" in names and "北京市" in names:
        names.remove("北京市")
    provinces = [n for n in ("吉林", "吉林省", "Jilin") if n in names]
    names = [n for n in names if n not in provinces[1:]]
    source = wide(GDP, kinds=["province", "municipality"])
    bench.use(home=bench.folder / f"home-{next(bench.homes)}")
    bench.write(source, cities=PLACES)
    rows = [("Beijing", 2021, 1), *((name, 2022, 1) for name in names)]
    data = table(("city", "year", "gdp"), *rows)
    (bench.mirror / "doc.bin").write_bytes(data)
    bench.pull()
    result = bench.parse()
    assert result.errors == []
    found = {row["city_id"] for row in bench.facts("observation")}
    assert found <= {"cn_beijing", "cn_jilin_province"}
    assert ("cn_jilin_province" in found) == bool(provinces)
