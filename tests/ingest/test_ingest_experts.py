"""Tables of experts in, weights of an index out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.catalog import Catalog, load_catalog
from ingest.expert_tables import eigenvector_weights
from ingest.load import load_raw
from ingest.settings import Settings

FAULTY = Path(__file__).parent.parent / "fixtures" / "faulty_frameworks"
AHP, BUDGET = "pairwise_comparisons.csv", "budget_allocation.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "orchards"
    shutil.copytree(FAULTY, folder, ignore=shutil.ignore_patterns("frameworks"))
    (folder / "frameworks").mkdir()
    shutil.copy(FAULTY / "frameworks" / "good.yml", folder / "frameworks")
    return folder


def weighted(folder: Path, weighting: str, table: str, node: str = "fruit") -> Catalog:
    """A variant whose one node is weighted so, by a table."""
    framework = folder / "frameworks" / "other"
    framework.mkdir(exist_ok=True)
    framework.with_suffix(".yml").write_text(
        "framework: other\ntitle: Other\nvariant_of: good\n"
        f"nodes: {{{node}: {{weighting: {weighting}}}}}\n",
        encoding="utf-8",
    )
    (framework / {"ahp": AHP, "budget_allocation": BUDGET}[weighting]).write_text(
        table, encoding="utf-8"
    )
    catalog = load_catalog([folder])
    assert catalog.errors == (), "\n".join(map(str, catalog.errors))
    return catalog


def loaded(catalog: Catalog, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    load_raw(con, catalog, Settings(home=tmp_path / "home", catalog=()))
    return con


def weights(con: duckdb.DuckDBPyConnection, parent: str = "fruit") -> dict[str, float]:
    rows = con.execute(
        "select node, weight from raw.framework_node where framework = 'other' and parent = ?",
        [parent],
    ).fetchall()
    return dict(rows)


def test_points_are_scaled_per_expert_and_averaged(folder: Path, tmp_path: Path) -> None:
    table = (
        "expert,node,points\n"
        "ann,yield_tonnes,60\nann,rot_count,30\nann,presses_count,10\n"
        "bob,yield_tonnes,1\nbob,rot_count,0\nbob,presses_count,3\n"
    )
    con = loaded(weighted(folder, "budget_allocation", table), tmp_path)
    assert weights(con) == pytest.approx(
        {"yield_tonnes": 0.425, "rot_count": 0.15, "presses_count": 0.425}, rel=1e-15
    )
    # what is given elsewhere stays
    assert weights(con, "land") == {"trees_count": 0.5, "trees_count_per_area_hectares": 0.5}
    rows = con.execute(
        "select expert, parent, node, compared_node, judgement from raw.framework_judgement "
        "where framework = 'other' order by position"
    ).fetchall()
    assert rows[0] == ("ann", "fruit", "yield_tonnes", None, 60)
    assert len(rows) == 6


def test_judgements_that_agree_give_back_their_weights(folder: Path, tmp_path: Path) -> None:
    table = (
        "expert,node,compared_node,importance\n"
        "ann,yield_tonnes,rot_count,2\n"
        "ann,presses_count,yield_tonnes,1/6\n"
        "ann,rot_count,presses_count,3\n"
    )
    con = loaded(weighted(folder, "ahp", table), tmp_path)
    assert weights(con) == pytest.approx(
        {"yield_tonnes": 0.6, "rot_count": 0.3, "presses_count": 0.1}, rel=1e-12
    )
    ratios = con.execute(
        "select node, consistency_ratio from raw.framework_node "
        "where framework = 'other' and consistency_ratio is not null"
    ).fetchall()
    assert ratios == [("fruit", pytest.approx(0, abs=1e-12))]


def test_experts_are_combined_by_the_geometric_mean(folder: Path, tmp_path: Path) -> None:
    """8, 1 and 1 are together 2, as one expert who says 2."""
    table = "expert,node,compared_node,importance\n"
    for expert, importance in (("ann", "8"), ("bob", "1"), ("cy", "1")):
        table += f"{expert},trees_count,trees_count_per_area_hectares,{importance}\n"
    con = loaded(weighted(folder, "ahp", table, "land"), tmp_path)
    assert weights(con, "land") == pytest.approx(
        {"trees_count": 2 / 3, "trees_count_per_area_hectares": 1 / 3}, rel=1e-12
    )


def test_a_reciprocal_may_be_written_too(folder: Path, tmp_path: Path) -> None:
    table = (
        "expert,node,compared_node,importance\n"
        "ann,trees_count,trees_count,1\n"
        "ann,trees_count,trees_count_per_area_hectares,3\n"
        "ann,trees_count_per_area_hectares,trees_count,0.33\n"
    )
    con = loaded(weighted(folder, "ahp", table, "land"), tmp_path)
    assert weights(con, "land")["trees_count"] == pytest.approx(0.75, rel=1e-12)


def test_the_drinks_of_saaty() -> None:
    """Saaty, Decision making with the analytic hierarchy process (2008), table 2: which drink is
    consumed more in the USA; the derived scale and the consistency ratio as printed there."""
    rows = """
        1   9 5   2   1   1   1/2
        1/9 1 1/3 1/9 1/9 1/9 1/9
        1/5 3 1   1/3 1/4 1/3 1/9
        1/2 9 3   1   1/2 1   1/3
        1   9 4   2   1   2   1/2
        1   9 3   1   1/2 1   1/3
        2   9 9   3   2   3   1
    """
    matrix = np.array([[float(Fraction(x)) for x in row.split()] for row in rows.split("\n")[1:-1]])
    found, ratio = eigenvector_weights(matrix)
    printed = [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
    assert found == pytest.approx(printed, abs=6e-4)
    assert ratio == pytest.approx(0.022, abs=1e-3)


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=15))
def test_a_consistent_matrix_returns_its_weights(shares: list[float]) -> None:
    expected = np.array(shares) / sum(shares)
    found, ratio = eigenvector_weights(np.outer(expected, 1 / expected))
    assert found == pytest.approx(expected, rel=1e-9)
    assert ratio == pytest.approx(0, abs=1e-9)


@given(st.floats(1 / 9, 9), st.floats(1 / 9, 9), st.floats(1 / 9, 9))
def test_three_are_weighted_by_the_geometric_mean_of_their_rows(
    a: float, b: float, c: float
) -> None:
    """The eigenvector of three judgements has this closed form."""
    matrix = np.array([[1, a, b], [1 / a, 1, c], [1 / b, 1 / c, 1]])
    rows = np.prod(matrix, axis=1) ** (1 / 3)
    found, ratio = eigenvector_weights(matrix)
    assert found == pytest.approx(rows / rows.sum(), rel=1e-7)
    # and its largest eigenvalue, too
    root = np.cbrt(a * c / b)
    assert ratio == pytest.approx((1 + root + 1 / root - 3) / 2 / 0.58, abs=1e-7)


def test_a_variant_has_the_table_of_its_base_or_its_own(folder: Path, tmp_path: Path) -> None:
    tables: Mapping[str, str] = {"good": "9", "other": "4"}
    for owner, importance in tables.items():
        (folder / "frameworks" / owner).mkdir(exist_ok=True)
        (folder / "frameworks" / owner / AHP).write_text(
            "expert,node,compared_node,importance\n"
            f"ann,trees_count,trees_count_per_area_hectares,{importance}\n"
        )
    own = (folder / "frameworks" / "other" / AHP).read_text(encoding="utf-8")
    con = loaded(weighted(folder, "ahp", own, "land"), tmp_path)
    assert weights(con, "land")["trees_count"] == pytest.approx(0.8)
    (folder / "frameworks" / "other" / AHP).unlink()
    catalog = load_catalog([folder])
    assert catalog.errors == ()
    assert weights(loaded(catalog, tmp_path), "land")["trees_count"] == pytest.approx(0.9)


def test_a_folder_that_adds_to_another_may_have_the_table(folder: Path, tmp_path: Path) -> None:
    added = tmp_path / "added" / "frameworks" / "mine"
    added.mkdir(parents=True)
    added.with_suffix(".yml").write_text(
        "framework: mine\ntitle: Mine\nvariant_of: good\nnodes: {land: {weighting: ahp}}\n"
    )
    (added / AHP).write_text(
        "expert,node,compared_node,importance\nann,trees_count,trees_count_per_area_hectares,2\n"
    )
    catalog = load_catalog([folder, tmp_path / "added"])
    assert catalog.errors == ()
    assert [j.value for j in catalog.judgements["mine"]] == [2]


def test_the_digests_tell_of_a_judgement(folder: Path) -> None:
    table = "expert,node,compared_node,importance\nann,trees_count,trees_count_per_area_hectares,"
    first = weighted(folder, "ahp", f"{table}2\n", "land")
    second = weighted(folder, "ahp", f"{table}3\n", "land")
    assert first.content_digest != second.content_digest
    assert first.digest != second.digest


def test_a_table_in_a_wrong_encoding_leaves_the_framework_out(folder: Path) -> None:
    weighted(
        folder,
        "budget_allocation",
        "expert,node,points\nann,trees_count,1\nann,trees_count_per_area_hectares,1\n",
        "land",
    )
    path = folder / "frameworks" / "other" / BUDGET
    path.write_bytes(path.read_text(encoding="utf-8").replace("ann", "añn").encode("latin-1"))
    catalog = load_catalog([folder])
    assert [error.remedy for error in catalog.errors] == ["Save the file as UTF-8."]
    assert catalog.errors[0].entity == "other"
    assert set(catalog.frameworks) == {"good"}


def test_too_many_children_to_compare(folder: Path) -> None:
    path = folder / "frameworks" / "good.yml"
    more = "".join(f"        - {{node: n{i}, indicator: rot_count}}\n" for i in range(14))
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    (folder / "frameworks" / "other").mkdir()
    (folder / "frameworks" / "other.yml").write_text(
        "framework: other\ntitle: Other\nvariant_of: good\nnodes: {fruit: {weighting: ahp}}\n"
    )
    (folder / "frameworks" / "other" / AHP).write_text(
        "expert,node,compared_node,importance\nann,n1,n2,2\n"
    )
    errors = [error for error in load_catalog([folder]).errors if "17 children" in error.message]
    assert [error.remedy for error in errors] == [
        "15 are the most: give some of them a node of their own."
    ]
