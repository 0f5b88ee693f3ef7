"""ASEM as five editions: scores over the whole panel against an independent computation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from ingest.coinr.__main__ import main as import_coinr
from ingest.settings import PROJECT
from tools import engine

REFERENCE = PROJECT.parent / "shared" / "reference" / "coinr_asem"
pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="COINr's results are not beside the project: shared/reference"
)
GROUP = "EurAsia_group"


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Scores of all nodes by unit, edition and code, normalised over the panel."""
    catalog = tmp_path_factory.mktemp("panel") / "asem_p"
    assert (
        import_coinr(
            [
                f"--idata={REFERENCE / 'ASEM_iData_p.csv'}",
                f"--imeta={REFERENCE / 'ASEM_iMeta.csv'}",
                f"--to={catalog}",
            ]
        )
        == 0
    )
    path = catalog / "frameworks" / "asem_p.yml"
    framework = yaml.safe_load(path.read_text(encoding="utf-8"))
    framework["stages"] = [s for s in framework["stages"] if s["stage"] != "treat"]
    next(s for s in framework["stages"] if s["stage"] == "normalise")["across"] = "panel"
    path.write_text(yaml.safe_dump(framework, sort_keys=False), encoding="utf-8")
    facts = pd.read_csv(
        catalog / "sources" / "asem_p" / "idata.observation.csv", float_precision="round_trip"
    )
    con = engine.run(catalog, facts[["city_id", "indicator", "year", "value"]])
    return con.execute(
        """
        select upper(city_id) as unit, edition, code, score
        from marts.index_score
        inner join staging.stg_framework_node using (framework, node)
        """
    ).df()


def by_hand() -> pd.DataFrame:
    """The same steps in pandas."""
    data = pd.read_csv(REFERENCE / "ASEM_iData_p.csv", float_precision="round_trip")
    meta = pd.read_csv(REFERENCE / "ASEM_iMeta.csv").set_index("iCode")
    data = data.set_index(["uCode", "Time"])
    leaves = meta.index[meta["Type"] == "Indicator"]
    table = data[leaves].astype(float)
    for code in leaves[meta.loc[leaves, "Denominator"].notna()]:
        table[code] = table[code] / data[meta.loc[code, "Denominator"]]
    groups = [data[GROUP], data.index.get_level_values("Time")]
    table = table.fillna(table.groupby(groups).transform("mean"))
    table = table * meta.loc[leaves, "Direction"]
    table = 100 * (table - table.min()) / (table.max() - table.min())
    for level in (2, 3, 4):
        for node in meta.index[meta["Level"] == level]:
            table[node] = table[list(meta.index[meta["Parent"] == node])].mean(axis="columns")
    return table


def test_scores_of_five_editions_are_on_one_scale(scores: pd.DataFrame) -> None:
    found = scores.pivot(index=["unit", "edition"], columns="code", values="score")
    expected = by_hand()
    assert sorted({edition for _, edition in found.index}) == [2018, 2019, 2020, 2021, 2022]
    expected.index = expected.index.set_names(["unit", "edition"])
    expected = expected.loc[found.index, found.columns]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_the_scale_is_reached_once_in_all_editions_together(scores: pd.DataFrame) -> None:
    leaves = scores[scores["code"].isin(["LPI", "Visa", "CO2"])]
    ends = leaves.groupby("code")["score"].agg(["min", "max"])
    np.testing.assert_allclose(ends, [[0, 100]] * 3, rtol=1e-12)
    per_edition = leaves.groupby(["code", "edition"])["score"].max()
    assert (per_edition < 100).any()
