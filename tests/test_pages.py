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
