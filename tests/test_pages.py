"""The figures in the documentation are those of the release made of the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingest.settings import PROJECT
from tools import pages


@pytest.fixture
def con(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        yield con


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_figures_of_a_page_are_those_of_the_release(
    con: duckdb.DuckDBPyConnection, name: str
) -> None:
    text = (pages.DOCS / name).read_text(encoding="utf-8")
    assert pages.page(text, pages.PAGES[name](con)) == text, "make pages"


def test_the_pictures_are_those_of_the_release(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for name, svg in pages.pictures(con).items():
        file = PROJECT / "docs" / "images" / name
        assert file.read_text(encoding="utf-8") == svg + "\n", f"{name}: make pages"


def test_what_stands_outside_the_marks_is_kept() -> None:
    begin, end = pages.MARKS
    text = f"before\n{begin}\nold \\1\n{end}\nafter\n"
    assert pages.page(text, "new \\1") == f"before\n{begin}\n\nnew \\1\n\n{end}\nafter\n"


def test_what_is_said_of_the_headline_is_what_was_found(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        """
        select c.cities, c.verdict, n.title, p.dominant_by, p.coverage
        from marts.claim as c
        join marts.index_profile as p on c.city_ids = p.city_id and p.is_dominant
            and p.edition = c.year_to and p.framework = split_part(c.measure, '.', 1)
        join marts.framework_node as n on p.framework = n.framework and p.node = n.node
        where c.claim_kind = 'dominance' order by n.position
        """
    ).fetchall()
    text = (pages.DOCS / "indices.md").read_text(encoding="utf-8")
    assert "all three parts are supported" in text
    said = {"rank": "alone", "z_score": "alike"}
    assert [(city, verdict, said[by]) for city, verdict, _, by, _ in found] == [
        ("Beijing", "supported", "alike"),
        ("Shanghai", "supported", "alike"),
        ("Shenzhen", "supported", "alone"),
    ]
    for city, _, title, _, coverage in found:
        assert f"*{city}, {title.split(',')[0]}*" in text
        assert coverage > 0.65


def test_the_page_of_indices_names_every_index(con: duckdb.DuckDBPyConnection) -> None:
    text = (pages.DOCS / "indices.md").read_text(encoding="utf-8").partition(pages.MARKS[0])[0]
    frameworks = con.execute("select framework from marts.framework").fetchall()
    assert [name for (name,) in frameworks if f"`{name}`" not in text] == []
