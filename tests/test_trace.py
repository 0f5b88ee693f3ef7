"""The trace in docs/: every figure of ten cities against its raw file, and against the release."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ingest.names.organisations import Affiliation
from tools import trace
from tools.trace import AGREES, Row

needs_raw_files = pytest.mark.skipif(
    not (trace.SHARED / "mirror").is_dir() or not (trace.SHARED / "facts").is_dir(),
    reason="no real raw files beside the project: shared/mirror, shared/facts",
)
REMEDY = "run: python -m tools.trace"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return trace.read()


@needs_raw_files
def test_every_figure_stands_in_its_raw_file(rows: list[Row]) -> None:
    assert len(rows) > 1000
    known = trace.by_key(rows)
    faults = [
        (r["city_id"], r["indicator"], r["year"], found, verdict)
        for r in rows
        for found, verdict in [trace.trace(r, known)]
        if (found, verdict) != (r["found"], AGREES)
    ]
    assert not faults


def test_the_trace_is_of_this_release(warehouse: Path, rows: list[Row]) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        published = trace.figures(con, trace.draw(con))
    traced = [r | {"found": "", "verdict": ""} for r in rows]
    assert [r for r in published if r not in traced] == [], REMEDY
    assert [r for r in traced if r not in published] == [], REMEDY


def test_the_page_is_of_this_trace(rows: list[Row]) -> None:
    assert trace.PAGE.read_text(encoding="utf-8").split(trace.MARK)[1] == "\n" + trace.page(rows)


WRONG = {  # of which figure, what is changed, and the fault found
    "another value in a workbook": (
        {"indicator": "gdp_cny"},
        {"value": "1"},
        "expected",
    ),
    "the cell of the districts": (
        {"indicator": "gdp_cny", "year": "2023", "city_id": "cn_anqing"},
        {"place": "Sheet49!D116"},
        "not the whole city",
    ),
    "the row of another city": (
        {"indicator": "gdp_cny", "year": "2023", "city_id": "cn_anqing"},
        {"place": "Sheet49!C117"},
        "row of",
    ),
    "another year": (
        {"indicator": "gdp_cny", "year": "2022"},
        {"year": "2021"},
        "edition 2023",
    ),
    "another indicator": (
        {"indicator": "deposits_cny"},
        {"indicator": "loans_cny"},
        "heading",
    ),
    "a figure that is not missing": (
        {"source_id": trace.YEARBOOK, "status": "observed"},
        {"status": "missing", "value": ""},
        "not blank",
    ),
    "a correction that does not apply": (
        {"indicator": "urban_unit_wage_bill_cny", "status": "missing"},
        {"printed": "1"},
        "the correction is of",
    ),
    "another count of a register": (
        {"indicator": "cloud_regions_count", "status": "observed"},
        {"value": "9"},
        "counted",
    ),
    "a zero with a value": (
        {"status": "zero"},
        {"value": "9"},
        "zero with the value",
    ),
    "a zero that the list contradicts": (
        {"indicator": "universities_count", "status": "observed"},
        {"status": "zero", "value": "0"},
        "named as",
    ),
    "a zero of a register that is not complete": (
        {"indicator": "cb_insights_unicorns_count"},
        {"status": "zero", "value": "0"},
        "does not say that it is complete",
    ),
    "another fact of a set": (
        {"file": "facts.json", "status": "observed"},
        {"value": "77"},
        "expected",
    ),
    "the line of another metro": (
        {"indicator": "metro_population_persons"},
        {"place": "line 2, column fua_population"},
        "line of",
    ),
    "another ratio": (
        {"indicator": "loans_gdp_ratio"},
        {"value": "0.5"},
        "expected",
    ),
}


@needs_raw_files
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_figure_is_found(rows: list[Row], what: str) -> None:
    of, wrong, fault = WRONG[what]
    right = next(r for r in rows if of.items() <= r.items())
    known = trace.by_key(rows)
    assert trace.trace(right, known)[1] == AGREES
    assert fault in trace.trace(right | wrong, known)[1]


@needs_raw_files
def test_a_zero_is_doubted_where_an_address_names_the_city(
    rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    of = {"indicator": "ai_paper_share_pct", "city_id": "cn_guiyang", "year": "2023"}
    row = next(r for r in rows if of.items() <= r.items())
    monkeypatch.setattr(trace, "affiliation", lambda *_: Affiliation())
    fault = trace.trace(row | {"status": "zero", "value": "0"}, {})[1]
    assert "named in" in fault
    assert "Guiyang 550025" in fault
