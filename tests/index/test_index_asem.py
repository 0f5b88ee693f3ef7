"""COINr's ASEM index, brought in and built by the ordinary pipeline, agrees with COINr."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from ingest.coinr.__main__ import main as import_coinr
from ingest.settings import PROJECT, Settings
from orchestration.build import WAREHOUSE
from publish.coinr import export
from tests.conftest import Home

REFERENCE = PROJECT.parent / "shared" / "reference" / "coinr_asem"
RELATIVE = 1e-9
pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="COINr's results are not beside the project: shared/reference"
)
VARIANTS = {
    "asem_zscore": {"normalise": {"method": "n_zscore", "mean": 0, "sd": 1}},
    "asem_rank": {"normalise": {"method": "n_rank"}},
    "asem_dist2max": {"normalise": {"method": "n_dist2max"}},
    "asem_gmean": {
        "normalise": {"method": "n_minmax", "score_min": 1, "score_max": 100},
        "aggregate": {"method": "a_gmean", "missing_children": "share"},
    },
}


def bring_in(folder: Path, data: str = "ASEM_iData.csv", *options: str) -> Path:
    code = import_coinr(
        [
            f"--idata={REFERENCE / data}",
            f"--imeta={REFERENCE / 'ASEM_iMeta.csv'}",
            f"--to={folder}",
            *options,
        ]
    )
    assert code == 0
    return folder


def add_variants(catalog: Path) -> None:
    """Frameworks that differ from asem in the stages given."""
    for name, stages in VARIANTS.items():
        variant = {
            "framework": name,
            "variant_of": "asem",
            "title": name,
            "stages": [{"stage": stage, **changed} for stage, changed in stages.items()],
        }
        path = catalog / "frameworks" / f"{name}.yml"
        path.write_text(yaml.safe_dump(variant, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Path:
    """The release of asem and its variants, by the main job."""
    folder = tmp_path_factory.mktemp("asem")
    catalog = bring_in(folder / "asem")
    add_variants(catalog)
    home = Home(Settings(home=folder / "home", catalog=(catalog,)), instance)
    result = home.run()
    assert result.success, [e.message for e in result.all_events if e.is_step_failure]
    return home.settings.current / WAREHOUSE


@pytest.fixture(scope="module")
def exported(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of COINr's tables, by framework."""
    folder = tmp_path_factory.mktemp("exported")
    for name in ("asem", *VARIANTS):
        export(release, name, folder / name)
    return {name: folder / name for name in ("asem", *VARIANTS)}


def query(release: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(release), read_only=True) as con:
        return con.execute(sql).df()


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path).set_index("uCode").sort_index()


def assert_same(found: pd.DataFrame, expected: pd.DataFrame, columns: Sequence[str] = ()) -> None:
    """Equal to 1e-9 relative, cell by cell; a sum of round-off counts as the zero that it is."""
    names = list(columns or expected.columns)
    assert sorted(found.columns) == sorted(names)
    assert list(found.index) == list(expected.index)
    for name in names:
        np.testing.assert_allclose(
            found[name], expected[name], rtol=RELATIVE, atol=1e-12, err_msg=name
        )


@pytest.mark.parametrize(
    ("stage", "ours"),
    [
        ("stage1_Raw", "Raw"),
        ("stage2_Denominated", "Denominated"),
        ("stage3_Imputed", "Imputed"),
        ("stage4_Screened", "Screened"),
        ("stage5_Treated", "Treated"),
        ("stage6_Normalised", "Normalised"),
        ("stage7_Aggregated", "Aggregated"),
    ],
)
def test_every_stage_is_that_of_coinr(exported: dict[str, Path], stage: str, ours: str) -> None:
    assert_same(table(exported["asem"] / f"{ours}.csv"), table(REFERENCE / f"{stage}.csv"))


def test_every_rank_is_that_of_coinr(exported: dict[str, Path]) -> None:
    found = table(exported["asem"] / "results_ranks.csv")
    expected = table(REFERENCE / "results_full_ranks.csv")
    pd.testing.assert_frame_equal(found[expected.columns], expected)


@pytest.mark.parametrize(
    ("file", "framework", "ours"),
    [
        ("norm_alt_n_zscore", "asem_zscore", "Normalised"),
        ("norm_alt_n_rank", "asem_rank", "Normalised"),
        ("norm_alt_n_dist2max", "asem_dist2max", "Normalised"),
        ("agg_alt_1_100_a_gmean", "asem_gmean", "Aggregated"),
    ],
)
def test_other_methods_stand_beside_it(
    exported: dict[str, Path], file: str, framework: str, ours: str
) -> None:
    assert_same(table(exported[framework] / f"{ours}.csv"), table(REFERENCE / f"{file}.csv"))


def test_weights_are_those_of_coinr(exported: dict[str, Path]) -> None:
    found = pd.read_csv(exported["asem"] / "effective_weights.csv").set_index("iCode")
    expected = pd.read_csv(REFERENCE / "effective_weights.csv").set_index("iCode")
    assert set(found.index) == set(expected.index)
    effective = found.loc[expected.index, "EffWeight"]
    np.testing.assert_allclose(effective, expected["EffWeight"], rtol=RELATIVE)
    # Of the given weights the shares among siblings count.
    meta = pd.read_csv(exported["asem"] / "iMeta.csv").set_index("iCode")
    given = pd.read_csv(REFERENCE / "weights_original.csv").set_index("iCode")["Weight"]
    siblings = meta.loc[given.index, "Parent"].fillna("")
    shares = given / given.groupby(siblings).transform("sum")
    np.testing.assert_allclose(found.loc[given.index, "Weight"], shares, rtol=RELATIVE)


def test_outliers_are_found_and_treated_as_by_coinr(release: Path) -> None:
    found = query(
        release,
        """
        select code as iCode, is_passed_before, skewness_before, kurtosis_before,
            n_winsorised_low + n_winsorised_high as n_winsorised, is_passed_winsorised,
            skewness_winsorised, kurtosis_winsorised
        from marts.index_treatment
        inner join marts.framework_node using (framework, node)
        where framework = 'asem'
        """,
    ).set_index("iCode")
    expected = pd.read_csv(REFERENCE / "treat_dets_table.csv").set_index("iCode")
    found = found.loc[expected.index]
    assert len(expected) == 49
    pairs = {
        "is_passed_before": "check_SkewKurt0.Pass",
        "skewness_before": "check_SkewKurt0.Skew",
        "kurtosis_before": "check_SkewKurt0.Kurt",
    }
    again = {
        "n_winsorised": "winsorise.nwin",
        "is_passed_winsorised": "check_SkewKurt1.Pass",
        "skewness_winsorised": "check_SkewKurt1.Skew",
        "kurtosis_winsorised": "check_SkewKurt1.Kurt",
    }
    for ours, theirs in pairs.items():
        np.testing.assert_allclose(
            found[ours].astype(float), expected[theirs].astype(float), rtol=RELATIVE, err_msg=ours
        )
    # What passes is not treated: COINr leaves the rest of its row empty.
    treated = expected["winsorise.nwin"].notna()
    assert treated.sum() == 15
    for ours, theirs in again.items():
        np.testing.assert_allclose(
            found.loc[treated, ours].astype(float),
            expected.loc[treated, theirs].astype(float),
            rtol=RELATIVE,
            err_msg=ours,
        )


def test_cronbachs_alpha_is_that_of_coinr(release: Path) -> None:
    found = query(
        release,
        """
        select code, alpha_raw, alpha_normalised
        from marts.index_reliability
        inner join marts.framework_node using (framework, node)
        where framework = 'asem'
        """,
    ).set_index("code")
    expected = pd.read_csv(REFERENCE / "cronbach.csv").set_index("group")
    for ours, theirs in (("alpha_raw", "alpha"), ("alpha_normalised", "alpha_norm")):
        np.testing.assert_allclose(
            found.loc[expected.index, ours], expected[theirs], rtol=RELATIVE, err_msg=ours
        )


def test_variants_are_compared_with_the_index(release: Path) -> None:
    found = query(
        release,
        """
        select compared_framework, framework, count(*) as n
        from marts.framework_comparison
        where compared_framework = 'asem' or framework = 'asem'
        group by all
        """,
    )
    assert {*found["framework"], *found["compared_framework"]} == {"asem", *VARIANTS}
    assert set(found["n"]) == {51}


def test_what_goes_out_comes_in_as_the_same_catalog(
    release: Path, exported: dict[str, Path], tmp_path: Path
) -> None:
    first = bring_in(tmp_path / "first" / "asem")
    out = exported["asem"]
    again = tmp_path / "again" / "asem"
    assert (
        import_coinr([f"--idata={out}/iData.csv", f"--imeta={out}/iMeta.csv", f"--to={again}"]) == 0
    )

    def units(folder: Path) -> pd.DataFrame:
        cities = pd.read_csv(folder / "cities.csv").set_index("city_id")
        return cities.sort_index().sort_index(axis="columns")

    def facts(folder: Path) -> pd.DataFrame:
        columns = ["indicator", "city_id", "year", "value", "printed_value", "printed_unit"]
        return pd.read_csv(folder / "sources" / "asem" / "idata.observation.csv")[columns]

    pd.testing.assert_frame_equal(units(again), units(first))
    pd.testing.assert_frame_equal(facts(again), facts(first))
    texts = [(f / "frameworks" / "asem.yml").read_text(encoding="utf-8") for f in (first, again)]
    assert texts[0] == texts[1]


def test_the_tables_pass_what_new_coin_asks_for(exported: dict[str, Path]) -> None:
    """The conditions of check_iData and check_iMeta, on what R would read."""
    data = pd.read_csv(exported["asem"] / "iData.csv")
    meta = pd.read_csv(exported["asem"] / "iMeta.csv")
    tree = meta[meta["Type"].isin(["Indicator", "Aggregate"])].set_index("iCode")
    assert set(data.columns) - {"uCode", "uName", "Time"} == set(
        meta.loc[meta["Type"] != "Aggregate", "iCode"]
    )
    assert meta["iCode"].is_unique and data["uCode"].is_unique
    assert not set(data["uCode"]) & set(data.columns)
    indicators = tree.index[tree["Type"] == "Indicator"]
    assert all(pd.api.types.is_numeric_dtype(data[code]) for code in indicators)
    for column in ("Level", "Direction", "Weight"):
        assert pd.api.types.is_numeric_dtype(meta[column]) and tree[column].notna().all()
    assert tree.loc[indicators, "Target"].notna().all()
    below = tree[tree["Parent"].notna()]
    assert (tree.loc[below["Parent"], "Level"].to_numpy() == below["Level"] + 1).all()
    assert list(tree.index[tree["Parent"].isna()]) == ["Index"]


def test_no_check_keeps_it_from_being_published(release: Path) -> None:
    assert query(release, "select * from raw.catalog_error").empty
    checks = query(release, "select * from audit.check_result")
    failed = checks[~checks["passed"]]
    # That two of its indicators go together is what the audit is there to say.
    assert set(failed["check_name"]) <= {"weight_is_not_counted_twice"}
