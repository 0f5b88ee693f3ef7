"""What a ranking depends on, in the built tables: against indices that lack a node from the start,
and against factors that can and cannot matter."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from tools import engine

MODELS = (
    "index_sobol",
    "index_sobol_rank",
    "index_removal",
    "index_removal_rank",
    "index_ranking",
)
LEAVES = [f"x{i}_index" for i in range(6)]
LEVEL = "level_index"


def leaf(i: int, **others: Any) -> dict[str, Any]:
    return {"indicator": LEAVES[i], **others}


def framework(name: str, *children: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "framework": name,
        "title": name,
        "description": "Made up.",
        "measures": "mixed",
        "universe": {"countries": ["XX"]},
        "editions": [{"edition": year, "max_age_years": 0} for year in (2019, 2020)],
        "stages": [
            {"stage": "select", "method": "newest"},
            {"stage": "screen", "method": "by_coverage", "unit_coverage_min": 0},
            {"stage": "normalise", "method": "n_minmax", "score_min": 1, "score_max": 100},
            {"stage": "weight", "method": "given"},
            {"stage": "aggregate", "method": "a_amean", "by_level": {3: "a_gmean"}},
        ],
        "index": node(name, *children),
        "uncertainty": {"factors": []},
        **others,
    }


def node(name: str, *children: dict[str, Any], **others: Any) -> dict[str, Any]:
    total = sum(child.get("weight", 1) for child in children)
    shared = [{**child, "weight": child.get("weight", 1) / total} for child in children]
    return {"node": name, "title": name, "children": shared, **others}


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    random = np.random.default_rng(9)
    cities = [f"c{i:02}" for i in range(30)]
    figures = pd.DataFrame(
        [
            (city, name, year, value)
            for year in (2019, 2020)
            for city in cities
            for name, value in zip(LEAVES, random.lognormal(size=6).round(2), strict=True)
        ],
        columns=["city_id", "indicator", "year", "value"],
    )
    level = pd.DataFrame({"city_id": cities, "indicator": LEVEL, "year": 2020, "value": 7.0})
    figures = pd.concat([figures, level], ignore_index=True)
    # Gaps, in a leaf whose siblings stand in.
    figures.loc[
        (figures["indicator"] == LEAVES[1]) & (random.random(len(figures)) < 0.3), "value"
    ] = np.nan
    of_a = leaf(0, weight=3), leaf(1, weight=1), leaf(2, weight=2)
    a = node("a", *of_a, weight=2)
    b = node("b", leaf(3, weight=1), leaf(4, weight=4), weight=3)
    c = node("c", leaf(5), weight=1)
    noise = {"samples": 128, "factors": [{"factor": "noise", "weight_noise": 0.5}]}
    scale = {"factor": "scale", "stage": "normalise", "alternatives": [{"method": "n_rank"}]}
    catalog = engine.write_catalog(
        tmp_path_factory.mktemp("sobol") / "catalog",
        pd.DataFrame({"city_id": cities}),
        dict.fromkeys([*LEAVES, LEVEL], "higher"),
        framework("whole", a, b, c, flagship=True, uncertainty=noise),
        framework("without_x0", node("a", *of_a[1:], weight=2), b, c),
        framework("without_x3", a, node("b", leaf(4), weight=3), c),
        framework("without_c", a, b),
        framework("single", node("d", leaf(0)), uncertainty={"samples": 16, "factors": [scale]}),
        framework(
            "level",
            node("d", {"indicator": LEVEL}),
            uncertainty={"samples": 16, "factors": [scale]},
        ),
    )
    return engine.run(catalog, figures, MODELS)


@pytest.mark.parametrize(
    ("removed", "other"),
    [
        (LEAVES[0], "without_x0"),
        (LEAVES[3], "without_x3"),
        ("c", "without_c"),
        (LEAVES[5], "without_c"),
    ],
)
def test_the_ranking_without_a_node_is_that_of_an_index_that_lacks_it(
    con: duckdb.DuckDBPyConnection, removed: str, other: str
) -> None:
    ranks = con.execute(
        """
        select removal.edition, removal.rank, removal.rank_without, whole.rank, other.rank
        from marts.index_removal_rank as removal
        join marts.index_ranking as whole using (framework, edition, city_id)
        join marts.index_ranking as other
            on removal.edition = other.edition and removal.city_id = other.city_id
        where removal.framework = 'whole' and removal.node = ? and other.framework = ?
        """,
        [removed, other],
    ).fetchall()
    assert len(ranks) == 60
    assert [row for row in ranks if row[1] != row[3] or row[2] != row[4]] == []
    assert any(row[1] != row[2] for row in ranks)


def test_every_node_of_every_edition_has_its_effect(con: duckdb.DuckDBPyConnection) -> None:
    nodes = con.execute(
        "select edition, count(*), count(kendall_tau_b) from marts.index_removal "
        "where framework = 'whole' group by edition order by edition"
    ).fetchall()
    assert nodes == [(2019, 9, 9), (2020, 9, 9)]
    reasons = con.execute(
        "select node, n_ranked, n_ranked_without, reason from marts.index_removal "
        "where framework = 'single' and edition = 2020 order by node"
    ).fetchall()
    assert reasons == [
        ("d", 30, 0, "no city has a score without it"),
        (LEAVES[0], 30, 0, "no city has a score without it"),
    ]


def test_where_nobody_has_a_score_there_is_nothing_to_explain(
    con: duckdb.DuckDBPyConnection,
) -> None:
    # The same figure everywhere has no place between the least and the most.
    scored = con.execute("select count(rank) from marts.index_ranking where framework = 'level'")
    assert scored.fetchall() == [(0,)]
    for table in ("index_sobol", "index_sobol_rank"):
        found = con.execute(f"select count(*) from marts.{table} where framework = 'level'")
        assert found.fetchall() == [(0,)]


def test_indices_of_the_newest_edition_by_factor(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select framework, edition, factor, n_samples, first_order, total_order_low, "
        "total_order_high, reason from marts.index_sobol order by all"
    ).fetchall()
    by_framework = {row[0]: row for row in rows}
    assert set(by_framework) == {"whole", "single"}  # Nothing varies in the others.
    _, edition, factor, n_samples, first, low, high, reason = by_framework["whole"]
    assert (edition, factor, n_samples, reason) == (2020, "noise", 128, None)
    assert low <= 1 <= high and first > 0.7
    # Ranks order one leaf as min-max does.
    assert by_framework["single"][2:5] == ("scale", 16, None)
    assert by_framework["single"][7] == "never varies in 32 replications"
    assert con.execute(
        "select count(*), count(distinct city_id), min(rank) from marts.index_sobol_rank "
        "where framework = 'whole'"
    ).fetchone() == (30, 30, 1)


@pytest.mark.parametrize(
    "test",
    [
        "index_sobol_key",
        "index_sobol_missing_has_a_reason",
        "index_sobol_interval_or_warning",
        "index_sobol_rank_key",
        "index_sobol_rank_missing_has_a_reason",
        "index_sobol_rank_interval_or_warning",
        "index_removal_key",
        "index_removal_missing_has_a_reason",
        "index_removal_rank_key",
        "index_removal_rank_shift_of_both",
    ],
)
def test_the_tables_pass_their_tests(con: duckdb.DuckDBPyConnection, test: str) -> None:
    assert engine.failures(con, test).empty
