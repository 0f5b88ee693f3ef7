"""A series of documents in a card: one entry, a document of each year, venue or page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ingest_bench import register_card, write_catalog

from ingest.cards import Source
from ingest.catalog import Catalog, load_catalog

SERIES = {
    "id": "papers_{venue}_{year}",
    "title": "Papers of {venue} {year}",
    "address": "https://things.example/{venue}/{venue}{year}.json",
    "mirror": "{venue}{year}.json",
    "published_on": "{year}-01-01",
    "published_precision": "not_before",
    "over": {"venue": ["cvpr", "iclr"], "year": {"from": 2022, "to": 2023}},
    "options": {"year": "{year}"},
}


def load(tmp_path: Path, *documents: dict[str, Any]) -> Catalog:
    source = register_card()
    source["documents"] = list(documents)
    return load_catalog([write_catalog(tmp_path, source)])


def read(tmp_path: Path, *documents: dict[str, Any]) -> Source:
    catalog = load(tmp_path, *documents)
    assert catalog.errors == ()
    return catalog.sources["things"]


def test_one_document_for_each_combination(tmp_path: Path) -> None:
    single = {**register_card()["documents"][0], "id": "list"}
    found = read(tmp_path, single, SERIES).documents
    assert [d.id for d in found] == [
        "list",
        "papers_cvpr_2022",
        "papers_cvpr_2023",
        "papers_iclr_2022",
        "papers_iclr_2023",
    ]
    last = found[-1]
    assert last.address == "https://things.example/iclr/iclr2023.json"
    assert (last.mirror, last.title) == ("iclr2023.json", "Papers of iclr 2023")
    assert (str(last.published_on), last.year) == ("2023-01-01", 2023)
    assert last.options == {"year": 2023}
    assert found[0].year is None


def test_values_may_be_unquoted_and_in_several_groups(tmp_path: Path) -> None:
    over = [
        {"venue": ["cvpr"], "year": {"from": 2021, "to": 2023}},
        {"venue": ["iccv"], "year": {"from": 2019, "to": 2023, "step": 2}},
    ]
    found = read(tmp_path, {**SERIES, "over": over, "options": {"year": {"year": None}}}).documents
    assert [d.id.removeprefix("papers_") for d in found] == [
        *(f"cvpr_{year}" for year in (2021, 2022, 2023)),
        *(f"iccv_{year}" for year in (2019, 2021, 2023)),
    ]
    assert found[0].options == {"year": 2021}


def test_a_name_of_a_path_expression_is_none_of_the_series(tmp_path: Path) -> None:
    options = {"table": {"records": "nodes[].{region: a, value: b}"}}
    found = read(tmp_path, {**SERIES, "options": options}).documents
    assert found[0].options == options


@pytest.mark.parametrize(
    ("changes", "line", "message"),
    [
        ({"over": {}}, "over:", "over has no names. Write e.g."),
        ({"over": {"Year": [1]}}, "over:", "'Year' is no name"),
        ({"over": {"year": []}}, "year: []", "no list of values"),
        ({"over": {"year": {"from": 2022}}}, "year:", "not a range. A range is"),
        ({"over": {"year": {"from": 3, "to": 2}}}, "year:", "an empty range"),
        ({"over": {"year": {"from": 1, "to": 9999}}}, "year:", "a range of more than 5000"),
        ({"over": {"venue": [True]}}, "- true", "True is neither text nor a whole number"),
        (
            {"title": "Of {yaer}"},
            "title:",
            "unknown name {yaer}. Known under over: {venue}, {year}.",
        ),
        ({"id": "papers_{venue}"}, "id: papers", "one id: it lacks year. Add {year} to it."),
        ({"published_on": "{venue}"}, "published_on", "documents.0.published_on"),
        ({"address": "ftp://{venue}/{year}"}, "address:", "documents.0.address"),
        ({"options": {"years": "{year}"}}, "years:", "unknown key 'years'. Did you mean 'year'?"),
    ],
)
def test_a_fault_names_its_line_once(
    tmp_path: Path, changes: dict[str, Any], line: str, message: str
) -> None:
    catalog = load(tmp_path, {**SERIES, **changes})
    assert catalog.sources == {}
    path = tmp_path / "sources" / "things.yml"
    lines = path.read_text().splitlines()
    first = lines.index("documents:")
    at = next(i for i, text in enumerate(lines, 1) if i > first and line in text)
    found = [e for e in catalog.errors if message in f"{e.message}. {e.remedy}"]
    assert {e.line for e in found} == {at}, catalog.errors


def test_the_same_fault_of_all_documents_is_told_once(tmp_path: Path) -> None:
    catalog = load(tmp_path, {**SERIES, "options": {"years": 1}})
    assert len([e for e in catalog.errors if "unknown key 'years'" in e.message]) == 1


def test_ids_stay_what_they_are_when_years_are_added(tmp_path: Path) -> None:
    over = {"venue": ["cvpr"], "year": {"from": 2022, "to": 2022}}
    before = read(tmp_path / "a", {**SERIES, "over": over}).documents
    over["year"]["to"] = 2030  # type: ignore[index]
    assert read(tmp_path / "b", {**SERIES, "over": over}).documents[:1] == before


def test_more_documents_than_a_card_may_have(tmp_path: Path) -> None:
    over = {"venue": [f"v{i}" for i in range(80)], "year": {"from": 1900, "to": 2000}}
    catalog = load(tmp_path, {**SERIES, "over": over})
    assert "more than 5000 documents" in str(catalog.errors[0])


@pytest.mark.parametrize("changes", [{"mirror": "x.csv"}, {"form": "derived", "mirror": None}])
def test_what_is_live_only_is_nowhere_else(tmp_path: Path, changes: dict[str, Any]) -> None:
    document = {**register_card()["documents"][0], "mirror": None, "live_only": True}
    assert read(tmp_path / "good", document).documents[0].live_only
    catalog = load(tmp_path / "bad", {**document, **changes})
    assert "a live_only document" in str(catalog.errors[0])


def test_yaml_of_a_series_is_plain(tmp_path: Path) -> None:
    """As an analyst writes it."""
    text = """
    - id: papers_{venue}_{year}
      title: Papers of {venue} {year}
      address: https://things.example/{venue}{year}.json
      mirror: papers/{venue}{year}.json
      published_on: "{year}-12-31"
      options: {year: {year}}
      over:
        venue: [cvpr]
        year: {from: 2024, to: 2025}
    """
    found = read(tmp_path, *yaml.safe_load(text)).documents
    assert [(d.id, d.options["year"]) for d in found] == [
        ("papers_cvpr_2024", 2024),
        ("papers_cvpr_2025", 2025),
    ]
