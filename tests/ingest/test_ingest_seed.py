"""The seed article, read from the article itself, beside the claims that were read by hand.

Of the 57 claims read by hand, 24 give a place a rank, a place in a set or tier, or a figure; the
others are slogans, policies, trends and what is said of other claims.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ingest.catalog import Catalog, load_catalog
from ingest.parse import parse_document
from ingest.proposals.propose import Line, Proposal, propose
from ingest.pull import held_documents, pull
from ingest.quotes import check
from ingest.settings import PROJECT, Settings

CARD = "securities_times_ai_cities"
RANKS_AND_FIGURES = {"index_score", "rank_set", "tier", "quantity", "rank", "count"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog([PROJECT / "catalog"])


@pytest.fixture(scope="module")
def article(shared: Path, catalog: Catalog) -> bytes:
    [document] = catalog.sources[CARD].documents
    return (shared / "seed" / str(document.mirror)).read_bytes()


@pytest.fixture(scope="module")
def by_hand(shared: Path) -> list[dict[str, Any]]:
    claims: list[dict[str, Any]] = json.loads(
        (shared / "seed" / "claims.json").read_text(encoding="utf-8")
    )["claims"]
    assert len(claims) == 57
    assert sum(claim["kind"] in RANKS_AND_FIGURES for claim in claims) == 24
    return claims


@pytest.fixture(scope="module")
def facts(
    shared: Path, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    settings = Settings(
        home=tmp_path_factory.mktemp("seed"),
        catalog=(PROJECT / "catalog",),
        origin="mirror",
        mirror=(shared / "seed",),
    )
    assert pull(catalog, CARD, settings).origin == "mirror"
    [held] = held_documents(catalog, CARD, settings)
    return parse_document(catalog, held, settings).rows


@pytest.fixture(scope="module")
def proposal(article: bytes, catalog: Catalog) -> Proposal:
    return propose(article, "article.txt", catalog)


def span(locator: str) -> range:
    start, end = locator.removeprefix("characters ").split("-")
    return range(int(start), int(end))


def same_place(locator: str, claim: dict[str, Any]) -> bool:
    found = span(locator)
    return found.start < claim["char_end"] and claim["char_start"] < found.stop


def cities(claim: dict[str, Any]) -> set[str]:
    named = claim["city"] or []
    return set(named if isinstance(named, list) else [named])


def share(claims: list[dict[str, Any]], found: set[str]) -> float:
    wanted = {claim["id"] for claim in claims if claim["kind"] in RANKS_AND_FIGURES}
    return len(found & wanted) / len(wanted)


def test_quotes_stand_in_the_article(article: bytes, facts: list[dict[str, Any]]) -> None:
    text = article.decode()
    for fact in facts:
        place = span(fact["locator"])
        assert text[place.start : place.stop] == fact["quote"]
    assert check(article, facts).n_found == len(facts) == 51


def test_the_card_says_what_was_read_by_hand(
    catalog: Catalog, facts: list[dict[str, Any]], by_hand: list[dict[str, Any]]
) -> None:
    """Precision 1.0; recall 21 of 24: a tier said once more, and two counts of companies by
    name, are not in the card."""
    found = set()
    for fact in facts:
        city = catalog.cities[fact["city_id"]].name_en
        said = [
            claim
            for claim in by_hand
            if same_place(fact["locator"], claim) and (city in cities(claim) or not cities(claim))
        ]
        assert said, fact["quote"]
        found |= {claim["id"] for claim in said}
        if fact["kind"] == "published_rank" and fact["score"] is not None:
            assert (fact["rank"], fact["score"]) in {(c.get("rank"), c["value"]) for c in said}
        if fact["kind"] == "claim":
            # A letter after the number is one of several claims of a sentence.
            own = fact["claim_id"].rpartition("_")[2].rstrip("abc")
            [claim] = [c for c in by_hand if c["id"] == own]
            assert claim in said
            if fact["value"] is not None and claim["kind"] in ("quantity", "count"):
                assert fact["value"] == claim["value"]
    assert share(by_hand, found) >= 21 / 24


def agrees(line: Line, claim: dict[str, Any], catalog: Catalog) -> bool:
    """Whether a proposed row says of the same city what the claim says at that place."""
    if catalog.cities[line.city_id].name_en not in cities(claim):
        return False
    if line.score is not None and line.score != claim["value"]:
        return False
    ranks = [int(rank) for rank in re.findall(r"\d+", str(claim.get("rank")))] or [None]
    return {line.rank_from, line.rank_to} == set(ranks)


def test_proposals_agree_with_what_was_read_by_hand(
    catalog: Catalog, proposal: Proposal, by_hand: list[dict[str, Any]]
) -> None:
    """Precision 1.0 over the rows in the card; recall 10 of 24 without any card. The others name
    their place in another sentence, or say first in other words than ranks."""
    lines = [line for line in proposal.lines if line.outcome == "proposed"]
    found = set()
    for line in lines:
        said = [
            claim
            for claim in by_hand
            if claim["kind"] in RANKS_AND_FIGURES
            and same_place(line.locator, claim)
            and agrees(line, claim, catalog)
        ]
        assert said, line
        found |= {claim["id"] for claim in said}
    assert len(lines) >= 16
    assert share(by_hand, found) >= 10 / 24


def test_the_ranking_of_the_article_is_proposed(proposal: Proposal) -> None:
    ranked = [line for line in proposal.lines if line.kind == "ranking" and line.score is not None]
    assert [(x.city_id, x.rank_from, x.score_as_printed) for x in ranked] == [
        ("cn_beijing", 1, "1,0000"),
        ("cn_shenzhen", 2, "0,7449"),
        ("cn_shanghai", 3, "0,6266"),
    ]
