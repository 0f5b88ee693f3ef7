"""Registers and events as CSV in, counts and dates by city out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_bench import (
    CITIES,
    REGISTER,
    REGISTER_FACTS,
    Bench,
    card,
    register_card,
    write_catalog,
)

from ingest.catalog import load_catalog

SHARE = {"indicator": "models_share_pct", "measure": "share_pct"}


def organisations(**parse: Any) -> dict[str, Any]:
    """A card of a register that names organisations instead of cities."""
    parse = {"city_column": None, "organisation_column": "makers", "separator": ";"} | parse
    return register_card(parse=parse)


def table(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def test_rows_are_counted_by_city_and_year(bench: Bench) -> None:
    read = bench.read(register_card(), REGISTER)
    assert read.values() == REGISTER_FACTS
    beijing = next(r for r in read.rows("observation") if r["city_id"] == "cn_beijing")
    assert beijing["printed_value"] == "2"
    assert beijing["printed_unit"] == "rows"
    assert beijing["unit"] == "count"
    assert beijing["locator"] == "rows of 2023 in cn_beijing"
    assert beijing["quote"] == "Alpha; Beta"


def test_a_long_list_is_quoted_in_part(bench: Bench) -> None:
    data = table("name,city,year", *[f"A model with a long name {i},北京,2023" for i in range(50)])
    (row,) = bench.read(register_card(), data).rows("observation")
    assert row["value"] == 50
    assert len(row["quote"]) == 200


def test_years_outside_the_range_do_not_count(bench: Bench) -> None:
    data = table("name,city,year", "A,北京,2019", "B,北京,2020-05-01", "C,北京,2025", "D,北京,")
    assert bench.read(register_card(), data).values() == [("cn_beijing", 2020, 1)]


def test_a_row_counts_once_in_every_city_of_its_organisations(bench: Bench) -> None:
    data = table(
        "name,makers,year",
        "A,Tsinghua University;Hangzhou Lab,2023",
        "B,Tsinghua University (THU);TSINGHUA UNIVERSITY,2023",
        "C,Hangzhou Lab,2023",
    )
    assert bench.read(organisations(), data).values() == [
        ("cn_beijing", 2023, 2),
        ("cn_hangzhou", 2023, 2),
    ]


def test_a_share_is_of_all_rows_of_the_year(bench: Bench) -> None:
    source = organisations(counts=[SHARE])
    data = table(
        "name,makers,year",
        "A,Tsinghua University,2023",
        "B,Elsewhere Inc,2023",
        "C,Elsewhere Inc,2023",
        "D,Hangzhou Lab;Tsinghua University,2023",
        "E,Tsinghua University,2024",
    )
    read = bench.read(source, data)
    assert read.values() == [
        ("cn_beijing", 2023, 50),
        ("cn_beijing", 2024, 100),
        ("cn_hangzhou", 2023, 25),
    ]
    assert {r["printed_value"] for r in read.rows("observation")} == {
        "2 of 4 rows",
        "1 of 1 rows",
        "1 of 4 rows",
    }


def test_only_rows_that_pass_the_filters(bench: Bench) -> None:
    where = [
        {"column": "venue", "values": ["x", "y"]},
        {"column": "kind", "values": ["paper"]},
    ]
    source = register_card(parse={"where": where, "counts": [SHARE]})
    data = table(
        "name,city,year,venue,kind",
        "A,北京,2023,x,paper",
        "B,北京,2023,z,paper",
        "C,杭州,2023,y,paper",
        "D,杭州,2023,y,poster",
    )
    read = bench.read(source, data)
    assert read.values() == [("cn_beijing", 2023, 50), ("cn_hangzhou", 2023, 50)]
    assert read.rows("observation")[0]["locator"] == (
        "rows of 2023, venue x/y, kind paper in cn_beijing"
    )


def test_organisations_without_a_city_are_quarantined_with_counts(bench: Bench) -> None:
    source = organisations(quarantine_where={"column": "country", "values": ["China", "Hong Kong"]})
    data = table(
        "name,makers,year,country",
        "A,Unknown Lab;Tsinghua University,2023,China",
        "B,Unknown Lab,2023,China",
        "C,Unknown Lab; ,2024,Hong Kong;China",
        "D,Foreign Lab,2023,France",
        "E,Foreign Lab,2023,France;China",
        "F,Unknown Lab,2011,China",
    )
    read = bench.read(source, data)
    assert read.values() == [("cn_beijing", 2023, 1)]
    (kept,) = read.rows("quarantine")
    assert kept["text"] == "Unknown Lab"
    assert kept["reason"] == "organisation without a city"
    assert kept["occurrences"] == 3
    assert kept["locator"] == "line 2"
    assert read.result.quarantined == 1


def test_unknown_and_ambiguous_cities_are_quarantined(bench: Bench) -> None:
    data = table("name,city,year", "A,北京,2023", "B,Suzhou,2023", "C,Suzhou,2023", "D,甲,2023")
    read = bench.read(register_card(), data)
    assert read.values() == [
        ("cn_beijing", 2023, 1),
        ("cn_suzhou_anhui", 2023, None),
        ("cn_suzhou_jiangsu", 2023, None),
    ]
    kept = {r["text"]: (r["occurrences"], r["candidates"]) for r in read.rows("quarantine")}
    assert kept == {"Suzhou": (2, "cn_suzhou_anhui; cn_suzhou_jiangsu"), "甲": (1, None)}


def test_the_count_of_a_city_that_a_row_may_belong_to_is_missing(bench: Bench) -> None:
    """Else the register would say zero, or too few, of a city that it may well name."""
    data = table("name,city,year", "A,Suzhou,2023", "B,苏州,2023", "C,苏州,2024")
    read = bench.read(register_card(), data)
    assert read.values() == [
        ("cn_suzhou_anhui", 2023, None),
        ("cn_suzhou_jiangsu", 2023, None),
        ("cn_suzhou_jiangsu", 2024, 1),
    ]
    reasons = {r["missing_reason"] for r in read.rows("observation") if r["value"] is None}
    assert reasons == {"the register prints 'Suzhou', which may be this city or another"}


def test_the_year_of_the_document(bench: Bench) -> None:
    source = register_card(parse={"year_column": None}, document={"options": {"year": 2024}})
    assert bench.read(source, table("name,city", "A,北京")).values() == [("cn_beijing", 2024, 1)]


def test_no_year_at_all(bench: Bench) -> None:
    source = register_card(parse={"year_column": None})
    error = bench.read(source, table("name,city", "A,北京")).error
    assert "neither a year_column nor a year of the document" in error


@pytest.mark.parametrize("gone", ["name", "city", "year"])
def test_a_missing_column_is_named_with_what_is_there(bench: Bench, gone: str) -> None:
    error = bench.read(register_card(), REGISTER.replace(gone.encode(), b"other", 1)).error
    assert f"no column {gone}; the file has " in error
    assert "other" in error


def test_a_missing_column_of_the_quarantine(bench: Bench) -> None:
    source = organisations(quarantine_where={"column": "country", "values": ["China"]})
    error = bench.read(source, table("name,makers,year", "A,Unknown Lab,2023")).error
    assert "no column country" in error


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_another_encoding(bench: Bench, encoding: str) -> None:
    read = bench.read(register_card(), REGISTER.decode().encode(encoding))
    assert read.values() == REGISTER_FACTS


def test_a_byte_order_mark_is_no_part_of_the_first_column(bench: Bench) -> None:
    assert bench.read(register_card(), b"\xef\xbb\xbf" + REGISTER).values() == REGISTER_FACTS


@pytest.mark.parametrize(
    "data",
    [
        table("name,city,year"),
        table("name,city,year", "A,北京,01/02/2023"),
        table("name,city,year", "A,北京,1999"),
        b"",
    ],
    ids=["no rows", "unreadable dates", "other years", "empty"],
)
def test_a_register_without_a_counted_row_is_an_error(bench: Bench, data: bytes) -> None:
    """Else an exhaustive register would make a zero of every city."""
    assert bench.read(register_card(), data).error


def test_a_filter_that_nothing_passes_is_an_error(bench: Bench) -> None:
    source = register_card(parse={"where": [{"column": "city", "values": ["Pekin"]}]})
    assert bench.read(source, REGISTER).error


@pytest.mark.parametrize("line", ["Gamma,杭州", "Gamma", '"Gam'])
def test_a_file_cut_off_in_a_line_does_not_raise(bench: Bench, line: str) -> None:
    read = bench.read(register_card(), REGISTER + line.encode())
    assert read.result.errors or read.values() == REGISTER_FACTS


def test_a_row_without_its_last_cells_does_not_raise(bench: Bench) -> None:
    data = table("year,city,name", "2023,北京,A", "2023,北京")
    read = bench.read(register_card(), data)
    assert read.result.errors or read.values() == [("cn_beijing", 2023, 2)]


def sums(*counts: dict[str, Any], **parse: Any) -> dict[str, Any]:
    """A card of a register that was added up by city, year and field."""
    return register_card(parse={"counts": list(counts), "key_column": "field"} | parse)


SUM = {"indicator": "models_count", "measure": "sum", "column": "n"}


def test_several_counts_of_one_register(bench: Bench) -> None:
    where = [{"column": "field", "values": ["tech"]}]
    source = sums(
        SUM,
        {**SUM, "indicator": "patents_count", "where": where, "cumulative": True},
        {"indicator": "models_share_pct", "measure": "share_pct", "where": where},
    )
    data = table(
        "field,city,year,n",
        "tech,北京,2019,5",
        'tech,北京,2023,"1,000"',
        "food,北京,2023,2",
        "tech,杭州,2024,1",
    )
    rows = bench.read(source, data).rows("observation")
    values: dict[str, list[tuple[str, int, float]]] = {}
    for row in rows:
        values.setdefault(row["indicator"], []).append((row["city_id"], row["year"], row["value"]))
    assert values["models_count"] == [("cn_beijing", 2023, 1002), ("cn_hangzhou", 2024, 1)]
    assert values["patents_count"] == [
        *[("cn_beijing", year, 5) for year in (2020, 2021, 2022)],
        ("cn_beijing", 2023, 1005),
        ("cn_beijing", 2024, 1005),
        ("cn_hangzhou", 2024, 1),
    ]
    assert values["models_share_pct"] == [("cn_beijing", 2023, 50), ("cn_hangzhou", 2024, 100)]
    stock = next(r for r in rows if (r["indicator"], r["year"]) == ("patents_count", 2023))
    assert stock["locator"] == "sum of n in rows to 2023, field tech in cn_beijing"
    assert stock["quote"] == "tech 5; tech 1,000"
    assert (stock["printed_value"], stock["printed_unit"]) == ("1005", "n")


@pytest.mark.parametrize("cell", ["", "many", "1-2"])
def test_a_sum_with_a_cell_that_is_no_number_is_missing(bench: Bench, cell: str) -> None:
    data = table("field,city,year,n", "tech,北京,2023,1", f"food,北京,2023,{cell}", "x,杭州,2023,2")
    read = bench.read(sums(SUM), data)
    assert read.values() == [("cn_beijing", 2023, None), ("cn_hangzhou", 2023, 2)]
    assert [r["text"] for r in read.rows("quarantine")] == [f"food: {cell}".strip()]


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["北京", "杭州", "Shenzhen"]),
            st.integers(2015, 2026),
            st.integers(0, 10**9),
        ),
        min_size=1,
    )
)
def test_a_stock_is_the_sum_of_all_years_so_far(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int, int]]
) -> None:
    bench = Bench(tmp_path_factory.mktemp("stock"))
    lines = [f"f,{city},{year},{n}" for city, year, n in rows]
    read = bench.read(sums({**SUM, "cumulative": True}), table("field,city,year,n", *lines))
    ids = {"北京": "cn_beijing", "杭州": "cn_hangzhou", "Shenzhen": "cn_shenzhen"}
    expected: dict[tuple[str, int], int] = {}
    for year in range(2020, 2025):
        for city, joined, n in rows:
            if joined <= year:
                key = (ids[city], year)
                expected[key] = expected.get(key, 0) + n
    if not expected:
        assert "no row of models_count" in read.error
        return
    assert {(c, y): v for c, y, v in read.values()} == expected


def test_a_thing_listed_twice_counts_once(bench: Bench) -> None:
    source = register_card(parse={"distinct_columns": ["name"]})
    data = table("name,city,year", "A,北京,2023", "A,Peking,2023", "A,北京,2023", "A,杭州,2023")
    assert bench.read(source, data).values() == [("cn_beijing", 2023, 1), ("cn_hangzhou", 2023, 1)]


COUNTRIES = {
    "country_column": "country",
    "countries": {"China": "CN", "Brazil": "BR"},
    "quarantine_where": {"column": "country", "values": ["China"]},
    "places": [{"printed": "Haidian", "country": "China", "city": "cn_beijing"}],
}


def test_the_country_is_binding(bench: Bench) -> None:
    data = table(
        "name,city,year,country",
        "A,北京,2023,China",
        "B,Beijing,2023,Brazil",
        "C,Haidian,2023,China",
        "D,Haidian,2023,Brazil",
        "E,São Paulo,2023,Brazil",
        "F,Beijing,2023,Atlantis",
    )
    read = bench.read(register_card(parse=COUNTRIES), data)
    assert read.values() == [("br_sao_paulo", 2023, 1), ("cn_beijing", 2023, 2)]


def test_what_lies_outside_the_catalog_is_counted_and_not_listed(bench: Bench) -> None:
    data = table(
        "name,city,year,country",
        "A,北京,2023,China",
        "B,Nowhere,2023,China",
        *[f"M{i},Town {i},2023,Brazil" for i in range(50)],
        *[f"N{i},City {i},2023,Country {i}" for i in range(50)],
    )
    read = bench.read(register_card(parse=COUNTRIES), data)
    kept = {(r["text"], r["reason"], r["occurrences"]) for r in read.rows("quarantine")}
    assert kept == {
        ("Nowhere", "unknown city", 1),
        ("Brazil", "places that are not in cities.csv", 50),
        ("rows of other countries", "country that the card does not name", 50),
    }


def test_only_the_kinds_asked_for(bench: Bench) -> None:
    data = table("name,city,year", "A,安徽省,2023", "B,北京市,2023")
    assert bench.read(register_card(), data).values() == [("cn_beijing", 2023, 1)]
    provinces = register_card(parse={"kinds": ["province", "municipality"]})
    assert bench.read(provinces, data).values() == [
        ("cn_anhui_province", 2023, 1),
        ("cn_beijing", 2023, 1),
    ]


DIVISIONS = {
    "city_column": None,
    "division_column": "division",
    "name_column": "company",
    "counts": [{"indicator": "models_count", "measure": "count", "cumulative": True}],
}


def test_a_row_is_placed_by_its_division_and_by_the_name(bench: Bench) -> None:
    data = table(
        "name,division,company,year",
        "A,北京市,某某有限公司,2023",
        "B,浙江省,杭州某某有限公司,2023",
        "C,浙江省,某某（杭州）有限公司,2023",
        "D,江苏省,苏州市某某有限公司,2023",
        "E,广东省,深圳某某有限公司,2023",
        "F,广东省,某某有限公司,2024",
        "G,广东省,杭州某某有限公司,2024",
    )
    read = bench.read(register_card(parse=DIVISIONS), data)
    assert read.values() == [
        ("cn_beijing", 2023, 1),
        ("cn_beijing", 2024, 1),
        ("cn_hangzhou", 2023, 2),
        ("cn_hangzhou", 2024, 2),
        ("cn_shenzhen", 2023, 1),
        ("cn_shenzhen", 2024, None),
        ("cn_suzhou_jiangsu", 2023, 1),
        ("cn_suzhou_jiangsu", 2024, 1),
    ]
    (missing,) = [r for r in read.rows("observation") if r["status"] == "missing"]
    assert missing["printed_value"] == "1"
    assert missing["missing_reason"] == (
        "2 rows of 广东省 name no city, so that the count may be too low"
    )
    assert {r["text"] for r in read.rows("quarantine")} == {"某某有限公司", "杭州某某有限公司"}


def test_a_name_that_the_division_shares_tells_no_city(bench: Bench) -> None:
    """吉林某某 may sit anywhere in the province; only 吉林市某某 is of the city."""
    city = "cn_jilin,city,Jilin (city),吉林市,吉林,CN,Jilin,吉林省\n"
    bench.write(register_card(parse=DIVISIONS), cities=CITIES + city)
    data = table("name,division,company,year", "A,吉林省,吉林某某公司,2023")
    (bench.mirror / "doc.bin").write_bytes(data)
    bench.pull()
    assert bench.parse().errors == []
    assert bench.facts("observation") == []
    (kept,) = bench.facts("quarantine")
    assert kept["reason"] == "no city of 吉林省 in the name"


@pytest.mark.parametrize(
    ("parse", "message"),
    [
        ({"organisation_column": "makers"}, "name one of city_column"),
        ({"city_column": None}, "name one of city_column"),
        ({"city_column": None, "division_column": "division"}, "go together"),
        ({"counts": [{"indicator": "models_count", "measure": "sum"}]}, "a sum names its column"),
        ({"counts": []}, "counts"),
        ({"places": [{"printed": "X", "city": "cn_atlantis"}]}, "unknown city 'cn_atlantis'"),
        (
            {"counts": [{"indicator": "modles_count", "measure": "count"}]},
            "unknown indicator 'modles_count'",
        ),
    ],
)
def test_a_faulty_card_is_named_with_its_fault(
    tmp_path: Path, parse: dict[str, Any], message: str
) -> None:
    catalog = load_catalog([write_catalog(tmp_path, register_card(parse=parse))])
    assert "things" not in catalog.sources
    assert message in " ".join(str(error) for error in catalog.errors)


EVENTS = {
    "event_kind": "pilot_zone",
    "title": "Named a pilot zone",
    "city_column": "place",
    "province_column": "province",
    "country_code": "CN",
    "date_columns": ["day", "year"],
}


def events(*lines: str) -> bytes:
    return table("place,province,day,year", *lines)


def test_events(bench: Bench) -> None:
    read = bench.read(
        card("event_table", parse=EVENTS),
        events("Beijing,Beijing,2019-02-20,2019", "Suzhou,Jiangsu,2021-03,2021", "深圳,,,2020"),
    )
    rows = {r["city_id"]: r for r in read.rows("event")}
    assert {c: (r["occurred_on"], r["date_precision"]) for c, r in rows.items()} == {
        "cn_beijing": (dt.date(2019, 2, 20), "day"),
        "cn_suzhou_jiangsu": (dt.date(2021, 3, 1), "month"),
        "cn_shenzhen": (dt.date(2020, 1, 1), "year"),
    }
    assert rows["cn_beijing"]["event_kind"] == "pilot_zone"
    assert rows["cn_beijing"]["title"] == "Named a pilot zone"
    assert rows["cn_beijing"]["locator"] == "line 2"
    assert rows["cn_beijing"]["quote"] == "Beijing | 2019-02-20"


def test_events_that_cannot_be_read_with_certainty(bench: Bench) -> None:
    read = bench.read(
        card("event_table", parse=EVENTS),
        events(
            "Beijing,Beijing,2019-02-20,",
            "Suzhou,,2019-02-20,",
            "Atlantis,,2019-02-20,",
            "深圳,,20 February,",
            "杭州,,,",
        ),
    )
    assert [r["city_id"] for r in read.rows("event")] == ["cn_beijing"]
    assert {(r["text"], r["reason"], r["candidates"]) for r in read.rows("quarantine")} == {
        ("Suzhou", "unknown city", "cn_suzhou_anhui; cn_suzhou_jiangsu"),
        ("Atlantis", "unknown city", None),
        ("深圳: 20 February", "not a date", None),
        ("杭州:", "not a date", None),
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (table("town,province,day,year", "Beijing,,2019,"), "no column 'place'"),
        (table("place,province,date", "Beijing,,2019"), "no column 'day'"),
        (events(), "no event found"),
        ("place,province,day,year\n北京,,2019,".encode("gb18030"), "not readable as CSV in UTF-8"),
    ],
)
def test_a_file_that_is_not_as_declared(bench: Bench, data: bytes, message: str) -> None:
    assert message in bench.read(card("event_table", parse=EVENTS), data).error


@pytest.mark.parametrize("line", ["", "Bei", "Beijing,Beijing", "Beijing,Beijing,2019-02-20"])
def test_a_list_of_events_cut_off_in_a_line_does_not_raise(bench: Bench, line: str) -> None:
    data = events("深圳,,2019-02-20,2019") + line.encode()
    read = bench.read(card("event_table", parse=EVENTS), data)
    assert read.result.errors or "cn_shenzhen" in {r["city_id"] for r in read.rows("event")}


def test_an_event_without_its_last_cells_does_not_raise(bench: Bench) -> None:
    data = table("day,year,province,place", "2019-02-20,2019,,深圳", "2019-02-20,2019")
    read = bench.read(card("event_table", parse=EVENTS), data)
    assert read.result.errors or len(read.rows("event")) == 1


def test_one_event_printed_twice_is_an_error(bench: Bench) -> None:
    data = events("深圳,,2019-02-20,", "深圳,,2019-02-20,")
    error = bench.read(card("event_table", parse=EVENTS), data).error
    assert "event read twice from one place" in error
    assert "cn_shenzhen" in error
