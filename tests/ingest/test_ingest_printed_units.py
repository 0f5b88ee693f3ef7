"""A unit that is printed with a column and contradicts the declared one is never passed over."""

from __future__ import annotations

from typing import Any

import pytest
from ingest_bench import INDICATORS, Bench, card, indicators, register_card, workbook

JOBS = "数字经济从业人员（万人）"
MORE_UNITS = """\
  - {printed: 家, unit: count, factor: 1}
  - {printed: 万元, unit: cny, factor: 10000}
  - {printed: 千人, unit: persons, factor: 1000}
  - {printed: companies, unit: count, factor: 1}
  - {printed: CNY 100 million, unit: cny, factor: 100000000}
indicators:
"""


def figures(column: str, unit: str, indicator: str, **parse: Any) -> dict[str, Any]:
    value = {"indicator": indicator, "column": column, "unit": unit, "scope": "total_city"}
    options = {"place_column": "城市", "country_code": "CN", "values": [value], **parse}
    return card("long_table", parse=options, document={"options": {"year": 2024}})


def read(bench: Bench, source: dict[str, Any], data: bytes) -> Any:
    known = indicators().replace("indicators:\n", MORE_UNITS)
    assert INDICATORS.endswith("indicators:\n")
    return bench.read(source, data, indicators=known)


def test_a_unit_in_the_heading_contradicts_the_card(bench: Bench) -> None:
    data = f"城市,{JOBS}\n北京,2184.3\n".encode()
    error = read(bench, figures(JOBS, "人", "population_persons"), data).error
    assert f"line 1: the heading '{JOBS}' has the unit '万人', the card declares '人'" in error
    assert "population_persons" in error
    assert "write 'unit: 万人'" in error
    right = read(bench, figures(JOBS, "万人", "population_persons"), data)
    assert right.values() == [("cn_beijing", 2024, 21843000)]


@pytest.mark.parametrize(
    ("heading", "unit", "indicator", "printed"),
    [
        ("人口 (人)", "万人", "population_persons", "人"),
        ("人口（单位：千人）", "万人", "population_persons", "千人"),
        ("人口 万人", "人", "population_persons", "万人"),
        ("人口/万人", "人", "population_persons", "万人"),
        ("人口（2024年，万人）", "人", "population_persons", "万人"),
        ("Population (persons)", "万人", "population_persons", "persons"),
        ("GDP (CNY 100 million)", "元", "gdp_cny", "CNY 100 million"),
        ("GDP (亿元)", "个", "models_count", "亿元"),
        ("占比%", "个", "models_count", "%"),
        # What only looks like a unit, or may be meant otherwise.
        ("人口数", "万人", "population_persons", ""),
        ("万人以上企业", "个", "models_count", ""),
        ("人均GDP（元/人）", "元", "gdp_per_capita_cny", ""),
        ("人均GDP 万元/人", "元", "gdp_per_capita_cny", ""),
        ("Top 10%", "个", "models_count", ""),
        ("Papers in the top 10 %", "个", "models_count", ""),
        ("R&D spending (companies)", "亿元", "gdp_cny", ""),
        ("companies", "亿元", "gdp_cny", ""),
        ("模型（家）", "个", "models_count", ""),
        ("人口（万人）或（人）", "人", "population_persons", ""),
        ("人口（估计）", "人", "population_persons", ""),
        ("% of models", "%", "models_share_pct", ""),
    ],
)
def test_where_a_unit_is_one(
    bench: Bench, heading: str, unit: str, indicator: str, printed: str
) -> None:
    data = f'城市,"{heading}"\n北京,21.5\n'.encode()
    result = read(bench, figures(heading, unit, indicator), data)
    if printed:
        assert f"has the unit '{printed}', the card declares '{unit}'" in result.error
    else:
        assert len(result.values()) == 1


@pytest.mark.parametrize(
    ("above", "unit", "refused"),
    [
        ("单位：万人", "人", "万人"),
        ("单位：万人", "万人", ""),
        ("计量单位: 万人、亿元", "人", "万人"),
        ("Unit: 万人, 亿元", "万人", ""),
        ("单位：亿元", "人", "亿元"),  # the only one, so that it belongs to the column
        ("单位：亿元、个", "人", ""),  # of several, none is the column's
        ("表1 从业人员（万人）", "人", "万人"),
        ("表1 从业人员和GDP（亿元）", "人", ""),
        ("表1 从业人员，按人口统计", "万人", ""),
    ],
)
def test_a_unit_above_the_table(bench: Bench, above: str, unit: str, refused: str) -> None:
    data = workbook([[above, None], ["城市", "从业人员"], ["北京", 21.5], ["杭州", 7]])
    result = read(bench, figures("从业人员", unit, "population_persons"), data)
    if refused:
        assert f"'{above}' above the headings has the unit '{refused}'" in result.error
        assert "Sheet49" in result.error
    else:
        assert len(result.values()) == 2


def test_the_heading_counts_before_what_stands_above(bench: Bench) -> None:
    data = workbook([["单位：亿元", None], ["城市", "人口（万人）"], ["北京", 21.5]])
    found = read(bench, figures("人口（万人）", "万人", "population_persons"), data)
    assert found.values() == [("cn_beijing", 2024, 215000)]


def test_units_in_a_row_of_their_own(bench: Bench) -> None:
    rows: list[list[Any]] = [["城市", "人口", "GDP"], ["", "万人", "亿元"], ["北京", 21.5, 3]]
    error = read(bench, figures("人口", "人", "population_persons"), workbook(rows)).error
    assert "has the unit '万人', the card declares '人'" in error
    path = figures("人口 > 万人", "人", "population_persons", place_column="城市")
    assert "has the unit '万人'" in read(bench, path, workbook(rows)).error


def test_each_row_has_its_own_unit(bench: Bench) -> None:
    data = "城市,值（万人）,单位\n北京,21.5,人\n".encode()
    source = figures("值（万人）", "人", "population_persons", unit_column="单位")
    assert read(bench, source, data).values() == [("cn_beijing", 2024, 21.5)]


def summed(**count: Any) -> dict[str, Any]:
    of = {"indicator": "gdp_cny", "measure": "sum", "column": "amount（万元）", **count}
    return register_card(parse={"counts": [of]})


def test_the_unit_of_a_sum(bench: Bench) -> None:
    data = "name,city,year,amount（万元）\nA,北京,2023,1.5\nB,北京,2023,2\n".encode()
    error = read(bench, summed(), data).error
    assert "has the unit '万元', the card declares 'cny' for gdp_cny" in error
    assert "write 'unit: 万元' beside the column" in error
    right = read(bench, summed(unit="万元"), data)
    assert right.values() == [("cn_beijing", 2023, 35000)]
    (row,) = right.rows("observation")
    assert (row["printed_value"], row["printed_unit"]) == ("3.5", "万元")
    assert "'%' of column" in read(bench, summed(unit="%"), data).error


@pytest.mark.parametrize("form", ["csv", "workbook"])
def test_a_column_may_be_named_without_its_unit(bench: Bench, form: str) -> None:
    rows: list[list[Any]] = [["城市", JOBS, "人口密度（人）"], ["北京", 21.5, 3]]
    text = "\n".join(",".join(map(str, row)) for row in rows)
    data = workbook(rows) if form == "workbook" else text.encode()
    found = read(bench, figures("数字经济从业人员", "万人", "population_persons"), data)
    assert found.values() == [("cn_beijing", 2024, 215000)]
    assert found.result.unquoted == [] and found.result.quotes_found == 1
    error = read(bench, figures("数字经济从业人员", "人", "population_persons"), data).error
    assert f"'{JOBS}" in error and "has the unit '万人'" in error
    # Only a unit is left away: a part of a name is another name.
    assert "no column 人口" in read(bench, figures("人口", "人", "population_persons"), data).error


def test_two_columns_that_differ_in_their_unit(bench: Bench) -> None:
    data = "城市,人口（万人）,人口（人）\n北京,2,20000\n".encode()
    error = read(bench, figures("人口", "人", "population_persons"), data).error
    assert "no column 人口; the file has 城市, 人口（万人）, 人口（人）" in error
    whole = read(bench, figures("人口（人）", "人", "population_persons"), data)
    assert whole.values() == [("cn_beijing", 2024, 20000)]


@pytest.mark.parametrize("merged", [("A1:A2", "B1:C1"), ()])
def test_a_message_names_the_paths_of_headings(bench: Bench, merged: tuple[str, ...]) -> None:
    rows: list[list[Any]] = [["城市", JOBS, None], [None, "2022", "2023"], ["北京", 21.5, 3]]
    data = workbook(rows, merged)
    error = read(bench, figures("people", "人", "population_persons"), data).error
    assert f"no column people; sheet Sheet49 has 城市, {JOBS} > 2022, {JOBS} > 2023" in error
    path = figures("数字经济从业人员 > 2022", "万人", "population_persons")
    assert read(bench, path, data).values() == [("cn_beijing", 2024, 215000)]
    flat = workbook([["城市", "人口"], ["北京", 3], ["杭州", 4]])
    error = read(bench, figures("people", "人", "population_persons"), flat).error
    assert "sheet Sheet49 has 城市, 人口 (" in error
