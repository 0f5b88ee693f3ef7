"""What a framework lets vary in, tables with the defaults out; errors that sources state."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest.cards import StatedError
from ingest.catalog import Catalog, load_catalog
from ingest.facts import raw_tables
from ingest.framework_cards import Framework
from ingest.framework_checks import faults_of
from ingest.framework_uncertainty import factors_of
from ingest.load import load_raw
from ingest.load_uncertainty import uncertainty_rows
from ingest.settings import Settings
from tools import engine

FAULTY = Path(__file__).parent.parent / "fixtures" / "faulty_frameworks"
LEAVES = (
    "trees_count_per_area_hectares",
    "trees_count",
    "yield_tonnes",
    "rot_count",
    "presses_count",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The catalog of the faulty frameworks, with the good one only."""
    return copied(tmp_path / "orchards")


def copied(folder: Path) -> Path:
    shutil.copytree(FAULTY, folder, ignore=shutil.ignore_patterns("frameworks"))
    (folder / "frameworks").mkdir()
    shutil.copy(FAULTY / "frameworks" / "good.yml", folder / "frameworks")
    return folder


def changed(folder: Path, name: str = "good", **changes: Any) -> Catalog:
    """The catalog with keys of a framework changed, which must be sound."""
    path = folder / "frameworks" / f"{name}.yml"
    data = {"framework": name, "title": name, "variant_of": "good"}
    if path.exists():
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**data, **changes}, sort_keys=False), encoding="utf-8")
    catalog = load_catalog([folder])
    assert catalog.errors == (), "\n".join(map(str, catalog.errors))
    return catalog


def table(catalog: Catalog, name: str, framework: str = "good") -> list[dict[str, Any]]:
    """Rows of a raw table of a framework, without what is empty."""
    table = f"framework_{name}"
    columns = list(raw_tables()[table]["columns"])
    rows = [dict(zip(columns, row, strict=True)) for row in uncertainty_rows(catalog)[table]]
    return [
        {k: v for k, v in row.items() if v is not None and k != "framework"}
        for row in rows
        if row["framework"] == framework
    ]


def alternatives(catalog: Catalog, factor: str, framework: str = "good") -> list[dict[str, Any]]:
    rows = [row for row in table(catalog, "alternative", framework) if row["factor"] == factor]
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    return [{k: v for k, v in row.items() if k not in ("factor", "position")} for row in rows]


def factors(catalog: Catalog, framework: str = "good") -> list[str]:
    return [row["factor"] for row in table(catalog, "factor", framework)]


WINSORISED = {
    "method": "winsorise",
    "across": "edition",
    "skewness_max": 2.0,
    "kurtosis_max": 3.5,
    "points_max": 5,
    "fallback": "log_CT",
}
MINMAX = {"method": "n_minmax", "across": "edition", "score_min": 0.0, "score_max": 100.0}
ZSCORE = {"method": "n_zscore", "across": "edition", "mean": 50.0, "sd": 15.0}


# ---------------------------------------------------------------- what a file states


def test_what_is_stated_and_what_is_not(folder: Path) -> None:
    catalog = changed(
        folder,
        uncertainty={
            "replications": 2000,
            "seed": 7,
            "samples": 64,
            "factors": [
                {
                    "factor": "scores",
                    "title": "Which scores",
                    "reason": "Who knows.",
                    "stage": "normalise",
                    "alternatives": [
                        {"method": "n_zscore", "mean": 50, "sd": 15},
                        {"method": "n_scaled", "shift": 3, "factor": 4},
                    ],
                },
                {"factor": "land_weights", "dirichlet": 50, "level": 1},
                {"factor": "top_weights", "weight_noise": 0.25, "level": 2},
                {"factor": "left_out", "leave_out": 2},
                {
                    "factor": "means",
                    "stage": "aggregate",
                    "level": 3,
                    "alternatives": [{"method": "a_genmean", "power": 2}],
                },
            ],
        },
    )
    assert table(catalog, "uncertainty") == [{"n_replications": 2000, "seed": 7, "n_samples": 64}]
    assert table(catalog, "factor") == [
        {
            "factor": "scores",
            "position": 1,
            "title": "Which scores",
            "kind": "stage",
            "stage": "normalise",
            "reason": "Who knows.",
        },
        {
            "factor": "land_weights",
            "position": 2,
            "title": "Land weights",
            "kind": "dirichlet",
            "level": 1,
            "concentration": 50.0,
        },
        {
            "factor": "top_weights",
            "position": 3,
            "title": "Top weights",
            "kind": "weight_noise",
            "level": 2,
            "noise": 0.25,
        },
        {
            "factor": "left_out",
            "position": 4,
            "title": "Left out",
            "kind": "left_out",
            "level": 2,
        },
        {
            "factor": "means",
            "position": 5,
            "title": "Means",
            "kind": "stage",
            "stage": "aggregate",
            "level": 3,
        },
    ]
    assert alternatives(catalog, "scores") == [
        MINMAX,
        ZSCORE,
        {"method": "n_scaled", "shift": 3.0, "divisor": 4.0},
    ]
    assert alternatives(catalog, "means") == [
        {"method": "a_amean"},
        {"method": "a_genmean", "power": 2.0},
    ]
    with duckdb.connect() as con:
        load_raw(con, catalog, Settings(home=Path("/nowhere"), catalog=()))
        for name, rows in uncertainty_rows(catalog).items():
            assert con.execute(f"from raw.{name}").fetchall() == rows


def test_the_own_choice_of_a_stage_that_is_not_there_and_of_nodes_that_differ(
    folder: Path,
) -> None:
    changed(folder)
    catalog = changed(
        folder,
        "other",
        without_stages=["treat"],
        nodes={"land": {"aggregation": "a_median"}},
        uncertainty={
            "factors": [
                {
                    "factor": "treatment",
                    "stage": "treat",
                    "alternatives": [{"method": "winsorise"}],
                },
                {
                    "factor": "means",
                    "stage": "aggregate",
                    "alternatives": [{"method": "a_copeland"}],
                },
            ]
        },
    )
    assert alternatives(catalog, "treatment", "other") == [{"method": "none"}, WINSORISED]
    # a mean of some nodes and a median of others is none of the methods
    assert alternatives(catalog, "means", "other") == [{}, {"method": "a_copeland"}]


def test_nothing_may_vary(folder: Path) -> None:
    catalog = changed(folder, uncertainty={"factors": []})
    assert table(catalog, "factor") == table(catalog, "alternative") == []
    assert table(catalog, "uncertainty") == [{"n_replications": 10000, "seed": 1, "n_samples": 512}]


# ---------------------------------------------------------------- defaults


def test_the_default_factors(folder: Path) -> None:
    catalog = changed(folder)
    assert [(row["factor"], row["kind"], row.get("level")) for row in table(catalog, "factor")] == [
        ("treatment", "stage", None),
        ("normalisation", "stage", None),
        ("imputation", "stage", None),
        ("weights", "weight_noise", None),
        ("left_out_indicator", "left_out", 1),
    ]
    assert alternatives(catalog, "treatment") == [WINSORISED, {"method": "none"}]
    assert alternatives(catalog, "normalisation") == [MINMAX, ZSCORE]
    assert [row["method"] for row in alternatives(catalog, "imputation")] == [
        "i_median_grp",
        "i_median",
    ]


@pytest.mark.parametrize(
    ("normalise", "aggregate", "other_scores", "other_mean"),
    [
        ({"method": "n_minmax", "across": "panel"}, {}, ZSCORE | {"across": "panel"}, None),
        ({"method": "n_zscore"}, {}, MINMAX, None),
        # scores from 1 up: ranks stay above zero, and so a geometric mean may be tried
        (
            {"method": "n_minmax", "score_min": 1},
            {},
            {"method": "n_rank", "across": "edition"},
            "a_gmean",
        ),
        ({"method": "n_rank"}, {}, MINMAX | {"score_min": 1.0}, "a_gmean"),
        (
            {"method": "n_minmax", "score_min": 1},
            {"by_level": {3: "a_gmean"}},
            {"method": "n_rank", "across": "edition"},
            "a_amean",
        ),
        # a mean of positive scores below the root counts as well
        (
            {"method": "n_fracmax"},
            {"by_level": {2: "a_hmean"}},
            MINMAX | {"score_min": 1.0},
            None,
        ),
        ({"method": "n_prank"}, {"by_level": {3: "a_copeland"}}, MINMAX, "a_amean"),
    ],
)
def test_default_alternatives_are_such_that_every_mean_is_defined(
    folder: Path,
    normalise: dict[str, Any],
    aggregate: dict[str, Any],
    other_scores: dict[str, Any],
    other_mean: str | None,
) -> None:
    changed(folder)
    stages = [
        {"stage": "normalise", **normalise},
        {"stage": "aggregate", "method": "a_amean", **aggregate},
    ]
    catalog = changed(folder, "other", stages=stages)
    assert alternatives(catalog, "normalisation", "other")[1] == other_scores
    means = alternatives(catalog, "aggregation", "other")
    assert [row["method"] for row in means[1:]] == ([other_mean] if other_mean else [])


def test_an_index_of_one_indicator_has_no_weights_to_vary(folder: Path) -> None:
    index = {
        "node": "one",
        "children": [{"node": "part", "children": [{"indicator": "rot_count"}]}],
    }
    catalog = changed(folder, index=index)
    assert factors(catalog) == ["treatment", "normalisation", "imputation"]


NORMALISATIONS: dict[str, dict[str, float]] = {
    "n_minmax": {"score_min": 1},
    "n_goalposts": {},
    "n_zscore": {"mean": 0},
    "n_rank": {},
    "n_prank": {},
    "n_borda": {},
    "n_dist2max": {},
    "n_dist2targ": {},
    "n_fracmax": {},
    "n_scaled": {"shift": 1, "factor": 2},
}


@settings(max_examples=100, deadline=None)
@given(
    method=st.sampled_from(sorted(NORMALISATIONS)),
    with_parameters=st.booleans(),
    means=st.tuples(
        *[st.sampled_from(["a_amean", "a_gmean", "a_hmean", "a_median", "a_copeland"])] * 2
    ),
    weighting=st.sampled_from(["given", "equal", "pca"]),
    without=st.sets(st.sampled_from(["impute", "transform", "treat", "scale", "weight"])),
)
def test_default_factors_could_be_written_into_any_framework(
    method: str,
    with_parameters: bool,
    means: tuple[str, str],
    weighting: str,
    without: set[str],
) -> None:
    data = yaml.safe_load((FAULTY / "frameworks" / "good.yml").read_text(encoding="utf-8"))
    parameters = NORMALISATIONS[method] if with_parameters or method == "n_scaled" else {}
    own: dict[str, dict[str, Any]] = {
        "normalise": {"method": method, **parameters},
        "aggregate": {"method": means[0], "by_level": {3: means[1]}},
        "weight": {"method": weighting},
    }
    data["stages"] = [
        {"stage": stage["stage"], **own.get(stage["stage"], stage)}
        for stage in data["stages"]
        if stage["stage"] not in without
    ]
    for branch in data["index"]["children"]:
        for leaf in branch["children"]:
            leaf |= {"goalpost_min": 1, "goalpost_max": 9, "target": 9}
            if "transform" in without:
                leaf.pop("transform", None)
    framework = Framework.model_validate(data)
    assume(not faults_of(framework))
    factors = factors_of(framework, n_experts=0, are_errors_stated=False)
    assert {"weights", "left_out_indicator"} < {factor.factor for factor in factors}
    stated = [factor.model_dump(exclude_defaults=True) for factor in factors]
    data["uncertainty"] = {"factors": stated}
    assert faults_of(Framework.model_validate(data)) == []


# ---------------------------------------------------------------- variants


BLOCK = {
    "seed": 5,
    "factors": [
        {
            "factor": "scores",
            "stage": "normalise",
            "alternatives": [{"method": "n_zscore"}, {"method": "n_rank"}],
        },
        {"factor": "shape", "stage": "transform", "alternatives": [{"method": "none"}]},
        {"factor": "top", "weight_noise": 0.1, "level": 2},
    ],
}


def test_a_variant_has_the_factors_of_its_base_as_far_as_they_fit(folder: Path) -> None:
    changed(folder, uncertainty=BLOCK)
    catalog = changed(folder, "same")
    for name in ("uncertainty", "factor", "alternative"):
        assert table(catalog, name, "same") == table(catalog, name, "good") != []
    stages = [{"stage": "normalise", "method": "n_zscore"}]
    catalog = changed(folder, "other", stages=stages, without_stages=["transform"])
    # the base's own choice stands for the alternative that is the variant's own
    assert [row["method"] for row in alternatives(catalog, "scores", "other")] == [
        *["n_zscore", "n_minmax", "n_rank"],
    ]
    assert factors(catalog, "other") == ["scores", "top"], "no leaf has a transform any more"
    index = {"node": "other", "children": [{"indicator": "rot_count"}]}
    catalog = changed(folder, "other", index=index)
    assert factors(catalog, "other") == ["scores"], "there is no level 2 below the root"


def test_a_variant_drops_alternatives_that_its_means_are_not_defined_for(folder: Path) -> None:
    changed(folder, uncertainty=BLOCK)
    stages = [
        {"stage": "normalise", "method": "n_minmax", "score_min": 1},
        {"stage": "aggregate", "method": "a_gmean"},
    ]
    catalog = changed(folder, "other", stages=stages)
    assert [
        (row["method"], row.get("score_min")) for row in alternatives(catalog, "scores", "other")
    ] == [
        ("n_minmax", 1.0),
        ("n_rank", None),
    ]


def test_a_block_of_its_own_takes_the_place_of_the_base_s(folder: Path) -> None:
    changed(folder, uncertainty=BLOCK)
    catalog = changed(folder, "other", uncertainty={"factors": []})
    assert factors(catalog, "other") == []
    catalog = changed(folder, "other", uncertainty={"replications": 500})
    assert table(catalog, "uncertainty", "other")[0]["seed"] == 1
    assert factors(catalog, "other")[:2] == ["treatment", "normalisation"]
    assert catalog.frameworks["other"].description.endswith("Changed: its own uncertainty.")


# ---------------------------------------------------------------- experts


def test_weights_by_each_expert_alone(folder: Path) -> None:
    tables = folder / "frameworks" / "other"
    tables.mkdir()
    (tables / "budget_allocation.csv").write_text(
        "expert,node,points\n"
        "ann,yield_tonnes,60\nann,rot_count,30\nann,presses_count,10\n"
        "bob,yield_tonnes,1\nbob,rot_count,0\nbob,presses_count,3\n"
    )
    (tables / "pairwise_comparisons.csv").write_text(
        "expert,node,compared_node,importance\n"
        f"ann,{LEAVES[0]},{LEAVES[1]},3\ncho,{LEAVES[0]},{LEAVES[1]},1/4\n"
    )
    nodes = {"fruit": {"weighting": "budget_allocation"}, "land": {"weighting": "ahp"}}
    catalog = changed(folder, "other", nodes=nodes)
    found = {
        (row["expert"], row["node"]): row["weight"]
        for row in table(catalog, "expert_weight", "other")
    }
    assert found == pytest.approx(
        {
            ("ann", "yield_tonnes"): 0.6,
            ("ann", "rot_count"): 0.3,
            ("ann", "presses_count"): 0.1,
            ("ann", LEAVES[0]): 0.75,
            ("ann", LEAVES[1]): 0.25,
            ("bob", "yield_tonnes"): 0.25,
            ("bob", "rot_count"): 0.0,
            ("bob", "presses_count"): 0.75,
            ("cho", LEAVES[0]): 0.2,
            ("cho", LEAVES[1]): 0.8,
        }
    )
    assert "experts" in factors(catalog, "other")
    assert factors(catalog) and "experts" not in factors(catalog), "the base asks no expert"
    # one expert is no choice
    (tables / "pairwise_comparisons.csv").unlink()
    rows = (tables / "budget_allocation.csv").read_text().splitlines()[:4]
    (tables / "budget_allocation.csv").write_text("\n".join(rows))
    catalog = changed(folder, "other", nodes={"fruit": {"weighting": "budget_allocation"}})
    assert "experts" not in factors(catalog, "other")


# ---------------------------------------------------------------- errors of figures


def stated(**way: Any) -> dict[str, Any]:
    return {"indicator": "yield_tonnes", "quote": "within 5 %", "locator": "page 3", **way}


@pytest.mark.parametrize(
    ("way", "sd_pct"),
    [
        ({"sd_pct": 2.5}, 2.5),
        # two standard normal deviations hold 95.44997 %
        ({"interval_pct": 5, "confidence_pct": 95.449973610364}, 2.5),
        ({"interval_pct": 5, "confidence_pct": 90}, 5 / 1.6448536269514722),
        # lognormal: the interval from 1/e to e is that of 1 standard deviation of the logarithm
        ({"factor": math.e, "confidence_pct": 68.26894921370859}, 100 * math.sqrt(math.e - 1)),
    ],
)
def test_a_stated_error_as_a_relative_standard_deviation(
    way: dict[str, float], sd_pct: float
) -> None:
    assert StatedError(**stated(**way)).error_sd_pct == pytest.approx(sd_pct, rel=1e-9)


def with_errors(folder: Path, *errors: dict[str, Any]) -> Catalog:
    path = folder / "sources" / "survey.yml"
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**card, "errors": list(errors)}), encoding="utf-8")
    return load_catalog([folder])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (stated(), "one way: sd_pct, interval_pct or factor"),
        (stated(sd_pct=1, factor=2, confidence_pct=90), "one way: sd_pct, interval_pct or factor"),
        (stated(interval_pct=5), "hold at a confidence_pct"),
        (stated(sd_pct=5, confidence_pct=90), "sd_pct has none"),
        (stated(factor=0.5, confidence_pct=90), "greater than 1"),
        (stated(interval_pct=5, confidence_pct=100), "less than 100"),
        (stated(sd_pct=1, quote="x" * 201), "at most 200 characters"),
        ({"indicator": "yield_tonnes", "sd_pct": 1, "locator": "page 3"}, "'quote' is missing"),
        (stated(sd_pct=1, indicator="yeild_tonnes"), "unknown indicator 'yeild_tonnes'"),
    ],
)
def test_a_faulty_error_of_figures(folder: Path, error: dict[str, Any], message: str) -> None:
    told = with_errors(folder, error).errors
    assert message in told[0].message
    text = (folder / "sources" / "survey.yml").read_text(encoding="utf-8").splitlines()
    lines = range(text.index("errors:") + 2, text.index("errors:") + 10)
    assert told[0].file.endswith("survey.yml")
    assert told[0].line in lines


def test_an_indicator_has_one_stated_error(folder: Path) -> None:
    told = with_errors(folder, stated(sd_pct=1), stated(sd_pct=2)).errors
    assert "two errors of one kind: yield_tonnes" in told[0].message


def test_figures_vary_where_their_source_states_an_error(folder: Path) -> None:
    assert with_errors(folder, stated(sd_pct=2)).errors == ()
    catalog = changed(folder)
    assert factors(catalog)[-1] == "figures"
    with duckdb.connect() as con:
        load_raw(con, catalog, Settings(home=Path("/nowhere"), catalog=()))
        assert con.execute("from raw.source_error").fetchall() == [
            ("survey", "yield_tonnes", 2.0, "within 5 %", "page 3")
        ]
    block = {"factors": [{"factor": "exactness", "vary": "observation_error"}]}
    assert factors(changed(folder, uncertainty=block)) == ["exactness"]
    # a variant without the indicator has nothing that could vary, and is not told off for it
    other = changed(folder, "other", without_nodes=["yield_tonnes"])
    assert factors(other, "other") == []


def test_a_release_says_nothing_of_an_error_that_only_a_private_source_states(
    folder: Path, tmp_path: Path
) -> None:
    block = {"factors": [{"factor": "exactness", "vary": "observation_error"}]}
    path = folder / "frameworks" / "good.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**data, "uncertainty": block}), encoding="utf-8")
    private = tmp_path / "private"
    (private / "sources").mkdir(parents=True)
    card = yaml.safe_load((folder / "sources" / "survey.yml").read_text(encoding="utf-8"))
    card |= {"id": "own", "private": True, "errors": [stated(sd_pct=2)]}
    (private / "sources" / "own.yml").write_text(yaml.safe_dump(card), encoding="utf-8")
    indicators = yaml.safe_load((folder / "indicators.yml").read_text(encoding="utf-8"))
    (own,) = [x for x in indicators["indicators"] if x["indicator"] == "yield_tonnes"]
    own["sources"] = ["own", "survey"]
    text = yaml.safe_dump({"units": indicators["units"], "indicators": [own]})
    (private / "indicators.yml").write_text(text, encoding="utf-8")
    catalog = load_catalog([folder, private])
    assert catalog.errors == ()
    assert factors(catalog) == ["exactness"]
    assert catalog.public.errors == ()
    assert factors(catalog.public) == []


def test_an_error_of_a_denominator_or_of_a_part_counts(folder: Path) -> None:
    assert with_errors(folder, stated(sd_pct=2, indicator="area_hectares")).errors == ()
    assert "figures" in factors(changed(folder))
    index = {
        "node": "good",
        "children": [{"indicator": "trees_per_hectare"}, {"indicator": "rot_count"}],
    }
    path = folder / "indicators.yml"
    derived = (
        "  - {indicator: trees_per_hectare, title: Density, theme: orchard, unit: per_hectare, "
        "direction: higher, measures: intensity, scope: whole_orchard, definition: Made up., "
        "derive: {ratio: {numerator: trees_count, denominator: area_hectares}}}\n"
    )
    path.write_text(path.read_text(encoding="utf-8") + derived, encoding="utf-8")
    assert "figures" in factors(changed(folder, index=index))


def test_the_errors_of_the_figures_of_an_index(folder: Path) -> None:
    with_errors(folder, stated(sd_pct=3, indicator="trees_count"), stated(sd_pct=4))
    path = folder / "sources" / "survey.yml"
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    card["errors"].append(stated(sd_pct=4, indicator="area_hectares"))
    path.write_text(yaml.safe_dump(card), encoding="utf-8")
    figures = pd.DataFrame(
        [
            (city, indicator, year, 10.0, source)
            for city, source in (("xo_amber", "survey"), ("xo_birch", "another"))
            for indicator, year in (("trees_count", 2023), ("area_hectares", 2022))
        ],
        columns=["city_id", "indicator", "year", "value", "source_id"],
    )
    con = engine.run(folder, figures, ["int_index_error"])
    found = con.execute(
        "select edition, city_id, node, error_sd_pct from intermediate.int_index_error order by all"
    ).fetchall()
    # the area of 2022 stands in for 2023; what the other source says is exact
    assert found == [
        (2023, "xo_amber", "trees_count", 3.0),
        (2023, "xo_amber", "trees_count_per_area_hectares", 5.0),
    ]
