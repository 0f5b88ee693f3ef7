"""Published rankings and claims: from a ledger, and from passages quoted word for word."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from ingest_bench import Bench, card

ADDRESS = "https://things.example/doc"
REPORT = {
    "report_id": "ranking_2023",
    "title": "A ranking",
    "publisher": "A publisher",
    "subject": "ai",
    "published_on": dt.date(2024, 1, 1),
    "data_year": 2023,
    "universe": "All cities",
}


# ---------------------------------------------------------------- ledger
def ledger_card(**changes: Any) -> dict[str, Any]:
    options = {"edition": "e-2023", **changes.pop("options", {})}
    document = {"form": "transcript", "reports": [REPORT], "options": options, **changes}
    return card("ranking_ledger", document=document)


def ledger(*rows: dict[str, Any], **changes: Any) -> bytes:
    evidence = [{"url": ADDRESS, "quote": "Beijing leads"}]
    edition = {"id": "e-2023", "rows": list(rows), "evidence": evidence, **changes}
    return json.dumps({"editions": [{"id": "e-2022", "rows": []}, edition]}).encode()


def row(rank: int | None, city: str, **changes: Any) -> dict[str, Any]:
    return {"rank_as_printed": str(rank), "city_as_printed": city, "rank": rank, **changes}


def test_ranks_of_a_ledger(bench: Bench) -> None:
    data = ledger(
        row(1, "北京", score_as_printed="91.5", score=91.5, basis="table"),
        row(2, "深圳市", score_as_printed="88", score=88),
    )
    read = bench.read(ledger_card(seen="excerpt"), data)
    found = {r["city_id"]: r for r in read.rows("published_rank")}
    first = found["cn_beijing"]
    assert first["report_id"] == "ranking_2023"
    assert (first["rank"], first["rank_from"], first["rank_to"]) == (1, 1, 1)
    assert first["order_certain"] is True
    assert (first["score_as_printed"], first["score"]) == ("91.5", 91.5)
    assert first["city_as_printed"] == "北京"
    assert first["basis"] == "table"
    assert first["cohort"] == "all"
    assert first["locator"] == "ledger edition e-2023, row 1"
    assert first["quote"] == "Beijing leads"
    assert first["document_id"].startswith("cited:")
    assert found["cn_shenzhen"]["rank"] == 2


def test_ties_keep_their_printed_rank(bench: Bench) -> None:
    data = ledger(row(1, "北京"), row(2, "深圳"), row(2, "杭州"), row(4, "苏州"))
    rows = bench.read(ledger_card(), data).rows("published_rank")
    assert sorted(r["rank"] for r in rows) == [1, 2, 2, 4]
    assert all(r["order_certain"] for r in rows)


def test_a_set_without_order_has_bounds_and_no_ranks(bench: Bench) -> None:
    data = ledger(
        row(1, "北京"),
        row(2, "深圳", order_certain=False),
        row(3, "杭州", order_certain=False),
        row(4, "苏州", order_certain=False),
    )
    found = {r["city_id"]: r for r in bench.read(ledger_card(), data).rows("published_rank")}
    assert found["cn_beijing"]["rank"] == 1
    for city in ("cn_shenzhen", "cn_hangzhou", "cn_suzhou_jiangsu"):
        assert found[city]["rank"] is None
        assert found[city]["order_certain"] is False
        assert (found[city]["rank_from"], found[city]["rank_to"]) == (2, 4)


def test_rows_without_a_rank_and_of_other_tables_are_left(bench: Bench) -> None:
    data = ledger(row(1, "北京"), row(None, "深圳"), row(1, "杭州", table="second"))
    rows = bench.read(ledger_card(), data).rows("published_rank")
    assert [r["city_id"] for r in rows] == ["cn_beijing"]
    rows = bench.read(ledger_card(options={"table": "second", "cohort": "tier_2"}), data).rows(
        "published_rank"
    )
    assert [(r["city_id"], r["cohort"]) for r in rows] == [("cn_hangzhou", "tier_2")]


def test_unknown_and_ambiguous_cities_are_quarantined(bench: Bench) -> None:
    data = ledger(row(1, "Beijing"), row(2, "Suzhou"), row(3, "Atlantis"))
    read = bench.read(ledger_card(), data)
    assert [r["city_id"] for r in read.rows("published_rank")] == ["cn_beijing"]
    kept = {r["text"]: (r["candidates"], r["locator"]) for r in read.rows("quarantine")}
    assert kept == {
        "Suzhou": ("cn_suzhou_anhui; cn_suzhou_jiangsu", "ledger edition e-2023, row 2"),
        "Atlantis": (None, "ledger edition e-2023, row 3"),
    }


def test_the_country_of_the_ranked_cities(bench: Bench) -> None:
    read = bench.read(ledger_card(options={"country_code": "BR"}), ledger(row(1, "Beijing")))
    assert [r["text"] for r in read.rows("quarantine")] == ["Beijing"]


def test_long_evidence_is_cut(bench: Bench) -> None:
    data = ledger(row(1, "北京"), evidence=[{"url": ADDRESS, "quote": "word " * 60}])
    (found,) = bench.read(ledger_card(), data).rows("published_rank")
    assert len(found["quote"]) == 200
    assert found["quote"].endswith("…")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (json.dumps({"editions": []}).encode(), "the ledger has no edition 'e-2023'"),
        (ledger(), "edition 'e-2023' has no ranked rows"),
        (ledger(row(1, "北京"), evidence=[]), f"has no evidence from {ADDRESS}; it has none"),
        (
            ledger(row(1, "北京"), evidence=[{"url": "https://b.example", "quote": "q"}]),
            "it has https://b.example",
        ),
        (b"not JSON", "not readable as a ledger of editions"),
        (b'{"other": []}', "not readable as a ledger of editions"),
        (b"[]", "not readable as a ledger of editions"),
    ],
)
def test_a_ledger_that_does_not_hold_what_the_card_says(
    bench: Bench, data: bytes, message: str
) -> None:
    assert message in bench.read(ledger_card(), data).error


@pytest.mark.parametrize(
    "data",
    [
        b'{"editions": [1]}',
        b'{"editions": {"e-2023": {}}}',
        b'{"editions": [{"id": "e-2023", "rows": {}}]}',
        ledger({"rank": 1}),
        ledger(row(1, "北京"), evidence=[{"quote": "q"}]),
        ledger({"rank": "first", "city_as_printed": "北京"}),
    ],
)
def test_a_ledger_in_a_wrong_shape_is_an_error_and_does_not_raise(
    bench: Bench, data: bytes
) -> None:
    assert bench.read(ledger_card(), data).error


def test_a_document_of_the_ledger_needs_its_report(bench: Bench) -> None:
    assert "needs exactly one report" in bench.read(ledger_card(reports=[]), ledger()).error


def test_one_city_twice_in_one_row_of_the_ledger_is_two_facts(bench: Bench) -> None:
    rows = bench.read(ledger_card(), ledger(row(1, "北京"), row(2, "北京"))).rows("published_rank")
    assert len({r["published_rank_id"] for r in rows}) == 2


# ---------------------------------------------------------------- passages
TEXT = (
    "Kota AI. Beijing, Shenzhen dan Suzhou masuk tiga besar dengan indeks masing-masing 1,0000, "
    "0,7449, dan 0,6266. Sejak itu, Beijing memiliki 2.400 perusahaan dan tumbuh 26% dalam 2026. "
    "Ini kota 𝒜𝓘. Hangzhou dan Beijing termasuk dua besar. Beijing merilis rencana aksi.\n"
)
RANKING = {
    "report_id": "ranking_2023",
    "quote": "Beijing, Shenzhen dan Suzhou masuk tiga besar dengan indeks masing-masing 1,0000, "
    "0,7449, dan 0,6266",
    "basis": "respectively",
    "cities": [
        {"city": "cn_beijing", "as_printed": "Beijing", "rank": 1, "score": "1,0000"},
        {"city": "cn_shenzhen", "as_printed": "Shenzhen", "rank": 2, "score": "0,7449"},
        {"city": "cn_suzhou_jiangsu", "as_printed": "Suzhou", "rank": 3, "score": "0,6266"},
    ],
}
UNORDERED = {
    "report_id": "ranking_2023",
    "quote": "Hangzhou dan Beijing termasuk dua besar",
    "basis": "a set",
    "cohort": "second",
    "cities": [
        {"city": "cn_hangzhou", "as_printed": "Hangzhou"},
        {"city": "cn_beijing", "as_printed": "Beijing"},
    ],
}
CLAIM = {
    "claim": "c1",
    "kind": "quantity",
    "subject": "enterprises",
    "cities": ["cn_beijing"],
    "attributed_to": "the article",
    "quote": "Beijing memiliki 2.400 perusahaan",
    "printed_value": "2.400",
    "operator": "ge",
    "unit": "count",
    "indicator": "models_count",
    "years": [2023, 2024],
}
EVENT = {
    "kind": "policy",
    "title": "An action plan",
    "city": "cn_beijing",
    "occurred_on": dt.date(2024, 7, 26),
    "quote": "Beijing merilis rencana aksi",
}


def passages(**options: Any) -> dict[str, Any]:
    options = {"decimal": ",", **options}
    return card("quoted_passages", document={"reports": [REPORT], "options": options})


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {k: v for k, v in (base | changes).items() if v is not None}


def test_every_fact_keeps_its_place_in_the_text(bench: Bench) -> None:
    source = passages(rankings=[RANKING, UNORDERED], claims=[CLAIM], events=[EVENT])
    read = bench.read(source, TEXT.encode())
    rows = [row for kind in ("published_rank", "claim", "event") for row in read.rows(kind)]
    assert len(rows) == 7
    for found in rows:
        start, end = map(int, found["locator"].removeprefix("characters ").split("-"))
        assert TEXT[start:end] == found["quote"]


def test_a_decimal_comma(bench: Bench) -> None:
    rows = bench.read(passages(rankings=[RANKING]), TEXT.encode()).rows("published_rank")
    assert {r["city_id"]: (r["rank"], r["score"], r["score_as_printed"]) for r in rows} == {
        "cn_beijing": (1, 1.0, "1,0000"),
        "cn_shenzhen": (2, 0.7449, "0,7449"),
        "cn_suzhou_jiangsu": (3, 0.6266, "0,6266"),
    }


def test_the_wrong_decimal_sign_is_an_error(bench: Bench) -> None:
    error = bench.read(passages(decimal=".", rankings=[RANKING]), TEXT.encode()).error
    assert "is not a number with decimal '.'" in error


def test_a_set_without_order(bench: Bench) -> None:
    rows = bench.read(passages(rankings=[UNORDERED]), TEXT.encode()).rows("published_rank")
    assert len(rows) == 2
    for found in rows:
        assert found["rank"] is None
        assert found["order_certain"] is False
        assert (found["rank_from"], found["rank_to"]) == (1, 2)
        assert found["score"] is None


def test_a_claim_with_its_test(bench: Bench) -> None:
    source = passages(claims=[changed(CLAIM, cities=["cn_beijing", "cn_hangzhou"])])
    rows = bench.read(source, TEXT.encode()).rows("claim")
    assert [r["city_id"] for r in rows] == ["cn_beijing", "cn_hangzhou"]
    for found in rows:
        assert found["claim_id"] == "doc_c1"
        assert (found["measure_kind"], found["measure"]) == ("indicator", "models_count")
        assert (found["operator"], found["value"], found["unit"]) == ("ge", 2400.0, "count")
        assert (found["year_from"], found["year_to"]) == (2023, 2024)
        assert found["untestable_reason"] is None
        assert found["is_proxy"] is False


def test_a_quantity_in_another_unit(bench: Bench) -> None:
    source = passages(claims=[changed(CLAIM, factor=10000)])
    (found,) = bench.read(source, TEXT.encode()).rows("claim")
    assert found["value"] == 24000000


def test_events_of_a_text(bench: Bench) -> None:
    (found,) = bench.read(passages(events=[EVENT]), TEXT.encode()).rows("event")
    assert (found["city_id"], found["occurred_on"]) == ("cn_beijing", dt.date(2024, 7, 26))
    assert found["event_kind"] == "policy"


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (changed(CLAIM, quote="Beijing memiliki 2.500"), "does not stand in the document"),
        (changed(CLAIM, quote="Beijing", printed_value=None), "more than once: 'Beijing'"),
        (changed(CLAIM, printed_value="2.500"), "'2.500' does not stand in the quote"),
        (changed(CLAIM, quote="Beijing memiliki 2.400", printed_value="400"), "'400'"),
        (changed(CLAIM, quote="tumbuh 26%", printed_value="6"), "'6' does not stand in the quote"),
        (changed(CLAIM, quote="dalam 2026", printed_value="20"), "'20' does not stand"),
        (changed(CLAIM, indicator=None), "needs either an indicator or ranking_subject"),
        (changed(CLAIM, untestable="no data"), "needs either an indicator or ranking_subject"),
    ],
)
def test_a_claim_that_the_text_does_not_carry(
    bench: Bench, claim: dict[str, Any], message: str
) -> None:
    assert message in bench.read(passages(claims=[claim]), TEXT.encode()).error


@pytest.mark.parametrize(
    ("city", "message"),
    [
        ({"city": "cn_hangzhou", "as_printed": "Hangzhou", "rank": 1}, "'Hangzhou' does not stand"),
        (
            {"city": "cn_beijing", "as_printed": "Beijing", "rank": 1, "score": "0,9999"},
            "'0,9999' does not stand",
        ),
    ],
)
def test_a_ranking_that_the_text_does_not_carry(
    bench: Bench, city: dict[str, Any], message: str
) -> None:
    source = passages(rankings=[{**RANKING, "cities": [city]}])
    assert message in bench.read(source, TEXT.encode()).error


def test_a_text_in_a_wrong_encoding(bench: Bench) -> None:
    error = bench.read(passages(claims=[CLAIM]), TEXT.encode("utf-16")).error
    assert "not readable as text in UTF-8" in error


def test_a_quote_that_is_too_long_is_an_error_of_the_card(bench: Bench) -> None:
    from ingest.catalog import load_catalog

    bench.write(passages(claims=[changed(CLAIM, quote="x" * 201)]))
    catalog = load_catalog(bench.settings.catalog)
    assert ["200" in e.message and "quote" in e.message for e in catalog.errors] == [True]
