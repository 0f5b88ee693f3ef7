"""The Python models between the votes of published rankings and the marts of their consensus."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"


def run(model: str, **tables: pd.DataFrame) -> pd.DataFrame:
    """What the model makes of the tables that it reads."""
    spec = importlib.util.spec_from_file_location(model, next(MODELS.rglob(f"{model}.py")))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.register(f"given_{name}", table)
            con.execute(f"create table {name} as select * from given_{name}")
        dbt = SimpleNamespace(ref=con.table, config=lambda **_: None)
        found: pd.DataFrame = module.model(dbt, None)
    return found


# Series -> its cities from the first to the last.
LISTS = {"s": "abcd", "t": "badc", "u": "abdc", "v": "ce"}


def votes(frameworks: tuple[str, ...] = ("f",)) -> pd.DataFrame:
    rows = [
        (framework, series, min(one, other), max(one, other), 1 if one < other else -1)
        for framework in frameworks
        for series, order in LISTS.items()
        for at, one in enumerate(order)
        for other in order[at + 1 :]
    ]
    columns = ["framework", "series_id", "city_id", "other_city_id", "vote"]
    return pd.DataFrame(rows, columns=columns)


def compared(*left_out: str) -> pd.DataFrame:
    return pd.DataFrame({"framework": ["f"] * len(left_out), "left_out": list(left_out)})


def test_consensus_of_all_series_and_of_the_others() -> None:
    """Of all, a beats b by 2 to 1, d and c are 2 to 1 as well, e is behind c in one list. Without
    u, a and b are divided, and c and d; without s and u, b is ahead of a."""
    found = run(
        "int_consensus_order", int_consensus_vote=votes(), int_consensus_list=compared("", "s; u")
    ).set_index(["left_out", "city_id"])
    whole = found.loc[""]
    assert whole["kemeny_rank"].to_dict() == {"a": 1, "b": 2, "d": 3, "c": 4, "e": 5}
    assert whole["copeland_score"].to_dict() == {"a": 3, "b": 1, "d": -1, "c": -2, "e": -1}
    assert whole["n_lists"].to_dict() == {"a": 3, "b": 3, "c": 4, "d": 3, "e": 1}
    assert whole["n_compared"].to_dict() == {"a": 3, "b": 3, "c": 4, "d": 3, "e": 1}
    assert set(whole["n_pairs"]) == {7}
    # t has a and b the other way round, s has c and d.
    assert set(whole["kemeny_distance"]) == {2}
    assert whole["is_exact"].all()
    assert whole["is_unique"].all()
    # v has e last, and a list more: 0. a is 1, 2/3 and 1: 8/3 over 4 lists.
    assert whole.loc["e", "borda_score"] == 0
    assert whole.loc["a", "borda_score"] == pytest.approx(8 / 12)
    # One list of four is in a resample with 1 - (3/4)^4 = 0.684.
    assert whole.loc["e", "ranked_share"] == pytest.approx(0.684, abs=0.05)
    assert (whole["kemeny_rank_p05"] <= whole["kemeny_rank"]).all()
    assert (whole["kemeny_rank_p95"] >= whole["kemeny_rank"]).all()

    others = found.loc["s; u"]
    assert others["kemeny_rank"].to_dict() == {"b": 1, "a": 2, "d": 3, "c": 4, "e": 5}
    assert set(others["n_series"]) == {2}
    assert set(others["n_resamples"]) == {0}
    assert others["ranked_share"].isna().all()


def test_cities_that_only_the_series_left_out_has_are_not_in_the_consensus() -> None:
    found = run("int_consensus_order", int_consensus_vote=votes(), int_consensus_list=compared("v"))
    assert set(found.loc[found["left_out"] == "v", "city_id"]) == set("abcd")


def test_neither_the_order_of_rows_nor_another_framework_matters() -> None:
    lists = compared("", "s")
    once = run("int_consensus_order", int_consensus_vote=votes(), int_consensus_list=lists)
    twice = run(
        "int_consensus_order",
        int_consensus_vote=votes(("g", "f")).sample(frac=1, random_state=1),
        int_consensus_list=lists.iloc[::-1],
    )
    pd.testing.assert_frame_equal(once, twice[twice["framework"] == "f"].reset_index(drop=True))
    whole = once[once["left_out"] == ""].drop(columns="framework")
    other = twice[twice["framework"] == "g"].drop(columns="framework").reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, other)


def test_no_votes_make_an_empty_table() -> None:
    found = run(
        "int_consensus_order",
        int_consensus_vote=votes().iloc[:0],
        int_consensus_list=compared(),
    )
    assert len(found) == 0
    assert "kemeny_rank" in found


def lists(*rows: tuple[str, str | None, int, str, bool]) -> pd.DataFrame:
    """List, its series (none for an index), its year, its cities in order, whether it counts."""
    return pd.DataFrame(
        [
            {
                "subject": "ai",
                "list_id": name,
                "kind": "published" if series else "index",
                "report_id": name if series else None,
                "series_id": series,
                "family_id": "r" if name in ("r", "repeat") else name if series else None,
                "is_witness": bool(series) and counts,
                "data_year": year,
                "published_on": pd.Timestamp(year, 6, 1) if series else pd.NaT,
                "framework": None if series else name.split()[0],
                "city_id": city,
                "rank": place,
            }
            for name, series, year, order, counts in rows
            for place, city in enumerate(order, start=1)
        ]
    )


def test_every_two_lists_and_the_nearest_edition_of_an_index() -> None:
    """r (2021) and q (2024); of the index, 2020 and 2022 are equally near to r: the earlier."""
    table = lists(
        ("r", "s", 2021, "abcd", True),
        ("repeat", "t", 2021, "abc", False),
        ("q", "u", 2024, "bax", True),
        ("f 2020", None, 2020, "abcdx", False),
        ("f 2022", None, 2022, "dcbax", False),
    )
    found = run("list_agreement", int_list_rank=table).set_index(["list_id", "other_list_id"])
    assert list(found.index) == [
        ("f 2020", "r"),
        ("f 2020", "repeat"),
        ("f 2022", "q"),
        ("q", "r"),
        ("q", "repeat"),
        ("r", "repeat"),
    ]
    assert found["kendall_tau_b"].to_dict() == {
        ("f 2020", "r"): 1,
        ("f 2020", "repeat"): 1,
        ("f 2022", "q"): 1,
        ("q", "r"): -1,
        ("q", "repeat"): -1,
        ("r", "repeat"): 1,
    }
    pair = found.loc[("q", "r")]
    assert (pair["n_common"], pair["n_list_cities"], pair["n_other_list_cities"]) == (2, 3, 4)
    assert pair["overlap_share"] == 0.4
    assert pair["n_years_apart"] == 3
    assert (pair["top_k"], pair["top_k_overlap"]) == (1, 0)
    assert found["is_same_family"].to_dict()[("r", "repeat")]
    assert found["is_same_family"].sum() == 1
    assert found["kind"].tolist() == ["index"] * 3 + ["published"] * 3
    assert found.loc[("f 2022", "q"), "framework"] == "f"


def test_lists_that_share_one_city_say_why_they_do_not_agree() -> None:
    table = lists(("r", "s", 2021, "ab", True), ("q", "t", 2021, "bc", True))
    (row,) = run("list_agreement", int_list_rank=table).to_dict("records")
    assert pd.isna(row["kendall_tau_b"])
    assert row["reason"] == "fewer than 2 cities in common"
    assert pd.isna(row["top_k_overlap"])


def test_concordance_over_windows_with_one_list_a_series() -> None:
    """All years: the newer list of s, t and u, all alike but for t: ranks of a to d sum up to 4,
    5, 9 and 12, W = 12 * (12.25 + 6.25 + 2.25 + 20.25) / (9 * 60). Within 2019 to 2021 there are
    two series only. The index and the list that does not count are left out."""
    table = lists(
        ("old", "s", 2019, "dcba", True),
        ("new", "s", 2023, "abcd", True),
        ("t1", "t", 2022, "bacd", True),
        ("u1", "u", 2021, "abcd", True),
        ("low", "w", 2023, "dcba", False),
        ("f 2023", None, 2023, "dcba", False),
    )
    found = run("list_concordance", int_list_rank=table)
    whole = found[found["is_whole_time"]].to_dict("records")
    assert [(row["lists"], row["n_lists"], row["n_cities"]) for row in whole] == [
        ("new; t1; u1", 3, 4)
    ]
    assert whole[0]["kendall_w"] == pytest.approx(
        12 * (3.5**2 + 2.5**2 + 1.5**2 + 4.5**2) / (9 * 60)
    )
    early = found[found["year_to"] == 2021].to_dict("records")
    assert [(row["year_from"], row["lists"], row["reason"]) for row in early] == [
        (2019, "old; u1", "fewer than 3 lists")
    ]
    assert set(found["year_to"]) == {2019, 2021, 2022, 2023}


def test_of_two_lists_of_a_day_the_longer_counts() -> None:
    table = lists(
        ("r short", "s", 2023, "cba", True),
        ("r long", "s", 2023, "abcd", True),
        ("t", "t", 2023, "abcd", True),
        ("u", "u", 2023, "abcd", True),
    )
    found = run("list_concordance", int_list_rank=table)
    assert set(found["lists"]) == {"r long; t; u"}
    assert found["kendall_w"].tolist() == [1.0] * len(found)
