"""Sensitivity ranges in the built tables: against the indices with the other choices themselves,
and against shares that are known."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from tools import engine

MODELS = ("index_sensitivity", "index_rank_pair", "index_robustness")
LEAVES = [f"x{i}_index" for i in range(4)]
CITIES = [f"c{i:02}" for i in range(60)]
N = 400


def framework(name: str, normalise: dict[str, Any], *factors: dict[str, Any]) -> dict[str, Any]:
    return {
        "framework": name,
        "title": name,
        "description": "Made up.",
        "measures": "mixed",
        "universe": {"countries": ["XX"]},
        "editions": [{"edition": year, "max_age_years": 0} for year in (2019, 2020)],
        "stages": [
            {"stage": "select", "method": "newest"},
            {"stage": "screen", "method": "by_coverage", "unit_coverage_min": 0.5},
            {"stage": "normalise", **normalise},
            {"stage": "weight", "method": "given"},
            {"stage": "aggregate", "method": "a_amean"},
            {"stage": "scale", "method": "leader_100"},
        ],
        "index": {
            "node": name,
            "title": name,
            "children": [
                {
                    "node": "a",
                    "title": "A",
                    "weight": 0.6,
                    "children": [
                        {"indicator": LEAVES[0], "weight": 0.5},
                        {"indicator": LEAVES[1], "weight": 0.5},
                    ],
                },
                {
                    "node": "b",
                    "title": "B",
                    "weight": 0.4,
                    "children": [
                        {"indicator": LEAVES[2], "weight": 0.75},
                        {"indicator": LEAVES[3], "weight": 0.25},
                    ],
                },
            ],
        },
        "uncertainty": {"replications": N, "seed": 3, "factors": list(factors)},
    }


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    random = np.random.default_rng(4)
    figures = pd.DataFrame(
        [
            (city, name, year, value)
            for year in (2019, 2020)
            for city in CITIES
            for name, value in zip(LEAVES, random.lognormal(size=4).round(2), strict=True)
        ],
        columns=["city_id", "indicator", "year", "value"],
    )
    # One city has too little to be ranked, some have a gap.
    figures.loc[figures["city_id"].eq("c05") & ~figures["indicator"].eq(LEAVES[0]), "value"] = (
        np.nan
    )
    figures.loc[
        figures["city_id"].isin(["c10", "c11"]) & figures["indicator"].eq(LEAVES[3]), "value"
    ] = np.nan
    minmax = {"method": "n_minmax", "score_min": 1, "score_max": 100}
    panel = {**minmax, "across": "panel"}
    other = {"factor": "scale", "stage": "normalise", "alternatives": [{"method": "n_rank"}]}
    catalog = engine.write_catalog(
        tmp_path_factory.mktemp("replication") / "catalog",
        pd.DataFrame({"city_id": CITIES}),
        dict.fromkeys(LEAVES, "higher"),
        framework("fixed", minmax),
        framework("scaled", minmax, other),
        framework("by_rank", {"method": "n_rank"}),
        framework("noisy", panel, {"factor": "noise", "weight_noise": 0.3}),
    )
    return engine.run(catalog, figures, MODELS)


def test_the_tables_keep_their_rules(con: duckdb.DuckDBPyConnection) -> None:
    for test in (
        "int_replication_key",
        "index_sensitivity_all_ranked",
        "index_sensitivity_range_in_order",
        "index_sensitivity_probabilities_in_order",
        "index_sensitivity_rank_in_range_or_explained",
        "index_rank_pair_shares_within_one",
        "index_robustness_is_exact",
    ):
        assert engine.failures(con, test).empty, test
    rows = con.execute(
        "select framework, edition, n_replications, seed, n_factors, n_ranked "
        "from marts.index_robustness where edition = 2020 order by framework"
    ).fetchall()
    assert rows == [
        (name, 2020, N, 3, n_factors, 59)
        for name, n_factors in (("by_rank", 0), ("fixed", 0), ("noisy", 1), ("scaled", 1))
    ]


def test_nothing_varies_without_factors(con: duckdb.DuckDBPyConnection) -> None:
    moved = con.execute(
        """
        select * from marts.index_sensitivity
        where framework = 'fixed' and (
            rank_p05 <> rank or rank_p95 <> rank or mean_rank_shift <> 0
            or first_probability <> case when rank = 1 then 1 else 0 end
        )
        """
    ).fetchall()
    assert moved == []


def test_ranges_of_a_choice_are_the_ranks_of_both_indices(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        """
        select found.rank_p05, found.rank_p95, own.rank, other.rank
        from marts.index_sensitivity as found
        join marts.index_ranking as own using (framework, edition, city_id)
        join marts.index_ranking as other
            on found.edition = other.edition and found.city_id = other.city_id
        where found.framework = 'scaled' and other.framework = 'by_rank'
        """
    ).fetchall()
    assert len(found) == 118
    assert [row for row in found if row[:2] != (min(row[2:]), max(row[2:]))] == []
    assert sum(row[2] != row[3] for row in found) > 50


def test_pairs_of_the_top_are_those_of_both_indices(con: duckdb.DuckDBPyConnection) -> None:
    """One choice in two, so that a probability is 0, 1 or the share of replications with it."""
    rows = con.execute(
        """
        select pair.above_probability, pair.equal_probability,
            own.rank < own_other.rank, by_rank.rank < by_rank_other.rank
        from marts.index_rank_pair as pair
        join marts.index_ranking as own using (framework, edition, city_id)
        join marts.index_ranking as own_other
            on pair.framework = own_other.framework and pair.edition = own_other.edition
            and pair.other_city_id = own_other.city_id
        join marts.index_ranking as by_rank
            on pair.edition = by_rank.edition and pair.city_id = by_rank.city_id
            and by_rank.framework = 'by_rank'
        join marts.index_ranking as by_rank_other
            on pair.edition = by_rank_other.edition
            and pair.other_city_id = by_rank_other.city_id
            and by_rank_other.framework = 'by_rank'
        where pair.framework = 'scaled' and pair.edition = 2020
        """
    ).fetchall()
    assert len(rows) == 50 * 49
    (share,) = {above for above, _, own, other in rows if own and not other}
    assert share == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(N))
    outcomes = {(True, True): 1.0, (True, False): share, (False, False): 0.0}
    for above, equal, own, other in rows:
        if equal == 0:
            assert above == pytest.approx(outcomes.get((own, other), 1 - share))


def test_an_index_that_is_normalised_across_editions_has_its_ranges(
    con: duckdb.DuckDBPyConnection,
) -> None:
    edges = con.execute(
        "select edition, max(rank_p95 - rank_p05) > 3, min(rank_p95 - rank_p05), "
        "sum(first_probability) from marts.index_sensitivity "
        "where framework = 'noisy' group by edition order by edition"
    ).fetchall()
    assert [row[:2] for row in edges] == [(2019, True), (2020, True)]
    assert all(first == pytest.approx(1, abs=0.01) for *_, first in edges)
