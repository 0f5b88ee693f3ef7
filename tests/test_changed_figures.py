"""A figure changed in a raw workbook, from the cell to the release."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import openpyxl
import pytest
import yaml

from ingest.settings import Settings
from orchestration import build
from tests.conftest import ORCHARDS, Home

SURVEY = ORCHARDS / "sources" / "orchard_survey"
COLUMNS = {
    "area_hectares": "Area (ha)",
    "trees_count": "Trees (trees)",
    "yield_tonnes": "Yield (t)",
    "rot_pct": "Fruit lost to rot (%)",
    "apprentices_persons": "Apprentices (persons)",
}
TREES = 4  # column of the workbook, from 1


def survey(path: Path, year: int) -> None:
    """The survey of a year as a workbook, from the bundled facts of the small catalog."""
    with (SURVEY / f"survey_{year}.observation.csv").open(encoding="utf-8") as stream:
        rows = [r for r in csv.DictReader(stream) if r["scope"] == "whole_orchard"]
    figures = {
        (r["quote"].split(" | ")[0], r["indicator"]): r.get("printed_value")
        for r in rows
        if r["year"] == str(year)
    }
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Orchard survey"])
    sheet.append(["Orchard", "", *COLUMNS.values()])
    sheet.append(["", "", *["Whole orchard"] * len(COLUMNS)])
    for place in sorted({place for place, _ in figures}):
        cells = [figures.get((place, indicator)) for indicator in COLUMNS]
        sheet.append([place, "", *[float(cell) if cell else None for cell in cells]])
    book.save(path)


def change(path: Path, place: str, column: int, value: float) -> float:
    """Write another figure into the row of a place; returns the one before."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    (row,) = [r for r in range(1, sheet.max_row + 1) if sheet.cell(r, 1).value == place]
    before = float(sheet.cell(row, column).value)
    sheet.cell(row, column).value = value
    book.save(path)
    return before


@pytest.fixture
def home(orchards: Home, tmp_path: Path, instance: dg.DagsterInstance) -> Home:
    """The small catalog, whose survey comes from workbooks in a mirror."""
    (catalog,) = orchards.settings.catalog
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    file = catalog / "sources" / "orchard_survey.yml"
    card = yaml.safe_load(file.read_text(encoding="utf-8"))
    for document in card["documents"]:
        document |= {"form": "published", "mirror": f"{document['id']}.xlsx"}
        survey(mirror / document["mirror"], document["options"]["year"])
    file.write_text(yaml.safe_dump(card), encoding="utf-8")
    settings = Settings(tmp_path / "home", (catalog,), origin="mirror", mirror=(mirror,))
    return Home(settings, instance)


def ask(home: Home, sql: str) -> list[tuple[Any, ...]]:
    file = home.settings.current / build.WAREHOUSE
    with duckdb.connect(str(file), read_only=True) as con:
        return con.execute(sql).fetchall()


def failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    return {c.check_name for c in result.get_asset_check_evaluations() if not c.passed}


def test_a_changed_figure_is_a_vintage_a_conflict_and_a_warning(home: Home) -> None:
    first = home.run()
    assert first.success
    assert "figures_are_restated" not in failed_checks(first)
    before = change(home.settings.mirror[0] / "survey_2023.xlsx", "Birchholt", TREES, 40_123)
    assert before != 40_123
    second = home.run()
    assert second.success
    assert "figures_are_restated" in failed_checks(second)

    of_cell = "indicator = 'trees_count' and city_id = 'xo_birchholt' and year = 2023"
    vintages = ask(
        home,
        "select value, is_latest_vintage from marts.observation "
        f"where {of_cell} order by vintage_on",
    )
    assert vintages == [(before, False), (40_123.0, True)]
    chosen = ask(home, f"select value from marts.indicator_value where {of_cell}")
    assert chosen == [(40_123.0,)]
    conflicts = ask(
        home,
        "select indicator, city_id, conflict_kind, value, other_value, is_explained "
        "from marts.indicator_conflict",
    )
    assert conflicts == [
        ("trees_count", "xo_birchholt", "restated", 40_123.0, before, False),
    ]
    manifest = json.loads((home.settings.current / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["difference"]["facts"]["observation"]["added"] > 0
    assert manifest["difference"]["tables"]["marts.indicator_conflict"]["added"] == 1
    assert "figures_are_restated" in {c["check_name"] for c in manifest["checks"]["failed"]}


@pytest.fixture
def correct(home: Home, instance: dg.DagsterInstance) -> Callable[..., Home]:
    """The same home with one correction in its catalog."""

    def write(**changes: object) -> Home:
        entry = {
            "source": "orchard_survey",
            "indicator": "trees_count",
            "city": "xo_birchholt",
            "year": 2023,
            "old": "999",
            "new": "38000",
            "unit": "trees",
            "reason": "two digits are missing",
            "by": "A. Nalyst",
            "on": "2024-06-01",
        }
        (catalog,) = home.settings.catalog
        text = yaml.safe_dump([entry | changes], sort_keys=False)
        (catalog / "corrections.yml").write_text(text, encoding="utf-8")
        return Home(home.settings, instance)

    return write


def test_a_correction_counts_until_the_source_mends_the_figure(
    home: Home, correct: Callable[..., Home]
) -> None:
    workbook = home.settings.mirror[0] / "survey_2023.xlsx"
    change(workbook, "Birchholt", TREES, 999)
    corrected = correct()
    assert corrected.run().success
    of_cell = "indicator = 'trees_count' and city_id = 'xo_birchholt' and year = 2023"
    assert ask(
        home,
        f"select value, is_corrected, correction_reason from marts.indicator_value where {of_cell}",
    ) == [(38_000.0, True, "two digits are missing")]
    assert ask(
        home,
        "select value, value_as_published, printed_value, corrected_by, corrected_on::varchar "
        f"from marts.observation where {of_cell}",
    ) == [(38_000.0, 999.0, "999", "A. Nalyst", "2024-06-01")]
    releases = home.releases()

    change(workbook, "Birchholt", TREES, 38_001)
    result = corrected.run()
    assert not result.success
    assert "corrections_apply" in failed_checks(result)
    assert home.releases() == releases
    file = home.build(result)
    with duckdb.connect(str(file), read_only=True) as con:
        rows = con.execute("select old_as_printed, newest_as_printed from marts.correction")
        assert rows.fetchall() == [("999", "38001")]
