"""Sets of cited facts as JSON in, observations and events by city out."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_bench import Bench, card, indicators, write_catalog

from ingest.catalog import load_catalog
from ingest.load import load_raw
from ingest.parse import parse
from ingest.pull import pull
from ingest.settings import PROJECT, Settings

PAGE = "https://things.example/doc"
FACT = {
    "set": "firms",
    "indicator": "models_count",
    "year": 2023,
}
NAMED = {"kind": "pilot", "title": "Named a pilot city"}
EVENT = {"set": "firms", "event": NAMED}


def row(city: str, value: Any = 1, printed: str | None = None) -> dict[str, Any]:
    return {
        "city_as_printed": city,
        "value": value,
        "printed": city if printed is None else printed,
    }


def ledger(*rows: dict[str, Any], **changes: Any) -> bytes:
    """A file with one set, ``firms``."""
    entry = {"id": "firms", "url": [PAGE], "quote": "q", "unit": "个", "complete": False}
    entry["rows"] = list(rows)
    return json.dumps([{"id": "other", "url": [], "rows": []}, entry | changes]).encode()


def cited(*facts: dict[str, Any], left_out: Any = (), **changes: Any) -> dict[str, Any]:
    options = {"facts": list(facts), "left_out": list(left_out), "country_code": "CN"}
    return card("cited_facts", document={"options": options, "form": "transcript"}, **changes)


def quarantined(read: Any) -> set[tuple[str, str]]:
    return {(r["text"], r["reason"]) for r in read.rows("quarantine")}


def test_exact_figures(bench: Bench) -> None:
    data = ledger(row("北京", 141), row("杭州市", 7, "7家"), quote="北京141款")
    read = bench.read(cited(FACT), data)
    assert read.values() == [("cn_beijing", 2023, 141), ("cn_hangzhou", 2023, 7)]
    beijing = next(r for r in read.rows("observation") if r["city_id"] == "cn_beijing")
    assert beijing["printed_value"] == "141"
    assert beijing["printed_unit"] == "个"
    assert beijing["locator"] == "set firms, row 1"
    assert beijing["quote"] == "北京: 141 | 北京141款"
    hangzhou = next(r for r in read.rows("observation") if r["city_id"] == "cn_hangzhou")
    assert hangzhou["quote"] == "杭州市: 7家"  # the quote of the set says nothing of it
    assert beijing["scope"] == "total_city"
    assert beijing["document_id"].startswith("cited:")


def test_a_page_without_an_address(bench: Bench) -> None:
    data = ledger(row("北京", 141), url=["People's Daily 2022-10-08 (no address)"])
    facts = {"facts": [FACT], "country_code": "CN"}
    page = {"page": "People's Daily 2022-10-08 (no address)"}
    made = card("cited_facts", document={"options": {**facts, **page}, "form": "transcript"})
    assert bench.read(made, data).values() == [("cn_beijing", 2023, 141)]
    other = card(
        "cited_facts",
        document={"options": {**facts, "page": "another"}, "form": "transcript"},
    )
    assert "'firms' does not come from another" in bench.read(other, data).error


def test_a_page_with_an_address_is_cited_by_it(tmp_path: Path) -> None:
    options = {"facts": [FACT], "page": "https://things.example/other"}
    made = card("cited_facts", document={"options": options, "form": "transcript"})
    catalog = load_catalog([write_catalog(tmp_path, made, indicators=indicators())])
    assert "is an address: cite it" in " ".join(str(error) for error in catalog.errors)


def test_units_are_converted(bench: Bench) -> None:
    fact = {**FACT, "indicator": "gdp_cny", "unit": "亿元"}
    assert bench.read(cited(fact), ledger(row("北京", 65.2))).values() == [
        ("cn_beijing", 2023, 6_520_000_000)
    ]


def test_a_unit_that_is_not_the_indicators(bench: Bench) -> None:
    error = bench.read(cited({**FACT, "unit": "亿元"}), ledger(row("北京"))).error
    assert "unit '亿元' of models_count does not convert to 'count'" in error


@pytest.mark.parametrize(
    "printed",
    [
        "2200余家, 2025-01",
        "约2400家",
        "接近300 (approx.)",
        "100个以上",
        ">500亿元",
        "近300亿元",
        "过9.4万人",
        "over 30000",
        "2023 lower bound: >1GW",
        "just under 2.5GW",
    ],
)
def test_a_bound_is_no_value(bench: Bench, printed: str) -> None:
    read = bench.read(cited(FACT), ledger(row("北京", 300, printed), row("杭州", 5)))
    assert read.values() == [("cn_beijing", 2023, None), ("cn_hangzhou", 2023, 5)]
    missing = next(r for r in read.rows("observation") if r["status"] == "missing")
    assert missing["missing_reason"] == f"no exact figure: {printed}"
    assert missing["printed_value"] == "300"


@pytest.mark.parametrize(
    ("quote", "exact"),
    [
        ("北京約300家", False),
        ("北京300余家", False),
        ("approximately $300 billion", False),
        ("over 1,300 firms, 300 of them new", True),
        ("北京300家,约占四成", True),
        ("约1300家, 北京300家", True),
        ("約300.5, 北京300家", True),
    ],
)
def test_a_bound_in_the_quote(bench: Bench, quote: str, exact: bool) -> None:
    read = bench.read(cited(FACT), ledger(row("北京", 300), quote=quote))
    assert read.values() == [("cn_beijing", 2023, 300 if exact else None)]


@pytest.mark.parametrize("printed", ["plan: 500 by 2026", "target end-2025 10万P", "规划2500P"])
def test_a_plan_is_no_value(bench: Bench, printed: str) -> None:
    read = bench.read(cited(FACT), ledger(row("北京", 500, printed)))
    assert read.values() == [("cn_beijing", 2023, None)]
    assert read.rows("observation")[0]["missing_reason"].startswith("planned and not observed")


@given(
    word=st.sampled_from(["近", "约", "超", ">", "over ", "about ", "more than ", "at least "]),
    value=st.integers(1, 10**9),
)
def test_no_bounded_form_gives_a_value(
    tmp_path_factory: pytest.TempPathFactory, word: str, value: int
) -> None:
    bench = Bench(tmp_path_factory.mktemp("bound"))
    data = ledger(row("北京", value, f"{word}{value}"), row("杭州", value, str(value)))
    assert bench.read(cited(FACT), data).values() == [
        ("cn_beijing", 2023, None),
        ("cn_hangzhou", 2023, value),
    ]


@pytest.mark.parametrize("value", [None, "12", True, float("nan")])
def test_what_is_not_a_number_is_no_value(bench: Bench, value: Any) -> None:
    assert bench.read(cited(FACT), ledger(row("北京", value))).values() == [
        ("cn_beijing", 2023, None)
    ]


@pytest.mark.parametrize("name", ["北京(海淀区)", "北京（海淀区）", "海淀(北京)"])
def test_a_part_never_counts_as_the_city(bench: Bench, name: str) -> None:
    read = bench.read(
        cited({**FACT, "event": NAMED}), ledger(row(name, 9, "2023"), row("杭州", 5, "2023"))
    )
    assert read.values() == [("cn_beijing", 2023, None), ("cn_hangzhou", 2023, 5)]
    missing = next(r for r in read.rows("observation") if r["status"] == "missing")
    assert missing["missing_reason"] == f"known of a part only: {name}"
    assert {r["city_id"] for r in read.rows("event")} == {"cn_hangzhou"}
    assert (f"{name}: 2023", "a part of a city or a group of cities") in quarantined(read)


def test_a_part_beside_the_whole_changes_nothing(bench: Bench) -> None:
    read = bench.read(cited(FACT), ledger(row("昆山(苏州)", 50), row("苏州", 100)))
    assert read.values() == [("cn_suzhou_jiangsu", 2023, 100)]


@pytest.mark.parametrize("name", ["京津冀(北京 杭州)", "北京+杭州", "浙江省", "全国", "甲"])
def test_groups_and_provinces_never_land_on_a_city(bench: Bench, name: str) -> None:
    read = bench.read(cited(FACT), ledger(row(name, 152), row("深圳", 1)))
    assert read.values() == [("cn_shenzhen", 2023, 1)]
    assert quarantined(read) == {(f"{name}: 152", "unknown city")}


def test_the_printed_form_splits_years(bench: Bench) -> None:
    rows = [row("北京", 93, "2020"), row("北京", 79, "2023"), row("北京", 78, "2024-01")]
    facts = [{**FACT, "rows": f"^{year}$", "year": year} for year in (2020, 2023)]
    read = bench.read(cited(*facts), ledger(*rows))
    assert read.values() == [("cn_beijing", 2020, 93), ("cn_beijing", 2023, 79)]
    assert quarantined(read) == {("北京: 2024-01", "the card declares no fact of this row")}


def test_rows_that_are_left_out_say_why(bench: Bench) -> None:
    out = [{"set": "firms", "rows": "new", "reason": "a flow and no stock"}]
    data = ledger(row("北京", 120), row("北京", 5, "new 2025"))
    read = bench.read(cited({**FACT, "rows": "^北京$"}, left_out=out), data)
    assert quarantined(read) == {("rows of set firms", "a flow and no stock")}


def test_rows_by_their_place(bench: Bench) -> None:
    fact = {**FACT, "places": ["北京", "深圳"]}
    out = [{"set": "firms", "reason": "a lower bound"}]
    data = ledger(row("北京", 135), row("杭州", 9), row("苏州", 2))
    read = bench.read(cited(fact, left_out=out), data)
    assert read.values() == [("cn_beijing", 2023, 135)]
    (kept,) = read.rows("quarantine")
    assert (kept["text"], kept["occurrences"]) == ("rows of set firms", 2)


def test_a_city_that_the_set_leaves_open_is_missing(bench: Bench) -> None:
    fact = {**FACT, "missing": [{"city": "cn_shenzhen", "reason": "the cluster names no city"}]}
    read = bench.read(cited(fact), ledger(row("北京")))
    assert read.values() == [("cn_beijing", 2023, 1), ("cn_shenzhen", 2023, None)]
    assert read.rows("observation")[1]["missing_reason"] == "the cluster names no city"


def test_a_figure_that_the_card_knows_to_be_too_low_is_missing(bench: Bench) -> None:
    fact = {**FACT, "missing": [{"city": "cn_shenzhen", "reason": "its counties are apart"}]}
    read = bench.read(cited(fact), ledger(row("深圳", 7)))
    assert read.values() == [("cn_shenzhen", 2023, None)]
    assert read.rows("observation")[0]["printed_value"] == "7"


def test_a_place_on_a_closed_list_is_kept(bench: Bench) -> None:
    read = bench.read(cited({**FACT, "until": 2025}), ledger(row("北京")))
    assert read.values() == [("cn_beijing", year, 1) for year in (2023, 2024, 2025)]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("2019-10-17 国科函规〔2019〕183号", (dt.date(2019, 10, 17), "day")),
        ("2020-03 (公布 2020-03-09)", (dt.date(2020, 3, 1), "month")),
        ("2013; opened 06-30 (2014)", (dt.date(2013, 1, 1), "year")),
        ("2021-12-01 (letter), public 2021-12-07", (dt.date(2021, 12, 1), "day")),
        ("2019; county", (dt.date(2019, 1, 1), "year")),
        ("date not seen (before 2021-07)", None),
        ("reported 2022-10-08", None),
        ("2025-13", None),
        ("2021-02-30", None),
        ("20190", None),
        ("", None),
    ],
)
def test_dates_are_as_exact_as_they_are_printed(
    bench: Bench, printed: str, expected: tuple[dt.date, str] | None
) -> None:
    read = bench.read(cited(EVENT), ledger(row("北京", 1, printed), row("杭州", 1, "2024-05-24")))
    found = {r["city_id"]: (r["occurred_on"], r["date_precision"]) for r in read.rows("event")}
    assert found.pop("cn_hangzhou") == (dt.date(2024, 5, 24), "day")
    assert found == ({"cn_beijing": expected} if expected else {})
    assert bool(read.result.quarantined) == (expected is None)


def test_the_card_says_where_the_date_stands(bench: Bench) -> None:
    event = {**NAMED, "date": r"公布于(\S+)", "title_printed": True}
    data = ledger(
        row("北京", 1, "某方案 公布于2024年6月27日"), row("杭州", 1, "某方案 公布于2024年6月")
    )
    rows = bench.read(cited({"set": "firms", "event": event}), data).rows("event")
    assert {(r["city_id"], r["occurred_on"], r["date_precision"]) for r in rows} == {
        ("cn_beijing", dt.date(2024, 6, 27), "day"),
        ("cn_hangzhou", dt.date(2024, 6, 1), "month"),
    }
    assert rows[0]["title"].startswith("Named a pilot city: 某方案")


def test_a_date_of_the_whole_set(bench: Bench) -> None:
    event = {**NAMED, "occurred_on": "2022-02-01", "precision": "month"}
    (found,) = bench.read(cited({"set": "firms", "event": event}), ledger(row("北京"))).rows(
        "event"
    )
    assert (found["occurred_on"], found["date_precision"]) == (dt.date(2022, 2, 1), "month")


@given(when=st.dates(dt.date(1990, 1, 1), dt.date(2030, 12, 31)))
def test_every_day_is_read_as_printed(
    tmp_path_factory: pytest.TempPathFactory, when: dt.date
) -> None:
    bench = Bench(tmp_path_factory.mktemp("day"))
    (event,) = bench.read(cited(EVENT), ledger(row("北京", 1, when.isoformat()))).rows("event")
    assert (event["occurred_on"], event["date_precision"]) == (when, "day")


REGISTERS = [
    {"indicator": "models_count", "country_code": "CN", "year_from": 2023, "year_to": 2023}
]


def test_an_incomplete_set_makes_no_register(bench: Bench) -> None:
    error = bench.read(cited(FACT, registers=REGISTERS), ledger(row("北京"))).error
    assert "'firms' is not complete" in error


@pytest.mark.parametrize("complete", [None, 1, "yes"])
def test_only_a_plain_true_is_complete(bench: Bench, complete: Any) -> None:
    data = ledger(row("北京"), complete=complete)
    assert "is not complete" in bench.read(cited(FACT, registers=REGISTERS), data).error


def test_a_complete_set_makes_a_register(bench: Bench) -> None:
    read = bench.read(cited(FACT, registers=REGISTERS), ledger(row("北京"), complete=True))
    assert read.values() == [("cn_beijing", 2023, 1)]


def test_a_year_outside_the_register_may_be_incomplete(bench: Bench) -> None:
    source = cited({**FACT, "year": 2021}, registers=REGISTERS)
    assert bench.read(source, ledger(row("北京"))).values() == [("cn_beijing", 2021, 1)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[", "not readable as sets of facts"),
        (b"\xff", "not readable as sets of facts"),
        (b"[" * 100_000, "not readable as sets of facts"),
        (b"{}", "no set 'firms'"),
        (b"[1]", "not readable as sets of facts"),
        (b'[{"id": "firms"}]', "not in the form that cited_facts reads"),
        (ledger(), "no row of 'firms' matches ''"),
        (ledger(row("北京"), url=["https://else.example/"]), "does not come from"),
        (ledger(row("北京"), url=[]), "its pages are none"),
        (ledger({"city_as_printed": "北京"}), ""),
        (b" " * 20_000_001, "more than 20000000 bytes"),
    ],
)
def test_a_file_that_is_not_as_declared(bench: Bench, data: bytes, message: str) -> None:
    result = bench.read(cited(FACT), data).result
    assert result.errors or not message
    assert message in " ".join(result.errors)


def test_an_expression_that_matches_nothing(bench: Bench) -> None:
    error = bench.read(cited({**FACT, "rows": "^2031$"}), ledger(row("北京", 1, "2023"))).error
    assert "no row of 'firms' matches '^2031$'; it has 北京: 2023" in error


def test_a_file_in_a_repository_has_its_address(bench: Bench) -> None:
    data = ledger(row("北京"), url=["github:owner/name@0a1b:data/列表.csv"])
    address = "https://github.com/owner/name/blob/0a1b/data/列表.csv"
    source = cited(FACT)
    source["documents"][0]["address"] = address
    assert bench.read(source, data).values() == [("cn_beijing", 2023, 1)]


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ({"set": "firms"}, "a fact needs an indicator or an event"),
        ({"set": "firms", "indicator": "models_count"}, "needs a year"),
        ({**EVENT, "year": 2023}, "are those of an indicator: name it"),
        ({**FACT, "until": 2022}, "until must be a year from 2023 on"),
        ({**FACT, "until": 2923}, "until must be a year from 2023 on"),
        ({**FACT, "rows": "("}, "is not a regular expression"),
        ({"set": "firms", "event": {**NAMED, "date": r"\d+"}}, "needs one group"),
        ({**FACT, "indicator": "modles_count"}, "unknown indicator 'modles_count'"),
    ],
)
def test_a_faulty_card_is_named_with_its_fault(
    tmp_path: Path, fact: dict[str, Any], message: str
) -> None:
    catalog = load_catalog([write_catalog(tmp_path, cited(fact), indicators=indicators())])
    assert "things" not in catalog.sources
    assert message in " ".join(str(error) for error in catalog.errors)


# ---------------------------------------------------------------- the facts that ship
CATALOG = PROJECT / "catalog"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), catalog=(CATALOG,))
    catalog = load_catalog([CATALOG])
    for source in catalog.sources:
        pull(catalog, source, settings)
        parse(catalog, source, settings)
    with duckdb.connect() as connection:
        load_raw(connection, catalog, settings)
        yield connection


@pytest.mark.parametrize(
    ("indicator", "city", "year", "source", "value"),
    [
        ("ai_pilot_zones_count", "cn_harbin", 2024, "most_ai_pilot_zone_list", 1),
        ("ai_pilot_zones_count", "cn_huzhou", 2024, "most_ai_pilot_zone_list", None),
        ("ai_pioneer_zones_count", "cn_shanghai", 2022, "miit_ai_pioneer_zones", None),
        ("data_centre_clusters_count", "cn_chengdu", 2022, "ndrc_data_centre_clusters", None),
        ("pct_applications_count", "cn_chongqing", 2023, "cnipa_pct_applications", 528),
        ("ai_patent_applications_count", "cn_beijing", 2025, "jiangsu_ai_patents", 314_575),
        ("little_giants_count", "cn_beijing", 2025, "firestone_little_giants", 1027),
        ("little_giants_count", "cn_beijing", 2025, "cnyes_little_giants", 1210),
        ("a_share_market_value_cny", "cn_ningde", 2022, "times_data_listed_companies", 975.684e9),
        ("unicorn_valuation_usd", "cn_beijing", 2024, "great_wall_unicorns", 522.77e9),
        ("genai_services_filed_count", "cn_beijing", 2024, "cac_generative_ai_filings", 82),
        ("genai_services_filed_count", "cn_shenzhen", 2024, "cac_generative_ai_filings", None),
        ("cloud_regions_count", "hk_hong_kong", 2025, "cloud_regions", 6),
        ("cb_insights_ai_unicorns_count", "cn_beijing", 2021, "cb_insights_ai_unicorns", 9),
        ("ai_financing_projects_count", "cn_shanghai", 2024, "szaicx_ai_industry", None),
    ],
)
def test_spot_values(
    shipped: duckdb.DuckDBPyConnection,
    indicator: str,
    city: str,
    year: int,
    source: str,
    value: float | None,
) -> None:
    found = shipped.execute(
        "select value from raw.observation "
        "where indicator = ? and city_id = ? and year = ? and source_id = ?",
        [indicator, city, year, source],
    ).fetchall()
    assert found == [(value,)]


def test_registers_are_backed_by_complete_sets_of_cities(
    shipped: duckdb.DuckDBPyConnection,
) -> None:
    """A register from which only few were read would make zeros of the rest."""
    few = shipped.execute(
        "select indicator, count(distinct city_id) from raw.register_coverage "
        "join raw.observation using (source_id, indicator) group by indicator "
        "having count(distinct city_id) < 5"
    ).fetchall()
    assert few == []


def test_every_value_is_that_of_its_row(shared: Path, shipped: duckdb.DuckDBPyConnection) -> None:
    text = (shared / "facts" / "facts.json").read_text(encoding="utf-8")
    sets = {entry["id"]: entry for entry in json.loads(text)}
    rows = shipped.execute(
        "select locator, value, unit, printed_value, printed_unit, name_zh, name_en "
        "from raw.observation join raw.city using (city_id) "
        "where parser like 'cited_facts%' and status = 'observed'"
    ).fetchall()
    factors = {"CNY 100 million": 1e8, "CNY trillion": 1e12, "USD 100 million": 1e8}
    for locator, value, _, printed_value, printed_unit, name_zh, name_en in rows:
        match = re.fullmatch(r"set (\w+), row (\d+)", locator)
        assert match, locator
        row = sets[match[1]]["rows"][int(match[2]) - 1]
        assert printed_value == str(row["value"])
        assert value == pytest.approx(row["value"] * factors.get(printed_unit, 1))
        stem = row["city_as_printed"].removesuffix("市")
        known = stem in name_zh or stem.removesuffix(" DC").removesuffix(" UK") in name_en
        assert known or stem == "旧金山"
    assert len(rows) > 1000


def test_no_incomplete_set_backs_a_register(
    shared: Path, shipped: duckdb.DuckDBPyConnection
) -> None:
    text = (shared / "facts" / "facts.json").read_text(encoding="utf-8")
    complete = {entry["id"] for entry in json.loads(text) if entry["complete"]}
    used = shipped.execute(
        "select distinct regexp_extract(locator, 'set (\\w+)', 1) from raw.register_coverage "
        "join raw.observation using (source_id, indicator) where parser like 'cited_facts%'"
    ).fetchall()
    assert {name for (name,) in used} <= complete
    assert used


def test_a_designation_stands_once(shipped: duckdb.DuckDBPyConnection) -> None:
    """Two lists of one kind of zone must not make two events of one."""
    twice = shipped.execute(
        "select city_id, event_kind, string_agg(source_id) from raw.event "
        "where event_kind <> 'policy' group by city_id, event_kind having count(*) > 1"
    ).fetchall()
    assert twice == []
