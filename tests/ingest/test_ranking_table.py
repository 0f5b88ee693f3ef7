"""Rankings in tables that a card declares: the document in, ranks and quarantine out."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
from collections.abc import Callable
from typing import Any

import docx
import pytest
import xlwt
import yaml
from ingest_bench import Bench, Read, card, workbook
from reportlab.lib.pagesizes import A4
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from ingest.settings import PROJECT

REPORT = {
    "title": "A ranking",
    "publisher": "A publisher",
    "subject": "ai",
    "published_on": dt.date(2024, 1, 1),
    "data_year": 2023,
    "universe": "All cities",
}
COLUMNS = {"entity": "City", "rank": "Rank", "score": "Score"}
PLAIN = "Rank|City|Score\n1|Beijing|91.5\n2|Shenzhen|88\n3|Hangzhou|80.25"


def page(*tables: str, caption: str = "") -> bytes:
    """An HTML page; a table is lines of cells between bars, of which the first are headings."""
    texts = []
    for text in tables:
        first, *others = text.split("\n")
        lines = [_line(first, "th"), *(_line(line, "td") for line in others)]
        texts.append(f"<table><caption>{caption}</caption>{''.join(lines)}</table>")
    return f"<html><body><h1>Rankings</h1>{''.join(texts)}</body></html>".encode()


def _line(text: str, tag: str) -> str:
    cells = (f"<{tag}>{html.escape(cell)}</{tag}>" for cell in text.split("|"))
    return f"<tr>{''.join(cells)}</tr>"


def ranking(*tables: dict[str, Any]) -> dict[str, Any]:
    """A card whose only document has these rankings."""
    declared = [
        {"report_id": "ranking_1", "columns": COLUMNS, "rows": 3, **table}
        for table in tables or ({},)
    ]
    ids = dict.fromkeys(table["report_id"] for table in declared)
    reports = [{**REPORT, "report_id": name} for name in ids]
    return card("ranking_table", document={"reports": reports, "options": {"tables": declared}})


def ranks(read: Read) -> dict[str, tuple[Any, ...]]:
    return {
        r["city_id"]: (r["rank"], r["rank_from"], r["rank_to"], r["score"])
        for r in read.rows("published_rank")
    }


def kept(read: Read) -> dict[str, tuple[str, str | None]]:
    return {r["text"]: (r["reason"], r["candidates"]) for r in read.rows("quarantine")}


def test_a_declared_table(bench: Bench) -> None:
    read = bench.read(ranking(), page(PLAIN))
    assert ranks(read) == {
        "cn_beijing": (1, 1, 1, 91.5),
        "cn_shenzhen": (2, 2, 2, 88.0),
        "cn_hangzhou": (3, 3, 3, 80.25),
    }
    first = read.rows("published_rank")[0]
    assert first["quote"] == "1 | Beijing | 91.5"
    assert first["locator"] == "table 1, row 2"
    assert (first["rank_as_printed"], first["score_as_printed"]) == ("1", "91.5")
    assert first["order_certain"] and first["read_by"] == "text" and first["cohort"] == "all"


def xlsx(lines: list[list[str]]) -> bytes:
    return workbook(lines)


def xls(lines: list[list[str]]) -> bytes:
    book, stream = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("Sheet49")
    for r, line in enumerate(lines):
        for c, cell in enumerate(line):
            sheet.write(r, c, float(cell) if re.fullmatch(r"[\d.]+", cell) else cell)
    book.save(stream)
    return stream.getvalue()


def word(lines: list[list[str]]) -> bytes:
    document, stream = docx.Document(), io.BytesIO()
    table = document.add_table(rows=0, cols=len(lines[0]))
    for line in lines:
        for place, cell in zip(table.add_row().cells, line, strict=True):
            place.text = cell
    document.save(stream)
    return stream.getvalue()


def semicolons(lines: list[list[str]]) -> bytes:
    return "\n".join(map(";".join, lines)).encode("utf-8-sig")


@pytest.mark.parametrize("make", [xlsx, xls, word, semicolons])
def test_one_ranking_in_every_form(bench: Bench, make: Callable[[list[list[str]]], bytes]) -> None:
    read = bench.read(ranking(), make([line.split("|") for line in PLAIN.split("\n")]))
    assert ranks(read) == {
        "cn_beijing": (1, 1, 1, 91.5),
        "cn_shenzhen": (2, 2, 2, 88.0),
        "cn_hangzhou": (3, 3, 3, 80.25),
    }


def test_a_workbook_with_groups_unranked_rows_and_aggregates(bench: Bench) -> None:
    data = workbook(
        [
            ["Table 1. An index", None, None, None],
            ["Rank", "City", "Index", "Index"],
            [None, None, 2022, 2023],
            ["HIGH", None, None, None],
            [1, "Beijing", 0.95, 0.962],
            [2, "Shenzhen", 0.95, 0.961],
            ["OTHER", None, None, None],
            [None, "Hangzhou", "..", ".."],
            [None, "All groups", None, None],
            [None, "High", 0.7, 0.71],
        ],
        merged=("A2:A3", "B2:B3", "C2:D2"),
    )
    columns = {"entity": "City", "rank": "Rank", "score": "Index > 2023"}
    declared = {"columns": columns, "until": "All groups", "quarantined": 1}
    read = bench.read(ranking(declared), data)
    assert ranks(read) == {
        "cn_beijing": (1, 1, 1, 0.962),
        "cn_shenzhen": (2, 2, 2, 0.961),
    }
    assert read.rows("published_rank")[1]["locator"] == "Sheet49!A6"
    assert kept(read) == {"Hangzhou | ..": ("no rank is printed", None)}


def test_unknown_and_ambiguous_names_are_kept_with_their_candidates(bench: Bench) -> None:
    text = "Rank|City|Score\n1|Beijing|9\n2|Suzhou|8\n3|Atlantis|7"
    read = bench.read(ranking(), page(text))
    assert set(ranks(read)) == {"cn_beijing"}
    assert kept(read)["Suzhou"] == (
        "ambiguous city",
        "cn_suzhou_anhui; cn_suzhou_jiangsu",
    )
    assert kept(read)["Atlantis"][0] == "unknown city"


def test_the_province_and_the_country_tell_names_apart(bench: Bench) -> None:
    text = "Rank|City|Province|Country|Score\n1|Suzhou|Anhui|China|9\n2|Suzhou|Jiangsu|中国|8"
    text += "\n3|Beijing|Nowhere|Ruritania|7"
    columns = {**COLUMNS, "province": "Province", "country": "Country"}
    read = bench.read(ranking({"columns": columns}), page(text))
    assert set(ranks(read)) == {"cn_suzhou_anhui", "cn_suzhou_jiangsu"}
    assert kept(read) == {"3 | Beijing | Ruritania | 7": ("unknown country 'Ruritania'", None)}
    named = {"columns": {**columns, "province": 3}, "countries": {"Ruritania": "CN"}}
    assert "unknown city" in str(kept(bench.read(ranking(named), page(text))))


def test_ties_and_bands(bench: Bench) -> None:
    text = "Rank|City|Score\n1=|Beijing|9\n1=|Shenzhen|9\n3-5|Hangzhou|5-7"
    read = bench.read(ranking(), page(text))
    assert ranks(read) == {
        "cn_beijing": (1, 1, 1, 9.0),
        "cn_shenzhen": (1, 1, 1, 9.0),
        "cn_hangzhou": (None, 3, 5, None),
    }
    basis = {r["city_id"]: (r["order_certain"], r["basis"]) for r in read.rows("published_rank")}
    assert basis["cn_beijing"] == (True, "tie") and basis["cn_hangzhou"] == (False, None)


def test_an_implied_order_is_marked_and_must_fall(bench: Bench) -> None:
    declared = {"columns": {"entity": "City", "score": "Score"}, "order": "implied"}
    read = bench.read(ranking(declared), page("City|Score\nBeijing|9\nShenzhen|8\nHangzhou|8"))
    assert [r[0] for r in ranks(read).values()] == [1, 2, 2]
    row = read.rows("published_rank")[0]
    assert row["rank_as_printed"] is None and "implied" in row["basis"]
    rising = bench.read(ranking(declared), page("City|Score\nBeijing|9\nShenzhen|7\nHangzhou|8"))
    assert "table 1, row 4: 8 is above the row before" in rising.error


def test_scores_without_ranks_leave_the_order_open(bench: Bench) -> None:
    declared = {"columns": {"entity": "City", "score": "Score"}, "order": "none"}
    read = bench.read(ranking(declared), page("City|Score\nBeijing|7\nShenzhen|9\nHangzhou|8"))
    assert ranks(read)["cn_beijing"] == (None, 1, 3, 7.0)
    assert not read.rows("published_rank")[0]["order_certain"]


def test_several_reports_of_one_document(bench: Bench) -> None:
    other = "Rank|City|Talent\n1|Hangzhou|50\n2|Beijing|40"
    read = bench.read(
        ranking(
            {"table": {"headings": ["Score"]}},
            {
                "report_id": "ranking_2",
                "table": {"where": "table 2"},
                "columns": {**COLUMNS, "score": "Talent"},
                "rows": 2,
            },
        ),
        page(PLAIN, other),
    )
    found = {(r["report_id"], r["city_id"]): r["rank"] for r in read.rows("published_rank")}
    assert found["ranking_1", "cn_beijing"] == 1 and found["ranking_2", "cn_beijing"] == 2


def test_scores_in_several_units_are_only_printed(bench: Bench) -> None:
    text = "Rank|City|Score\n1|Beijing|14 EFLOPS\n2|Shenzhen|900 PFLOPS\n3|Hangzhou|80 PFLOPS"
    row = bench.read(ranking(), page(text)).rows("published_rank")[0]
    assert (row["score"], row["score_as_printed"]) == (None, "14 EFLOPS")
    assert row["basis"] == "scores in several units"


def test_rows_left_out_and_signs_of_no_value(bench: Bench) -> None:
    text = "Rank|City|Kind|Score\n1|Beijing|city|9\n2|Anhui|province|8\n3|Hangzhou|city|secret"
    declared = {
        "rows": 2,
        "left_out": [{"column": "Kind", "values": ["province"], "reason": "no city"}],
        "missing": ["secret"],
    }
    read = bench.read(ranking(declared), page(text))
    assert ranks(read) == {"cn_beijing": (1, 1, 1, 9.0), "cn_hangzhou": (3, 3, 3, None)}


def test_a_group_of_a_table_and_a_selector(bench: Bench) -> None:
    text = "Rank|City|Score\nEast||\n1|Shenzhen|9\n2|Hangzhou|8\nNorth||\n1|Beijing|7"
    declared = {"group": "East", "rows": 2, "cohort": "east", "table": {"selector": "body table"}}
    read = bench.read(ranking(declared), page(text))
    assert {c: r[0] for c, r in ranks(read).items()} == {"cn_shenzhen": 1, "cn_hangzhou": 2}
    assert {r["cohort"] for r in read.rows("published_rank")} == {"east"}


def test_decimal_commas_and_thousands(bench: Bench) -> None:
    text = "Rang|Stadt|Wert\n1|Beijing|1.234\n2|Shenzhen|1.100\n3|Hangzhou|987"
    columns = {"entity": "Stadt", "rank": "Rang", "score": "Wert"}
    read = bench.read(ranking({"columns": columns}), page(text))
    assert [r[3] for r in ranks(read).values()] == [1234, 1100, 987]
    declared = {"columns": columns, "decimal": "."}
    assert ranks(bench.read(ranking(declared), page(text)))["cn_beijing"][3] == 1.234


@pytest.mark.parametrize(
    ("declared", "text", "message"),
    [
        ({"rows": 4}, PLAIN, "has 3 rows, the card expects 4; the first and the last are '1 |"),
        ({"columns": {**COLUMNS, "score": "Points"}}, PLAIN, "headed 'Points': the columns of"),
        ({"table": {"page": 7}}, PLAIN, "no table fits {'page': 7}; the document has table 1"),
        ({"table": {"title": "Towns"}}, PLAIN, "no table fits {'title': 'Towns'}"),
        ({"table": {"number": 2}}, PLAIN, "no table fits"),
        ({"table": {"selector": "table["}}, PLAIN, "'table[' is no selector"),
        ({"until": "Total"}, PLAIN, "no row says 'Total'"),
        ({"quarantined": 1}, PLAIN, "0 rows do not fit, the card expects 1"),
        ({}, PLAIN.replace("88", "8 or 9"), "table 1, row 3: the score can't be read"),
        ({}, PLAIN.replace("2|", "|"), "row 3: no rank is printed ('Shenzhen | 88')"),
        ({}, "Rank|Rank|City|Score\n1|1|Beijing|9\n2|2|Hangzhou|8", "2 columns are headed 'Rank'"),
        ({}, "City\nBeijing", "no row with a number"),
        ({}, PLAIN.replace("\n2", "\n|(the capital)|\n2"), "the name may go on there"),
    ],
)
def test_what_does_not_match_is_an_error(
    bench: Bench, declared: dict[str, Any], text: str, message: str
) -> None:
    assert message in bench.read(ranking(declared), page(text)).error


def test_two_tables_where_one_is_meant_are_listed(bench: Bench) -> None:
    error = bench.read(ranking(), page(PLAIN, PLAIN)).error
    assert "2 tables fit" in error and "table 1 (4x3, " in error and "table 2 (4x3, " in error
    read = bench.read(ranking({"table": {"number": 2}}), page(PLAIN, PLAIN))
    assert read.rows("published_rank")[0]["locator"] == "table 2, row 2"


def test_no_document_at_all_is_an_error(bench: Bench) -> None:
    assert "https://things.example/doc" in bench.read(ranking(), b"\x00\x01 nothing").error


def test_the_card_of_the_documentation_reads_a_pdf(bench: Bench) -> None:
    """Sixty rows on two pages, with two rows of headings that are repeated."""
    page = (PROJECT / "docs" / "add-a-ranking-table.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    known = {1: ("Beijing", "China"), 2: ("São Paulo", "Brazil"), 60: ("Shenzhen", "PR China")}
    lines: list[tuple[str, ...]] = [
        ("Rank", "City", "Country", "Talent", "Index", ""),
        ("", "", "", "", "2024", "2025"),
    ]
    for i in range(1, 61):
        city, country = known.get(i, (f"Town {chr(64 + i % 26)}{i}", "Italy"))
        lines.append((str(i), city, country, str(i % 7), f"{99 - i}.4", f"{100 - i}.5"))
    stream = io.BytesIO()
    table = Table(lines, repeatRows=2, colWidths=[40, 140, 90, 60, 60, 60])
    grid = [("GRID", (0, 0), (-1, -1), 0.5, "black"), ("SPAN", (4, 0), (5, 0))]
    table.setStyle(TableStyle(grid + [("SPAN", (c, 0), (c, 1)) for c in range(4)]))
    SimpleDocTemplate(stream, pagesize=A4).build([table])
    source = yaml.safe_load(text)
    source["id"] = "things"  # the only source of the bench's indicators
    source["documents"][0]["options"]["tables"][0]["countries"] = {"PR China": "CN"}
    read = bench.read(source, stream.getvalue())
    found = {r["city_id"]: r for r in read.rows("published_rank")}
    assert {c: (r["rank"], r["score"]) for c, r in found.items()} == {
        "cn_beijing": (1, 99.5),
        "br_sao_paulo": (2, 98.5),
        "cn_shenzhen": (60, 40.5),
    }
    assert found["cn_shenzhen"]["locator"].startswith("page 2, table 1, row ")
    assert read.result.quarantined == 57


def test_a_misspelt_city_is_kept_with_the_one_near_to_it(bench: Bench) -> None:
    data = page(PLAIN.replace("Hangzhou", "Hangzou").replace("Shenzhen", "深洲市"))
    read = bench.read(ranking(), data)
    assert kept(read) == {
        "Hangzou": ("unknown city", "near: cn_hangzhou"),
        "深洲市": ("unknown city", "near: cn_shenzhen"),
    }
    places = [{"printed": "Hangzou", "city": "cn_hangzhou"}]
    mapped = bench.read(ranking({"places": places}), data)
    assert set(ranks(mapped)) == {"cn_beijing", "cn_hangzhou"}
