"""COINr's ASEM index, replayed from files, agrees with COINr and with a plain loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ingest.catalog import load_catalog
from orchestration import replay
from orchestration.replay import main
from tests.index import coinr_loop
from tests.index.test_index_asem import REFERENCE, bring_in
from tools import engine

RELATIVE = 1e-9
EDITION = 2018
pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="COINr's results are not beside the project: shared/reference"
)
MODELS = ("index_score", "framework", "framework_node", "city")


def figures_of(catalog: Path) -> pd.DataFrame:
    """iData in long form, under the names that the importer gives."""
    loaded = load_catalog([catalog])
    data = pd.read_csv(REFERENCE / "ASEM_iData.csv")
    codes = {indicator.code: name for name, indicator in loaded.indicators.items()}
    units = {city.code: name for name, city in loaded.cities.items()}
    long = data.melt("uCode", [code for code in data.columns if code in codes])
    return pd.DataFrame(
        {
            "city_id": long["uCode"].map(units),
            "indicator": long["variable"].map(codes),
            "year": EDITION,
            "value": long["value"].astype(float),
        }
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data home whose current release has asem, with the tables that a replay reads."""
    folder = tmp_path_factory.mktemp("replay")
    catalog = bring_in(folder / "asem")
    current = folder / "home" / "current"
    current.mkdir(parents=True)
    con = engine.prepare(catalog, figures_of(catalog), str(current / "warehouse.duckdb"))
    for model in engine.needed(MODELS):
        engine.build(con, model)
    con.close()
    return folder / "home"


@pytest.fixture(scope="module")
def meta() -> pd.DataFrame:
    table = pd.read_csv(REFERENCE / "ASEM_iMeta.csv")
    return table[table["Level"].notna()]


@pytest.fixture(scope="module")
def own_weights() -> pd.DataFrame:
    """What ``get_noisy_weights`` begins with."""
    return pd.read_csv(REFERENCE / "weights_original.csv")


@pytest.fixture
def replayed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AICITY_HOME", str(home))

    def run(
        choices: pd.DataFrame | str | None = None,
        weights: pd.DataFrame | str | None = None,
        *options: str,
        fails: bool = False,
    ) -> Path:
        arguments = ["--framework=asem", f"--to={tmp_path / 'out'}", *options]
        for name, table in {"choices": choices, "weights": weights}.items():
            path = tmp_path / f"{name}.csv"
            if isinstance(table, pd.DataFrame):
                table.to_csv(path, index=False)
            elif table is not None:
                path.write_text(table, encoding="utf-8")
            if table is not None:
                arguments.append(f"--{name}={path}")
        assert main(arguments) == (1 if fails else 0)
        return tmp_path / "out"

    return run


def node_scores(folder: Path) -> dict[str, pd.DataFrame]:
    """Replication -> scores, a row a uCode and a column an iCode."""
    long = pd.read_csv(folder / "node_scores.csv", dtype={"replication": str})
    return {
        str(name): part.pivot(index="code", columns="node_code", values="score")
        for name, part in long.groupby("replication")
    }


def root_scores(folder: Path) -> pd.DataFrame:
    """Scores of the index, a row a replication and a column a uCode."""
    long = pd.read_csv(folder / "scores.csv", dtype={"replication": str})
    return long.pivot(index="replication", columns="code", values="score")


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    aligned = found.loc[expected.index, expected.columns]
    np.testing.assert_allclose(aligned, expected, rtol=RELATIVE, atol=1e-12)


def reference(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv").set_index("uCode")


def test_the_files_of_coinr_are_met(replayed: Any) -> None:
    columns = ["normalise.method", "normalise.score_min", "normalise.score_max", "aggregate.method"]
    choices = f"""replication,{",".join(columns)}
stage7_Aggregated,,,,
norm_alt_n_zscore,n_zscore,,,
norm_alt_n_rank,n_rank,,,
norm_alt_n_dist2max,n_dist2max,NA,NA,
agg_alt_1_100_a_gmean,n_minmax,1,100,a_gmean
"""
    found = node_scores(replayed(choices, None, "--nodes"))
    assert len(found) == 5
    for name, scores in found.items():
        assert_same(scores, reference(name))


def test_a_replication_without_a_choice_is_the_index(replayed: Any, home: Path) -> None:
    folder = replayed("replication\nown\n")
    found = pd.read_csv(folder / "scores.csv").set_index("code")
    expected = pd.read_csv(REFERENCE / "results_full_ranks.csv").set_index("uCode")
    assert found["rank"].to_dict() == expected["Index"].to_dict()
    assert_same(
        found[["score"]], reference("stage7_Aggregated")[["Index"]].set_axis(["score"], axis=1)
    )


# The normalisations of COINr in both spellings.
NORMALISATIONS: dict[str, tuple[str, tuple[float, ...], dict[str, float]]] = {
    "to 1..100": ("n_minmax", (1, 100), {"score_min": 1, "score_max": 100}),
    "to 0..100": ("n_minmax", (0, 100), {}),
    "around 10": ("n_zscore", (10, 2), {"mean": 10, "sd": 2}),
    "around 0": ("n_zscore", (0, 1), {}),
    "scaled": ("n_scaled", (-5, 20), {"shift": -5, "factor": 0.25}),
    "rank": ("n_rank", (), {}),
    "prank": ("n_prank", (), {}),
    "borda": ("n_borda", (), {}),
    "dist2max": ("n_dist2max", (), {}),
}


# Of scores below zero COINr has harmonic means, here there is none.
NEGATIVE = ("around 0", "scaled")


def random_design(
    weights: pd.DataFrame, n: int
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    """n replications as files, and as the arguments of the plain loop."""
    rng = np.random.default_rng(20261126)
    names = list(NORMALISATIONS)
    rows, sets, calls = [], [], []
    for i in range(n):
        name = f"r{i}"
        scale = names[i % len(names)]
        f_n, para, ours = NORMALISATIONS[scale]
        winmax = [None, 0, 1, 2, 3, 4, 5][rng.integers(7)]
        f_ag = [str(rng.choice(list(coinr_loop.AGGREGATE))) for _ in range(3)]
        if i % 3 == 0:
            f_ag = ["a_amean"] * 3
        if scale in NEGATIVE:
            f_ag = [f.replace("a_hmean", "a_gmean") for f in f_ag]
        treat = {"treat.method": "none"} if winmax is None else {"treat.points_max": winmax}
        row = {"replication": name, "normalise.method": f_n, **treat}
        row |= {f"normalise.{key}": value for key, value in ours.items()}
        row |= {f"aggregate.method.{level}": f for level, f in zip((2, 3, 4), f_ag, strict=True)}
        noisy = coinr_loop.noisy_weights(weights, {1: 0.5, 2: 0.25, 3: 0.25}, rng)
        sets.append(noisy.assign(replication=name))
        given = dict(zip(noisy["iCode"], noisy["Weight"], strict=True))
        calls.append(
            {"winmax": winmax, "f_n": f_n, "f_n_para": para, "f_ag": f_ag, "weights": given}
        )
        rows.append(row)
    return pd.DataFrame(rows), pd.concat(sets), calls


def test_a_design_is_that_of_the_plain_loop(
    replayed: Any, meta: pd.DataFrame, own_weights: pd.DataFrame
) -> None:
    """Winsorisation, normalisation, a mean for each level and all weights vary."""
    choices, weights, calls = random_design(own_weights, 60)
    folder = replayed(choices, weights, "--nodes")
    found, roots = node_scores(folder), root_scores(folder)
    data = reference("stage4_Screened")
    n_stopped = 0
    for name, call in zip(choices["replication"], calls, strict=True):
        try:
            expected = coinr_loop.index_scores(data, meta, **call)
        except coinr_loop.Stopped:
            n_stopped += 1
            assert roots.loc[name].isna().any()
            continue
        assert_same(found[name], expected)
        assert_same(roots.loc[[name]].T.set_axis(["Index"], axis=1), expected[["Index"]])
    assert 5 < n_stopped < 40


def test_fractions_of_the_maximum_are_those_of_the_plain_loop(
    replayed: Any, meta: pd.DataFrame
) -> None:
    """Where the best value is 0 COINr divides by it, and there is no score here."""
    found = node_scores(replayed("replication,normalise.method\na,n_fracmax\n", None, "--nodes"))
    data = reference("stage4_Screened")
    directions = meta.set_index("iCode")["Direction"]
    n_without = 0
    for code in data.columns:
        x = coinr_loop.treat(data[code].to_numpy(), 5) * directions[code]
        if x.max() == 0:
            n_without += 1
            assert found["a"][code].isna().all()
        else:
            expected = pd.DataFrame({code: x / x.max()}, index=data.index)
            assert_same(found["a"], expected)
    assert n_without == 3


def test_sets_of_weights_are_named_by_the_choices(
    replayed: Any, meta: pd.DataFrame, own_weights: pd.DataFrame
) -> None:
    """A zero, or nothing, leaves a node out, as in COINr a weight of zero does; leaves that are all
    out take their parent with them; what a set does not name is as in the framework."""
    without = {"LPI": 0.0, "Flights": 3.0, "Sust": 0.0} | dict.fromkeys(
        meta.loc[meta["Parent"] == "P2P", "iCode"], 0.0
    )
    rows = [("some", code, str(weight)) for code, weight in without.items()]
    rows[0] = ("some", "LPI", "")
    rows += [("all", *row) for row in own_weights[["iCode", "Weight"]].itertuples(index=False)]
    weights = pd.DataFrame(rows, columns=["set", "iCode", "Weight"])
    choices = "replication,weights,treat.points_max\na,some,\nb,all,1\nc,,1\nd,NA,\n"
    roots = root_scores(replayed(choices, weights))
    own = dict(zip(own_weights["iCode"], own_weights["Weight"].astype(float), strict=True))
    data = reference("stage4_Screened")
    for name, winmax, changed in (
        # The siblings of Flights keep their share, an eighth of eight.
        ("a", 5, without | {"Flights": 24.0, "P2P": 0.0}),
        ("b", 1, {}),
        ("c", 1, {}),
        ("d", 5, {}),
    ):
        given = own | changed
        if name == "a":
            given |= dict.fromkeys(meta.loc[meta["Parent"] == "P2P", "iCode"], 1.0)
        expected = coinr_loop.index_scores(
            data,
            meta,
            winmax=winmax,
            f_n="n_minmax",
            f_n_para=(0, 100),
            f_ag=["a_amean"] * 3,
            weights=given,
        )
        assert_same(roots.loc[[name]].T.set_axis(["Index"], axis=1), expected[["Index"]])


def test_a_lower_limit_of_points_leads_to_the_logarithm(replayed: Any, meta: pd.DataFrame) -> None:
    choices = "replication,treat.points_max,treat.fallback\na,5,\nb,1,\nc,1,none\nd,0,\n"
    found = node_scores(replayed(choices, None, "--nodes"))
    data = reference("stage4_Screened")
    x = data["Bord"].to_numpy()
    assert not coinr_loop.check_skew_kurt(coinr_loop.winsorise(x, 1))
    for name, treated in {
        "a": coinr_loop.winsorise(x, 5),
        "b": coinr_loop.treat(x, 1),
        "c": coinr_loop.winsorise(x, 1),
        "d": coinr_loop.treat(x, 0),
    }.items():
        expected = coinr_loop.NORMALISE["n_minmax"](treated, 0, 100)
        assert_same(found[name], pd.DataFrame({"Bord": expected}, index=data.index))


def test_the_form_of_the_files_changes_nothing(
    replayed: Any, own_weights: pd.DataFrame, tmp_path: Path
) -> None:
    """What R and spreadsheets write: row names, semicolons, tabs, a mark of order, a column a
    node, other cases of letters."""
    choices = pd.DataFrame(
        {
            "replication": ["b", "a", "c"],
            "normalise.method": ["n_minmax", "n_zscore", None],
            "normalise.score_min": [1.5, None, None],
            "treat.points_max": [5, None, 3],
        }
    )
    factors = dict(zip("bac", (0.5, 1.25, 3.5), strict=True))
    noisy = [
        own_weights.assign(
            replication=name,
            Weight=own_weights["Weight"].where(own_weights.index % 3 > 0, factor).round(3),
        )
        for name, factor in factors.items()
    ]
    weights = pd.concat(noisy)[["replication", "iCode", "Level", "Weight"]]
    wide = weights.pivot(index="replication", columns="iCode", values="Weight").loc[list("bac")]
    forms: dict[str, tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]] = {
        "long": (choices, weights, {"index": False}),
        "row names": (choices, weights, {}),
        "semicolons": (choices, weights, {"index": False, "sep": ";", "decimal": ","}),
        "tabs": (choices, weights, {"index": False, "sep": "\t"}),
        "order mark": (choices, weights, {"index": False, "encoding": "utf-8-sig"}),
        "wide": (choices, wide.reset_index(), {"index": False}),
        "cases": (
            choices.rename(columns=str.title),
            weights.rename(columns=str.upper),
            {"index": False},
        ),
    }
    written = {}
    for form, (chosen, weighed, options) in forms.items():
        # The texts stay: the fixture writes them again as they are.
        texts = []
        for table in (chosen, weighed):
            path = tmp_path / "text.csv"
            table.to_csv(path, **options)
            texts.append(path.read_text(encoding="utf-8"))
        folder = replayed(*texts)
        written[form] = (folder / "scores.csv").read_text(encoding="utf-8")
        folder.rename(tmp_path / form)
    assert len(written["long"].splitlines()) == 1 + 3 * 51
    assert set(written.values()) == {written["long"]}


def test_an_empty_cell_of_wide_weights_is_as_the_framework_says(replayed: Any) -> None:
    folder = replayed(None, "replication,LPI,Flights,Conn\na,2,,\nb,0,,0.5\n", "--nodes")
    wide = node_scores(folder)
    folder.rename(folder.with_name("wide"))
    long = node_scores(
        replayed(None, "replication,node,weight\na,lpi,2\nb,lpi,0\nb,conn,0.5\n", "--nodes")
    )
    assert list(wide) == list(long) == ["a", "b"]
    for name, scores in wide.items():
        pd.testing.assert_frame_equal(scores, long[name])


def test_memory_is_bounded_by_chunks_that_change_nothing(
    replayed: Any, own_weights: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices, weights, _ = random_design(own_weights, 20)
    weights = weights.sample(frac=1, random_state=1)
    folder = replayed(choices, weights, "--nodes")
    whole = {file.name: file.read_bytes() for file in folder.iterdir()}
    folder.rename(tmp_path / "whole")
    monkeypatch.setattr(replay, "CHUNK", 51 * 60 * 3)
    folder = replayed(choices, weights, "--nodes")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == whole


def test_a_large_table_is_parquet(
    replayed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = replayed("replication,treat.method\na,none\nb,\n")
    small = pd.read_csv(folder / "scores.csv")
    folder.rename(tmp_path / "small")
    monkeypatch.setattr(replay, "MOST_LINES", 100)
    folder = replayed("replication,treat.method\na,none\nb,\n")
    pd.testing.assert_frame_equal(
        pd.read_parquet(folder / "scores.parquet"), small, check_dtype=False
    )


# What is wrong: the two files, and words of each fault.
FAULTS: dict[str, tuple[str | None, str | None, list[str]]] = {
    "names of COINr": (
        "replication,winmax,treat.winmax,$Log$Treat$global_specs$f1_para$winmax\na,1,2,3\n",
        None,
        [
            "choices.csv:1: winmax: unknown column. Write 'treat.points_max'.",
            "choices.csv:1: treat.winmax: the stage treat has no parameter 'winmax'. Write 'treat.",
            "choices.csv:1: $Log$Treat$global_specs$f1_para$winmax: unknown column. Write 'treat.",
        ],
    ),
    "names of COINr among others": (
        "replication,f_n,normalise.sd,normalise.f_n_par,f_ag\na,n_zscore,1,,a_gmean\n",
        None,
        [
            "choices.csv:1: f_n: unknown column. Write 'normalise.method'.",
            "choices.csv:1: normalise.f_n_par: the stage normalise has no parameter 'f_n_par'",
            "choices.csv:1: f_ag: unknown column. Write 'aggregate.method', or 'aggrega",
        ],
    ),
    "columns": (
        (
            "replication,normalize.method,screen.unit_coverage_min,weight.method,aggregate.method.7,"
            "aggregate.by_level,treat.points\na,,,,,,\n"
        ),
        None,
        [
            "normalize.method: unknown column. Did you mean 'normalise.method'?",
            "screen.unit_coverage_min: nothing can be chosen of this stage. Replications begin",
            "weight.method: nothing can be chosen of this stage. Write the weights",
            "aggregate.method.7: no node with children is on level '7'. Levels are 2, 3, 4",
            "aggregate.by_level: the stage aggregate has no parameter 'by_level'",
            "treat.points: the stage treat has no parameter 'points'. Did you mean 'points_max'?",
        ],
    ),
    "methods": (
        (
            "replication,normalise.method,aggregate.method.3,impute.method\n"
            "a,n_minmx,,\nb,n_zscore,a_mean,\nc,n_minmx,,none\nd,,a_genmean,i_mode\n"
        ),
        None,
        [
            (
                "choices.csv:2: normalise.method: unknown method 'n_minmx' of stage 'normalise'. "
                "Did you mean 'n_minmax'? (So in line 4.)"
            ),
            "choices.csv:3: aggregate.method.3: unknown method 'a_mean'",
            "choices.csv:5: aggregate.method.3: a_genmean needs a power on level 3. Add the",
            "choices.csv:5: impute.method: unknown method 'i_mode'",
        ],
    ),
    "parameters": (
        (
            "replication,normalise.method,normalise.score_min,normalise.sd,treat.method,"
            "treat.points_max,scale.method,transform.method\n"
            'a,n_zscore,1,-2,,many,,\nb,,200,,none,3,,\nc,,"1,5",,,2.5,,\n'
        ),
        None,
        [
            "choices.csv:2: normalise.sd: input should be greater than 0, found '-2'",
            "choices.csv:2: treat.points_max: input should be a valid integer",
            "choices.csv:3: normalise.score_min: score_min 200 is not below score_max 100",
            "choices.csv:3: treat.points_max: a parameter of a stage that is left out",
            "choices.csv:4: normalise.score_min: input should be a valid number",
            "choices.csv:4: treat.points_max: input should be a valid integer",
        ],
    ),
    "needs": (
        (
            "replication,normalise.method,normalise.reference_unit,impute.method,impute.grouping\n"
            "a,n_scaled,,,\nb,n_dist2ref,XYZ,,\nc,n_goalposts,,,\nd,,,i_median_grp,\n"
            "e,,,i_mean_grp,planet\nf,n_rank,AUS,,\n"
        ),
        None,
        [
            "choices.csv:2: normalise.method: method 'n_scaled' needs 'shift'. Add the column 'no",
            "choices.csv:3: normalise.reference_unit: 'XYZ' is not ranked in 2018",
            "choices.csv:4: normalise.method: n_goalposts needs goalpost_min of every leaf",
            "choices.csv:5: impute.method: method 'i_median_grp' needs 'grouping'",
            "choices.csv:6: impute.grouping: no unit has the grouping 'planet'",
            "choices.csv:7: normalise.reference_unit: method 'n_rank' has no parameter",
            "choices.csv:2: normalise.method: method 'n_scaled' needs 'factor'",
            "choices.csv:4: normalise.method: n_goalposts needs goalpost_max of every leaf",
        ],
    ),
    "stages": (
        "replication,scale.method,aggregate.power\na,leader_2,\nb,,2\n",
        None,
        [
            "choices.csv:2: scale.method: unknown method 'leader_2'",
            "choices.csv:3: aggregate.power: a power, but nothing is combined by a_genmean",
        ],
    ),
    "replications": (
        "replication\na\nb\na\n\nNA\n",
        "replication,node,weight\nb,lpi,1\nc,lpi,1\nc,flights,1\n",
        [
            (
                "choices.csv:2: a: the replication stands 2 times. Give each row an id of its own. "
                "(So in line 4.)"
            ),
            "choices.csv:6: replication: the cell is empty",
            "weights.csv:3: c: it is in weights.csv only. Add its rows to choices.csv, or leave",
            "choices.csv:2: a: it is in choices.csv only. Add its rows to weights.csv",
        ],
    ),
    "weights": (
        None,
        (
            'replication,iCode,Weight,Level\na,LPI,"0,5",1\na,LPY,1,1\nb,LPI,1,1\nb,lpi,2,1\n'
            "b,Index,0,4\nb,Conn,x,3\nb,Sust,inf,3\n"
        ),
        [
            "weights.csv:2: 0,5: the weight is no finite number. Write 0.5.",
            "weights.csv:3: LPY: 'asem' has no such node. Known: Bord, CO2",
            "weights.csv:7: x: the weight is no finite number",
            "weights.csv:8: inf: the weight is no finite number",
        ],
    ),
    "weights twice": (
        None,
        "replication,iCode,Weight\nb,LPI,1\nb,lpi,2\nb,Index,0\n",
        [
            "weights.csv:2: lpi: 'b' has 2 weights for it. Leave one of them. (So in line 3.)",
            "weights.csv:4: index: the index itself can't be left out",
        ],
    ),
    "sets": (
        "replication,weights\na,one\nb,too\n",
        "set,node,weight\none,lpi,1\ntwo,lpi,1\n",
        ["choices.csv:3: too: weights.csv has no such set. Known: one, two."],
    ),
    "sets nobody names": (
        "replication\na\n",
        "set,node,weight\none,lpi,1\n",
        ["weights.csv:1: set: no replication names a set. Add a column 'weights'"],
    ),
    "sets by replication": (
        "replication,weights\na,one\n",
        "replication,node,weight\na,lpi,1\n",
        ["weights.csv:1: replication: the choices name sets of weights"],
    ),
    "no sets": (
        "replication,weights\na,one\n",
        None,
        ["choices.csv:1: weights: there is no file of weights"],
    ),
    "cells": (
        "replication,treat.points_max\na\nb,1,2\nc,1\n",
        "replication,node,wgt,node\na,lpi,1,1\n",
        [
            "choices.csv:2: 1 cells, and the header has 2",
            "choices.csv:3: 3 cells, and the header has 2",
            "weights.csv:1: node: the column stands twice",
        ],
    ),
    "columns of weights": (
        None,
        "replication,nodes,weight\na,lpi,1\n",
        [
            "weights.csv:1: nodes: unknown column. Columns are replication, node, weight",
            "weights.csv:1: the column 'node' is missing",
        ],
    ),
    "row names": (
        "replication,,treat.method\na,1,\n",
        None,
        ["choices.csv:1: column 2 has no name. Name it, or leave it out."],
    ),
    "ids among row names": (
        None,
        ",node,weight\na,lpi,1\n",
        ["weights.csv:1: the column 'replication' (or 'set') is missing. Add it."],
    ),
    "wide": (
        None,
        "replication,LPI,Flihts,lpi\na,1,2,\nb,NA,,\nc,1;5,,2\n",
        [
            "weights.csv:1: Flihts: 'asem' has no such node. Did you mean 'Flights'?",
            "weights.csv:3: no node has a weight. Write one, or leave the line out",
            "weights.csv:4: 1;5: the weight is no finite number",
        ],
    ),
    "wide without replications": (
        None,
        "rep,LPI\na,1\n",
        [
            "weights.csv:1: rep: 'asem' has no such node",
            "weights.csv:1: the column 'replication' (or 'set') is missing. Add it.",
        ],
    ),
    "empty": ("", "replication,node,weight\n", ["choices.csv: the file is empty", "no row below"]),
    "nothing": (None, None, ["neither choices nor weights are given"]),
}


@pytest.mark.parametrize("case", FAULTS)
def test_every_fault_is_told_at_once_with_its_line_and_remedy(
    replayed: Any, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    choices, weights, words = FAULTS[case]
    folder = replayed(choices, weights, fails=True)
    told = capsys.readouterr().err
    for word in words:
        assert word in told
    assert len(told.splitlines()) == len(words)
    assert not folder.exists()


def test_what_is_not_in_the_release_is_told(
    replayed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    replayed("replication\na\n", None, "--framework=asm", fails=True)
    assert "There is no framework 'asm'. Did you mean 'asem'?" in capsys.readouterr().err
    replayed("replication\na\n", None, "--edition=2017", fails=True)
    assert "'asem' ranks nobody in 2017; it does in 2018." in capsys.readouterr().err
