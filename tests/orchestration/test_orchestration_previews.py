"""Pictures in the metadata of assets: numbers in, SVG out."""

from __future__ import annotations

import base64
from pathlib import Path
from xml.etree import ElementTree

import duckdb

from orchestration import previews

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> tuple[list[str], list[str]]:
    """Texts and fills of the cells of a heat map, which must be well-formed."""
    root = ElementTree.fromstring(svg)
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    return texts, [path.attrib["fill"] for path in root.iter(f"{SVG}path")]


def test_a_heat_map_shows_share_and_absence() -> None:
    cells = [("A & B", 2023, 0.0), ("A & B", 2024, 1.0), ("C", 2023, None), ("C", 2024, 0.5)]
    texts, fills = drawn(previews.heat_map(cells))
    assert texts == ["2023", "2024", "A & B", "0", "100", "C", "50"]
    assert fills == ["#ffffff", previews.BLUE, previews.GREY, "#a2bbd4"]


def test_a_cell_that_is_not_there_is_grey() -> None:
    _, fills = drawn(previews.heat_map([("a", "x", 1.0), ("b", "y", 1.0)]))
    assert fills == [previews.BLUE, previews.GREY, previews.GREY, previews.BLUE]


def test_a_heat_map_is_bounded() -> None:
    cells = [(f"row {i}", f"a long column {j}", 0.25) for i in range(100) for j in range(100)]
    svg = previews.heat_map(cells)
    texts, fills = drawn(svg)
    assert len(fills) == previews.MAX_CELLS**2
    assert len(texts) == 2 * previews.MAX_CELLS
    assert drawn(previews.heat_map([])) == ([], [])


def test_thirty_rows_fit_into_the_metadata() -> None:
    cells = [
        (f"A city called {i}", f"A theme called {j}", j / 10) for i in range(30) for j in range(8)
    ]
    svg = previews.heat_map(cells)
    assert len(base64.b64encode(svg.encode())) <= previews.MAX_PLOT_BYTES


def test_coverage_of_a_real_build_is_drawn(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        for sql in previews.HEAT_MAPS["marts.theme_coverage"].values():
            cells = con.execute(sql).fetchall()
            assert len(cells) > 30
            assert all(number is None or 0 <= number <= 1 for _, _, number in cells)
        metadata = previews.preview(con, "marts.theme_coverage")
    assert set(metadata) == set(previews.HEAT_MAPS["marts.theme_coverage"])
    assert all("data:image/svg+xml" in str(value.value) for value in metadata.values())
