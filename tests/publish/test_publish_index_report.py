"""The audit report: every number from a table, well formed, and safe whatever a name holds."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from publish import content, index_report
from tests.conftest import Home
from tests.publish.html_page import Page

Release = tuple[Path, duckdb.DuckDBPyConnection, Page]


@pytest.fixture(scope="module")
def released(orchards_run: tuple[Home, dg.ExecuteInProcessResult]) -> Iterator[Release]:
    folder = orchards_run[0].settings.current
    page = Page((folder / "reports" / "orchard_index.html").read_text(encoding="utf-8"))
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as con:
        yield folder, con, page


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def values(row: Sequence[tuple[str, list[float]]]) -> list[float]:
    return [value for _, numbers in row for value in numbers]


def test_it_is_part_of_the_release(released: Release) -> None:
    folder, _, _ = released
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = sorted((folder / "reports").iterdir())
    assert [file.name for file in files] == ["orchard_index.html"]
    assert manifest["reports"] == {
        f"reports/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }
    assert all(file.stat().st_mode & 0o777 == 0o444 for file in files)


def test_dagster_knows_where_it_is(
    orchards_run: tuple[Home, dg.ExecuteInProcessResult],
) -> None:
    home, result = orchards_run
    metadata = result.asset_materializations_for_node("release")[0].metadata
    path = Path(str(metadata["audit_report_orchard_index"].value))
    assert path.is_file()
    assert path.samefile(home.settings.current / "reports" / "orchard_index.html")


def test_it_loads_and_runs_nothing(released: Release) -> None:
    _, _, page = released
    assert not page.tags & {"script", "img", "link", "iframe", "object", "form", "base"}
    inside = [link for link in page.links if link.startswith("#")]
    assert inside
    assert set(page.links) == set(inside)
    assert {link[1:] for link in inside} <= set(page.ids)


def test_the_ranking_is_that_of_the_table(released: Release) -> None:
    _, con, page = released
    expected = rows(
        con,
        """
        select r.rank, r.score, s.rank_p05, s.rank_p95, r.rank_from, r.rank_to, r.coverage,
            r.imputed_share, r.city_name
        from marts.index_ranking as r
        join marts.index_sensitivity as s using (framework, edition, city_id)
        where r.edition = 2023 and r.rank is not null order by r.rank, r.city_id
        """,
    )
    found = page.body("ranking-table")
    assert len(found) == len(expected) > 1
    for row, (rank, score, low, high, first, last, coverage, imputed, name) in zip(
        found, expected, strict=True
    ):
        spans = [(low, high), (first, last)]
        span = [number for ends in spans for number in dict.fromkeys(ends)]
        assert values(row)[: 4 + len(span)] == [rank, score, *span, coverage, imputed]
        assert row[1][0] == name
        dimensions = values(row)[4 + len(span) :]
        stored = rows(
            con,
            f"""
            select s.score from marts.index_score as s
            join marts.framework_node as n on s.node = n.node
            join marts.index_ranking as r
                on s.city_id = r.city_id and s.edition = r.edition
            where s.edition = 2023 and s.level = 2 and r.city_name = '{name}'
            order by n.position
            """,
        )
        assert dimensions == [number for (number,) in stored]


@pytest.mark.parametrize(
    ("table", "sql"),
    [
        (
            "data-table",
            """
            select 1 - s.n_missing / s.n_cities, s.n_missing, t.n_imputed, s.n_zero, s.n_unique,
                s.value_min, s.value_median, s.value_mean, s.value_max, s.skewness, s.kurtosis
            from marts.index_statistic as s
            join marts.index_statistic as t
                on s.node = t.node and s.edition = t.edition and t.stage = 'treated'
            join marts.framework_node as n on s.node = n.node
            where s.edition = 2023 and s.stage = 'denominated' order by n.position
            """,
        ),
        (
            "ages-table",
            """
            select c.value_year, round(sum(c.effective_weight) / max(r.n_ranked), 12),
                count(distinct c.node)
            from marts.index_contribution as c
            join marts.index_ranking as r on c.city_id = r.city_id and c.edition = r.edition
            where c.edition = 2023 and r.rank is not null and c.status in ('observed', 'zero')
            group by c.value_year order by c.value_year desc
            """,
        ),
        (
            "references-table",
            "select spearman, pearson, n from marts.index_correlation where edition = 2023",
        ),
        (
            "tree-table",
            """
            select w.weight, w.effective_weight from marts.framework_node as n
            join intermediate.int_index_weight as w on n.node = w.node
            where w.edition = 2023 order by n.position
            """,
        ),
        (
            "pairs-table",
            """
            select c.pearson, c.spearman, c.n, c.joint_weight
            from marts.index_node_correlation as c
            join marts.framework_node as a on c.node = a.node
            join marts.framework_node as b on c.other_node = b.node
            where c.edition = 2023
                and (c.flag = 'negative' or c.flag is not null and c.joint_weight is not null)
            order by a.position, b.position
            """,
        ),
        (
            "parents-table",
            """
            select c.pearson, w.weight
            from marts.index_node_correlation as c
            join marts.framework_node as a on c.node = a.node
            join intermediate.int_index_weight as w on a.node = w.node and c.edition = w.edition
            where c.edition = 2023 and c.relation = 'parent' order by a.position
            """,
        ),
        (
            "reliability-table",
            """
            select r.n_children, r.alpha_children, r.alpha_normalised,
                max(case when p.component = 1 then p.share end)
            from marts.index_reliability as r
            join marts.framework_node as n on r.node = n.node
            left join marts.index_pca as p on r.node = p.parent and r.edition = p.edition
            where r.edition = 2023 and (r.n_children > 1 or r.n_normalised > 1)
            group by all order by max(n.position)
            """,
        ),
        (
            "loadings-table",
            """
            select max(case when p.component = 1 then p.loading end),
                max(case when p.component = 2 then p.loading end),
                max(case when p.component = 3 then p.loading end)
            from marts.index_pca as p
            join marts.framework_node as n on p.node = n.node
            join marts.framework_node as b on p.parent = b.node
            where p.edition = 2023 group by p.parent, p.node
            order by max(b.position), max(n.position)
            """,
        ),
    ],
)
def test_tables_hold_what_the_warehouse_holds(released: Release, table: str, sql: str) -> None:
    _, con, page = released
    found = [values(row) for row in page.body(table)]
    expected = [[number for number in row if number is not None] for row in rows(con, sql)]
    if table == "reliability-table":
        expected = [row for row in expected if row]
    assert found == expected
    assert found


def test_what_is_empty_is_said(released: Release) -> None:
    _, con, page = released
    found = [[text for text, _ in row] for row in page.body("gaps-table")]
    assert found == [["Soil", "Vigour", "Nobody measures it."]]
    assert rows(con, "select title, node from marts.framework_gap") == [("Soil", "vigour")]


def test_cities_have_their_strengths_and_peers(released: Release) -> None:
    _, con, page = released
    names = rows(
        con,
        """
        select r.city_name, s.title from marts.index_strength as s
        join marts.index_ranking as r on s.city_id = r.city_id and s.edition = r.edition
        where s.edition = 2023 and r.rank <= 10
        """,
    )
    distances = rows(
        con, "select distance from marts.index_peer where edition = 2023 and rank <= 10"
    )
    assert names
    for name, title in names:
        assert name in page.text
        assert title in page.text
    shown = {value for value, _ in page.numbers}
    assert {distance for (distance,) in distances} <= shown


def test_every_number_reads_as_it_is(released: Release) -> None:
    _, _, page = released
    assert len(page.numbers) > 100
    for value, text in page.numbers:
        plain = text.replace("−", "-").replace(",", "")
        scale = 0.01 if plain.endswith(" %") else 1.0
        plain = plain.removesuffix(" %")
        digits = len(plain.partition(".")[2].partition("e")[0]) if "e" not in plain else 12
        assert math.isclose(
            float(plain) * scale, value, rel_tol=1e-3, abs_tol=0.5001 * scale * 10.0**-digits
        ), (value, text)


def test_no_number_stands_outside_the_tables(released: Release) -> None:
    """Whatever is marked as a number is in a table of the audit, or a count or a share of it."""
    _, con, page = released
    tables = [
        "framework_node",
        "index_ranking",
        "index_score",
        "index_contribution",
        "index_statistic",
        "index_node_correlation",
        "index_reliability",
        "index_pca",
        "index_strength",
        "index_peer",
        "index_profile",
        "index_correlation",
        "index_robustness",
        "index_sensitivity",
        "index_sobol",
        "index_sobol_rank",
        "index_removal",
        "index_weight_swap",
        "index_weight_first",
        "index_lift",
        "index_change_reason",
        "consensus_rank",
        "list_distance",
    ]
    known: set[float] = set()
    for table in tables:
        for row in rows(con, f"select * from marts.{table}"):
            known |= {float(cell) for cell in row if isinstance(cell, int | float)}
    known |= {
        float(number)
        for row in rows(con, "select weight, effective_weight from intermediate.int_index_weight")
        for number in row
    }
    derived = rows(
        con,
        """
        select count(*), avg(imputed_share), avg(case when rank is not null then coverage end)
        from marts.index_ranking where edition = 2023
        """,
    )
    known |= {float(number) for number in derived[0]}
    shares = rows(con, "select 1 - n_missing / n_cities from marts.index_statistic")
    known |= {float(number) for (number,) in shares}
    ages = [values(row) for row in page.body("ages-table")]
    known |= {number for row in ages for number in row}
    known.add(sum(row[1] for row in ages if row[0] < 2023))
    for table in ("unranked-table", "sources-table"):
        for row in page.body(table) if table in page.tables else []:
            known |= set(values(row))
    leaves = rows(con, "select count(*) from marts.framework_node where level = 1")
    known |= {float(leaves[0][0])}
    assert [value for value, _ in page.numbers if value not in known] == []


def test_it_says_what_is_older_and_where_a_city_stands_highest(released: Release) -> None:
    _, con, page = released
    older = [row for row in page.body("ages-table") if row[-1][0] == "older than the edition"]
    assert [values(row)[0] for row in older] == [2022]
    share = sum(values(row)[1] for row in older)
    assert share in {value for value, _ in page.numbers}
    highest = rows(
        con,
        """
        select n.title, p.rank, p.n_ranked from marts.index_profile as p
        join marts.framework_node as n on p.node = n.node
        join marts.index_ranking as r on p.city_id = r.city_id and p.edition = r.edition
        where p.edition = 2023 and p.is_dominant and r.rank = 1
        """,
    )
    assert highest
    for title, rank, n_ranked in highest:
        assert f"{title}, {rank} of {n_ranked}" in page.text
    assert "Another weighting would move ranks" in page.text


def test_a_variant_is_called_one_and_shows_what_it_moves(released: Release, tmp_path: Path) -> None:
    folder, _, _ = released
    file = tmp_path / "warehouse.duckdb"
    shutil.copyfile(folder / "warehouse.duckdb", file)
    file.chmod(0o644)
    with duckdb.connect(str(file)) as con:
        for table in ("framework", "framework_node", "index_ranking", "index_weight"):
            con.execute(
                f"insert into marts.{table} select * replace ('other' as framework)"
                f" from marts.{table}"
            )
        con.execute(
            "update marts.framework set variant_of = 'orchard_index', title = 'Other'"
            " where framework = 'other'"
        )
        con.execute(
            "insert into marts.framework_comparison by name"
            " select 'other' as framework, 'orchard_index' as compared_framework, edition, city_id,"
            " true as is_variant, rank - 3 as rank_shift"
            " from marts.index_ranking where framework = 'other' and rank is not null"
        )
        n, shifted, most = con.execute(
            "select count(*), count(case when rank <> 3 then 1 end), max(abs(rank - 3))"
            " from marts.index_ranking where framework = 'other' and edition = 2023"
            " and rank is not null"
        ).fetchall()[0]
    with content.open_read_only(new=file) as con:
        found = index_report.reports(con, "new")
    base, other = (Page(found[f"reports/{name}.html"]) for name in ("orchard_index", "other"))
    said = f"{shifted} of {n} cities stand elsewhere, by {most} places at most"
    assert f"beside Other, {said}" in base.text
    assert f"beside Orchard index, {said}" in other.text
    assert "A variant of Orchard index (orchard_index)." in other.text
    assert "A variant of" not in base.text
    assert "Another weighting would move ranks" not in base.text


HOSTILE = """<script>alert(1)</script> & "quoted" 'too' <b onload=x> </td></table>"""


def test_hostile_names_are_text(released: Release, tmp_path: Path) -> None:
    folder, _, before = released
    file = tmp_path / "warehouse.duckdb"
    shutil.copyfile(folder / "warehouse.duckdb", file)
    columns = {
        "framework": ("title", "description"),
        "framework_node": ("title", "reason"),
        "index_ranking": ("city_name", "reason", "series_breaks"),
        "index_strength": ("title", "city_name"),
        "index_peer": ("other_city_name",),
        "index_statistic": ("flags",),
        "index_node_correlation": ("flag",),
        "index_contribution": ("unit",),
        "source": ("publisher", "title", "licence", "citation"),
    }
    with duckdb.connect(str(file)) as con:
        for table, names in columns.items():
            for name in names:
                con.execute(
                    f"update marts.{table} set {name} = concat({name}, ?) where {name} is not null",
                    [HOSTILE],
                )
    with content.open_read_only(new=file) as con:
        text = index_report.reports(con, "new")["reports/orchard_index.html"]
    page = Page(text)
    assert page.tags <= before.tags
    assert page.links == before.links
    assert HOSTILE in page.text
    assert page.text.count(HOSTILE) > 20


def test_a_framework_names_a_file_and_no_path(released: Release, tmp_path: Path) -> None:
    folder, _, _ = released
    file = tmp_path / "warehouse.duckdb"
    shutil.copyfile(folder / "warehouse.duckdb", file)
    with duckdb.connect(str(file)) as con:
        tables = [
            row[0]
            for row in con.execute(
                "select schema_name || '.' || table_name from duckdb_columns()"
                " where column_name = 'framework'"
            ).fetchall()
        ]
        for table in tables:
            con.execute(f"update {table} set framework = '../' || framework")
    with content.open_read_only(new=file) as con:
        found = index_report.reports(con, "new")
    assert list(found) == ["reports/..%2Forchard_index.html"]


def test_an_index_without_ranks_has_no_report(released: Release, tmp_path: Path) -> None:
    folder, _, _ = released
    file = tmp_path / "warehouse.duckdb"
    shutil.copyfile(folder / "warehouse.duckdb", file)
    file.chmod(0o644)
    with duckdb.connect(str(file)) as con:
        con.execute("update marts.index_ranking set rank = null")
    with content.open_read_only(new=file) as con:
        assert index_report.reports(con, "new") == {}


def _ranks(text: str) -> set[int]:
    ends = [run.split("–") for run in text.split(", ") if run != "none"]
    return {rank for run in ends for rank in range(int(run[0]), int(run[-1]) + 1)}


def test_who_cannot_be_told_apart_is_said_of_every_city(released: Release) -> None:
    _, con, page = released
    pairs = rows(
        con,
        "select a.city_name, a.rank, b.rank, p.above_probability from marts.index_rank_pair as p"
        " join marts.index_ranking as a using (framework, edition, city_id)"
        " join marts.index_ranking as b on p.framework = b.framework and p.edition = b.edition"
        " and p.other_city_id = b.city_id where p.framework = 'orchard_index'"
        " and p.edition = (select max(edition) from marts.index_ranking where rank is not null)",
    )
    above = {(rank, other): probability for _, rank, other, probability in pairs}
    shown = page.body("ranges-table")
    assert len(shown) > 3
    for row in shown:
        (rank,) = row[0][1]
        assert _ranks(row[-1][0]) == {
            other
            for (own, other), probability in above.items()
            if own == rank and probability < 0.95 and above[other, own] < 0.95
        }


def test_what_has_to_change_is_said_with_weights_and_figures(released: Release) -> None:
    _, con, page = released
    newest = (
        "framework = 'orchard_index' and edition ="
        " (select max(edition) from marts.index_ranking where rank is not null)"
    )
    swaps = rows(
        con,
        "select s.city_name, s.other_city_name, string_agg(n.title || ' ' ||"
        " printf('%.1f %% → %.1f %%', 100 * effective_weight, 100 * weight_needed), '; '"
        " order by weight_change) from marts.index_weight_swap as s"
        " join marts.index_weight_swap_node as n"
        " using (framework, edition, weight_scope, city_id, other_city_id)"
        f" where {newest} and weight_scope = 'dimensions' and abs(weight_change) >= 0.0005"
        " and other_rank = rank + 1 and rank <= 10 and s.reason is null group by all",
    )
    told = {(row[1][0], row[2][0]): row[4][0] for row in page.body("swaps-table")}
    assert swaps
    for city, other, weights in swaps:
        assert told[city, other] == weights
    firsts = rows(
        con,
        f"select city_name, is_possible from marts.index_weight_first where {newest}"
        " and weight_scope = 'dimensions' and rank between 2 and 10",
    )
    assert {(row[1][0], row[2][0].startswith("yes")) for row in page.body("firsts-table")} == {
        (city, bool(possible)) for city, possible in firsts
    }
    lifts = rows(
        con,
        f"select distinct city_name from marts.index_lift where {newest} and n_ranks_up = 1"
        " and level = 1 and way_share is not null and rank <= 10",
    )
    assert {(row[1][0],) for row in page.body("lifts-table")} == set(lifts)


def test_the_consensus_of_others_stands_beside_the_rank(released: Release) -> None:
    _, con, page = released
    expected = rows(
        con,
        "select city_name, kemeny_rank from marts.consensus_rank where framework = 'orchard_index'",
    )
    shown = page.body("consensus-table") if "consensus-table" in page.tables else []
    assert {(row[1][0], int(row[0][1][0])) for row in shown} == set(expected)


def test_how_far_it_can_be_trusted_is_what_the_tables_say(released: Release) -> None:
    _, con, page = released
    ranges = rows(
        con,
        """
        select rank, rank_median, rank_p05, rank_p95, first_probability, top3_probability,
            top10_probability, rank_group
        from marts.index_sensitivity
        where edition = 2023 and rank_p05 is not null order by rank, city_id
        """,
    )
    assert [tuple(values(row)) for row in page.body("ranges-table")] == ranges != []
    removals = rows(
        con,
        """
        select rank_shift_mean, rank_shift_max, kendall_tau_b from marts.index_removal
        where edition = 2023 order by rank_shift_mean desc nulls last, node
        """,
    )
    known = [tuple(cell for cell in row if cell is not None) for row in removals]
    assert [tuple(values(row)) for row in page.body("removals-table")] == known != []
    swaps = rows(
        con,
        """
        select rank, weight_moved from marts.index_weight_swap
        where edition = 2023 and weight_scope = 'dimensions' and other_rank = rank + 1
        order by rank
        """,
    )
    known = [tuple(cell for cell in row if cell is not None) for row in swaps]
    assert [tuple(values(row)) for row in page.body("swaps-table")] == known != []
