"""Denomination, imputation and screening agree with COINr, and with laws of their methods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.settings import PROJECT
from tools import engine

REFERENCE = PROJECT.parent / "shared" / "reference" / "coinr_asem"
RELATIVE = 1e-9
with_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="COINr's results are not beside the project: shared/reference"
)
TABLES = (
    "int_index_candidate",
    "int_index_selected",
    "int_index_denominated",
    "int_index_screened_leaf",
    "int_index_observed",
    "int_index_imputed",
    "int_index_screened",
)
Stages = Sequence[Mapping[str, Any]]


def framework(
    index: Mapping[str, Any], editions: Sequence[Mapping[str, Any]], stages: Stages, **own: Any
) -> dict[str, Any]:
    """A framework with the stages given, which lead up to the values that count."""
    return {
        "framework": "made",
        "title": "Made",
        "description": "Made up.",
        "measures": "mixed",
        "editions": list(editions),
        "stages": [
            *stages,
            {"stage": "normalise", "method": "n_minmax"},
            {"stage": "aggregate", "method": "a_amean"},
        ],
        "index": dict(index),
        **own,
    }


def values(con: duckdb.DuckDBPyConnection, table: str, column: str = "value") -> pd.Series[Any]:
    """Values by edition, city and node, in this order."""
    frame = con.execute(f"select edition, city_id, node, {column} from intermediate.{table}").df()
    frame["edition"] = frame["edition"].astype("int64")
    return frame.set_index(["edition", "city_id", "node"])[column].sort_index()


# ---------------------------------------------------------------- COINr
def code(name: str) -> str:
    return f"{name.lower()}_index"


def asem_catalog(folder: Path, stages: Stages, years: Sequence[int] = (2018,)) -> Path:
    meta = pd.read_csv(REFERENCE / "ASEM_iMeta.csv")
    rows = {row["iCode"]: row for row in meta.to_dict("records")}

    def node(name: str) -> dict[str, Any]:
        row = rows[name]
        if row["Type"] == "Aggregate":
            children = meta.loc[meta["Parent"] == name, "iCode"]
            return {"node": name.lower(), "children": [node(child) for child in children]}
        divided = isinstance(row["Denominator"], str)
        own = {"denominator": code(row["Denominator"])} if divided else {}
        return {"node": name.lower(), "indicator": code(name), **own}

    data = pd.read_csv(REFERENCE / "ASEM_iData.csv")
    cities = pd.DataFrame(
        {
            "city_id": data["uCode"].str.lower(),
            "kind": "country",
            "group_eurasia": data["EurAsia_group"].str.lower(),
        }
    )
    used = meta[meta["Type"].isin(["Indicator", "Denominator"])]
    directions = {
        code(name): "lower" if direction == -1 else "higher"
        for name, direction in zip(used["iCode"], used["Direction"], strict=True)
    }
    return engine.write_catalog(
        folder,
        cities,
        directions,
        framework(
            node("Index"),
            [{"edition": year} for year in years],
            stages,
            universe={"kinds": ["country"]},
        ),
    )


def asem_figures(file: str = "ASEM_iData.csv") -> pd.DataFrame:
    meta = pd.read_csv(REFERENCE / "ASEM_iMeta.csv")
    used = meta.loc[meta["Type"].isin(["Indicator", "Denominator"]), "iCode"]
    data = pd.read_csv(REFERENCE / file)
    long = data.melt(id_vars=["uCode", "Time"], value_vars=list(used), var_name="iCode")
    # In the panel a unit's code ends in its year.
    return pd.DataFrame(
        {
            "city_id": long["uCode"].str.replace(r"_?\d{4}$", "", regex=True).str.lower(),
            "indicator": long["iCode"].map(code),
            "year": long["Time"],
            "value": long["value"].astype(float),
        }
    )


def coinr_stage(name: str) -> pd.Series[Any]:
    meta = pd.read_csv(REFERENCE / "ASEM_iMeta.csv")
    leaves = list(meta.loc[meta["Type"] == "Indicator", "iCode"])
    wide = pd.read_csv(REFERENCE / f"{name}.csv")
    long = wide.melt(id_vars=["uCode"], value_vars=leaves, var_name="node")
    long["city_id"], long["node"] = long["uCode"].str.lower(), long["node"].str.lower()
    return long.assign(edition=2018).set_index(["edition", "city_id", "node"])["value"].sort_index()


COINR_STAGES: Stages = (
    {"stage": "select", "method": "exact"},
    {"stage": "denominate", "method": "by_indicator"},
    {"stage": "impute", "method": "i_mean_grp", "grouping": "eurasia"},
    {"stage": "screen", "method": "by_coverage", "unit_coverage_min": 0.9},
)


@with_reference
def test_denominated_imputed_and_screened_as_coinr(tmp_path: Path) -> None:
    con = engine.run(asem_catalog(tmp_path, COINR_STAGES), asem_figures(), TABLES)
    for table, stage in (
        ("int_index_denominated", "stage2_Denominated"),
        ("int_index_imputed", "stage3_Imputed"),
    ):
        expected = coinr_stage(stage)
        assert len(expected) == 51 * 49
        pd.testing.assert_series_equal(
            values(con, table), expected, rtol=RELATIVE, atol=0, check_dtype=False
        )
    raw, filled = coinr_stage("stage2_Denominated"), coinr_stage("stage3_Imputed")
    assert (values(con, "int_index_imputed", "is_imputed") == (raw.isna() & filled.notna())).all()
    ranked = con.execute(
        "select distinct city_id from intermediate.int_index_screened where is_ranked"
    ).df()["city_id"]
    screened = pd.read_csv(REFERENCE / "stage4_Screened.csv")["uCode"].str.lower()
    assert set(ranked) == set(screened)


@with_reference
def test_screened_before_imputation_five_countries_fail(tmp_path: Path) -> None:
    stages = (*COINR_STAGES[:2], COINR_STAGES[3], COINR_STAGES[2])
    con = engine.run(asem_catalog(tmp_path, stages), asem_figures(), TABLES)
    raw = coinr_stage("stage2_Denominated").unstack("node")
    available = raw.notna().mean(axis=1).droplevel("edition")
    found = con.execute(
        "select city_id, coverage, is_ranked, reason from intermediate.int_index_screened "
        "where node = 'index'"
    ).df()
    found = found.set_index("city_id").sort_index()
    assert available.min() == pytest.approx(39 / 49)
    assert (found["is_ranked"] == (available >= 0.9)).all()
    assert found["coverage"].to_numpy() == pytest.approx(available.to_numpy())
    assert found.loc["lao", "reason"] == "79 % of indicators observed, 90 % needed"
    # Who failed is no part of the means.
    passed = raw[(available >= 0.9).to_numpy()]
    assert 0 < len(passed) < 51
    groups = pd.read_csv(REFERENCE / "ASEM_iData.csv").set_index("uCode")["EurAsia_group"]
    by = passed.index.get_level_values("city_id").str.upper().map(groups)
    expected = passed.fillna(passed.groupby(by).transform("mean")).stack(future_stack=True)
    pd.testing.assert_series_equal(
        values(con, "int_index_imputed"),
        expected.sort_index(),
        rtol=RELATIVE,
        atol=0,
        check_names=False,
    )


PANEL_METHODS: dict[str, Mapping[str, Any]] = {
    "latest": {"method": "i_latest"},
    "latest_1": {"method": "i_latest", "editions_max": 1},
    "linear": {"method": "i_linear"},
    "mean_of_panel": {"method": "i_mean", "across": "panel"},
    "median_of_panel": {"method": "i_median_grp", "across": "panel", "grouping": "eurasia"},
}


@with_reference
@pytest.mark.parametrize("name", PANEL_METHODS)
def test_panel_with_holes_against_pandas(tmp_path: Path, name: str) -> None:
    figures = asem_figures("ASEM_iData_p.csv")
    random = np.random.default_rng(5)
    divisors = figures["indicator"].isin([code(d) for d in ("Area", "Energy", "GDP", "Population")])
    holes = (random.random(len(figures)) < 0.3) & ~divisors
    figures.loc[holes, "value"] = np.nan
    years = sorted({int(year) for year in figures["year"]})
    stages = (
        *COINR_STAGES[:2],
        {"stage": "impute", **PANEL_METHODS[name]},
        {"stage": "screen", "method": "by_coverage"},
    )
    con = engine.run(asem_catalog(tmp_path, stages, years), figures, TABLES)
    raw = values(con, "int_index_denominated")
    assert 0.25 < raw.isna().mean() < 0.35
    by_year = raw.unstack("edition")
    groups = pd.read_csv(REFERENCE / "ASEM_iData.csv").set_index("uCode")["EurAsia_group"]
    region = by_year.index.get_level_values("city_id").str.upper().map(groups)
    node = by_year.index.get_level_values("node")
    match name:
        case "latest":
            expected = by_year.ffill(axis=1)
        case "latest_1":
            expected = by_year.ffill(axis=1, limit=1)
        case "linear":
            expected = by_year.interpolate(axis=1, method="index", limit_direction="both")
        case "mean_of_panel":
            filler = raw.groupby("node").mean()[node].set_axis(by_year.index)
            expected = by_year.apply(lambda column: column.fillna(filler))
        case _:
            keys = pd.MultiIndex.from_arrays([node, region])
            long = by_year.set_axis(keys).stack(future_stack=True)
            medians = long.groupby(level=[0, 1]).median()
            filler = medians.reindex(keys).set_axis(by_year.index)
            expected = by_year.apply(lambda column: column.fillna(filler))
    wanted = expected.stack(future_stack=True).reorder_levels(["edition", "city_id", "node"])
    pd.testing.assert_series_equal(
        values(con, "int_index_imputed"),
        wanted.sort_index(),
        rtol=RELATIVE,
        atol=0,
        check_names=False,
    )
    if name.startswith("latest"):
        source = values(con, "int_index_imputed", "imputed_from").dropna()
        assert len(source) > 1000
        for (edition, city, leaf), year in source.sample(50, random_state=1).items():
            assert year < edition
            assert wanted[edition, city, leaf] == raw[int(year), city, leaf]


# ---------------------------------------------------------------- laws of the methods
YEARS = (2021, 2022, 2024)
CITIES = ["a", "b", "c", "d", "e"]
LEAVES = ["w_index", "x_index", "y_index", "z_index"]
TREE = {
    "node": "total",
    "children": [
        {
            "node": "first",
            "children": [
                {"indicator": "w_index", "weight": 0.5},
                {"indicator": "x_index", "weight": 0.3},
                {"indicator": "y_index", "weight": 0.2, "imputation": "none"},
            ],
        },
        {"node": "second", "children": [{"indicator": "z_index"}]},
    ],
}
numbers = st.one_of(
    st.none(), st.just(0.0), st.floats(-1e12, 1e12), st.floats(1e-12, 1e-9), st.integers(1, 9)
)
tables = st.lists(
    numbers,
    min_size=len(YEARS) * len(CITIES) * len(LEAVES),
    max_size=len(YEARS) * len(CITIES) * len(LEAVES),
)
imputations = st.sampled_from(
    [
        {"method": "i_mean"},
        {"method": "i_mean", "across": "panel"},
        {"method": "i_median"},
        {"method": "i_mean_grp", "grouping": "region"},
        {"method": "i_median_grp", "grouping": "region", "across": "panel"},
        {"method": "i_latest", "editions_max": 1},
        {"method": "i_linear"},
    ]
)
shares = st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.6, 0.75, 1.0])
thresholds = st.fixed_dictionaries(
    {
        "unit_coverage_min": shares,
        "unit_nonzero_min": shares,
        "dimension_coverage_min": shares,
    }
)
quick = settings(max_examples=8, deadline=None)


def figures_of(numbers: Sequence[float | None]) -> pd.DataFrame:
    places = [(c, i, y) for y in YEARS for c in CITIES for i in LEAVES]
    frame = pd.DataFrame(places, columns=["city_id", "indicator", "year"])
    return frame.assign(value=[math.nan if n is None else float(n) for n in numbers])


def run(
    folder: Path,
    stages: Stages,
    figures: pd.DataFrame,
    models: Sequence[str] = TABLES,
    **own: Any,
) -> duckdb.DuckDBPyConnection:
    cities = pd.DataFrame(
        {"city_id": CITIES, "group_region": ["north", "north", "south", "south", None]}
    )
    made = framework(
        TREE,
        [{"edition": year} for year in YEARS],
        [{"stage": "select", "method": "newest"}, *stages],
        **own,
    )
    directions = dict.fromkeys([*LEAVES, "size_index"], "higher")
    return engine.run(engine.write_catalog(folder, cities, directions, made), figures, models)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalog")


def ranked(con: duckdb.DuckDBPyConnection) -> set[tuple[int, str]]:
    return set(
        con.execute(
            "select distinct edition, city_id from intermediate.int_index_screened where is_ranked"
        ).fetchall()
    )


@quick
@given(numbers=tables, imputation=imputations, first=st.sampled_from(["screen", "impute"]))
def test_imputation_keeps_what_is_observed(
    folder: Path, numbers: Sequence[float | None], imputation: Mapping[str, Any], first: str
) -> None:
    stages = [
        {"stage": "screen", "method": "by_coverage", "unit_coverage_min": 0.5},
        {"stage": "impute", **imputation},
    ]
    con = run(folder, stages if first == "screen" else stages[::-1], figures_of(numbers))
    raw, filled = values(con, "int_index_denominated"), values(con, "int_index_imputed")
    flags = values(con, "int_index_imputed", "is_imputed")
    raw = raw[filled.index]
    known = raw.notna()
    assert (filled[known] == raw[known]).all()
    assert (flags == (raw.isna() & filled.notna())).all()
    assert not flags[flags.index.get_level_values("node") == "y_index"].any()
    if first == "screen":
        through = con.execute(
            "select distinct edition, city_id from intermediate.int_index_observed where is_ranked"
        ).fetchall()
        assert {key[:2] for key in filled.index} == set(through)
    else:
        assert len(filled) == len(numbers)


@quick
@given(numbers=tables, imputation=imputations)
def test_imputed_values_lie_among_the_observed(
    folder: Path, numbers: Sequence[float | None], imputation: Mapping[str, Any]
) -> None:
    stages = [
        {"stage": "impute", **imputation},
        {"stage": "screen", "method": "by_coverage"},
    ]
    con = run(folder, stages, figures_of(numbers))
    filled = values(con, "int_index_imputed")
    raw = values(con, "int_index_denominated")
    for node, of_leaf in filled.dropna().groupby("node"):
        observed = raw.xs(node, level="node").dropna()
        slack = 1e-9 * observed.abs().max()
        assert of_leaf.min() >= observed.min() - slack
        assert of_leaf.max() <= observed.max() + slack


@quick
@given(numbers=tables, low=thresholds, high=thresholds, imputes=st.booleans())
def test_a_higher_threshold_ranks_no_more(
    folder: Path,
    numbers: Sequence[float | None],
    low: dict[str, float],
    high: dict[str, float],
    imputes: bool,
) -> None:
    figures = figures_of(numbers)
    high = {name: max(low[name], high[name]) for name in low}
    later: Stages = [{"stage": "impute", "method": "i_mean"}] if imputes else []
    found = []
    for least in (low, high):
        screen = {"stage": "screen", "method": "by_coverage", **least}
        con = run(folder, [screen, *later], figures)
        found.append(ranked(con))
        faults = con.execute(
            "select count(*) from intermediate.int_index_screened "
            "where is_sufficient = (reason is not null)"
        ).fetchall()
        assert faults == [(0,)]
    assert found[1] <= found[0]


@quick
@given(numbers=tables, imputation=imputations, seed=st.integers(0, 9))
def test_order_of_rows_is_irrelevant(
    folder: Path, numbers: Sequence[float | None], imputation: Mapping[str, Any], seed: int
) -> None:
    figures = figures_of(numbers)
    stages = [
        {"stage": "screen", "method": "by_coverage", "indicator_coverage_min": 0.4},
        {"stage": "impute", **imputation},
    ]
    tables_of = []
    for frame in (figures, figures.sample(frac=1, random_state=seed)):
        con = run(folder, stages, frame)
        tables_of.append(
            [
                sorted(con.execute(f"select * from intermediate.{table}").fetchall(), key=repr)
                for table in TABLES
            ]
        )
    assert tables_of[0] == tables_of[1]


# ---------------------------------------------------------------- through to the contribution
def test_size_decides_who_is_in_the_universe(tmp_path: Path) -> None:
    sizes = {"a": 5.0, "b": 10.0, "c": 20.0, "d": 20.5}
    figures = pd.DataFrame(
        [(city, "size_index", 2024, value) for city, value in sizes.items()]
        + [(city, leaf, 2024, 1.0) for city in CITIES for leaf in LEAVES],
        columns=["city_id", "indicator", "year", "value"],
    )
    con = run(
        tmp_path,
        [{"stage": "screen", "method": "by_coverage"}],
        figures,
        ("index_ranking",),
        universe={"size_indicator": "size_index", "size_min": 10, "size_max": 20},
    )
    found = con.execute(
        "select city_id, reason from intermediate.int_index_candidate where edition = 2024 "
        "order by city_id"
    ).fetchall()
    assert found == [
        ("a", "size_index is 5, at least 10 needed"),
        ("b", None),
        ("c", None),
        ("d", "size_index is 20.5, at most 20 allowed"),
        ("e", "size_index is not known"),
    ]
    selected = con.execute("select distinct edition, city_id from intermediate.int_index_selected")
    assert sorted(selected.fetchall()) == [(2024, "b"), (2024, "c")]
    listed = con.execute(
        "select city_id, reason from marts.index_ranking where edition = 2024 and rank is null "
        "and score is null and coverage is null order by city_id"
    ).fetchall()
    assert listed == [row for row in found if row[1]]


def test_an_indicator_may_be_older_in_one_leaf_than_in_another(tmp_path: Path) -> None:
    tree = {
        "node": "total",
        "children": [
            {"node": "new", "indicator": "x_index", "max_age_years": 0},
            {"node": "old", "indicator": "x_index", "max_age_years": 3},
            {"node": "share", "indicator": "w_index", "denominator": "x_index"},
        ],
    }
    figures = pd.DataFrame(
        [("a", "x_index", 2021, 8.0), ("a", "w_index", 2023, 4.0), ("b", "x_index", 2023, 2.0)],
        columns=["city_id", "indicator", "year", "value"],
    )
    made = framework(
        tree,
        [{"edition": 2024, "max_age_years": 1}],
        [
            {"stage": "select", "method": "newest"},
            {"stage": "denominate", "method": "by_indicator"},
            {"stage": "screen", "method": "by_coverage"},
        ],
    )
    cities = pd.DataFrame({"city_id": ["a", "b"]})
    directions = {"w_index": "higher", "x_index": "higher"}
    con = engine.run(engine.write_catalog(tmp_path, cities, directions, made), figures, TABLES)
    rows = con.execute(
        "select city_id, node, value, missing_reason from intermediate.int_index_denominated "
        "order by city_id, node"
    ).fetchall()
    assert rows == [
        ("a", "new", None, "no row"),
        ("a", "old", 8.0, None),
        ("a", "share", None, "x_index: no row"),
        ("b", "new", None, "no row"),
        ("b", "old", 2.0, None),
        ("b", "share", None, "no row"),
    ]
