"""Figures and registers out of tables of any form: the columns decide which table it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ingest_bench import Bench, card, register_card

PEOPLE = {
    "indicator": "population_persons",
    "column": "value",
    "unit": "persons",
    "scope": "total_city",
}


def figures(*values: dict[str, Any], **parse: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "place_column": "city",
        "year_column": "year",
        "values": list(values or (PEOPLE,)),
    }
    return card("long_table", parse={k: v for k, v in (options | parse).items() if v is not None})


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


# ---------------------------------------------------------------- JSON
def test_records_in_json(bench: Bench) -> None:
    data = b"""{"meta": {"n": 2}, "data": [
        {"city": {"name": "Beijing"}, "year": 2023, "value": 1.5},
        {"city": {"name": "Hangzhou"}, "year": 2023, "value": 1.25E+7},
        {"city": {"name": "Shenzhen"}, "year": 2023, "value": null}]}"""
    read = bench.read(figures(place_column="city.name", table={"records": "data"}), data)
    rows = {r["city_id"]: r for r in read.rows("observation")}
    assert rows["cn_beijing"]["value"] == 1.5
    assert rows["cn_beijing"]["locator"] == "data[0], value"
    assert rows["cn_beijing"]["quote"] == "Beijing | value | 1.5"
    assert rows["cn_hangzhou"]["value"] == 12500000
    assert rows["cn_hangzhou"]["printed_value"] == "1.25E+7"
    assert rows["cn_shenzhen"]["missing_reason"] == "not published (blank in the source)"
    # The list of records is certainly there, so that it need not be declared.
    assert bench.read(figures(place_column="city.name"), data).values() == read.values()


def test_pages_of_one_query_one_a_line(bench: Bench) -> None:
    pages = [[{"city": "Beijing", "year": 2023, "value": 1}], [{"city": "Hangzhou", "value": 2}]]
    pages[1][0]["year"] = 2023
    data = b"\n".join(as_json([{"page": i}, rows]) for i, rows in enumerate(pages, 1))
    read = bench.read(figures(table={"records": "[1]"}), data)
    assert read.values() == [("cn_beijing", 2023, 1), ("cn_hangzhou", 2023, 2)]
    assert {r["locator"] for r in read.rows("observation")} == {
        "line 1: [1][0], value",
        "line 2: [1][0], value",
    }


def test_json_stat_with_statuses(bench: Bench) -> None:
    cube = {
        "class": "dataset",
        "id": ["geo", "time"],
        "size": [3, 2],
        "dimension": {
            "geo": {
                "category": {
                    "index": ["C1", "C2", "C3"],
                    "label": {"C1": "Beijing", "C2": "Hangzhou", "C3": "Shenzhen"},
                }
            },
            "time": {"category": {"index": {"2022": 0, "2023": 1}}},
        },
        "value": {"0": 5, "1": 6, "2": 7, "4": 8},
        "status": {"1": "p", "2": "u", "3": ":"},
    }
    source = figures(
        place_column="geo label",
        year_column="time",
        status_column="status",
        missing={":": "not available"},
        statuses=["p"],
    )
    read = bench.read(source, as_json(cube))
    assert {(r["city_id"], r["year"], r["value"]) for r in read.rows("observation")} == {
        ("cn_beijing", 2022, 5),
        ("cn_beijing", 2023, 6),
        ("cn_hangzhou", 2023, None),
        ("cn_shenzhen", 2022, 8),
    }
    quotes = {r["locator"]: r["quote"] for r in read.rows("observation")}
    assert quotes["value[1], value"] == "Beijing | value | 6 | p"
    missing = next(r for r in read.rows("observation") if r["status"] == "missing")
    assert missing["missing_reason"] == "not available"
    (refused,) = read.rows("quarantine")
    assert refused["reason"] == "status 'u' that the card names neither as missing nor known"


# ---------------------------------------------------------------- SDMX-CSV
SDMX = """\
DATAFLOW,FREQ: Frequency,AREA: Area,TIME_PERIOD: Time,OBS_VALUE,OBS_STATUS: Status
X:Y(1.0),A: Annual,CN1: Beijing,2023,21858000,A: Normal value
X:Y(1.0),A: Annual,CN2: Hangzhou,2023,,M: Missing value
X:Y(1.0),Q: Quarterly,CN3: Shenzhen,2023-Q1,17790100,A: Normal value
"""


def test_sdmx_csv_with_codes_and_labels(bench: Bench) -> None:
    source = figures(
        {**PEOPLE, "column": "OBS_VALUE", "where": [{"column": "FREQ", "values": ["A"]}]},
        place_column="AREA label",
        year_column="TIME_PERIOD",
        status_column="OBS_STATUS",
        missing={"M": "data cannot exist or are missing"},
        statuses=["A"],
        table={"split_labels": True},
    )
    read = bench.read(source, SDMX.encode())
    rows = {r["city_id"]: r for r in read.rows("observation")}
    assert rows["cn_beijing"]["value"] == 21858000
    assert rows["cn_hangzhou"]["missing_reason"] == "data cannot exist or are missing"
    assert sorted(rows) == ["cn_beijing", "cn_hangzhou"]


def test_sdmx_csv_with_codes_alone(bench: Bench) -> None:
    source = figures(
        {**PEOPLE, "column": "OBS_VALUE"},
        place_column="REF_AREA",
        year_column="TIME_PERIOD",
        places=[{"printed": "CN01F", "city": "cn_beijing"}],
        status_column="OBS_STATUS",
        statuses=["A"],
    )
    data = b"DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS\nX,CN01F,2022,12,A\n"
    assert bench.read(source, data).values() == [("cn_beijing", 2022, 12)]


# ---------------------------------------------------------------- which table
def test_two_tables_with_the_columns(bench: Bench) -> None:
    rows = [{"city": "Beijing", "year": 2022, "value": 1}]
    later = [{"city": "Beijing", "year": 2023, "value": 2}]
    data = as_json({"a": rows, "b": later, "c": [{"x": 1}]})
    assert "2 tables have these columns: a, b. Name one" in bench.read(figures(), data).error
    chosen = bench.read(figures(table={"where": "b"}), data)
    assert chosen.values() == [("cn_beijing", 2023, 2)]
    both = bench.read(figures(table={"every": True}), data)
    assert both.values() == [("cn_beijing", 2022, 1), ("cn_beijing", 2023, 2)]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "no column value; data has city, year, n"),
        ({"where": "nowhere"}, "no table as declared; the document has data"),
        ({"records": "rows"}, "the path 'rows' finds nothing"),
    ],
)
def test_no_such_table(bench: Bench, table: Any, message: str) -> None:
    data = as_json({"data": [{"city": "Beijing", "year": 2022, "n": 1}]})
    assert message in bench.read(figures(table=table), data).error


def test_a_document_may_have_a_table_of_its_own(bench: Bench) -> None:
    source = figures(table={"records": "rows"})
    source["documents"][0]["options"] = {"table": {"records": "data"}, "year": 2020}
    source["parse"]["year_column"] = None
    del source["parse"]["year_column"]
    data = as_json({"data": [{"city": "Beijing", "value": 1}]})
    assert bench.read(source, data).values() == [("cn_beijing", 2020, 1)]


def test_a_register_in_json(bench: Bench) -> None:
    papers = [
        {"title": "A", "aff": "Tsinghua University;Hangzhou Lab", "year": 2023},
        {"title": "B", "aff": "Tsinghua University", "year": 2023},
    ]
    parse = {
        "key_column": "title",
        "city_column": None,
        "organisation_column": "aff",
        "separator": ";",
    }
    read = bench.read(register_card(parse=parse), as_json(papers))
    assert read.values() == [("cn_beijing", 2023, 2), ("cn_hangzhou", 2023, 1)]
