"""What the shipped cards say of their pages is borne out by what was kept of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ingest.cards import Document, Source
from ingest.catalog import load_catalog
from ingest.settings import PROJECT

CARDS = load_catalog([PROJECT / "catalog"]).sources
DOCUMENTS = [
    pytest.param(card, document, id=f"{card.id}-{document.id}")
    for card in CARDS.values()
    for document in card.documents
    if not document.live_only
]
"""Of documents that are only live nothing is kept beside the project."""
# Read on the page, of which the ledgers keep no date.
SEEN_ON_THE_PAGE = {
    ("cingai_regional_competitiveness", "cingai_provinces_2018"): "19 May, of the 18th or 19th",
    ("miit_ai_pioneer_zones", "pioneer_zones"): "Xinhua of 2 October 2022",
    ("most_ai_pilot_zone_list", "pilot_zone_list"): "article of 8 December on letters of the 7th",
}


class Evidence:
    """The ledgers and manifests beside the project, by what a document takes from them."""

    def __init__(self, shared: Path) -> None:
        def read(*parts: str) -> Any:
            return json.loads(shared.joinpath(*parts).read_text(encoding="utf-8"))

        self.sets = {entry["id"]: entry for entry in read("facts", "facts.json")}
        ledger = read("reports", "published_rankings.json")
        self.editions = {entry["id"]: entry for entry in ledger["editions"]}
        self.files = {entry["file"]: entry for entry in read("mirror", "manifest.json")["files"]}

    def of(self, card: Source, document: Document) -> dict[str, Any] | list[Any]:
        options = document.options
        if card.parser == "cited_facts":
            sets = [self.sets[fact["set"]] for fact in options["facts"]]
            # A ranking on the same page may have its date.
            dates = [
                edition["publication_date"]
                for edition in self.editions.values()
                if document.address in [page["url"] for page in edition["sources"]]
            ]
            return [dates, *({k: v for k, v in entry.items() if k != "rows"} for entry in sets)]
        if card.parser == "ranking_ledger":
            edition = self.editions[options["edition"]]
            return [edition.get("publication_date"), edition["edition"], edition["sources"]]
        return self.files.get(document.mirror or "", {})


@pytest.fixture(scope="module")
def evidence(shared: Path) -> Evidence:
    return Evidence(shared)


def printed(date: Any, precision: str, text: str) -> bool:
    """Whether a text has the date, as exact as the precision says."""
    year, month, day = date.year, date.month, date.day
    form = {
        "year": rf"{year}",
        "month": rf"{year}[-/年]?0?{month}(?!\d(?!\d))",
        "day": rf"{year}[-/年]?0?{month}[-/月]?0?{day}(?!\d(?!\d))",
    }[precision]
    return re.search(rf"(?<!\d){form}", text) is not None


@pytest.mark.parametrize(("card", "document"), DOCUMENTS)
def test_a_date_is_one_that_is_known(card: Source, document: Document, evidence: Evidence) -> None:
    if document.published_precision == "not_before":
        return
    if (card.id, document.id) in SEEN_ON_THE_PAGE:
        return
    known = json.dumps(evidence.of(card, document), ensure_ascii=False)
    text = " ".join((document.address, document.mirror or "", known))
    assert printed(document.published_on, document.published_precision, text)


@pytest.mark.parametrize(("card", "document"), DOCUMENTS)
def test_the_date_of_a_report_is_that_of_the_ledger(
    card: Source, document: Document, evidence: Evidence
) -> None:
    if card.parser != "ranking_ledger":
        return
    edition = evidence.editions[document.options["edition"]]
    for report in document.reports:
        if report.published_precision != "not_before":
            text = str(edition["publication_date"])
            assert printed(report.published_on, report.published_precision, text), report.report_id


@pytest.mark.parametrize(("card", "document"), DOCUMENTS)
def test_an_unknown_date_is_not_before_the_first_day_of_a_period(
    card: Source, document: Document
) -> None:
    """What is not known must not look like the date of the day on which it was typed."""
    for dated in (document, *document.reports):
        if dated.published_precision in ("year", "month"):
            assert dated.published_on.day == 1
        if dated.published_precision == "year":
            assert dated.published_on.month == 1


@pytest.mark.parametrize(("card", "document"), DOCUMENTS)
def test_a_copy_in_a_repository_is_no_original(
    card: Source, document: Document, evidence: Evidence
) -> None:
    """An address in somebody's repository is the publisher's own only where the card says whose."""
    match = re.match(
        r"https://(?:raw\.githubusercontent|github)\.com/([^/]+)/([^/]+)", document.address
    )
    if match is None:
        return
    known = evidence.files.get(document.mirror or "")
    if known:
        assert "/".join(match.groups()) == known["source_repo"].split(" ")[0]
    if document.standing == "original":
        names = f"{card.publisher} {card.homepage}".casefold()
        assert match[1].casefold() in names or match[2].casefold() in names


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_what_is_open_has_an_open_licence(card: Source, evidence: Evidence) -> None:
    if card.redistribution != "open":
        return
    for document in (d for d in card.documents if not d.live_only):
        assert evidence.files[document.mirror or ""]["openly_licensed"]


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_what_was_seen_on_content_farms_alone_is_doubtful(card: Source) -> None:
    if all(document.standing == "content_farm" for document in card.documents):
        assert card.trust_tier == 4
