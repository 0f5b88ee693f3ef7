"""Every quote stands in its document at its place; one that does not stops the release."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from ingest_bench import REGISTER, Bench, Read, card, register_card, workbook

import audit
from ingest import archive, parse, quotes
from ingest.facts import Facts
from ingest.load import load_raw
from ingest.parsers import PARSERS
from ingest.parsers.base import Context
from ingest.pull import held_documents
from ingest.quotes import check
from ingest.reading.content import Content, Passage, Table

REPORT = {
    "report_id": "r_2024",
    "title": "R",
    "publisher": "P",
    "subject": "ai",
    "published_on": "2024-05-01",
    "data_year": 2024,
    "universe": "Cities",
}
YEARBOOK = card(
    "statistical_table",
    parse={
        "place_heading": "城市",
        "country_code": "CN",
        "scopes": {"全市": "total_city"},
        "minimum_places": 2,
        "tables": [
            {
                "title": "地区生产总值",
                "columns": [
                    {"indicator": "gdp_cny", "heading": ["生产总值", "当年价格"], "unit": "亿元"}
                ],
            }
        ],
    },
    document={"options": {"year": 2023}},
)
YEARBOOK_BOOK = workbook(
    [
        ["2-6 地区生产总值", "", "", ""],
        ["城 市", "City", "生产总值（亿元）", "", ""],
        ["", "", "当年价格", "", "可比价格"],
        ["", "", "全市 Total", "市辖区", "全市"],
        ["北京市", "Beijing", 43761.5, 43760, 1],
        ["杭州市", "Hangzhou", 20059, "", 2],
        ["深圳市", "Shenzhen", "", 3, 3],
    ]
)
WIDE = card(
    "long_table",
    parse={
        "place_column": "city",
        "country_code": "CN",
        "year_column": "year",
        "values": [
            {"indicator": "gdp_cny", "column": "gdp", "unit": "亿元", "scope": "total_city"},
            {
                "indicator": "models_count",
                "column": "n",
                "unit": "个",
                "scope": "register",
                "where": [
                    {"column": "kind", "values": ["large models"]},
                    {"column": "part", "values": ["all"]},
                ],
            },
        ],
    },
)
WIDE_CSV = 'city,year,gdp,n,kind,part\n北京,2023,43761,5,large models,all\n"杭\n州",2023,,6,x,all\n'
SUMS = register_card(
    parse={
        "counts": [{"indicator": "models_count", "measure": "sum", "column": "n"}],
        "year_from": 2023,
    }
)
LONG_REGISTER = (
    "name,city,year\n" + "".join(f"Model; number {n},北京,2023\n" for n in range(40))
).encode()
EVENTS = card(
    "event_table",
    parse={
        "event_kind": "pilot",
        "title": "Named",
        "city_column": "place",
        "country_code": "CN",
        "date_columns": ["day", "year"],
    },
)
CITED = card(
    "cited_facts",
    document={
        "form": "transcript",
        "options": {
            "facts": [{"set": "firms", "indicator": "models_count", "year": 2023}],
            "country_code": "CN",
        },
    },
)
SETS = json.dumps(
    [
        {
            "id": "firms",
            "url": ["https://things.example/doc"],
            "quote": "Beijing has 141 | of all",
            "unit": "个",
            "rows": [
                {"city_as_printed": "北京", "value": 141, "printed": "141"},
                {"city_as_printed": "杭州", "value": 7, "printed": "7家"},
            ],
        }
    ]
).encode()
LEDGER = card(
    "ranking_ledger",
    document={
        "form": "transcript",
        "reports": [REPORT],
        "options": {"edition": "e", "tables": [{"report_id": "r_2024"}]},
    },
)
EDITIONS = json.dumps(
    {
        "editions": [
            {
                "id": "e",
                "sources": [{"url": "https://things.example/doc"}],
                "rows": [
                    {
                        "rank_as_printed": "1",
                        "city_as_printed": "北京",
                        "rank": 1,
                        "score_as_printed": "91.5",
                        "score": 91.5,
                    },
                    {"rank_as_printed": "2", "city_as_printed": "杭州", "rank": 2},
                ],
            }
        ]
    }
).encode()
TEXT = "Kota AI. Beijing memiliki 2.400 perusahaan. Lagi."
CLAIM = {
    "claim": "c1",
    "kind": "quantity",
    "subject": "enterprises",
    "cities": ["cn_beijing"],
    "attributed_to": "the article",
    "quote": "Beijing memiliki 2.400 perusahaan",
    "untestable": "no data",
}
PASSAGE = card("quoted_passages", document={"options": {"claims": [CLAIM]}})

CASES: dict[str, tuple[dict[str, Any], bytes, int]] = {
    "statistical_table": (YEARBOOK, YEARBOOK_BOOK, 3),
    "long_table": (WIDE, WIDE_CSV.encode(), 3),
    "register_count": (register_card(), REGISTER, 2),
    "register_count of many": (register_card(), LONG_REGISTER, 1),
    "register_count, sum": (
        SUMS,
        "name,city,year,n\nA; B,北京,2023,4\nC,北京,2023,5\n".encode(),
        1,
    ),
    "event_table": (EVENTS, "place,day,year\n北京,,2019\n杭州,2020-01-23,\n".encode(), 2),
    "cited_facts": (CITED, SETS, 2),
    "ranking_ledger": (LEDGER, EDITIONS, 2),
    "quoted_passages": (PASSAGE, TEXT.encode(), 1),
}


def facts_of(read: Read) -> tuple[bytes, list[dict[str, Any]]]:
    bench, catalog = read.bench, read.bench.catalog()
    [held] = held_documents(catalog, "things", bench.settings)
    data = archive.read(bench.settings.archive_dir, held.blob)
    path = parse.facts_path(held, catalog, bench.settings)
    return data, [row for row in pq.read_table(path).to_pylist() if row["kind"] != "quarantine"]


@pytest.mark.parametrize("name", CASES)
def test_quotes_of_every_parser_are_found(bench: Bench, name: str) -> None:
    source, data, expected = CASES[name]
    read = bench.read(source, data)
    assert read.result.errors == []
    assert (read.result.quotes_found, read.result.unquoted) == (expected, [])


def other_figure(quote: str) -> str:
    """The quote with its last digit, or else its last character, changed."""
    digits = [m.start() for m in re.finditer(r"\d", quote)]
    i = digits[-1] if digits else len(quote.rstrip(" |")) - 1
    return f"{quote[:i]}{(int(quote[i]) + 1) % 10 if digits else 'X'}{quote[i + 1 :]}"


def next_place(locator: str) -> str:
    return re.sub(r"(\d+)(?=\D*$)", lambda m: str(int(m[1]) + 1), locator)


@pytest.mark.parametrize("name", [name for name in CASES if name != "register_count of many"])
def test_a_quote_that_says_something_else(bench: Bench, name: str) -> None:
    data, rows = facts_of(bench.read(*CASES[name][:2]))
    for row in rows:
        assert check(data, [row]).unquoted == ()
        [found] = check(data, [row | {"quote": other_figure(row["quote"])}]).unquoted
        assert found.fact_kind == row["kind"]
        assert found.reason


@pytest.mark.parametrize("name", [n for n in CASES if not n.startswith("register")])
def test_a_locator_that_leads_elsewhere(bench: Bench, name: str) -> None:
    """A count stands in no single place; every other fact does."""
    data, rows = facts_of(bench.read(*CASES[name][:2]))
    moves: tuple[Callable[[str], str], ...] = (next_place, lambda locator: f"{locator}0", str.upper)
    for row in rows:
        for move in moves:
            if move(row["locator"]) != row["locator"]:
                moved = check(data, [row | {"locator": move(row["locator"])}])
                assert len(moved.unquoted) == 1, move(row["locator"])


def test_things_that_were_not_counted(bench: Bench) -> None:
    data, [row] = facts_of(bench.read(register_card(), LONG_REGISTER))
    assert row["quote"].endswith("…")
    assert check(data, [row]).unquoted == ()
    assert check(data, [row | {"quote": "Model; number 1; Model; number 2; …"}]).unquoted == ()
    for quote in ("Model; number 1; Model; number 77; Mod…", "Model; number 1; Nodel…", "…"):
        assert check(data, [row | {"quote": quote}]).unquoted, quote


def test_a_sum_has_the_numbers_of_its_things(bench: Bench) -> None:
    data, [row] = facts_of(bench.read(*CASES["register_count, sum"][:2]))
    assert row["quote"] == "A; B 4; C 5"
    assert check(data, [row | {"quote": "A; B 5; C 4"}]).unquoted


@pytest.mark.parametrize(
    ("locator", "quote", "stands"),
    [
        ("page 2, table 1, row 3", "1 | Beijing | 91.5", True),
        ("page 2, table 1, row 3", "Rank 1 | Beijing", False),
        ("page 2, table 1, row 4", "1 | Hangzhou | 86.25", True),
        ("page 2, table 1, row 4", "Hangzhou | Score > 2024 | 86.25", True),
        ("page 2, table 1, row 4", "Hangzhou | Score > 2023 | 86.25", False),
        ("page 2, table 1, row 4", "Hangzhou | 6.25", False),
        ("page 2, table 1, row 4, column 3", "Hangzhou | 86.25", True),
        ("page 2, table 1, row 4, column 2", "86.25 | 1", False),
        ("page 2, table 1, row 5", "Suzhou", False),
        ("page 3, table 1, row 3", "1 | Beijing", False),
        ("Cities!B3", "Beijing | 50%", True),
        ("Cities!A3", "Beijing | 50%", True),
        ("Cities!B3", "Beijing | 0.6", False),
        ("Towns!B3", "Beijing | 50%", False),
        ("data[1], n", "Hangzhou | n | 7.10", True),
        ("data[0], n", "Hangzhou | n | 7.10", False),
        ("page 2, characters 0-7", "Beijing", True),
        ("page 2, characters 1-8", "Beijing", False),
        ("page 9, characters 0-7", "Beijing", False),
        ("somewhere", "Beijing", False),
        ("", "Beijing", False),
    ],
)
def test_places_in_documents_of_any_form(
    monkeypatch: pytest.MonkeyPatch, locator: str, quote: str, stands: bool
) -> None:
    ranks = (
        ("Rank", "City", "Score"),
        ("", "", "2024"),
        ("1", "Beijing", "91.5"),
        ("1", "Hangzhou", "86.25"),
    )
    content = Content(
        "pdf",
        (
            Table("page 2, table 1", ranks, header_rows=2, merged={(3, 0): (2, 0)}),
            Table("sheet Cities", (("City", "n"), ("Beijing", "50%")), first_cell=(1, 0)),
            Table(
                "data",
                (("city", "n"), ("Beijing", "5"), ("Hangzhou", "7.10")),
                header_rows=1,
                row_places=("data", "data[0]", "data[1]"),
            ),
        ),
        (Passage("page 2", "Beijing leads."),),
    )
    monkeypatch.setattr(quotes, "read_content", lambda data: content)
    monkeypatch.setattr(quotes, "passages", lambda data: content.passages)
    row = {"kind": "observation", "status": "observed", "locator": locator, "quote": quote}
    assert (check(b"%PDF-", [row]).unquoted == ()) is stands


def test_records_of_json_by_a_declared_path() -> None:
    data = b'{"a": {"b": [{"city": {"name": "Beijing"}, "v": [{"n": 1.10}]}]}}'
    row = {"kind": "observation", "status": "observed", "quote": "1.10"}
    assert check(data, [row | {"locator": "a.b[0].v[0], n"}]).unquoted == ()
    assert check(data, [row | {"locator": "record 1 of a.b[].v[], n"}]).unquoted == ()
    assert check(data, [row | {"locator": "a.b[0].v[1], n"}]).unquoted


def test_facts_whose_document_is_not_at_hand(bench: Bench) -> None:
    folder = bench.write(register_card()) / "sources" / "things"
    folder.mkdir()
    (folder / "documents.csv").write_text("document,sha256\ndoc,abc\n")
    (folder / "doc.observation.csv").write_text(
        "indicator,city_id,year,scope,status,value,locator,quote\n"
        "models_count,cn_beijing,2023,register,observed,1,rows of 2023 in cn_beijing,Alpha\n"
    )
    bench.use(origin="bundled")
    result = bench.parse()
    assert (result.quotes_found, result.quotes_unchecked, result.unquoted) == (0, 1, [])
    with duckdb.connect() as con:
        load_raw(con, bench.catalog(), bench.settings)
        found = con.execute(
            "select read_in, n_facts, n_found, n_unchecked, unchecked_reason from raw.quote_check"
        )
        reason = "bundled: the document is not at hand"
        assert found.fetchall() == [(None, 1, 0, 1, reason)]


def test_a_transcript_is_not_the_document(bench: Bench) -> None:
    bench.read(LEDGER, EDITIONS)
    with duckdb.connect() as con:
        load_raw(con, bench.catalog(), bench.settings)
        found = con.execute("select read_in, n_found from raw.quote_check").fetchall()
    assert found == [("transcript", 2)]


def test_a_missing_figure_that_nothing_prints_has_no_quote() -> None:
    row = {"kind": "observation", "locator": "rows of 2023 in cn_beijing", "quote": None}
    missing = check(REGISTER, [row | {"status": "missing"}])
    assert (missing.n_unchecked, missing.unquoted) == (1, ())
    [found] = check(REGISTER, [row | {"status": "observed"}]).unquoted
    assert found.reason == "the fact has no quote"


def careless(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Read:
    """A reader that quotes what is not there."""

    def read(data: bytes, context: Context, facts: Facts) -> None:
        PARSERS["register_count"].read(data, context, facts)
        facts.rows[0]["quote"] = "Omega"

    made = replace(PARSERS["register_count"], name="careless", read=read)
    monkeypatch.setitem(PARSERS, "careless", made)
    return bench.read(register_card() | {"parser": "careless"}, REGISTER)


def test_a_quote_that_is_not_there_stops_the_release(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = careless(bench, monkeypatch)
    assert [fact.quote for fact in read.result.unquoted] == ["Omega"]
    [rule] = [r for r in audit.load_rules() if r.name == "quotes_stand_in_their_documents"]
    assert rule.blocking
    with duckdb.connect() as con:
        load_raw(con, bench.catalog(), bench.settings)
        outcome = audit.run_rule(con, rule)
    assert not outcome.passed
    [row] = outcome.sample
    assert (row["source_id"], row["quote"]) == ("things", "Omega")
    assert row["reason"] == "no row has 'Omega'"
    assert outcome.shown[0]["n_found"] == 1


def test_the_verdict_is_kept_and_the_document_read_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = careless(bench, monkeypatch).result
    monkeypatch.setattr(quotes, "check", lambda *given: pytest.fail("read again"))
    again = bench.parse()
    assert again.unquoted == first.unquoted
    [verdict] = bench.settings.facts_dir.glob("*.json")
    verdict.write_text("{")
    monkeypatch.undo()
    careless_again = careless(bench, monkeypatch).result
    assert careless_again.unquoted == first.unquoted
