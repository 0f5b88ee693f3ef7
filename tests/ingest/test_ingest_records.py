"""Figures and registers out of tables of any form: the columns decide which table it is."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import openpyxl
import pytest
from ingest_bench import Bench, Read, card, register_card, workbook
from reportlab import platypus

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


def read(bench: Bench, source: dict[str, Any], data: bytes) -> Read:
    """The facts, each of whose quotes stands where its locator says."""
    found = bench.read(source, data)
    assert found.result.unquoted == [], found.result.unquoted
    return found


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


# ---------------------------------------------------------------- JSON
def test_records_in_json(bench: Bench) -> None:
    data = b"""{"meta": {"n": 2}, "data": [
        {"city": {"name": "Beijing"}, "year": 2023, "value": 1.5},
        {"city": {"name": "Hangzhou"}, "year": 2023, "value": 1.25E+7},
        {"city": {"name": "Shenzhen"}, "year": 2023, "value": null}]}"""
    found = read(bench, figures(place_column="city.name", table={"records": "data"}), data)
    rows = {r["city_id"]: r for r in found.rows("observation")}
    assert rows["cn_beijing"]["value"] == 1.5
    assert rows["cn_beijing"]["locator"] == "data[0], value"
    assert rows["cn_beijing"]["quote"] == "Beijing | value | 1.5"
    assert rows["cn_hangzhou"]["value"] == 12500000
    assert rows["cn_hangzhou"]["printed_value"] == "1.25E+7"
    assert rows["cn_shenzhen"]["missing_reason"] == "not published (blank in the source)"
    # The list of records is certainly there, so that it need not be declared.
    assert read(bench, figures(place_column="city.name"), data).values() == found.values()


def test_pages_of_one_query_one_a_line(bench: Bench) -> None:
    pages = [[{"city": "Beijing", "year": 2023, "value": 1}], [{"city": "Hangzhou", "value": 2}]]
    pages[1][0]["year"] = 2023
    data = b"\n".join(as_json([{"page": i}, rows]) for i, rows in enumerate(pages, 1))
    found = read(bench, figures(table={"records": "[1]"}), data)
    assert found.values() == [("cn_beijing", 2023, 1), ("cn_hangzhou", 2023, 2)]
    assert {r["locator"] for r in found.rows("observation")} == {
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
    found = read(bench, source, as_json(cube))
    assert {(r["city_id"], r["year"], r["value"]) for r in found.rows("observation")} == {
        ("cn_beijing", 2022, 5),
        ("cn_beijing", 2023, 6),
        ("cn_hangzhou", 2023, None),
        ("cn_shenzhen", 2022, 8),
    }
    quotes = {r["locator"]: r["quote"] for r in found.rows("observation")}
    assert quotes["value[1], value"] == "Beijing | value | 6 | p"
    missing = next(r for r in found.rows("observation") if r["status"] == "missing")
    assert missing["missing_reason"] == "not available"
    (refused,) = found.rows("quarantine")
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
    found = read(bench, source, SDMX.encode())
    rows = {r["city_id"]: r for r in found.rows("observation")}
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
    assert read(bench, source, data).values() == [("cn_beijing", 2022, 12)]


# ---------------------------------------------------------------- which table
def test_two_tables_with_the_columns(bench: Bench) -> None:
    rows = [{"city": "Beijing", "year": 2022, "value": 1}]
    later = [{"city": "Beijing", "year": 2023, "value": 2}]
    data = as_json({"a": rows, "b": later, "c": [{"x": 1}]})
    assert "2 tables have these columns: a, b. Name one" in read(bench, figures(), data).error
    chosen = read(bench, figures(table={"where": "b"}), data)
    assert chosen.values() == [("cn_beijing", 2023, 2)]
    both = read(bench, figures(table={"every": True}), data)
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
    assert message in read(bench, figures(table=table), data).error


def test_a_document_may_have_a_table_of_its_own(bench: Bench) -> None:
    source = figures(table={"records": "rows"})
    source["documents"][0]["options"] = {"table": {"records": "data"}, "year": 2020}
    source["parse"]["year_column"] = None
    del source["parse"]["year_column"]
    data = as_json({"data": [{"city": "Beijing", "value": 1}]})
    assert read(bench, source, data).values() == [("cn_beijing", 2020, 1)]


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
    found = read(bench, register_card(parse=parse), as_json(papers))
    assert found.values() == [("cn_beijing", 2023, 2), ("cn_hangzhou", 2023, 1)]


# ---------------------------------------------------------------- workbooks
HEADED = [
    ["Table 2: population of cities (persons)"],
    ["Area", None, "Population", None, "Note"],
    ["City", "Province", "2022", "2023", None],
    ["East"],
    ["Hangzhou", "Zhejiang", 12376000, 12522000, None],
    ["Shenzhen", "Guangdong", 17661800, None, "x"],
    ["North"],
    ["Beijing", None, "2184.3万人", "2185.8 万人", None],
    ["Source: yearbook"],
]
MERGED = ("A1:E1", "A2:B2", "C2:D2", "E2:E3", "A9:E9")


def side_by_side(**table: Any) -> dict[str, Any]:
    values = [{**PEOPLE, "column": f"Population > {year}", "year": year} for year in (2022, 2023)]
    return figures(*values, place_column="Area > City", year_column=None, table=table or None)


@pytest.mark.parametrize("merged", [MERGED, ()])
def test_a_workbook_with_headings_in_two_rows(bench: Bench, merged: tuple[str, ...]) -> None:
    rows = [row for row in HEADED if row[0] != "Beijing"]
    found = read(bench, side_by_side(), workbook(rows, merged[:4]))
    assert found.values() == [
        ("cn_hangzhou", 2022, 12376000),
        ("cn_hangzhou", 2023, 12522000),
        ("cn_shenzhen", 2022, 17661800),
        ("cn_shenzhen", 2023, None),
    ]
    places = {r["locator"] for r in found.rows("observation")}
    assert places == {"Sheet49!C5", "Sheet49!D5", "Sheet49!C6", "Sheet49!D6"}
    # Sections and notes are no places; nothing else was left out.
    assert found.rows("quarantine") == []


def test_the_unit_may_stand_after_the_number(bench: Bench) -> None:
    source = side_by_side()
    for value in source["parse"]["values"]:
        value["unit"] = "万人"
    rows = [row for row in HEADED if row[0] not in ("Hangzhou", "Shenzhen")]
    found = read(bench, source, workbook(rows))
    assert found.values() == [("cn_beijing", 2022, 21843000), ("cn_beijing", 2023, 21858000)]
    assert {r["printed_value"] for r in found.rows("observation")} == {"2184.3万人", "2185.8 万人"}


def test_a_sheet_a_year(bench: Bench) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for year in (2021, 2022):
        sheet = book.create_sheet(str(year))
        sheet.append(["City", "Year", "People"])
        sheet.append(["Beijing", year, year * 10])
    stream = io.BytesIO()
    book.save(stream)
    source = figures({**PEOPLE, "column": "People"}, place_column="City", year_column="Year")
    data = stream.getvalue()
    assert "2 tables have these columns: sheet 2021, sheet 2022" in read(bench, source, data).error
    source["parse"]["table"] = {"sheet": "2022"}
    assert read(bench, source, data).values() == [("cn_beijing", 2022, 20220)]
    source["parse"]["table"] = {"every": True}
    assert len(read(bench, source, data).values()) == 2


def test_digits_that_a_workbook_stores_and_does_not_print(bench: Bench) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["City", "Share", "Rate"])
    sheet.append(["Beijing", 12.3456, 0.64321])
    sheet["B2"].number_format, sheet["C2"].number_format = "0.00", "0.0%"
    stream = io.BytesIO()
    book.save(stream)
    share = {"indicator": "models_share_pct", "unit": "%", "scope": "register", "year": 2023}
    source = figures({**share, "column": "Share"}, place_column="City", year_column=None)
    (row,) = read(bench, source, stream.getvalue()).rows("observation")
    assert (row["value"], row["printed_value"]) == (12.3456, "12.35")
    source["parse"]["values"][0]["column"] = "Rate"
    (row,) = read(bench, source, stream.getvalue()).rows("observation")
    assert (row["value"], row["printed_value"]) == (64.321, "64.3%")


# ---------------------------------------------------------------- pages, documents, archives
PLAIN = [("City", "Year", "People"), ("Beijing", "2023", "21,858,000"), ("Hangzhou", "2023", ":")]


def plain(**parse: Any) -> dict[str, Any]:
    people = {**PEOPLE, "column": "People"}
    return figures(people, place_column="city", year_column="YEAR", missing={":": "none"}, **parse)


def as_html() -> bytes:
    rows = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in PLAIN)
    other = "<table><tr><td>City</td><td>Mayor</td></tr><tr><td>Beijing</td><td>X</td></tr></table>"
    return f"<html><body>{other}<p>People</p><table id='t'>{rows}</table></body></html>".encode()


def as_docx() -> bytes:
    document = docx.Document()
    table = document.add_table(rows=0, cols=3)
    for row in PLAIN:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def as_pdf() -> bytes:
    stream = io.BytesIO()
    table = platypus.Table(
        [list(row) for row in PLAIN], style=[("GRID", (0, 0), (-1, -1), 1, "black")]
    )
    platypus.SimpleDocTemplate(stream).build([table])
    return stream.getvalue()


def as_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "Nothing of interest.")
        archive.writestr("data/people.csv", "\n".join('","'.join(row).join('""') for row in PLAIN))
    return stream.getvalue()


def as_tsv() -> bytes:
    return "\n".join("\t".join(row) for row in PLAIN).encode("gb18030")


@pytest.mark.parametrize("make", [as_html, as_docx, as_pdf, as_zip, as_tsv])
def test_the_same_table_in_every_form(bench: Bench, make: Callable[[], bytes]) -> None:
    found = read(bench, plain(), make())
    rows = {r["city_id"]: r for r in found.rows("observation")}
    assert (rows["cn_beijing"]["value"], rows["cn_beijing"]["printed_value"]) == (
        21858000,
        "21,858,000",
    )
    assert rows["cn_hangzhou"]["missing_reason"] == "none"
    assert found.rows("quarantine") == []


def test_a_member_of_an_archive_and_a_selector(bench: Bench) -> None:
    named = plain(table={"member": "data/*.csv"})
    assert len(read(bench, named, as_zip()).rows("observation")) == 2
    named = plain(table={"selector": "#t"})
    assert len(read(bench, named, as_html()).rows("observation")) == 2
    assert "no table as declared" in read(bench, plain(table={"selector": "#u"}), as_html()).error


def test_values_printed_once_for_the_rows_below(bench: Bench) -> None:
    rows = [
        ["City", "Year", "People"],
        ["Beijing", 2022, 1],
        [None, 2023, 2],
        ["Hangzhou", 2023, 3],
    ]
    source = figures(
        {**PEOPLE, "column": "People"},
        place_column="City",
        year_column="Year",
        table={"fill_down": ["City"]},
    )
    found = bench.read(source, workbook(rows))
    assert found.values() == [
        ("cn_beijing", 2022, 1),
        ("cn_beijing", 2023, 2),
        ("cn_hangzhou", 2023, 3),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"%PDF-1.4 broken", ""),
        (b"PK\x03\x04broken", ""),
        (b'{"a": [1,', "not JSON"),
        (
            b"<html><body><p>Gone</p></body></html>",
            "no table as declared; the document has no tables",
        ),
    ],
)
def test_a_damaged_document_is_an_error(bench: Bench, data: bytes, message: str) -> None:
    assert message in read(bench, plain(), data).error


# ---------------------------------------------------------------- SDMX and countries
def test_multipliers_and_countries_inside_of_codes(bench: Bench) -> None:
    data = b"""REF_AREA: Reference area,TIME_PERIOD,OBS_VALUE,UNIT_MULT: Unit multiplier
CN01F: Beijing,2022,21.8,6: Millions
BRA01F: Sao Paulo,2022,12,6: Millions
BRA02F: Hangzhou,2022,12,6: Millions
CN02F: Shenzhen,2022,3,x: Unknown
"""
    source = figures(
        {**PEOPLE, "column": "OBS_VALUE"},
        place_column="REF_AREA label",
        country_column="REF_AREA",
        country_pattern="^[A-Z]+",
        countries={"BRA": "BR"},
        year_column="TIME_PERIOD",
        multiplier_column="UNIT_MULT",
        table={"split_labels": True},
    )
    found = read(bench, source, data)
    assert found.values() == [("br_sao_paulo", 2022, 12000000), ("cn_beijing", 2022, 21800000)]
    reasons = {r["text"]: r["reason"] for r in found.rows("quarantine")}
    assert reasons == {
        "Hangzhou": "unknown place",
        "Shenzhen: 3": "the multiplier 'x' is no power of ten",
    }


@pytest.mark.parametrize("parser", ["long_table", "register_count", "ranking_table"])
def test_a_web_page_in_the_stead_of_a_workbook(bench: Bench, parser: str) -> None:
    """Said with its title, whatever is then missing in it."""
    if parser == "ranking_table":
        report = {
            "report_id": "r_1",
            "title": "R",
            "publisher": "P",
            "subject": "ai",
            "published_on": "2024-01-01",
            "data_year": 2023,
            "universe": "All",
        }
        columns = {"entity": "City", "rank": "Rank"}
        tables = [{"report_id": "r_1", "columns": columns, "rows": 3}]
        source = card(parser, document={"reports": [report], "options": {"tables": tables}})
    else:
        source = figures() if parser == "long_table" else register_card()
    source["documents"][0]["mirror"] = "cities.xlsx"
    login = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Sign in</body></html>"
    error = bench.read(source, login).error
    assert "the document is an HTML page with title 'Login', not a workbook; " in error
    assert "(file cities.xlsx, card catalog/sources/things.yml:" in error
    wrong = workbook([["a", "b"], [1, 2]])
    assert "the document is" not in bench.read(source, wrong).error
