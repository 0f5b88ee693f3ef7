"""The examples of docs/add-an-indicator.md, copied as an analyst would copy them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from ingest_bench import Bench, card, workbook

from ingest.catalog import load_catalog
from ingest.parse import parse_document
from ingest.pull import held_documents, pull
from ingest.settings import PROJECT, Settings

CATALOG = PROJECT / "catalog"
PAGE = (PROJECT / "docs" / "add-an-indicator.md").read_text(encoding="utf-8")
INDICATOR, COLUMN, CARD = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
(FIGURES,) = re.findall(r"```csv\n(.*?)```", PAGE, re.S)
YEARBOOK = "china_city_statistical_yearbook"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def observations(own: Path, mirror: Path, source: str, document: str) -> list[dict[str, Any]]:
    """What a document gives under the catalog with the folder ``own`` beside it."""
    catalog = load_catalog([CATALOG, own])
    assert catalog.errors == ()
    settings = Settings(
        home=own / "home", catalog=(CATALOG, own), origin="mirror", mirror=(mirror,)
    )
    assert pull(catalog, source, settings).failures == []
    (held,) = [h for h in held_documents(catalog, source, settings) if h.document == document]
    return [r for r in parse_document(catalog, held, settings).rows if r["kind"] == "observation"]


def test_own_figures_as_the_page_shows_them(tmp_path: Path) -> None:
    own = INDICATOR.replace(f"[{YEARBOOK}]", f"[own_figures, {YEARBOOK}]")
    write(tmp_path / "own" / "indicators.yml", own)
    write(tmp_path / "own" / "sources" / "own_figures.yml", CARD)
    write(tmp_path / "figures" / "own_figures.csv", FIGURES)
    rows = observations(tmp_path / "own", tmp_path / "figures", "own_figures", "figures")
    found = {row["city_id"]: row for row in rows}
    assert found["cn_hangzhou"]["value"] == 91
    assert found["cn_hangzhou"]["quote"].endswith("| 91 | count of the culture bureau")
    assert found["cn_ningbo"]["status"] == "missing"
    assert found["cn_ningbo"]["missing_reason"] == "not counted yet"


def test_a_column_of_the_yearbook_as_the_page_shows_it(shared: Path, tmp_path: Path) -> None:
    card = (CATALOG / "sources" / f"{YEARBOOK}.yml").read_text(encoding="utf-8")
    *table, column = COLUMN.splitlines(keepends=True)
    assert card.count("".join(table)) == 1
    write(tmp_path / "indicators.yml", INDICATOR)
    write(
        tmp_path / "sources" / f"{YEARBOOK}.yml",
        card.replace("".join(table), "".join(table) + column),
    )
    rows = observations(tmp_path, shared / "mirror", YEARBOOK, "y2024_culture")
    beijing = {
        (r["scope"], r["value"])
        for r in rows
        if (r["indicator"], r["city_id"]) == ("museums_count", "cn_beijing")
    }
    assert beijing == {("total_city", 226), ("districts", 226)}


def test_a_workbook_as_the_page_shows_it(bench: Bench) -> None:
    page = (PROJECT / "docs" / "add-a-source.md").read_text(encoding="utf-8")
    section = page.partition("### Figures in a workbook")[2].partition("\n## ")[0]
    (text,) = re.findall(r"```yaml\n(.*?)```", section, re.S)
    written = yaml.safe_load(text.replace("digital_workforce_persons", "population_persons"))
    lines = [line.strip("| ").split("|") for line in section.splitlines() if line[:1] == "|"]
    rows = [[cell.strip() or None for cell in line] for line in lines if "---" not in line[0]]
    heading, years, city = rows
    sheet = [[*heading, None], [None, *years], [city[0], *map(float, city[1:])]]
    data = workbook(sheet, ("A1:A2", "B1:C1"), title="Table 2")
    read = bench.read({**card("long_table"), **written}, data)
    assert read.values() == [("cn_hangzhou", 2022, 642000), ("cn_hangzhou", 2023, 661000)]
