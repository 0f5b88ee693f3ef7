"""A workbook in, observations out: the traps of yearbook tables."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import pytest
from ingest_bench import CODES, Bench, Read, card, indicators, workbook

from ingest.catalog import load_catalog

GDP: dict[str, Any] = {
    "title": "地区生产总值",
    "columns": [
        {"indicator": "gdp_cny", "heading": ["地区生产总值（当年价格）"], "unit": "亿元"},
        {"indicator": "gdp_per_capita_cny", "heading": ["人均地区生产总值"], "unit": "元"},
    ],
}
GDP_HEADINGS = [
    [
        "城 市",
        "City",
        "地区生产总值（当年价格） （亿元） GRP",
        "",
        "人均地区生产总值 (元) Per Capita",
        "",
    ],
    ["", "", "全市 Total City", "市辖区 Districts", "全市 Total City", "市辖区 Districts"],
]
GDP_BODY: list[list[Any]] = [
    ["北京市", "Beijing", "43761", "43760", "200278", "200277"],
    ["浙江省", "Zhejiang", "", "", "", ""],
    ["  杭州市", "  Hangzhou", "20059", "18000", "161129", "170000"],
]
PEOPLE: dict[str, Any] = {
    "title": "人口数",
    "scope": "total_city",
    "columns": [{"indicator": "population_persons", "heading": ["常住人口"], "unit": "万人"}],
}


def yearbook(*tables: dict[str, Any], places: int = 2, **options: Any) -> dict[str, Any]:
    parse = {
        "place_heading": "城市",
        "country_code": "CN",
        "scopes": {"全市": "total_city", "市辖区": "districts"},
        "minimum_places": places,
        "tables": list(tables),
    }
    return card("statistical_table", parse=parse, document={"options": {"year": 2023, **options}})


def gdp(body: list[list[Any]] = GDP_BODY, title: str = "2-6 地区生产总值", **changes: Any) -> bytes:
    above = [["", ""], [title], ["Gross Regional Product"], [""]]
    return workbook([*above, *changes.pop("headings", GDP_HEADINGS), *body], **changes)


def people(
    values: list[Any],
    title: str = "2-1 人口数",
    heading: str = "常住人口（万人）",
    above: str = "",
    names: tuple[str, ...] = ("北京市", "杭州市", "深圳市"),
) -> bytes:
    body = [[name, "", value] for name, value in zip(names, values, strict=False)]
    return workbook([[title], [above], ["城市", "City", heading], *body])


def by_place(read: Read) -> dict[str, Any]:
    return {city: value for city, _, value in read.values()}


def test_scopes_below_merged_headings(bench: Bench) -> None:
    merged = gdp(merged=("A5:A6", "B5:B6", "C5:D5", "E5:F5"))
    rows = bench.read(yearbook(GDP), merged).rows("observation")
    found = {(r["indicator"], r["city_id"], r["scope"]): r for r in rows}
    assert len(rows) == len(found) == 8
    beijing = found["gdp_cny", "cn_beijing", "total_city"]
    assert beijing["value"] == 4376100000000
    assert beijing["year"] == 2023
    assert beijing["unit"] == "cny"
    assert beijing["status"] == "observed"
    assert beijing["printed_value"] == "43761"
    assert beijing["printed_unit"] == "亿元"
    assert beijing["locator"] == "Sheet49!C7"
    assert beijing["quote"] == "北京市 | 地区生产总值当年价格亿元 | 43761"
    assert beijing["vintage_on"] == dt.date(2024, 5, 1)
    assert found["gdp_cny", "cn_beijing", "districts"]["value"] == 4376000000000
    assert found["gdp_per_capita_cny", "cn_hangzhou", "districts"]["value"] == 170000
    assert found["gdp_per_capita_cny", "cn_hangzhou", "districts"]["locator"] == "Sheet49!F9"
    assert bench.facts("quarantine") == []


def test_a_heading_below_a_heading(bench: Bench) -> None:
    columns = [
        {"indicator": "models_count", "heading": ["专利授权数", "发明"], "unit": "个"},
        {"indicator": "patents_count", "heading": ["专利授权数"], "unit": "个"},
    ]
    table = {"title": "科技创新情况", "scope": "total_city", "columns": columns}
    data = workbook(
        [
            ["2-17 科技创新情况"],
            ["城市", "City", "专利授权数 （个） Patents", "", "论文数（个）Papers"],
            ["", "", "", "发明 （个） Inventions", ""],
            ["北京市", "Beijing", 10, 4, 7],
            ["杭州市", "Hangzhou", 8, 3, 6],
        ]
    )
    rows = bench.read(yearbook(table), data).rows("observation")
    values = {(r["indicator"], r["city_id"]): r["value"] for r in rows}
    assert values == {
        ("models_count", "cn_beijing"): 4,
        ("models_count", "cn_hangzhou"): 3,
        ("patents_count", "cn_beijing"): 10,
        ("patents_count", "cn_hangzhou"): 8,
    }


@pytest.mark.parametrize("value", ["2186", "2,186", " 2186 ", "２１８６", 2186, 2186.0])
def test_numbers_as_text_and_as_floats(bench: Bench, value: Any) -> None:
    rows = bench.read(yearbook(PEOPLE), people([value, "100", "7"])).rows("observation")
    assert {r["city_id"]: r["value"] for r in rows}["cn_beijing"] == 21860000


@pytest.mark.parametrize("number", ["2-1", "2-6", "3-12", "二-1", "2—1"])
def test_the_number_of_a_table_does_not_matter(bench: Bench, number: str) -> None:
    if number == "二-1":  # a Chinese numeral is part of the title
        assert (
            "0 declared tables"
            in bench.read(yearbook(PEOPLE), people([1], f"{number}人口数")).error
        )
        return
    read = bench.read(yearbook(PEOPLE), people([1, 2], title=f"{number}人口数 Population"))
    assert by_place(read) == {"cn_beijing": 10000, "cn_hangzhou": 20000}


def test_a_reused_number_is_another_table(bench: Bench) -> None:
    error = bench.read(yearbook(PEOPLE), people([1, 2], title="2-1 劳动力就业")).error
    assert "0 declared tables" in error
    assert "劳动力就业" in error


def test_a_column_of_single_years(bench: Bench) -> None:
    """An edition may lack a column that others have; only a declared lack is none."""
    per_head = {**GDP["columns"][1], "years": [2020, 2021]}
    table = {**GDP, "columns": [GDP["columns"][0], per_head]}
    short = gdp([row[:4] for row in GDP_BODY], headings=[row[:4] for row in GDP_HEADINGS])
    rows = bench.read(yearbook(table, year=2023), short).rows("observation")
    assert {r["indicator"] for r in rows} == {"gdp_cny"}
    assert "0 declared tables" in bench.read(yearbook(table, year=2021), short).error
    rows = bench.read(yearbook(table, year=2021), gdp()).rows("observation")
    assert {r["indicator"] for r in rows} == {"gdp_cny", "gdp_per_capita_cny"}
    nothing = {**GDP, "columns": [per_head]}
    assert "0 declared tables" in bench.read(yearbook(nothing, year=2023), gdp()).error


def test_a_growth_rate_is_printed_like_a_share(bench: Bench) -> None:
    column = {"indicator": "gdp_growth_pct_change", "heading": ["增长率"], "unit": "%"}
    table = {"title": "增速", "scope": "total_city", "columns": [column]}
    data = people(["-2.5", "8"], title="2-6 增速", heading="增长率（%）")
    units = indicators({**CODES, "gdp_growth_pct_change": "pct_change"})
    bench.write(yearbook(table), indicators=units)
    assert "unknown unit 'pct_change'" in str(load_catalog(bench.settings.catalog).errors)
    units = units.replace("unit: pct, factor: 1}", "unit: pct, factor: 1, also: [pct_change]}")
    bench.write(yearbook(table), indicators=units)
    (bench.mirror / "doc.bin").write_bytes(data)
    assert bench.pull().failures == []
    assert bench.parse().errors == []
    rows = bench.facts("observation")
    assert {r["city_id"]: (r["value"], r["unit"]) for r in rows} == {
        "cn_beijing": (-2.5, "pct_change"),
        "cn_hangzhou": (8.0, "pct_change"),
    }


def test_one_title_with_other_headings(bench: Bench) -> None:
    household = {"indicator": "models_count", "heading": ["户籍人口"], "unit": "个"}
    tables = [PEOPLE, {**PEOPLE, "columns": [household]}]
    rows = bench.read(yearbook(*tables), people([5, 6], heading="户籍人口（个）")).rows(
        "observation"
    )
    assert {(r["indicator"], r["value"]) for r in rows} == {
        ("models_count", 5),
        ("models_count", 6),
    }


def test_two_tables_that_fit_are_not_guessed_between(bench: Bench) -> None:
    assert "2 declared tables" in bench.read(yearbook(PEOPLE, PEOPLE), people([1, 2])).error


def test_a_missing_column_is_named_with_what_is_there(bench: Bench) -> None:
    short = [row[:4] for row in GDP_HEADINGS]
    error = bench.read(yearbook(GDP), gdp([row[:4] for row in GDP_BODY], headings=short)).error
    assert "0 declared tables have the title and the headings" in error
    assert "地区生产总值当年价格亿元 > 全市" in error


def test_a_column_that_stands_twice_is_not_guessed(bench: Bench) -> None:
    data = workbook(
        [
            ["2-1 人口数"],
            ["城市", "City", "常住人口（万人）", "常住人口（万人）"],
            ["北京市", "Beijing", 1, 2],
            ["杭州市", "Hangzhou", 3, 4],
        ]
    )
    assert "0 declared tables" in bench.read(yearbook(PEOPLE), data).error


def test_the_unit_above_the_table(bench: Bench) -> None:
    data = people([1, 2], heading="常住人口", above="单位：万人")
    assert by_place(bench.read(yearbook(PEOPLE), data))["cn_beijing"] == 10000


def test_the_unit_in_a_row_of_its_own_is_a_heading(bench: Bench) -> None:
    rows: list[list[Any]] = [
        ["2-1 人口数"],
        ["城市", "City", "常住人口"],
        ["", "", "（万人）"],
        ["北京市", "", 1],
        ["杭州市", "", 2],
    ]
    assert "常住人口 > 万人" in bench.read(yearbook(PEOPLE), workbook(rows)).error
    declared = {**PEOPLE["columns"][0], "heading": ["常住人口", "万人"]}
    read = bench.read(yearbook({**PEOPLE, "columns": [declared]}), workbook(rows))
    assert by_place(read) == {"cn_beijing": 10000, "cn_hangzhou": 20000}


@pytest.mark.parametrize(
    ("heading", "unit"),
    [("常住人口（人）", "万人"), ("常住人口", "万人"), ("常住人口（亿元）", "万人")],
)
def test_a_unit_that_is_not_printed(bench: Bench, heading: str, unit: str) -> None:
    table = {**PEOPLE, "columns": [{**PEOPLE["columns"][0], "unit": unit}]}
    error = bench.read(yearbook(table), people([1, 2], heading=heading)).error
    assert f"the unit '{unit}'" in error or "0 declared tables" in error


@pytest.mark.parametrize(
    ("heading", "above"),
    [("地区生产总值（亿元）", ""), ("地区生产总值", "单位：亿元")],
)
def test_a_unit_is_not_found_inside_a_larger_one(bench: Bench, heading: str, above: str) -> None:
    """元 is not printed where 亿元 is: reading it so would be wrong by a hundred million."""
    column = {"indicator": "gdp_cny", "heading": ["地区生产总值"], "unit": "元"}
    table = {"title": "地区生产总值", "scope": "total_city", "columns": [column]}
    data = people([1, 2], title="2-6 地区生产总值", heading=heading, above=above)
    error = bench.read(yearbook(table), data).error
    assert "the unit '元'" in error or "0 declared tables" in error


def test_a_unit_is_not_found_inside_the_title(bench: Bench) -> None:
    """The 人 of 人口数 is no unit."""
    table = {**PEOPLE, "columns": [{**PEOPLE["columns"][0], "unit": "人"}]}
    assert "the unit '人'" in bench.read(yearbook(table), people([1, 2], heading="常住人口")).error


def test_an_edition_that_prints_no_unit(bench: Bench) -> None:
    read = bench.read(yearbook(PEOPLE, unit_printed=False), people([1, 2], heading="常住人口"))
    assert by_place(read) == {"cn_beijing": 10000, "cn_hangzhou": 20000}


def test_a_unit_that_does_not_convert(bench: Bench) -> None:
    table = {**PEOPLE, "columns": [{**PEOPLE["columns"][0], "unit": "亿元"}]}
    error = bench.read(yearbook(table), people([1, 2], heading="常住人口（亿元）")).error
    assert "does not convert to 'persons'" in error
    assert "indicators.yml" in error


def test_too_few_places(bench: Bench) -> None:
    error = bench.read(yearbook(PEOPLE, places=4), people([1, 2, 3])).error
    assert "has 3 places, at least 4 expected" in error


@pytest.mark.parametrize("blank", ["", None, "  "])
def test_a_blank_cell_is_missing_and_not_zero(bench: Bench, blank: Any) -> None:
    read = bench.read(yearbook(PEOPLE), people([1, blank, 0]))
    rows = {r["city_id"]: r for r in read.rows("observation")}
    assert rows["cn_hangzhou"]["status"] == "missing"
    assert rows["cn_hangzhou"]["value"] is None
    assert rows["cn_hangzhou"]["printed_value"] is None
    assert rows["cn_hangzhou"]["missing_reason"] == "not published (blank in the source)"
    assert rows["cn_shenzhen"]["status"] == "observed"
    assert rows["cn_shenzhen"]["value"] == 0
    assert rows["cn_shenzhen"]["missing_reason"] is None


@pytest.mark.parametrize("cell", ["…", "-", "12²", "1 234", "约100", True, dt.date(2023, 1, 1)])
def test_what_is_not_a_number_is_quarantined(bench: Bench, cell: Any) -> None:
    read = bench.read(yearbook(PEOPLE), people([1, cell, 3]))
    assert by_place(read) == {"cn_beijing": 10000, "cn_shenzhen": 30000}
    (kept,) = read.rows("quarantine")
    assert kept["fact_kind"] == "observation"
    assert kept["text"].startswith("杭州市: ")
    assert "is not a number" in kept["reason"]
    assert kept["locator"] == "Sheet49!C5"
    assert read.result.quarantined == 1


@pytest.mark.parametrize(
    ("name", "candidates"),
    [("襄樊市", None), ("河北省", None), ("Suzhou", "cn_suzhou_anhui; cn_suzhou_jiangsu")],
)
def test_an_unknown_place_is_quarantined(bench: Bench, name: str, candidates: str | None) -> None:
    read = bench.read(yearbook(PEOPLE), people([1, 2, 3], names=("北京市", name, "深圳市")))
    assert by_place(read) == {"cn_beijing": 10000, "cn_shenzhen": 30000}
    (kept,) = read.rows("quarantine")
    assert (kept["text"], kept["reason"]) == (name, "unknown place")
    assert kept["candidates"] == candidates


def test_a_city_of_another_country_is_not_meant(bench: Bench) -> None:
    read = bench.read(yearbook(PEOPLE), people([1, 2, 3], names=("北京市", "São Paulo", "深圳市")))
    assert "br_sao_paulo" not in by_place(read)
    assert [r["text"] for r in read.rows("quarantine")] == ["São Paulo"]


def test_notes_below_the_table_are_no_places(bench: Bench) -> None:
    body = [*GDP_BODY, ["", "", "", "", "", ""], ["注：本表数据未经核定。", "", "", "", "", ""]]
    read = bench.read(yearbook(GDP), gdp(body))
    assert len(read.rows("observation")) == 8
    assert read.rows("quarantine") == []


def test_no_heading_and_no_place(bench: Bench) -> None:
    source = yearbook(PEOPLE)
    data = workbook([["2-1 人口数"], ["地区", "", "常住人口（万人）"], ["北京市", "", 1]])
    assert "no row begins with the heading '城市'" in bench.read(source, data).error
    data = people([1, 2], names=("甲", "乙"))
    assert "no row begins with the name of a known place" in bench.read(source, data).error


def test_what_is_not_a_workbook(bench: Bench) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    good = people([1, 2])
    others = [b"", b"\0", b"<html>404</html>", b"%PDF-1.7", stream.getvalue()]
    others += [good[: len(good) * part // 8] for part in range(1, 8)]
    for data in others:
        assert "not readable as a workbook" in bench.read(yearbook(PEOPLE), data).error


def test_an_empty_sheet(bench: Bench) -> None:
    assert "no row begins with the heading" in bench.read(yearbook(PEOPLE), workbook([])).error


def test_a_table_without_chinese(bench: Bench) -> None:
    """Headings in another script are told apart as well."""
    columns = [
        {"indicator": "population_persons", "heading": ["Residents"], "unit": "人"},
        {"indicator": "models_count", "heading": ["AI models"], "unit": "个"},
    ]
    source = yearbook({"title": "Population", "columns": columns}, unit_printed=False)
    source["parse"] |= {
        "place_heading": "City",
        "scopes": {"Whole city": "total_city", "Old town": "districts"},
    }
    data = workbook(
        [
            ["3-1 Population"],
            ["", "", "", ""],
            ["City", "", "AI models", "Residents", ""],
            ["", "", "Whole City", "Whole City", "Old town"],
            ["Beijing", "", 5, 100, 90],
            ["Hangzhou", "", 6, 200, 80],
        ]
    )
    rows = bench.read(source, data).rows("observation")
    assert {(r["indicator"], r["city_id"], r["scope"]): r["value"] for r in rows} == {
        ("models_count", "cn_beijing", "total_city"): 5,
        ("models_count", "cn_hangzhou", "total_city"): 6,
        ("population_persons", "cn_beijing", "total_city"): 100,
        ("population_persons", "cn_hangzhou", "total_city"): 200,
        ("population_persons", "cn_beijing", "districts"): 90,
        ("population_persons", "cn_hangzhou", "districts"): 80,
    }
