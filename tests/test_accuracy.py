"""The accuracy of reading: how it is counted, and its targets on the real documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tools import accuracy
from tools.accuracy import Triple

QUICK = (
    "cpi2022_global_results.xlsx",
    "derived_zh_grp_rank_twocol.pdf",
    "derived_zh_patent_rank_lattice.pdf",
    "hdr2122_hdi.xlsx",
    "okbr_odi_rio_2017.pdf",
    "wiki_us_cities_population_2017.html",
    "zh_ccf_catalog_2019.pdf",
    "zh_csy2024_2-18_hightech_firms.xlsx",
)
"""Documents that are read in a few seconds; `make accuracy` reads all."""


def test_triples_are_exact() -> None:
    wanted = [Triple("Aa", 1, 9.0), Triple("Bb", 2, 8.0), Triple("Bb", 2, 8.0)]
    given = [Triple("Aa", 1, 9.5), Triple("Bb", 2, 8.0), Triple("Cc", 3, 7.0)]
    count = accuracy.compared(wanted, given)
    assert (count.right, count.given, count.wanted) == (1, 3, 3)
    assert count.remarks == [
        "(Aa, 1, 9) is read as (Aa, 1, 9.5)",
        "(Bb, 2, 8) is not given",
        "(Cc, 3, 7) is given and is no row of the truth",
    ]


def test_the_same_printed_score_agrees() -> None:
    wanted = [Triple("Aa", None, 3.0, "$3 trillion")]
    assert accuracy.compared(wanted, [Triple("Aa", None, 3e12, "$3 trillion")]).right == 1
    assert accuracy.compared(wanted, [Triple("Aa", None, 3e12, "$3,000 bn")]).right == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A page with a ranking, a table without a truth, and a truth that knows one row more."""
    lines = ["Rank", "City", "Score"], ["1", "Aa", "9"], ["2", "Bb", "8"], ["3", "Cc", "7"]
    cells = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in line)}</tr>" for line in lines)
    other = cells.replace("Aa", "Xx").replace("Bb", "Yy").replace("Cc", "Zz")
    (tmp_path / "a.html").write_text(f"<table>{cells}</table><p>x</p><table>{other}</table>")
    rows = [
        {
            "entity_as_printed": name,
            "rank": rank,
            "score": 10.0 - rank,
            "score_as_printed": str(10 - rank),
        }
        for rank, name in enumerate(("Aa", "Bb", "Cc", "Dd"), 1)
    ]
    (tmp_path / "a.json").write_text(json.dumps({"tables": [{"table": "T", "rows": rows}]}))
    manifest = [{"file": "a.html", "truth": "a.json"}, {"file": "b.html", "truth": None}]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    card = {
        "truth": "T",
        "table": {"number": 1},
        "columns": {"entity": "City", "rank": "Rank", "score": "Score"},
        "rows": 3,
    }
    (tmp_path / "declared.yml").write_text(yaml.safe_dump({"a.html": [card]}))
    return tmp_path


def test_a_folder_is_measured_in_three_ways(folder: Path) -> None:
    (result,) = accuracy.measure(folder, declarations=folder / "declared.yml")
    assert result.form == "HTML"
    counts = {way: (c.right, c.given, c.wanted) for way, c in result.ways.items()}
    assert counts == {"declared": (3, 3, 4), "proposed": (3, 3, 4), "bare": (3, 3, 4)}
    page = accuracy.page("# T\n\n<!-- accuracy: begin -->\n<!-- accuracy: end -->\n", [result])
    assert "| a.html | HTML | 4 | 0.750 | 1.000 |" in page
    assert "(Dd, 4, 6) is not given" in page


def test_a_card_that_does_not_match_counts_as_missed(folder: Path) -> None:
    text = (folder / "declared.yml").read_text().replace("rows: 3", "rows: 4")
    (folder / "declared.yml").write_text(text)
    (result,) = accuracy.measure(folder, declarations=folder / "declared.yml")
    assert result.ways["declared"].recall == 0
    assert "the card expects 4" in result.ways["declared"].remarks[0]


@pytest.fixture(scope="module")
def measured() -> list[accuracy.Result]:
    if not (accuracy.DOCUMENTS / "manifest.json").exists():
        pytest.skip("no documents with truth beside the project: shared/documents")
    return accuracy.measure(accuracy.DOCUMENTS, QUICK, with_library=False)


def test_the_real_documents_are_read(measured: list[accuracy.Result]) -> None:
    assert {r.document for r in measured} == set(QUICK)
    pdf = [r.ways for r in measured if r.form == "PDF"]
    total = accuracy.Count()
    for ways in pdf:
        total.add(ways["declared"])
    assert total.recall >= 0.98 and total.precision >= 0.99
    assert sum(w["declared"].recall for w in pdf) / len(pdf) >= 0.95
    assert sum(w["proposed"].recall for w in pdf) / len(pdf) >= 0.90
    assert all(w["proposed"].precision >= 0.95 for w in pdf)
    for result in measured:
        if result.form != "PDF":
            assert result.ways["declared"].recall >= 0.99, result.document
            assert result.ways["proposed"].precision >= 0.95, result.document
