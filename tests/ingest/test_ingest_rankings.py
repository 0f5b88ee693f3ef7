"""Published rankings and claims: from a ledger, and from passages quoted word for word."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_bench import CITIES, Bench, Read, card, register_card

from ingest.catalog import load_catalog
from ingest.settings import PROJECT

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
def ledger_card(*tables: dict[str, Any], **changes: Any) -> dict[str, Any]:
    options = {
        "edition": "e-2023",
        "tables": [{"report_id": "ranking_2023", **table} for table in tables or ({},)],
        **changes.pop("options", {}),
    }
    document = {"form": "transcript", "reports": [REPORT], "options": options, **changes}
    return card("ranking_ledger", document=document)


def ledger(*rows: dict[str, Any], **changes: Any) -> bytes:
    evidence = [{"url": ADDRESS, "quote": "Beijing leads"}]
    edition = {"id": "e-2023", "rows": list(rows), "evidence": evidence, **changes}
    return json.dumps({"editions": [{"id": "e-2022", "rows": []}, edition]}).encode()


def row(rank: int | None, city: str, **changes: Any) -> dict[str, Any]:
    return {"rank_as_printed": str(rank), "city_as_printed": city, "rank": rank, **changes}


def kept(read: Read) -> dict[str, str]:
    """What is in quarantine: text and reason."""
    return {r["text"]: r["reason"] for r in read.rows("quarantine")}


def bounds(read: Read) -> dict[str, tuple[int | None, int, int]]:
    found = read.rows("published_rank")
    return {r["city_id"]: (r["rank"], r["rank_from"], r["rank_to"]) for r in found}


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
    tie = {"rank_as_printed": "2=", "tie": True}
    data = ledger(row(1, "北京"), row(2, "深圳", **tie), row(2, "杭州", **tie), row(4, "苏州"))
    rows = bench.read(ledger_card(), data).rows("published_rank")
    assert sorted((r["rank"], r["rank_as_printed"]) for r in rows) == [
        (1, "1"),
        (2, "2="),
        (2, "2="),
        (4, "4"),
    ]
    assert all(r["order_certain"] for r in rows)


def test_a_set_without_order_has_bounds_and_no_ranks(bench: Bench) -> None:
    data = ledger(
        row(1, "北京"),
        row(2, "深圳", order_certain=False),
        row(3, "杭州", order_certain=False),
        row(4, "苏州", order_certain=False),
    )
    read = bench.read(ledger_card(), data)
    assert bounds(read) == {
        "cn_beijing": (1, 1, 1),
        "cn_shenzhen": (None, 2, 4),
        "cn_hangzhou": (None, 2, 4),
        "cn_suzhou_jiangsu": (None, 2, 4),
    }
    assert [r["order_certain"] for r in read.rows("published_rank")] == [True, False, False, False]


TIERS = (
    {"tier": 1, "cities": ["北京"]},
    {"tier": 2, "cities": ["深圳", "杭州", "(others)"], "count": 4},
    {"tier": 3, "cities": []},
    {"set": ["苏州"], "constraint": "score > 80"},
)


def test_places_of_a_tier_lie_between_the_bounds_that_the_card_gives(bench: Bench) -> None:
    given = [
        {"row": 1, "rank_from": 1, "rank_to": 1},
        {"row": 2, "rank_from": 2, "rank_to": 5},
        {"row": 3, "rank_from": 6, "rank_to": 9},
    ]
    read = bench.read(ledger_card({"bounds": given}), ledger(*TIERS))
    assert bounds(read) == {
        "cn_beijing": (1, 1, 1),
        "cn_shenzhen": (None, 2, 5),
        "cn_hangzhou": (None, 2, 5),
    }
    assert {r["basis"] for r in read.rows("published_rank")} == {"tier 1", "tier 2"}
    assert kept(read) == {
        "(others)": "tier 2 is not named in full",
        "tier 3": "no place is named",
        "set 苏州 | constraint score > 80": "the ledger gives no ranks for this set",
    }


def test_an_order_of_names_is_a_ranking_of_its_own(bench: Bench) -> None:
    data = ledger(row(2, "北京"), {"subset_order": ["北京", "杭州"], "scope": "China"})
    tables: list[dict[str, Any]] = [{}, {"ordered": True, "cohort": "china"}]
    rows = bench.read(ledger_card(*tables), data).rows("published_rank")
    assert [(r["cohort"], r["city_id"], r["rank"], r["rank_as_printed"]) for r in rows] == [
        ("all", "cn_beijing", 2, "2"),
        ("china", "cn_beijing", 1, None),
        ("china", "cn_hangzhou", 2, None),
    ]


def test_every_row_is_a_rank_or_in_quarantine(bench: Bench) -> None:
    data = ledger(
        row(1, "北京"),
        row(None, "深圳", rank_as_printed=None, rank_note="a counter"),
        row(None, "苏州", rank_as_printed="8 (sic)", corrected_rank=38),
        row(1, "杭州", table="second"),
        {"region": "长三角", "value": 154},
        extra_tables=[{"name": "third", "rows": [row(1, "杭州")]}],
    )
    read = bench.read(ledger_card(), data)
    assert bounds(read) == {"cn_beijing": (1, 1, 1)}
    rows = {r["locator"]: (r["text"], r["reason"]) for r in read.rows("quarantine")}
    undeclared = "the card declares no table for this row"
    assert rows == {
        "ledger edition e-2023, row 2": ("深圳", "a counter"),
        "ledger edition e-2023, row 3": (
            "8 (sic) | 苏州",
            "the printed rank does not fit its score",
        ),
        "ledger edition e-2023, row 4": ("1 | 杭州", undeclared),
        "ledger edition e-2023, row 5": ("region 长三角 | value 154", "no rank is printed"),
        "ledger edition e-2023, table third, row 1": ("1 | 杭州", undeclared),
    }


ROWS = st.lists(
    st.builds(
        lambda rank, names, table, **marks: (
            {"tier": 1, "cities": names, "table": table}
            if rank == "tier"
            else row(rank, names[0], table=table, **marks)
        ),
        st.one_of(st.none(), st.integers(1, 9), st.just("tier")),
        st.lists(st.sampled_from(["北京", "杭州", "Atlantis", "Suzhou"]), min_size=1),
        st.sampled_from([None, "more"]),
        order_certain=st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_no_row_is_lost_whatever_it_is(bench: Bench, rows: list[dict[str, Any]]) -> None:
    read = bench.read(ledger_card(), ledger(row(1, "北京"), *rows))
    found = read.rows("published_rank")
    places = {r["locator"] for r in (*found, *read.rows("quarantine"))}
    assert places == {f"ledger edition e-2023, row {i}" for i in range(1, len(rows) + 2)}
    assert all(r["rank_from"] <= (r["rank"] or r["rank_from"]) <= r["rank_to"] for r in found)
    assert all((r["rank"] is not None) == r["order_certain"] for r in found)


def test_two_tables_on_one_page_are_two_rankings(bench: Bench) -> None:
    second = {**REPORT, "report_id": "second_2023"}
    tables: list[dict[str, Any]] = [
        {"table": "first", "cohort": "tier_2", "cohort_country_code": "CN"},
        {"report_id": "second_2023", "table": "more"},
    ]
    data = ledger(
        row(1, "北京", table="first"),
        row(2, "杭州", table="first", cohort="small"),
        extra_tables=[{"name": "more", "rows": [row(1, "杭州")]}],
    )
    source = ledger_card(*tables, reports=[REPORT, second])
    rows = bench.read(source, data).rows("published_rank")
    columns = ("report_id", "cohort", "cohort_country_code", "city_id", "rank")
    assert sorted(tuple(r[c] for c in columns) for r in rows) == [
        ("ranking_2023", "small", None, "cn_hangzhou", 2),
        ("ranking_2023", "tier_2", "CN", "cn_beijing", 1),
        ("second_2023", "all", None, "cn_hangzhou", 1),
    ]


def test_an_edition_in_two_documents(bench: Bench) -> None:
    source = ledger_card({"rows": [1]}, options={"partial": True})
    other = "https://things.example/other"
    second = {**source["documents"][0], "id": "other", "address": other, "reports": []}
    second["options"] = {
        "edition": "e-2023",
        "partial": True,
        "tables": [{"report_id": "ranking_2023", "rows": [2]}],
    }
    source["documents"].append(second)
    data = ledger(row(1, "北京"), row(2, "杭州"), sources=[{"url": other}])
    read = bench.read(source, data)
    assert bounds(read) == {"cn_beijing": (1, 1, 1), "cn_hangzhou": (2, 2, 2)}
    assert read.rows("quarantine") == []
    assert len({r["document_id"] for r in read.rows("published_rank")}) == 2


def test_unknown_and_ambiguous_cities_are_quarantined(bench: Bench) -> None:
    data = ledger(row(1, "Beijing"), row(2, "Suzhou"), row(3, "Atlantis"), row(4, "Atlantis"))
    read = bench.read(ledger_card(), data)
    assert [r["city_id"] for r in read.rows("published_rank")] == ["cn_beijing"]
    found = [(r["text"], r["candidates"], r["locator"][-5:]) for r in read.rows("quarantine")]
    assert found == [
        ("Suzhou", "cn_suzhou_anhui; cn_suzhou_jiangsu", "row 2"),
        ("Atlantis", None, "row 3"),
        ("Atlantis", None, "row 4"),
    ]


def test_a_card_says_which_place_is_meant_and_what_is_doubtful(bench: Bench) -> None:
    table = {
        "places": [{"printed": "Suzhou", "city": "cn_suzhou_jiangsu"}],
        "doubtful": [{"printed": "杭州", "reason": "probably 湖州"}],
    }
    read = bench.read(ledger_card(table), ledger(row(1, "Suzhou"), row(2, "杭州")))
    assert bounds(read) == {"cn_suzhou_jiangsu": (1, 1, 1)}
    assert kept(read) == {"杭州": "probably 湖州"}


def test_the_country_of_the_ranked_cities(bench: Bench) -> None:
    read = bench.read(ledger_card({"country_code": "BR"}), ledger(row(1, "Beijing")))
    assert [r["text"] for r in read.rows("quarantine")] == ["Beijing"]


def test_long_evidence_is_cut(bench: Bench) -> None:
    data = ledger(row(1, "北京"), evidence=[{"url": ADDRESS, "quote": "word " * 60}])
    (found,) = bench.read(ledger_card(), data).rows("published_rank")
    assert len(found["quote"]) == 200
    assert found["quote"].endswith("…")


def test_of_several_passages_the_one_that_names_the_place(bench: Bench) -> None:
    evidence = [{"url": ADDRESS, "quote": q} for q in ("北京 leads", "then 杭州")]
    data = ledger(row(1, "北京"), row(2, "杭州"), row(3, "深圳"), evidence=evidence)
    rows = bench.read(ledger_card(), data).rows("published_rank")
    assert [r["quote"] for r in rows] == ["北京 leads", "then 杭州", "北京 leads"]


def test_a_row_without_evidence_quotes_itself_and_says_so(bench: Bench) -> None:
    printed = {"rank_as_printed": "1st", "score_as_printed": "9.10", "score": 9.1}
    data = ledger(
        row(1, "北京", **printed, basis="inferred"), evidence=[], sources=[{"url": ADDRESS}]
    )
    (found,) = bench.read(ledger_card(), data).rows("published_rank")
    assert found["quote"] == "1st | 北京 | 9.10"
    assert found["basis"] == (
        "inferred; no passage of the page was kept: the quote is the row as printed"
    )


ELSEWHERE = [{"url": "https://b.example", "quote": "q"}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (json.dumps({"editions": []}).encode(), "the ledger has no edition 'e-2023'"),
        (ledger(), "nothing for report 'ranking_2023' in the rows without a table; left are no"),
        (ledger(row(1, "北京", table="t")), "in the rows without a table; left are table 't'"),
        (ledger(row(1, "北京"), evidence=[]), f"was not read from {ADDRESS}, but from no address"),
        (ledger(row(1, "北京"), evidence=ELSEWHERE), "but from https://b.example"),
        (ledger(row(1, "北京", rank_as_printed="2=")), "row 1: rank 1 is printed as '2='"),
        (ledger(row(1, "北京", score_as_printed="8.1", score=81)), "score 81 is printed as '8.1'"),
        (ledger(row(1, "北京", score=81)), "score 81 is printed as 'None'"),
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
    ("table", "message"),
    [
        (
            {"doubtful": [{"printed": "上海", "reason": "?"}]},
            "the card speaks of '上海', which is not printed in the rows without a table",
        ),
        (
            {"bounds": [{"row": 9, "rank_from": 1, "rank_to": 2}]},
            "bounds for row 9, which is no tier or set; those are rows 1, 2, 3, 4",
        ),
        (
            {"bounds": [{"row": 2, "rank_from": 2, "rank_to": 3}]},
            "row 2: the card gives 2 ranks to 4 places",
        ),
        (
            {"bounds": [{"row": 1, "rank_from": 1, "rank_to": 1}], "table": "t"},
            "nothing for report 'ranking_2023' in table 't'",
        ),
    ],
)
def test_a_declaration_that_the_ledger_does_not_bear_out(
    bench: Bench, table: dict[str, Any], message: str
) -> None:
    assert message in bench.read(ledger_card(table), ledger(*TIERS)).error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tables": []}, "tables: tuple should have at least 1 item"),
        ({"tables": [{"report_id": "rankng_2023"}]}, "the card has no report 'rankng_2023'"),
        (
            {
                "tables": [
                    {
                        "report_id": "ranking_2023",
                        "bounds": [{"row": 1, "rank_from": 2, "rank_to": 1}],
                    }
                ]
            },
            "rank_from must not be above rank_to",
        ),
        (
            {"tables": [{"report_id": "ranking_2023", "cohort_country_code": "CN"}]},
            "cohort_country_code is for a cohort",
        ),
        ({"table": "old form"}, "unknown key 'table'"),
    ],
)
def test_options_that_can_not_be_meant(bench: Bench, options: dict[str, Any], message: str) -> None:
    bench.write(ledger_card(options=options))
    catalog = load_catalog(bench.settings.catalog)
    assert catalog.sources == {}
    assert any(message in str(error) for error in catalog.errors), catalog.errors
    assert all(error.line > 1 for error in catalog.errors)


def test_one_page_cited_twice_is_one_document(bench: Bench) -> None:
    source = ledger_card()
    source["documents"].append({**source["documents"][0], "id": "again", "reports": []})
    bench.write(source)
    (error,) = load_catalog(bench.settings.catalog).errors
    assert f"{ADDRESS} is cited by two documents: make one document" in error.message


def test_two_sources_may_cite_one_page(bench: Bench) -> None:
    other = {**REPORT, "report_id": "other_2023", "derived_from": "ranking_2023"}
    again = {**ledger_card({"report_id": "other_2023"}, reports=[other]), "id": "others"}
    bench.write(ledger_card(), again)
    (bench.mirror / "doc.bin").write_bytes(ledger(row(1, "北京")))
    held = [bench.pull(source).documents[0] for source in ("things", "others")]
    assert len({h.document_id for h in held}) == 2


def test_a_report_is_not_derived_from_itself(bench: Bench) -> None:
    first = {**REPORT, "derived_from": "second_2023"}
    second = {**REPORT, "report_id": "second_2023", "derived_from": "ranking_2023"}
    bench.write(ledger_card(reports=[first, second]))
    errors = load_catalog(bench.settings.catalog).errors
    assert ["is derived from itself" in e.message and e.line > 1 for e in errors] == [True, True]


@pytest.mark.parametrize(
    "data",
    [
        b'{"editions": [1]}',
        b'{"editions": {"e-2023": {}}}',
        b'{"editions": [{"id": "e-2023", "rows": {}}]}',
        ledger({"rank": 1}),
        ledger(row(1, "北京"), evidence=[{"quote": "q"}]),
        ledger({"rank": "first", "city_as_printed": "北京"}),
        ledger({"rank": 0, "city_as_printed": "北京"}),
        ledger(row(1, "北京"), extra_tables=[{"rows": 1}]),
    ],
)
def test_a_ledger_in_a_wrong_shape_is_an_error_and_does_not_raise(
    bench: Bench, data: bytes
) -> None:
    assert bench.read(ledger_card(), data).error


def test_one_city_twice_in_one_row_of_the_ledger_is_two_facts(bench: Bench) -> None:
    rows = bench.read(ledger_card(), ledger(row(1, "北京"), row(2, "北京"))).rows("published_rank")
    assert len({r["published_rank_id"] for r in rows}) == 2


def test_the_example_of_the_page_is_read_as_it_says(bench: Bench) -> None:
    page = (PROJECT / "docs" / "add-a-report.md").read_text(encoding="utf-8")
    typed, source = (page.split(f"```{kind}\n")[1].split("```")[0] for kind in ("json", "yaml"))
    cities = CITIES + "cn_hefei,city,Hefei,合肥市,合肥,CN,Anhui,安徽省\n"
    cities += "cn_guangdong_province,province,Guangdong,广东省,广东,CN,Guangdong,广东省\n"
    bench.write(yaml.safe_load(source), register_card(), cities=cities)
    (bench.mirror / "my_ledger.json").write_text(typed, encoding="utf-8")
    assert bench.pull("lantern_ai_cities").failures == []
    assert bench.parse("lantern_ai_cities").errors == []
    rows = bench.facts("published_rank", "lantern_ai_cities")
    assert {(r["cohort"], r["city_id"], r["rank"], r["rank_from"], r["rank_to"]) for r in rows} == {
        ("all", "cn_beijing", 1, 1, 1),
        ("all", "cn_shenzhen", 2, 2, 2),
        ("all", "cn_hangzhou", 2, 2, 2),
        ("all", "cn_hefei", None, 4, 8),
        ("all", "cn_suzhou_jiangsu", None, 4, 8),
        ("provinces", "cn_guangdong_province", 1, 1, 1),
        ("provinces", "cn_beijing", 2, 2, 2),
    }
    (left,) = bench.facts("quarantine", "lantern_ai_cities")
    assert (left["text"], left["reason"]) == ("(others)", "tier third group is not named in full")


def test_a_province_is_never_ranked_as_the_city_of_its_name(bench: Bench) -> None:
    cities = CITIES + "cn_jilin,city,Jilin,吉林市,吉林,CN,Jilin,吉林省\n"
    cities += "cn_jilin_province,province,Jilin,吉林省,吉林,CN,Jilin,吉林省\n"
    found = {}
    for kinds in (["city", "municipality"], ["province", "municipality"], ["cluster"]):
        bench.use(home=bench.folder / "-".join(kinds))
        bench.write(ledger_card({"kinds": kinds}), cities=cities)
        (bench.mirror / "doc.bin").write_bytes(ledger(row(1, "吉林"), row(2, "北京")))
        bench.pull()
        assert bench.parse().errors == []
        found[kinds[0]] = [r["city_id"] for r in bench.facts("published_rank")]
    assert found == {
        "city": ["cn_jilin", "cn_beijing"],
        "province": ["cn_jilin_province", "cn_beijing"],
        "cluster": [],
    }


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


def test_a_claim_of_a_place_in_an_index(bench: Bench) -> None:
    claim = changed(
        CLAIM, kind="dominance", indicator=None, index_node="f.n", printed_value=None, operator=None
    )
    (found,) = bench.read(passages(claims=[claim]), TEXT.encode()).rows("claim")
    assert (found["claim_kind"], found["measure_kind"]) == ("dominance", "index")
    assert found["measure"] == "f.n"


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
        (changed(CLAIM, indicator=None), "needs either one of indicator, ranking_subject"),
        (changed(CLAIM, untestable="no data"), "needs either one of indicator, ranking_subject"),
        (changed(CLAIM, index_node="f.n"), "needs either one of indicator, ranking_subject"),
        (changed(CLAIM, kind="dominance"), "of dominance needs an index_node"),
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


def test_a_quote_that_is_too_long_is_an_error_of_the_card(bench: Bench) -> None:
    bench.write(passages(claims=[changed(CLAIM, quote="x" * 201)]))
    catalog = load_catalog(bench.settings.catalog)
    assert ["200" in e.message and "quote" in e.message for e in catalog.errors] == [True]
