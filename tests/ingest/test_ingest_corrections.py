"""``corrections.yml`` in, ``raw.correction`` and errors out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ingest_bench import REGISTER, Bench, indicators, register_card, write_catalog

from ingest.catalog import Catalog, load_catalog
from ingest.load import load_raw
from ingest.parse import facts_path
from ingest.pull import held_documents

ENTRY = """\
- source: things
  indicator: models_count
  city: cn_beijing
  year: 2023
  old: "2"
  new: "20"
  unit: 个
  reason: a digit is missing
  by: A. Nalyst
  on: 2024-06-01
"""


def corrected(folder: Path, text: str, name: str = "c") -> Path:
    write_catalog(folder / name, register_card())
    (folder / name / "corrections.yml").write_text(text, encoding="utf-8")
    return folder / name


def rows(catalog: Catalog, bench: Bench) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        load_raw(connection, catalog, bench.settings)
        return connection.execute("from raw.correction").fetchall()


def test_a_correction_as_a_row(bench: Bench) -> None:
    gdp = (
        ENTRY.replace("models_count", "gdp_cny").replace("个", "亿元").replace('"20"', '"1,020.5"')
    )
    unknown = ENTRY.replace("2023", "2024").replace('"20"', "null").replace("  unit: 个\n", "")
    own = ENTRY.replace("2023", "2022").replace("个", "count")
    scope = ENTRY.replace("  year", "  scope: districts\n  year")
    catalog = load_catalog([corrected(bench.folder, ENTRY + gdp + unknown + own + scope)])
    assert catalog.errors == ()
    who = ("a digit is missing", "A. Nalyst", dt.date(2024, 6, 1))
    key = ("things", "models_count", "cn_beijing")
    gdp_key = ("things", "gdp_cny", "cn_beijing")
    assert rows(catalog, bench) == [
        (*key, 2023, "total_city", "2", "20", "个", 20.0, *who),
        (*gdp_key, 2023, "total_city", "2", "1,020.5", "亿元", 102_050_000_000.0, *who),
        (*key, 2024, "total_city", "2", None, None, None, *who),
        (*key, 2022, "total_city", "2", "20", "count", 20.0, *who),
        (*key, 2023, "districts", "2", "20", "个", 20.0, *who),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "remedy"),
    [
        ("source: things", "source: thing", 1, "unknown source 'thing'", "'things'?"),
        ("models_count", "modles_count", 1, "unknown indicator", "'models_count'?"),
        ("cn_beijing", "cn_bejing", 1, "unknown city", "'cn_beijing'?"),
        ('old: "2"', "old: 2", 5, "write the figure in quotes", "Correct this entry."),
        ('new: "20"', "new: 2.0", 6, 'as it is printed: "2.0"', "Correct this entry."),
        ('new: "20"', 'new: "some"', 1, "'some' is not a number", "Write 'new' as a number."),
        ('  new: "20"\n', "", 1, "'new' is missing", "Add 'new:'."),
        ("  unit: 个\n", "", 1, "a new figure has a unit", "Correct this entry."),
        ('new: "20"', "new: null", 1, "a new figure has a unit", "Correct this entry."),
        ("unit: 个", "unit: 元", 1, "unit '元' does not convert to 'count'", "个"),
        ("reason:", "resaon:", 8, "unknown key 'resaon'", "'reason'?"),
        ("on: 2024-06-01", "on: soon", 10, "valid date", "Correct it."),
        (ENTRY, "source: things\n", 1, "not a list", "Begin every entry with '-'."),
    ],
)
def test_a_faulty_correction_is_left_out(
    tmp_path: Path, old: str, new: str, line: int, message: str, remedy: str
) -> None:
    other = ENTRY.replace("2023", "2022")
    text = ENTRY.replace(old, new) + (other if old != ENTRY else "")
    catalog = load_catalog([corrected(tmp_path, text)])
    assert {(e.file, e.line) for e in catalog.errors} >= {("c/corrections.yml", line)}
    (error,) = [e for e in catalog.errors if message in e.message]
    assert remedy in error.remedy
    assert [c.year for c in catalog.corrections.values()] == ([2022] if old != ENTRY else [])
    assert list(catalog.sources) == ["things"]


def test_two_corrections_of_one_figure(tmp_path: Path) -> None:
    explicit = ENTRY.replace("  year", "  scope: total_city\n  year")
    catalog = load_catalog([corrected(tmp_path, ENTRY + explicit)])
    (error,) = catalog.errors
    assert (error.file, error.line) == ("c/corrections.yml", 11)
    assert "duplicate correction" in error.message
    assert "c/corrections.yml:1" in error.message
    assert catalog.corrections == {}


def test_a_correction_of_a_faulty_card_costs_nothing_else(tmp_path: Path) -> None:
    folder = corrected(tmp_path, ENTRY)
    write_catalog(folder, register_card(trust_tier=9))
    catalog = load_catalog([folder])
    fault, follows = catalog.errors
    assert fault.file == "c/sources/things.yml"
    assert str(follows) == (
        "c/corrections.yml:1: things models_count cn_beijing 2023 total_city: source 'things' is "
        f"left out because of c/sources/things.yml:{fault.line}. Mend that first."
    )
    assert catalog.corrections == {}
    assert "models_count" in catalog.indicators


def test_corrections_of_what_is_left_out_share_a_line(tmp_path: Path) -> None:
    entries = [ENTRY.replace("2023", str(year)) for year in range(1990, 2020)]
    folder = corrected(tmp_path, "".join(entries) + ENTRY.replace("things", "thinks"))
    text = indicators().replace("\n    theme: economy", "\n    theme: ecology")
    write_catalog(folder, register_card(), indicators=text)
    catalog = load_catalog([folder])
    assert catalog.corrections == catalog.sources == catalog.indicators == {}
    cause = next(e for e in catalog.errors if e.entity == "models_count")
    place = f"left out because of {cause.file}:{cause.line}"
    assert cause.message == "unknown theme 'ecology'"
    assert [e.entity for e in catalog.errors if "corrections" in e.file] == [
        "things models_count cn_beijing 2023 total_city".replace("things", "thinks"),
        "31 corrections",
    ]
    several, card = catalog.errors[-2:]
    assert (several.file, several.line) == ("c/corrections.yml", 1)
    assert several.message == f"source 'things' and indicator 'models_count' are {place}"
    assert (card.entity, card.message) == ("things", f"indicator 'models_count' is {place}")
    assert card.remedy == several.remedy == "Mend that first."


def test_a_later_folder_adds_and_overrides(bench: Bench) -> None:
    first = corrected(bench.folder, ENTRY + ENTRY.replace("2023", "2022"), "a")
    later = bench.folder / "b"
    later.mkdir()
    own = ENTRY.replace('"20"', '"21"') + ENTRY.replace("cn_beijing", "cn_hangzhou")
    (later / "corrections.yml").write_text(own, encoding="utf-8")
    catalog = load_catalog([first, later])
    assert catalog.errors == ()
    assert [row[2:4] + row[8:9] for row in rows(catalog, bench)] == [
        ("cn_beijing", 2023, 21.0),
        ("cn_beijing", 2022, 20.0),
        ("cn_hangzhou", 2023, 20.0),
    ]


def test_the_scope_is_that_of_the_indicator_in_force(bench: Bench) -> None:
    first = corrected(bench.folder, ENTRY, "a")
    later = write_catalog(
        bench.folder / "b", indicators=indicators().replace("total_city", "register")
    )
    (row,) = rows(load_catalog([first, later]), bench)
    assert row[4] == "register"


def test_facts_know_nothing_of_corrections(bench: Bench) -> None:
    bench.write(register_card())
    (bench.mirror / "doc.bin").write_bytes(REGISTER)
    bench.pull()
    bench.parse()

    def names() -> list[Path]:
        catalog = bench.catalog()
        held = held_documents(catalog, "things", bench.settings)
        return [facts_path(h, catalog, bench.settings) for h in held]

    before = names()
    assert before[0].exists()
    (bench.folder / "catalog" / "corrections.yml").write_text(ENTRY, encoding="utf-8")
    assert len(bench.catalog().corrections) == 1
    assert names() == before
