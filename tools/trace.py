"""Traces every figure of ten cities back to its raw file, and writes docs/trace.md and trace.csv.

    python -m tools.trace          (from the release in AICITY_HOME; raw files in ../shared)

Independent of the project's readers: it opens the raw files with other libraries, finds the
cities by their names with code of its own, and has its own tables of headings, units and
formulas. tests/test_trace.py checks the page with the same functions.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import sys
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import yaml
from openpyxl.worksheet.worksheet import Worksheet

from ingest.catalog import load_catalog
from ingest.names.gazetteer import Gazetteer
from ingest.names.organisations import Affiliation

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"
PAGE = PROJECT / "docs" / "trace.md"
TABLE = PAGE.with_suffix(".csv")
MARK = "<!-- below: written by tools/trace.py -->"
SEED = "2026-11-26"
RANKED, OTHERS = 7, 3
YEARBOOK = "china_city_statistical_yearbook"
AGREES = "agrees"
COLUMNS = [
    *("city_id", "indicator", "year", "status", "value", "unit", "printed", "printed_unit"),
    *("source_id", "file", "place", "found", "verdict"),
]
Row = dict[str, str]

# ------------------------------------------------------------ what the raw files should say

UNITS = {  # one of the printed unit, in the unit of the value
    "万人 persons": 1e4, "人 persons": 1, "亿元 cny": 1e8, "万元 cny": 1e4, "元 cny": 1,
    "万元 cny_balance": 1e4, "% pct": 1, "% pct_change": 1, "件 count": 1, "个 count": 1,
    "万户 count": 1e4, "万册 count": 1e4, "万千瓦时 kwh": 1e4, "家 count": 1, "篇 count": 1,
    "人年 person_years": 1, "USD 100 million usd": 1e8, "CNY cny": 1, "CNY 100 million cny": 1e8,
    "CNY trillion cny": 1e12, "PPP US dollars ppp_usd": 1,
}  # fmt: skip

# Words of the yearbook: of the title, of the heading, and the unit.
HEADINGS = {
    "resident_population_persons": ("人口数", "常住人口", "万人"),
    "household_population_persons": ("人口数", "户籍人口", "万人"),
    "urban_resident_population_persons": ("人口数", "城镇常住人口", "万人"),
    "urban_household_population_persons": ("人口数", "城镇户籍人口", "万人"),
    "urbanisation_rate_pct": ("人口数", "常住人口城镇化率", "%"),
    "gdp_cny": ("地区生产总值", "地区生产总值(当年价格)", "亿元"),
    "gdp_per_capita_cny": ("地区生产总值", "人均地区生产总值", "元"),
    "gdp_growth_pct_change": ("地区生产总值", "地区生产总值增长率", "%"),
    "primary_industry_share_pct": ("生产总值构成", "第一产业占地区生产总值的比重", "%"),
    "secondary_industry_share_pct": ("生产总值构成", "第二产业占地区生产总值的比重", "%"),
    "tertiary_industry_share_pct": ("生产总值构成", "第三产业占地区生产总值的比重", "%"),
    "urban_unit_employees_persons": ("劳动力就业", "城镇非私营单位从业人员期末人数", "人"),
    "urban_unit_staff_persons": ("劳动力就业", "城镇非私营单位在岗职工平均人数", "万人"),
    "urban_unit_wage_bill_cny": ("劳动力就业", "城镇非私营单位在岗职工工资总额", "万元"),
    "urban_unit_average_wage_cny": ("劳动力就业", "城镇非私营单位在岗职工平均工资", "元"),
    "budget_revenue_cny": ("一般公共预算收支状况(全市)", "地方本级一般公共预算收入", "万元"),
    "budget_expenditure_cny": ("一般公共预算收支状况(全市)", "地方一般公共预算支出", "万元"),
    "science_technology_expenditure_cny": ("预算收支状况(全市)", "科学技术支出", "万元"),
    "education_expenditure_cny": ("预算收支状况(全市)", "教育支出", "万元"),
    "deposits_cny": ("存贷款余额", "年末金融机构人民币各项存款余额", "万元"),
    "loans_cny": ("存贷款余额", "年末金融机构人民币各项贷款余额", "万元"),
    "goods_imports_cny": ("对外经济贸易", "货物进口额", "万元"),
    "goods_exports_cny": ("对外经济贸易", "货物出口额", "万元"),
    "industry_revenue_cny": ("规模以上工业", "规模以上工业营业收入", "万元"),
    "industry_revenue_growth_pct_change": ("规模以上工业", "规模以上工业营业收入增速", "%"),
    "industry_assets_cny": ("规模以上工业", "规模以上工业资产总计", "万元"),
    "industry_profits_cny_balance": ("规模以上工业", "规模以上工业利润总额", "万元"),
    "services_revenue_cny": ("规模以上服务业", "规模以上服务业营业收入", "万元"),
    "services_revenue_growth_pct_change": ("规模以上服务业", "规模以上服务业营业收入增速", "%"),
    "retail_sales_cny": ("零售总额", "社会消费品零售总额", "万元"),
    "trade_sales_cny": ("零售总额", "限额以上批发零售业商品销售总额", "万元"),
    "patents_granted_count": ("科技创新情况", "专利授权数", "件"),
    "invention_patents_granted_count": ("科技创新情况", "发明", "件"),
    "high_tech_enterprises_count": ("高新技术企业数", "高新技术企业数(国家级)", "个"),
    "technology_contracts_cny": ("技术合同成交额", "技术合同成交额", "万元"),
    "higher_education_students_persons": ("学生数", "普通、职业本专科", "人"),
    "vocational_students_persons": ("学生数", "中等职业教育学校", "人"),
    "senior_secondary_students_persons": ("学生数", "普通高中", "万人"),
    "library_volumes_count": ("文化体育设施", "公共图书馆图书藏量", "万册"),
    "pension_insured_persons": ("社会保障", "城镇职工基本养老保险参保人数", "人"),
    "unemployment_insured_persons": ("社会保障", "失业保险参保人数", "人"),
    "postal_revenue_cny": ("邮政", "邮政行业业务收入", "万元"),
    "telecom_revenue_cny": ("电信", "电信业务收入", "万元"),
    "mobile_subscribers_count": ("电信", "移动电话年末用户数", "万户"),
    "electricity_consumption_kwh": ("用电量", "全社会用电量", "万千瓦时"),
    "industrial_electricity_consumption_kwh": ("用电量", "工业用电", "万千瓦时"),
}  # fmt: skip

# Lines of the tables of provinces: table, label, unit.
PROVINCE_LINES = {
    "rd_expenditure_cny": ("RDActivity", "合计", "万元"),
    "basic_research_expenditure_cny": ("RDActivity", "基础研究", "万元"),
    "rd_intensity_pct": ("RDIntense", "RD强度", "%"),
    "rd_personnel_person_years": ("RDLaborHour", "合计", "人年"),
    "rd_researchers_person_years": ("RDLaborHour", "研究人员", "人年"),
    "invention_patents_valid_count": ("RDPatentValid", "发明", "件"),
    "invention_patents_applied_count": ("RDPatentAccept", "发明", "件"),
    "patents_applied_count": ("RDPatentAccept", "合计", "件"),
    "invention_patents_granted_count": ("RDPatentAuthority", "发明", "件"),
    "patents_granted_count": ("RDPatentAuthority", "合计", "件"),
    "sci_papers_count": ("RDPaperInternational", "篇数SCI", "篇"),
    "ei_papers_count": ("RDPaperInternational", "篇数EI", "篇"),
    "budget_expenditure_cny": ("PublicBudget", "合计", "亿元"),
    "science_technology_expenditure_cny": ("PublicBudget", "科学技术", "亿元"),
    "education_expenditure_cny": ("PublicBudget", "教育", "亿元"),
    "technology_contracts_cny": ("MarketPush", "金额", "万元"),
    "technology_contracts_bought_cny": ("MarketPull", "金额", "万元"),
    "high_tech_industry_revenue_cny": ("IndustryOperation", "主营业务收入", "亿元"),
    "high_tech_enterprises_certified_count": ("HitechFirmsPub", "高新技术企业公示数", "家"),
}

# Conferences whose papers are counted.
PANEL = ["cvpr", "ijcai", "aistats", "uai", "wacv"]

METRO_COLUMNS = {
    "metro_gdp_ppp_usd": "fua_gdp_ppp_usd",
    "metro_population_persons": "fua_population",
}

# A ratio: numerator, denominator, and per how many. A growth: the indicator itself, and 100.
RATIOS = {
    "science_technology_expenditure_budget_pct": (
        "science_technology_expenditure_cny", "budget_expenditure_cny", 100),
    "science_technology_expenditure_cny_per_person": (
        "science_technology_expenditure_cny", "resident_population_persons", 1),
    "telecom_revenue_cny_per_person": ("telecom_revenue_cny", "resident_population_persons", 1),
    "high_tech_enterprises_per_ten_thousand_persons": (
        "high_tech_enterprises_count", "resident_population_persons", 10_000),
    "invention_patents_granted_per_ten_thousand_persons": (
        "invention_patents_granted_count", "resident_population_persons", 10_000),
    "invention_patents_granted_share_pct": (
        "invention_patents_granted_count", "patents_granted_count", 100),
    "technology_contracts_gdp_pct": ("technology_contracts_cny", "gdp_cny", 100),
    "notable_ai_models_per_million_persons": (
        "notable_ai_models_count", "resident_population_persons", 1_000_000),
    "higher_education_students_per_thousand_persons": (
        "higher_education_students_persons", "resident_population_persons", 1000),
    "loans_gdp_ratio": ("loans_cny", "gdp_cny", 1),
}  # fmt: skip
GROWTHS = {"gdp_pct_change": "gdp_cny"}
SUMS = {"national_ai_zones_count": ("ai_pilot_zones_count", "ai_pioneer_zones_count")}


# ------------------------------------------------------------ names


@cache
def fold(text: object) -> str:
    """Letters and digits only, in one case, width and without accents."""
    text = unicodedata.normalize("NFKD", str(text)).casefold()
    return "".join(c for c in text if c.isalnum())


@cache
def catalog(name: str) -> list[Row]:
    with (PROJECT / "catalog" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def card(source_id: str) -> dict[str, Any]:
    path = PROJECT / "catalog" / "sources" / f"{source_id}.yml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def city(city_id: str) -> Row:
    return next(c for c in catalog("cities.csv") if c["city_id"] == city_id)


@cache
def names(city_id: str) -> frozenset[str]:
    c = city(city_id)
    found = [c["name_zh"], *c["aliases"].split(";"), re.sub(r"\s*\(.*\)", "", c["name_en"])]
    return frozenset(fold(name) for name in found if name)


@cache
def gazetteer() -> Gazetteer:
    return load_catalog([PROJECT / "catalog"]).gazetteer


@cache
def affiliation(text: str, countries: str = "", separator: str = ";") -> Affiliation:
    """Where an organisation is, by the rules of the catalog: what is traced here is the count."""
    names = gazetteer()
    stated = [names.territories.country(part.strip()) for part in countries.split(separator)]
    return names.organisations.resolve(text, [code for code in stated if code])


def is_city(city_id: str, printed: str, source_id: str = "", country: str = "") -> bool:
    """Whether a printed place is the city, by name or because the card says so."""
    places = card(source_id).get("parse", {}).get("places", []) if source_id else []
    for place in places:
        if place["printed"] == printed and place.get("country", country) == country:
            return str(place["city"]) == city_id
    province = fold(city(city_id)["province_zh"].rstrip("省"))
    return bool({fold(printed), fold(printed).removeprefix(province)} & names(city_id))


# ------------------------------------------------------------ raw files


def raw(file: str) -> Path:
    found = [p for p in (SHARED / "mirror" / file, SHARED / "facts" / file) if p.is_file()]
    return found[0]


@cache
def workbook(file: str) -> openpyxl.Workbook:
    with warnings.catch_warnings(action="ignore"):  # no default style
        return openpyxl.load_workbook(raw(file))


@cache
def frame(file: str) -> pd.DataFrame:
    return pd.read_csv(raw(file), dtype=str, keep_default_na=False)


@cache
def lines(file: str) -> dict[int, Row]:
    with raw(file).open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        return dict((reader.line_num, row) for row in reader)  # noqa: C402, numbered as it is read


@cache
def fact_sets() -> dict[str, dict[str, Any]]:
    return {s["id"]: s for s in json.loads(raw("facts.json").read_text(encoding="utf-8"))}


# ------------------------------------------------------------ the checks


def trace(row: Row, known: dict[tuple[str, str, str], Row]) -> tuple[str, str]:
    """What stands at the place of a figure, and whether it agrees.

    ``known`` are the collected figures by city, indicator and year, of which others are derived.
    """
    of_status = {"zero": "0", "missing": ""}.get(row["status"], row["value"])
    if row["value"] != of_status:
        return "", f"{row['status']} with the value {row['value']}"
    try:
        if not row["file"]:
            return derived(row, known)
        if row["file"].endswith(".xlsx"):
            return in_yearbook(row)
        if row["file"] == "facts.json":
            return in_fact_set(row)
        if row["place"].startswith("line "):
            return in_lines(row)
        return in_register(row)
    except (LookupError, ValueError, TypeError) as error:
        return "", f"not found: {error!r}"


def verdict(*faults: str) -> str:
    return "; ".join(f for f in faults if f) or AGREES


def compare(row: Row, number: float, printed_unit: str) -> str:
    """The fault of a figure in view of the number found, if any."""
    correction = corrected(row)
    if correction:
        if fold(correction["old"]) != fold(row["printed"]):
            return f"the correction is of {correction['old']}"
        if correction["new"] is None:
            return "" if row["status"] == "missing" else "the correction makes it missing"
        number, printed_unit = float(correction["new"]), correction["unit"]
    expected = number * UNITS.get(f"{printed_unit} {row['unit']}", 1)
    if row["unit"] not in ("count", printed_unit) and f"{printed_unit} {row['unit']}" not in UNITS:
        return f"unit {printed_unit} of {row['unit']}"
    return "" if same(expected, row["value"]) else f"{expected} expected"


def same(number: float, value: str) -> bool:
    return bool(value) and abs(number - float(value)) <= 1e-9 * max(1.0, abs(number))


@cache
def corrections() -> list[dict[str, Any]]:
    text = (PROJECT / "catalog" / "corrections.yml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text))


def corrected(row: Row) -> dict[str, Any] | None:
    key = (row["source_id"], row["indicator"], row["city_id"], row["year"])
    found = [
        c
        for c in corrections()
        if (c["source"], c["indicator"], c["city"], str(c["year"])) == key and "scope" not in c
    ]
    return found[0] if found else None


def close(text: object) -> str:
    """Text without spaces, in one width."""
    return "".join(unicodedata.normalize("NFKC", str(text or "")).split())


def headings(table: Worksheet, column: int, top: int, bottom: int) -> list[str]:
    """Chinese headings above a column from the top down, those of merged cells included."""
    found = []
    for r in range(top, bottom):
        cell = table.cell(r, column)
        for area in table.merged_cells.ranges:
            if cell.coordinate in area:
                cell = table.cell(area.min_row, area.min_col)
        text = re.split("[A-Za-z]", close(cell.value))[0]
        if text and text not in found:
            found.append(text)
    return found


def in_yearbook(row: Row) -> tuple[str, str]:
    name, place = row["place"].split("!")
    table = workbook(row["file"])[name]
    cell = table[place]
    label = str(table.cell(cell.row, 1).value)
    first = [close(table.cell(r, 1).value) for r in range(1, 20)]
    top, body = first.index("城市") + 1, first.index("北京市") + 1
    above = " ".join(close(c.value) for line in table.iter_rows(max_row=top - 1) for c in line)
    over = headings(table, cell.column, top, body)
    own = [h for h in over if h != "全市"][-1]
    text = "" if cell.value is None else str(cell.value).strip()
    title, words, unit = HEADINGS[row["indicator"]]
    edition = int(row["file"].split("/")[1])
    # Only the population table of the edition of 2021 prints no unit.
    unit_printed = re.search(rf"(?<!\w){unit}(?!\w)", f"{above} {own}")
    faults = [
        "" if fold(label) in names(row["city_id"]) else f"row of {label.strip()}",
        "" if title in above else f"title {above}",
        "" if own in (words, f"{words}({unit})") else f"heading {own}",
        "" if unit_printed or "/2021/2-1.xlsx" in row["file"] else f"unit {unit} is not printed",
        "" if "全市" in over or "(全市)" in above else "not the whole city",
        "" if edition - 1 == int(row["year"]) else f"edition {edition}",
    ]
    if row["status"] == "missing" and not corrected(row):
        faults.append("" if not text else "the cell is not blank")
    else:
        faults.append(compare(row, float(text.replace(",", "")), unit))
    shown = [label.strip(), " > ".join(over), unit, text or "(blank)"]
    return " | ".join(shown), verdict(*faults)


def in_lines(row: Row) -> tuple[str, str]:
    number, column = re.fullmatch(r"line (\d+), column (.+)", row["place"]).groups()  # type: ignore[union-attr]
    line = lines(row["file"])[int(number)]
    if row["indicator"] in METRO_COLUMNS:
        wanted, unit = METRO_COLUMNS[row["indicator"]], row["printed_unit"]
        name, year = line["fua_name"], line["year"]
        shown = [name, line["country_iso3"], year, f"{wanted} {line[column]}"]
        faults = ["" if column == wanted else f"column {column}"]
        alike = [x for x in lines(row["file"]).values() if x["fua_name"] == name]
        faults.append("" if len(alike) == 1 else f"{len(alike)} lines of {name}")
    elif "table" in line:
        table, label, unit = PROVINCE_LINES[row["indicator"]]
        name, year = line["province"], line["year"]
        shown = [line["table"], line["label_zh"], line["unit"], name, year, line[column]]
        same_line = (line["table"], line["label_zh"], line["unit"]) == (table, label, unit)
        faults = ["" if same_line else "another line of the table"]
    else:
        name, year, unit = line["MSA Title"], row["year"], "%"
        shown = [name, f"{column} {line[column]}"]
        faults = ["" if column == "AI User Share" else f"column {column}"]
    faults += [
        "" if is_city(row["city_id"], name, row["source_id"]) else f"line of {name}",
        "" if year == row["year"] else f"year {year}",
        compare(row, float(line[column]), unit),
    ]
    return " | ".join(shown), verdict(*faults)


def in_fact_set(row: Row) -> tuple[str, str]:
    facts = [
        fact
        for document in card(row["source_id"])["documents"]
        for fact in document["options"]["facts"]
        if fact.get("indicator") == row["indicator"]
        and fact["year"] <= int(row["year"]) <= fact.get("until", fact["year"])
    ]
    if row["status"] == "zero":
        sets = [fact_sets()[name] for name in sorted({f["set"] for f in facts})]
        n = sum(len(s["rows"]) for s in sets)
        named = [
            r["city_as_printed"]
            for s in sets
            for r in s["rows"]
            if any(name in fold(r["city_as_printed"]) for name in names(row["city_id"]))
        ]
        found = f"{', '.join(s['id'] for s in sets)}: {n} rows, none of the city"
        counted = [listed(s["id"], row["city_id"]) for s in sets]
        named += [f"{c[0]} rows of {c[1]}" for c in counted if c and c[0]]
        return found, verdict(
            "" if sets and all(s["complete"] for s in sets) else "the set is not complete",
            "" if declared_complete(row) else "the card does not say that it is complete",
            f"named as {', '.join(named)}" if named else "",
        )
    found_place = re.fullmatch(r"set (\w+)(?:, row (\d+))?", row["place"])
    name, number = found_place.groups()  # type: ignore[union-attr]
    of_set = fact_sets()[name]
    reasons = {m["city"]: m["reason"] for f in facts for m in f.get("missing", ())}
    if number is None:
        return f"set {name}", verdict("" if row["city_id"] in reasons else "no reason")
    line = of_set["rows"][int(number) - 1]
    printed = str(line["city_as_printed"])
    found = f"{of_set['indicator'][:80]} | {of_set['year']} | {printed} | "
    found += f"{line.get('value')} {of_set['unit']} | {line.get('printed') or ''}"[:80]
    if row["status"] == "missing":
        whole = re.sub(r"[(（].*", "", printed)
        words = "[近约約超逾>≥<余餘多+(（]|以上|以下|规划|over|about|bound"
        vague = re.search(words, f"{printed} {line.get('printed')}")
        return found, verdict(
            "" if vague or row["city_id"] in reasons else "looks like an exact figure",
            "" if fold(whole) in names(row["city_id"]) or vague else f"row of {printed}",
        )
    counted_in_list = listed(name, row["city_id"])
    if counted_in_list:
        found += f" | {counted_in_list[0]} rows in {counted_in_list[1]}"
    years = {int(y) for y in re.findall(r"(?:19|20)\d\d", str(of_set["year"]))}
    held = any(f.get("until") for f in facts) and min(years) <= int(row["year"])
    return found, verdict(
        "" if is_city(row["city_id"], printed) else f"row of {printed}",
        "" if facts and any(f["set"] == name for f in facts) else "not a set of the indicator",
        "" if held or min(years) <= int(row["year"]) <= max(years) else f"year {of_set['year']}",
        compare(row, float(line["value"]), of_set["unit"]),
        "" if not counted_in_list or counted_in_list[0] == line["value"] else "not so in the list",
    )


def listed(name: str, city_id: str) -> tuple[int, str] | None:
    """How often a city stands in the list from which a set was counted, where we have the list."""
    if name.startswith("univ_") and name.endswith("_by_city"):
        file, places = "moe_hei_list_with_city.json", []
        for school in json.loads(raw(f"files/{file}").read_text(encoding="utf-8")):
            under = school["department"] in ("教育部", "工业和信息化部", "中国科学院")
            undergraduate = school["level"] == "本科" and (under or "central" not in name)
            if name == "univ_all_by_city" or undergraduate:
                places.append(school["address"])
    elif name in ("szse_listed_by_city", "szse_it_listed_by_city"):
        file = "szse_a_share_list_2025-10.xlsx"
        lines_ = [
            [str(cell) for cell in line] for line in workbook(f"files/{file}").worksheets[0].values
        ]
        title = [close(cell) for cell in lines_[0]]
        sector, place = title.index("所属行业"), title.index("城市")
        places = [x[place] for x in lines_[1:] if "_it_" not in name or x[sector].startswith("I")]
    else:
        return None
    return sum(fold(place) in names(city_id) for place in places), file


def declared_complete(row: Row) -> bool:
    """Whether the card says that absence from the register means zero."""
    return any(
        r["indicator"] == row["indicator"]
        and r["country_code"] == city(row["city_id"])["country_code"]
        and r["year_from"] <= int(row["year"]) <= r["year_to"]
        for r in card(row["source_id"]).get("registers", ())
    )


def in_register(row: Row) -> tuple[str, str]:
    """Count the rows of the city in a register."""
    number, found = count(
        row["source_id"], row["indicator"], row["file"], row["city_id"], int(row["year"])
    )
    found = f"{found} of the city"
    if row["status"] == "zero":
        return found, verdict(
            "" if number == 0 else f"{number} counted",
            named_elsewhere(row),
            "" if declared_complete(row) else "the card does not say that it is complete",
        )
    if row["status"] == "missing":
        doubt = doubtful(row["source_id"], row["file"], row["city_id"], int(row["year"]))
        return f"{found}; {doubt}", verdict("" if doubt else "no doubt about the count")
    return found, verdict("" if same(number, row["value"]) else f"{number} counted")


def named_elsewhere(row: Row) -> str:
    """Organisations that nobody placed and that have the city in their name or address."""
    column = {
        "epoch_notable_models": "Organization",
        "epoch_large_scale_models": "Organization",
        "paper_copilot_affiliations": "orgs",
    }.get(row["source_id"])
    if column is None:
        return ""
    f = frame(row["file"])
    year = f["year" if column == "orgs" else "Publication date"].str[:4]
    panel = f["venue"].isin(PANEL) if column == "orgs" else True
    name = re.compile(rf"\b{city(row['city_id'])['name_en']}\b", re.IGNORECASE)
    found = {
        text.strip()
        for cell in f[panel & (year == row["year"])][column]
        for text in re.split(r"[|]" if column == "orgs" else ",", cell)
        if name.search(text) and affiliation(text.strip()).site is None
    }
    return f"named in {'; '.join(sorted(found))}" if found else ""


def doubtful(source: str, file: str, city_id: str, year: int) -> str:
    """Rows of a register that may be of the city, but cannot be told to be."""
    f, own = frame(file), city(city_id)
    if source == "cac_generative_ai_filings":
        province = [c for c in catalog("cities.csv") if c["province_zh"] == own["province_zh"]]
        known = {n for c in province if c["kind"] == "city" for n in names(c["city_id"])}
        rows = [
            entity
            for territory, entity, date in f[["territory", "filing_entity", "filing_date"]].values
            if territory == own["province_zh"] and int(date[:4]) <= year
            if not any(fold(entity).startswith(n) or f"({n}" in close(entity) for n in known)
        ]
        return f"{len(rows)} rows of {own['province_zh']} name no city" if rows else ""
    alike = [
        c["city_id"]
        for c in catalog("cities.csv")
        if c["country_code"] == own["country_code"]
        if c["kind"] in ("city", "municipality")
        if fold(re.sub(r"\s*\(.*\)", "", c["name_en"])) in names(city_id)
    ]
    return f"the name fits {', '.join(alike)}" if len(alike) > 1 else ""


def count(source: str, indicator: str, file: str, city_id: str, year: int) -> tuple[float, str]:
    """How much a register has of a city in a year, and in words."""
    f = frame(file)
    country = city(city_id)["country_code"]
    printed_countries = {
        printed
        for printed, code in card(source)["parse"].get("countries", {}).items()
        if code == country or (country == "HK" and code == "CN")
    }

    def of_city(places: pd.Series, countries: pd.Series | None = None) -> pd.Series:
        pairs = zip(places, [""] * len(f) if countries is None else countries, strict=True)
        found = [
            (not c or c in printed_countries) and is_city(city_id, p, source, c) for p, c in pairs
        ]
        return pd.Series(found, f.index)

    def of_organisations(
        rows: pd.DataFrame, column: str, separator: str, stated: str, between: str
    ) -> int:
        return sum(
            any(
                affiliation(o, countries, between).city_id == city_id for o in cell.split(separator)
            )
            for cell, countries in zip(rows[column], rows[stated], strict=True)
        )

    if source in ("epoch_notable_models", "epoch_large_scale_models"):
        rows = f[f["Publication date"].str[:4] == str(year)]
        n = of_organisations(rows, "Organization", ",", "Country (of organization)", ",")
        return n, f"{n} rows of {year}"
    if source == "paper_copilot_affiliations":
        panel = f[f["venue"].isin(PANEL) & (f["year"] == str(year))]
        n = of_organisations(panel, "orgs", "|", "countries", ";")
        return 100 * n / len(panel), f"{n} of {len(panel)} rows of {year}"
    if source == "awesome_llms_in_china":
        rows = f[of_city(f["province_city"])]
        return len(rows), f"{len(rows)} rows"
    if source == "cloud_regions":
        rows = f[of_city(f["metro"], f["country"]) & (f["in_service"] == "true")]
        rows = rows.drop_duplicates(["provider", "region_code", "region_name"])
        return len(rows), f"{len(rows)} regions in service"
    if source in ("cb_insights_unicorns", "cb_insights_ai_unicorns"):
        column = "unicorns" if source == "cb_insights_unicorns" else "ai_unicorns"
        rows = f[of_city(f["City"], f["Country"]) & (f["year"].astype(int) <= year)]
        if indicator == "cb_insights_enterprise_tech_unicorns_count":
            rows = rows[rows["Industry"] == "Enterprise Tech"]
        total = rows[column].astype(int).sum()
        return total, f"{total} in {len(rows)} rows to {year}"
    if source == "cac_generative_ai_filings":
        own = names(city_id)
        by_name = [
            fold(territory) in own
            or any(fold(entity).startswith(n) or f"({n}" in close(entity) for n in own)
            for territory, entity in zip(f["territory"], f["filing_entity"], strict=True)
        ]
        rows = f[pd.Series(by_name) & (f["filing_date"].str[:4].astype(int) <= year)]
        return len(rows), f"{len(rows)} rows to {year}"
    if source == "cac_generative_ai_totals":
        rows = f[of_city(f["territory"])]
        total = rows["filings_and_registrations_cum"].astype(int).sum()
        return total, f"{total} in {len(rows)} rows"
    raise LookupError(f"no way to count {source}")


def derived(row: Row, known: dict[tuple[str, str, str], Row]) -> tuple[str, str]:
    def part(indicator: str, year: int) -> tuple[float | None, str]:
        figure = known.get((row["city_id"], indicator, str(year)))
        value = float(figure["value"]) if figure and figure["value"] else None
        return value, f"{indicator} {year}: {'no figure' if value is None else number(value)}"

    year, indicator = int(row["year"]), row["indicator"]
    if indicator in GROWTHS:
        a, a_words = part(GROWTHS[indicator], year)
        b, b_words = part(GROWTHS[indicator], year - 1)
        expected = None if a is None or not b else 100 * (a - b) / b
    elif indicator in SUMS:
        a, a_words = part(SUMS[indicator][0], year)
        b, b_words = part(SUMS[indicator][1], year)
        expected = None if a is None or b is None else a + b
    else:
        over, under, per = RATIOS[indicator]
        a, a_words = part(over, year)
        b, b_words = part(under, year)
        expected = None if a is None or not b else per * a / b
    found = f"{a_words}; {b_words}"
    if expected is None:
        return found, verdict("" if row["status"] == "missing" else "no figure to derive it of")
    status = "zero" if expected == 0 and indicator not in GROWTHS else "observed"
    return found, verdict(
        "" if row["status"] == status else f"{status} expected",
        "" if same(expected, row["value"]) else f"{expected} expected",
    )


# ------------------------------------------------------------ from the release to the page


def number(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def draw(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Seven ranked cities, and three of all that have a figure: the first by hash with the seed."""

    def first(n: int, ids: Iterable[str]) -> list[str]:
        return sorted(ids, key=lambda i: hashlib.sha256(f"{SEED}:{i}".encode()).hexdigest())[:n]

    ranked = con.execute(
        "with ranked as (select city_id, edition from marts.index_ranking "
        "where framework = 'ai_city_cn' and rank is not null) "
        "select city_id from ranked where edition = (select max(edition) from ranked)"
    ).fetchall()
    all_ = con.execute(
        "select distinct v.city_id from marts.indicator_value as v "
        "join marts.city as c on v.city_id = c.city_id where c.is_city and v.value is not null"
    ).fetchall()
    chosen = first(RANKED, (i for (i,) in ranked))
    return chosen + first(OTHERS, (i for (i,) in all_ if i not in chosen))


def figures(con: duckdb.DuckDBPyConnection, cities: list[str]) -> list[Row]:
    """The rows of marts.indicator_value of the cities, with their places, still to be traced."""
    found = con.execute(
        "select v.city_id, v.indicator, v.year, v.status, v.value, v.unit, o.printed_value, "
        "o.printed_unit, v.source_id, d.title, o.locator "
        "from marts.indicator_value as v "
        "left join marts.observation as o on v.observation_id = o.observation_id "
        "left join marts.document as d on v.document_id = d.document_id "
        "where v.city_id in (select unnest(?)) order by v.city_id, v.indicator, v.year",
        [cities],
    ).fetchall()
    rows = []
    for (
        city_id,
        indicator,
        year,
        status,
        value,
        unit,
        printed,
        printed_unit,
        source,
        title,
        place,
    ) in found:
        file = ""
        if source:
            (file,) = {d["mirror"] for d in card(source)["documents"] if d["title"] == title}
        cells = [
            city_id,
            indicator,
            str(year),
            status,
            number(value),
            unit,
            printed or "",
            printed_unit or "",
        ]
        cells += [source or "", file, place or "", "", ""]
        rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def by_key(rows: Iterable[Row]) -> dict[tuple[str, str, str], Row]:
    return {(r["city_id"], r["indicator"], r["year"]): r for r in rows}


def traced(rows: list[Row]) -> list[Row]:
    known = by_key(rows)
    return [r | dict(zip(("found", "verdict"), trace(r, known), strict=True)) for r in rows]


def page(rows: list[Row]) -> str:
    """The part of docs/trace.md that is written from the table."""
    sources = Counter((r["file"], card(r["source_id"])["title"]) for r in rows if r["file"])
    lines = ["", "## The cities", ""]
    lines += table(["city", "id", *STATES, "rows", "agree"], (summary(c, rows) for c in ids(rows)))
    lines += ["", f"{len(rows)} rows, of which {len(agreeing(rows))} agree.", ""]
    lines += ["## The raw files", "", "Names are those of the mirror.", ""]
    lines += table(["file", "source", "rows"], ([*key, n] for key, n in sorted(sources.items())))
    for city_id in ids(rows):
        lines += ["", f"## {city(city_id)['name_en']}", ""]
        lines += table(
            ["indicator", "year", "value", "unit", "as printed", "file", "place"],
            newest(city_id, rows),
        )
    return "\n".join(lines) + "\n"


STATES = ("observed", "zero", "missing", "derived")


def ids(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(r["city_id"] for r in rows))


def agreeing(rows: list[Row]) -> list[Row]:
    return [r for r in rows if r["verdict"] == AGREES]


def summary(city_id: str, rows: list[Row]) -> list[object]:
    own = [r for r in rows if r["city_id"] == city_id]
    states = [r["status"] if r["file"] else "derived" for r in own]
    counts = [states.count(state) for state in STATES]
    return [city(city_id)["name_en"], city_id, *counts, len(own), len(agreeing(own))]


def newest(city_id: str, rows: list[Row]) -> list[list[object]]:
    """The newest observed figure of each indicator that is printed or counted."""
    found = {
        r["indicator"]: r
        for r in rows
        if r["city_id"] == city_id and r["status"] == "observed" and r["file"]
    }
    columns = ("indicator", "year", "value", "unit")
    return [
        [*(r[c] for c in columns), f"{r['printed']} {r['printed_unit']}", r["file"], r["place"]]
        for r in found.values()
    ]


def table(head: list[str], lines: Iterable[Iterable[object]]) -> list[str]:
    cells = [head, ["---"] * len(head), *lines]
    return ["| " + " | ".join(str(c).replace("|", "/") for c in line) + " |" for line in cells]


def read() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def main() -> None:
    home = Path(os.environ.get("AICITY_HOME", PROJECT / "data"))
    with duckdb.connect(str(home / "current" / "warehouse.duckdb"), read_only=True) as con:
        rows = traced(figures(con, draw(con)))
    with TABLE.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    by_hand = PAGE.read_text(encoding="utf-8").split(MARK)[0]
    PAGE.write_text(by_hand + MARK + "\n" + page(rows), encoding="utf-8")
    faults = [r for r in rows if r["verdict"] != AGREES]
    print(f"{len(rows)} figures traced, {len(faults)} disagree")
    for r in faults:
        print(r["city_id"], r["indicator"], r["year"], r["verdict"], "|", r["found"])
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
