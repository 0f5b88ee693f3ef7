"""The yearbook's facts against its workbooks, read a second time with another library."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ingest.catalog import load_catalog
from ingest.settings import PROJECT

FOLDER = PROJECT / "catalog" / "sources" / "china_city_statistical_yearbook"
CATALOG = load_catalog([PROJECT / "catalog"])
CARD = CATALOG.sources[FOLDER.name]
DOCUMENTS = [d.id for d in CARD.documents if d.mirror]


@cache
def facts(document: str) -> list[dict[str, str]]:
    path = FOLDER / f"{document}.observation.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def sheet(path: Path) -> Any:
    return openpyxl.load_workbook(path, data_only=True).worksheets[0]


def text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def raw(shared: Path, document: str) -> Any:
    (found,) = [d for d in CARD.documents if d.id == document]
    return sheet(shared / "mirror" / str(found.mirror))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_fact_stands_in_its_cell(shared: Path, document: str) -> None:
    """Figure, place and scope of every fact, in the cell that its locator names."""
    book, titles = raw(shared, document), defaultdict(str)
    rows = facts(document)
    assert len(rows) >= 290
    for row in rows:
        name, cell = row["locator"].split("!")
        assert book.title == name
        assert text(book[cell].value) == row["printed_value"]
        column, line = re.fullmatch(r"([A-Z]+)(\d+)", cell).groups()  # type: ignore[union-attr]
        place = text(book[f"A{line}"].value)
        assert row["quote"].startswith(f"{place} | ")
        assert CATALOG.gazetteer.city(place, "CN").city_id == row["city_id"]
        if column not in titles:
            first = next(i for i in range(1, 20) if text(book[f"A{i}"].value) == "北京市")
            above = [text(book[f"{column}{i}"].value) for i in range(1, first)]
            above += [text(book.cell(i, c).value) for i in range(1, 4) for c in range(1, 4)]
            titles[column] = " ".join(above)
        mark = {"total_city": "全市", "districts": "市辖区"}[row["scope"]]
        assert mark in titles[column]


# Document, cell, indicator, scope and value of Beijing.
BEIJING = [
    ("y2021_gdp", "C7", "gdp_cny", "total_city", 36103e8),
    ("y2021_employment", "F7", "urban_unit_average_wage_cny", "total_city", 185026),
    ("y2022_employment", "C4", "urban_unit_employees_persons", "total_city", 7595091),
    ("y2023_employment", "D5", "urban_unit_staff_persons", "total_city", 714e4),
    ("y2023_population", "C10", "household_population_persons", "total_city", 1428e4),
    ("y2023_population", "F10", "urban_household_population_persons", "districts", 1216e4),
    ("y2024_population", "E9", "urbanisation_rate_pct", "total_city", 87.83),
    ("y2024_trade", "D8", "goods_exports_cny", "total_city", 60000516e4),
    ("y2024_industry_assets", "E12", "industry_profits_cny_balance", "total_city", 16840812e4),
    ("y2024_retail", "G12", "trade_sales_cny", "total_city", 906022993e4),
    ("y2024_electricity", "D11", "industrial_electricity_consumption_kwh", "total_city", 2752332e4),
    ("y2024_culture", "D8", "library_volumes_count", "districts", 8099e4),
    ("y2024_insurance", "G9", "unemployment_insured_persons", "total_city", 14184000),
    ("y2024_budget_districts", "F12", "education_expenditure_cny", "districts", 12279032e4),
]


@pytest.mark.parametrize(("document", "cell", "indicator", "scope", "value"), BEIJING)
def test_spot_values(
    shared: Path, document: str, cell: str, indicator: str, scope: str, value: float
) -> None:
    """Values worked out by hand from cells found by hand."""
    (row,) = [
        r
        for r in facts(document)
        if (r["indicator"], r["city_id"], r["scope"]) == (indicator, "cn_beijing", scope)
    ]
    assert row["locator"] == f"{raw(shared, document).title}!{cell}"
    assert float(row["value"]) == pytest.approx(value, rel=1e-12)


def test_one_number_names_two_tables() -> None:
    """2-18 is employment until the edition of 2023 and high-tech enterprises in that of 2024."""
    employment = {"urban_unit_employees_persons", "urban_unit_staff_persons"}
    employment |= {"urban_unit_wage_bill_cny"}
    assert {r["indicator"] for r in facts("y2023_employment")} == employment
    high_tech = {"high_tech_enterprises_count", "technology_contracts_cny"}
    assert {r["indicator"] for r in facts("y2024_high_tech")} == high_tech
    for edition, title in (("y2023_employment", "劳动力就业"), ("y2024_high_tech", "高新技术")):
        (document,) = [d for d in CARD.documents if d.id == edition]
        assert "/2-18" in str(document.mirror)
        assert title in document.title


def test_scopes_are_never_mixed() -> None:
    """A fact of the whole city and one of its districts stand in different columns or tables."""
    for document in DOCUMENTS:
        columns: dict[str, set[str]] = defaultdict(set)
        for row in facts(document):
            columns[re.sub(r"\d+$", "", row["locator"])].add(row["scope"])
        assert all(len(scopes) == 1 for scopes in columns.values()), document
    assert {r["scope"] for r in facts("y2024_budget")} == {"total_city"}
    assert {r["scope"] for r in facts("y2024_budget_districts")} == {"districts"}
