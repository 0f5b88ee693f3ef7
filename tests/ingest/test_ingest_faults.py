"""What goes wrong in a data home or a private catalog is mended or said, and costs nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from ingest_bench import ORCHARDS, Bench

from ingest.bundle import bundle
from ingest.catalog import load_catalog
from ingest.load import load_raw
from ingest.parse import parse
from ingest.pull import pull
from ingest.settings import Settings

CARD = Path("sources/orchard_survey.yml")


def observations(settings: Settings) -> list[tuple[Any, ...]]:
    catalog = load_catalog(settings.catalog)
    for source in catalog.sources:
        assert pull(catalog, source, settings).failures == []
        assert parse(catalog, source, settings).errors == []
    with duckdb.connect() as con:
        load_raw(con, catalog, settings)
        return con.execute("select * from raw.observation order by all").fetchall()


def test_an_overriding_card_keeps_the_facts_of_the_one_below(tmp_path: Path) -> None:
    private = tmp_path / "private"
    (private / "sources").mkdir(parents=True)
    card = (ORCHARDS / CARD).read_text(encoding="utf-8")
    (private / CARD).write_text(card.replace("title:", "title: Corrected", 1), encoding="utf-8")
    before = observations(Settings(tmp_path / "one", (ORCHARDS,)))
    assert observations(Settings(tmp_path / "two", (ORCHARDS, private))) == before != []


@pytest.mark.parametrize("folder", ["archive", "facts"])
def test_a_damaged_file_is_made_again(tmp_path: Path, folder: str) -> None:
    settings = Settings(tmp_path, (ORCHARDS,))
    before = observations(settings)
    for path in (tmp_path / folder).iterdir():
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"damaged")
    if folder == "archive":
        shutil.rmtree(tmp_path / "facts")
    assert observations(settings) == before


def test_places_may_be_named_in_one_column(bench: Bench) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (["Yields"], ["Place", "Yield (%)"], ["Beijing", 3], ["Hangzhou", 4]):
        sheet.append(row)
    path = bench.folder / "yields.xlsx"
    workbook.save(path)
    card = {
        "id": "things", "title": "Yields", "publisher": "P", "kind": "statistics",
        "licence": "CC0", "redistribution": "open", "citation": "P", "cadence": "once",
        "trust_tier": 1, "parser": "statistical_table",
        "parse": {
            "place_heading": "Place", "place_columns": 1, "country_code": "CN", "scopes": {},
            "minimum_places": 2,
            "tables": [
                {
                    "title": "Yields", "scope": "total_city",
                    "columns": [
                        {"indicator": "models_share_pct", "heading": ["Yield"], "unit": "%"}
                    ],
                }
            ],
        },
        "documents": [
            {
                "id": "doc", "title": "D", "address": "https://things.example/doc",
                "mirror": "yields.xlsx", "published_on": "2024-01-01", "options": {"year": 2023},
            }
        ],
    }  # fmt: skip
    read = bench.read(card, path.read_bytes())
    rows = read.bench.facts("observation")
    assert sorted((row["city_id"], row["value"]) for row in rows) == [
        ("cn_beijing", 3.0), ("cn_hangzhou", 4.0),
    ]  # fmt: skip


def test_what_may_not_be_passed_on_is_withheld_and_other_files_stay(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    shutil.copytree(ORCHARDS, catalog)
    card = catalog / CARD
    card.write_text(
        card.read_text(encoding="utf-8")
        .replace("redistribution: open", "redistribution: none")
        .replace("redistribution: facts_only", "redistribution: none"),
        encoding="utf-8",
    )
    own = catalog / "sources" / "orchard_survey" / "notes of ours.csv"
    own.write_text("mine\n", encoding="utf-8")
    (tmp_path / "mirror").mkdir()
    settings = Settings(tmp_path / "home", (catalog,), "mirror", (tmp_path / "mirror",))
    lines = {line.source_id: line for line in bundle(settings)}
    assert lines["orchard_survey"].outcome == "withheld"
    assert [path.name for path in own.parent.iterdir()] == [own.name]
