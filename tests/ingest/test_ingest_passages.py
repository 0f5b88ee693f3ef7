"""Quoted passages out of documents of any form: the place, and how it was read."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from ingest_bench import Bench, card
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

from ingest import quotes, reading
from ingest.parsers import quoted_passages
from ingest.reading.content import Content, Passage, Table

QUOTE = "Beijing, Shenzhen and Hangzhou score 91.5, 88.0 and 86.25 respectively"
BEFORE = (
    "This paragraph comes first and is long enough to be broken over several lines of a page, "
    "so that the sentence looked for begins somewhere in the middle of one. "
)
REPORT = {
    "report_id": "lantern_2024",
    "title": "Lantern 2024",
    "publisher": "Lantern",
    "subject": "ai",
    "published_on": "2024-05-01",
    "data_year": 2024,
    "universe": "Chinese cities",
}


def source(quote: str = QUOTE) -> dict[str, Any]:
    names = ("cn_beijing", "Beijing", "91.5"), ("cn_shenzhen", "Shenzhen", "88.0")
    cities = [
        {"city": city, "as_printed": name, "rank": rank, "score": score}
        for rank, (city, name, score) in enumerate(names, 1)
    ]
    ranking = {"report_id": "lantern_2024", "quote": quote, "basis": "lists", "cities": cities}
    return card(
        "quoted_passages", document={"reports": [REPORT], "options": {"rankings": [ranking]}}
    )


def pdf() -> bytes:
    style = getSampleStyleSheet()["Normal"]
    stream = io.BytesIO()
    story = [Paragraph("Cover", style), PageBreak(), Paragraph(f"{BEFORE}{QUOTE}. Goodbye.", style)]
    SimpleDocTemplate(stream, pagesize=A4, rightMargin=220).build(story)
    return stream.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_paragraph(BEFORE)
    document.add_paragraph(f"{QUOTE}.")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


PAGE = (
    "<!DOCTYPE html><html><head><title>Lantern</title></head><body><nav>Menu</nav>"
    f"<p>{BEFORE}</p><p>{QUOTE.replace('Shenzhen', '<b>Shenzhen</b>')}.</p></body></html>"
).encode()


@pytest.mark.parametrize(
    ("data", "place"),
    [
        pytest.param(pdf(), "page 2, characters ", id="pdf"),
        pytest.param(word(), "characters ", id="docx"),
        pytest.param(PAGE, "characters ", id="html"),
        pytest.param(f"{BEFORE}{QUOTE}.".encode("utf-16"), "characters ", id="utf-16"),
        pytest.param(f"{BEFORE}\n{QUOTE}.\n北京".encode("gb18030"), "characters ", id="gb18030"),
    ],
)
def test_a_passage_of_any_form(bench: Bench, data: bytes, place: str) -> None:
    read = bench.read(source(), data)
    rows = read.rows("published_rank")
    assert [(r["city_id"], r["score"]) for r in rows] == [("cn_beijing", 91.5), ("cn_shenzhen", 88)]
    for row in rows:
        assert row["locator"].startswith(place)
        start, end = row["locator"].rpartition(" ")[2].split("-")
        assert int(end) - int(start) == len(QUOTE)
        assert (row["read_by"], row["read_confidence"]) == ("text", None)
    assert (read.result.quotes_found, read.result.unquoted) == (2, [])


def test_plain_text_counts_its_own_characters(bench: Bench) -> None:
    wrapped = QUOTE.replace("score ", "score\r\n")
    text = f"\ufeffKota 𝒜𝓘\r\n\r\n{wrapped}.\n"
    read = bench.read(source(), text.encode())
    (locator,) = {row["locator"] for row in read.rows("published_rank")}
    start, end = map(int, locator.removeprefix("characters ").split("-"))
    assert text[start:end].split() == QUOTE.split()
    assert read.result.unquoted == []


def test_a_quote_on_two_pages_is_ambiguous(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = tuple(Passage(f"page {n}", f"{QUOTE}.") for n in (3, 7))
    monkeypatch.setattr(quoted_passages, "read_content", lambda data: Content("pdf", (), pages))
    assert "more than once" in bench.read(source(), b"%PDF-1.7").error


def test_a_document_without_text(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Content("pdf", notes=("page 1 is a picture: make setup-ocr reads it",))
    monkeypatch.setattr(quoted_passages, "read_content", lambda data: empty)
    error = bench.read(source(), b"%PDF-1.7").error
    assert "no running text in this pdf; page 1 is a picture" in error


def test_what_ocr_read_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Passage("page 1", f"{QUOTE}.", confidence=0.93)
    content = Content("pdf", (), (page,))
    monkeypatch.setattr(quoted_passages, "read_content", lambda data: content)
    rows = bench.read(source(), b"%PDF-1.7").rows("published_rank")
    assert {(row["read_by"], row["read_confidence"]) for row in rows} == {("ocr", 0.93)}


def test_a_damaged_document_is_an_error_of_its_own(bench: Bench) -> None:
    assert "doc: " in bench.read(source(), b"%PDF-1.7 cut off").error


SCANNED = Table(
    "page 1, table 1",
    (
        ("Rank", "City", "n"),
        ("1", "Beijing", "91"),
        ("2", "Shenzhen", "88"),
        ("3", "Hangzhou", "7"),
    ),
    header_rows=1,
    page=1,
    confidence={(1, 0): 0.99, (1, 1): 0.81, (1, 2): 0.95, (2, 1): 0.97, (2, 2): 0.9, (3, 1): 0.7},
)
RANKS = {
    "report_id": "lantern_2024",
    "columns": {"rank": "Rank", "entity": "City", "score": "n"},
    "rows": 3,
}
FIGURES = {
    "place_column": "City",
    "country_code": "CN",
    "values": [{"indicator": "models_count", "column": "n", "unit": "个", "scope": "register"}],
}


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (
            card("ranking_table", document={"reports": [REPORT], "options": {"tables": [RANKS]}}),
            "published_rank",
        ),
        (card("long_table", parse=FIGURES, document={"options": {"year": 2023}}), "observation"),
    ],
)
def test_tables_that_ocr_read_say_how_sure_the_least_sure_cell_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, made: dict[str, Any], kind: str
) -> None:
    content = Content("pdf", (SCANNED,))
    monkeypatch.setattr(reading, "read", lambda data, *name, **options: content)
    monkeypatch.setattr(quotes, "read_content", lambda data: content)
    read = bench.read(made, b"%PDF-1.7")
    found = {row["city_id"]: (row["read_by"], row["read_confidence"]) for row in read.rows(kind)}
    assert found == {
        "cn_beijing": ("ocr", 0.81),
        "cn_shenzhen": ("ocr", 0.9),
        "cn_hangzhou": ("ocr", 0.7),
    }
    assert (read.result.quotes_found, read.result.unquoted) == (3, [])
