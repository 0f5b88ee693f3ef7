"""The audit of an index agrees with pandas and NumPy, and Cronbach's alpha with COINr."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from ingest.coinr.__main__ import main as import_coinr
from ingest.coinr.catalog import indicator_code
from ingest.coinr.files import identifier, read_coin
from ingest.settings import PROJECT
from publish import index_queries, index_report
from tests.publish.html_page import Page
from tools import engine

REFERENCE = PROJECT.parent / "shared" / "reference" / "coinr_asem"
MODELS = (
    "index_statistic",
    "index_node_correlation",
    "index_reliability",
    "index_pca",
    "index_strength",
    "index_peer",
    "index_profile",
    "index_correlation",
    "index_weight",
    "index_treatment",
    "index_treated_point",
    "framework",
    "framework_node",
    "framework_agreement",
)
Con = duckdb.DuckDBPyConnection


def asem(folder: Path) -> Con:
    if not REFERENCE.is_dir():
        pytest.skip("COINr's results are not beside the project: shared/reference")
    data, meta = REFERENCE / "ASEM_iData.csv", REFERENCE / "ASEM_iMeta.csv"
    catalog = folder / "asem"
    assert import_coinr([f"--idata={data}", f"--imeta={meta}", f"--to={catalog}"]) == 0
    coin = read_coin(data, meta)
    wide = pd.read_csv(data).set_index("uCode")
    codes = {code: indicator_code(coin.meta[code], coin) for code in coin.figures}
    figures = (
        wide[list(codes)]
        .rename(columns=codes)
        .melt(ignore_index=False, var_name="indicator", value_name="value")
        .reset_index()
    )
    figures["city_id"] = figures["uCode"].map(identifier)
    figures["year"] = 2018
    return engine.run(catalog, figures[["city_id", "indicator", "year", "value"]], MODELS)


def random_index(folder: Path) -> Con:
    """Three levels, gaps, ties, an indicator that never varies and one child alone."""
    random = np.random.default_rng(5)
    cities = [f"c{i:02}" for i in range(25)]
    names = [f"x{i}_index" for i in range(7)]
    values = random.lognormal(size=(25, 7)).round(1)
    values[:, 1] = values[:, 0] + 0.01 * random.normal(size=25)
    values[:, 5] = 4
    values[:15, 3] = 0
    values[random.random(values.shape) < 0.15] = np.nan
    framework = {
        "framework": "index",
        "title": "Index",
        "description": "Made up.",
        "measures": "mixed",
        "flagship": True,
        "universe": {"countries": ["XX"]},
        "editions": [{"edition": 2020, "max_age_years": 0}],
        "stages": [
            {"stage": "select", "method": "newest"},
            {"stage": "screen", "method": "by_coverage", "dimension_coverage_min": 0},
            {"stage": "treat", "method": "winsorise"},
            {"stage": "normalise", "method": "n_minmax"},
            {"stage": "aggregate", "method": "a_amean"},
        ],
        "index": {
            "node": "index",
            "title": "Index",
            "children": [
                {"node": "a", "title": "A", "children": [{"indicator": n} for n in names[:3]]},
                {"node": "b", "title": "B", "children": [{"indicator": n} for n in names[3:6]]},
                {"node": "c", "title": "C", "children": [{"indicator": names[6]}]},
            ],
        },
    }
    directions = dict.fromkeys(names, "higher") | {"x2_index": "lower"}
    catalog = engine.write_catalog(
        folder / "random", pd.DataFrame({"city_id": cities}), directions, framework
    )
    figures = pd.DataFrame(values, index=cities, columns=names)
    long = figures.melt(ignore_index=False, var_name="indicator", value_name="value")
    long = long.rename_axis("city_id").reset_index().assign(year=2020)
    return engine.run(catalog, long, MODELS)


@pytest.fixture(scope="module", params=[asem, random_index], ids=["asem", "random"])
def con(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Con:
    build: Callable[[Path], Con] = request.param
    return build(tmp_path_factory.mktemp("audit"))


def wide(con: Con, table: str, value: str, where: str = "true") -> pd.DataFrame:
    rows = con.sql(f"select city_id, node, {value} as v from {table} where {where}").df()
    return rows.pivot(index="city_id", columns="node", values="v")


def scores(con: Con) -> pd.DataFrame:
    frame = wide(con, "intermediate.int_index_aggregated", "score")
    return frame.dropna(axis=1, how="all").dropna(how="all")


def rows(con: Con, table: str, **where: str) -> pd.DataFrame:
    condition = " and ".join(f"{column} = '{value}'" for column, value in where.items())
    return con.sql(f"select * from marts.{table} where {condition or 'true'}").df()


def parents(con: Con) -> dict[str, list[str]]:
    nodes = con.sql("select parent, node from staging.stg_framework_node order by position").df()
    return nodes.dropna().groupby("parent")["node"].apply(list).to_dict()


def tree_order(tree: dict[str, list[str]], children: list[str]) -> list[str]:
    return [node for nodes in tree.values() for node in nodes if node in children]


@pytest.mark.parametrize(
    ("stage", "table", "value"),
    [
        ("denominated", "int_index_denominated", "value"),
        ("treated", "int_index_treated", "value"),
        ("normalised", "int_index_normalised", "score"),
    ],
)
def test_statistics_are_those_of_pandas(con: Con, stage: str, table: str, value: str) -> None:
    found = rows(con, "index_statistic", stage=stage).set_index("node")
    screened = "select city_id from intermediate.int_index_screened where is_ranked"
    frame = wide(con, f"intermediate.{table}", value, f"city_id in ({screened})")
    assert set(found.index) == set(frame.columns)
    n = con.sql(f"select count(distinct city_id) from ({screened})").fetchall()[0][0]
    for node, column in frame.items():
        known, row = column.dropna(), found.loc[node]
        assert row["n_cities"] == n
        assert (row["n_known"], row["n_missing"]) == (len(known), n - len(known))
        assert row["n_zero"] == (known == 0).sum()
        assert row["n_unique"] == known.nunique()
        if len(known) == 0:
            continue
        assert row["most_frequent_share"] == known.value_counts().max() / len(known)
        expected = {
            "value_min": known.min(),
            "value_max": known.max(),
            "value_mean": known.mean(),
            "value_median": known.median(),
            "quartile_1": known.quantile(0.25),
            "quartile_3": known.quantile(0.75),
            "value_sd": known.std(),
        }
        if known.nunique() > 1:
            expected |= {"skewness": known.skew(), "kurtosis": known.kurt()}
        else:
            assert pd.isna(row["skewness"])
            assert pd.isna(row["kurtosis"])
        for name, number in expected.items():
            assert row[name] == pytest.approx(number, rel=1e-9, abs=1e-12), (node, name)


def test_correlations_are_those_of_pandas(con: Con) -> None:
    found, frame = rows(con, "index_node_correlation"), scores(con)
    pearson, spearman = frame.corr(), frame.corr("spearman")
    assert len(found)
    assert {"sibling", "parent", "ancestor", "other branch"} <= set(found["relation"])
    for row in found.itertuples():
        assert row.n == frame[[row.node, row.other_node]].notna().all(axis=1).sum()
        if frame[row.node].nunique() > 1 and frame[row.other_node].nunique() > 1:
            place = row.node, row.other_node
            assert row.pearson == pytest.approx(pearson.loc[place], abs=1e-10)
            assert row.spearman == pytest.approx(spearman.loc[place], abs=1e-10)
    leaves = [node for nodes in parents(con).values() for node in nodes if node not in parents(con)]
    leaves = [leaf for leaf in leaves if leaf in frame]
    pairs = found[found["node"].isin(leaves) & found["other_node"].isin(leaves)]
    assert len(pairs) == len(leaves) * (len(leaves) - 1) / 2


def test_alpha_of_children(con: Con) -> None:
    found, frame = rows(con, "index_reliability").set_index("node"), scores(con)
    compared = 0
    for parent, children in parents(con).items():
        known = frame[[child for child in children if child in frame]]
        k = known.shape[1]
        if k < 2:
            assert pd.isna(found.loc[parent, "alpha_children"])
            continue
        assert found.loc[parent, "n_children"] == k
        covariance = known.cov().to_numpy()
        expected = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
        if known.notna().all(axis=None):  # the textbook's: variances of the items and their sum
            total = known.sum(axis=1).var()
            assert expected == pytest.approx(k / (k - 1) * (1 - known.var().sum() / total))
        assert found.loc[parent, "alpha_children"] == pytest.approx(expected, rel=1e-9)
        compared += 1
    assert compared


def test_alpha_is_that_of_coinr(con: Con) -> None:
    if con.sql("select * from staging.stg_framework where framework = 'asem'").df().empty:
        pytest.skip("of ASEM alone")
    found = rows(con, "index_reliability").set_index("node")
    expected = pd.read_csv(REFERENCE / "cronbach.csv")
    for row in expected.itertuples():
        ours = found.loc[identifier(row.group)]
        assert ours["alpha_raw"] == pytest.approx(row.alpha, rel=1e-9)
        assert ours["alpha_normalised"] == pytest.approx(row.alpha_norm, rel=1e-9)


def test_components_are_those_of_the_correlations(con: Con) -> None:
    found, frame = rows(con, "index_pca"), scores(con)
    tree = parents(con)
    assert len(found)
    for parent, part in found.groupby("parent"):
        children = list(dict.fromkeys(part.sort_values("node")["node"]))
        assert set(children) <= set(tree[parent])
        complete = frame[children].dropna()
        assert (part["n"] == len(complete)).all()
        values = np.linalg.eigvalsh(complete.corr())[::-1]
        once = part.drop_duplicates("component").sort_values("component")
        assert once["eigenvalue"].to_numpy() == pytest.approx(values, abs=1e-9)
        assert once["share"].sum() == pytest.approx(1)
        assert once["share_cumulative"].to_numpy() == pytest.approx(once["share"].cumsum())
        # A loading is the correlation of a child with the component.
        first = part[part["component"] == 1].set_index("node").loc[children]
        vector = part[part["component"] == 1].set_index("node").loc[tree_order(tree, children)]
        sign = vector["eigenvector"].sum()
        assert sign > 0 or (vector["eigenvector"].iloc[0] > 0 and abs(sign) < 1e-9)
        component = ((complete - complete.mean()) / complete.std()) @ first["eigenvector"]
        for child in children:
            expected = complete[child].corr(component)
            assert first.loc[child, "loading"] == pytest.approx(expected, abs=1e-9)


def test_strengths_are_the_best_places(con: Con) -> None:
    found, frame = rows(con, "index_strength"), scores(con)
    tree = parents(con)
    leaves = [n for nodes in tree.values() for n in nodes if n not in tree and n in frame]
    ranked = con.sql("select city_id from marts.index_ranking where rank is not null").df()
    part = frame.loc[ranked["city_id"], leaves]
    places = part.rank(ascending=False, method="average")
    middle = (part.count() + 1) / 2
    imputed: Any = con.sql(
        "select city_id, node from marts.index_contribution where is_imputed"
    ).df()
    filled = set(zip(imputed["city_id"], imputed["node"], strict=True))
    assert set(found["city_id"]) <= set(places.index)
    assert set(found["kind"]) == {"strength", "weakness"}
    for city in places.index:
        row = places.loc[city].dropna()
        row = row[[node for node in row.index if (city, node) not in filled]]
        n = min(5, len(row) // 2)
        mine = found[found["city_id"] == city].sort_values("position").set_index("kind")
        for kind, side in (
            ("strength", row[row < middle[row.index]].sort_values()),
            ("weakness", row[row > middle[row.index]].sort_values(ascending=False)),
        ):
            shown = mine[mine.index == kind]
            place = shown["rank"] + (shown["n_same_rank"] - 1) / 2
            assert place.tolist() == side[:n].tolist()
            assert [row[node] for node in shown["node"]] == place.tolist()
    assert found["position"].max() <= 5
    assert found["value"].notna().all()


def test_peers_are_the_nearest(con: Con) -> None:
    found, frame = rows(con, "index_peer"), scores(con)
    weights: Any = con.sql(
        "select node, effective_weight from intermediate.int_index_weight where level = 2"
    ).df()
    weights = weights.set_index("node")["effective_weight"]
    dimensions = [node for node in weights.index if node in frame]
    ranked = con.sql("select city_id from marts.index_ranking where rank is not null").df()
    part = frame.loc[ranked["city_id"], dimensions]
    for city in part.index:
        others = part.drop(index=city)
        common = others.notna() & part.loc[city].notna()
        squares = ((others - part.loc[city]) ** 2 * weights[dimensions]).sum(axis=1)
        distances = np.sqrt(squares / (common * weights[dimensions]).sum(axis=1))
        mine = found[found["city_id"] == city].sort_values("position")
        assert mine["distance"].tolist() == pytest.approx(
            distances.sort_values()[:5].tolist(), rel=1e-9
        )
        for row in mine.itertuples():
            assert row.distance == pytest.approx(distances[row.other_city_id], rel=1e-9)


def test_a_weight_below_zero_keeps_its_distance(tmp_path: Path) -> None:
    """Of principal components; its size counts, not its sign."""
    x = np.arange(8.0)
    values = {"one": x, "two": x + np.sin(5 * x), "three": np.cos(3 * x) - x}
    framework = {
        "framework": "index",
        "title": "Index",
        "description": "Made up.",
        "measures": "mixed",
        "editions": [{"edition": 2020}],
        "stages": [
            {"stage": "select", "method": "newest"},
            {"stage": "screen", "method": "by_coverage"},
            {"stage": "normalise", "method": "n_minmax"},
            {"stage": "aggregate", "method": "a_amean"},
        ],
        "index": {
            "node": "index",
            "weighting": "pca",
            "children": [{"node": f"of_{n}", "children": [{"indicator": n}]} for n in values],
        },
    }
    cities = pd.DataFrame({"city_id": [f"c{i}" for i in range(len(x))]})
    catalog = engine.write_catalog(tmp_path, cities, dict.fromkeys(values, "higher"), framework)
    figures = pd.DataFrame(values, index=cities["city_id"]).melt(
        ignore_index=False, var_name="indicator", value_name="value"
    )
    con = engine.run(catalog, figures.reset_index().assign(year=2020), MODELS)
    weights = con.execute(
        "select node, abs(weight) as size, weight from marts.index_weight where level = 2"
    ).df()
    assert (weights["weight"] < 0).any()
    frame = scores(con)[weights["node"]]
    sizes = weights["size"].to_numpy() / weights["size"].sum()
    for _, row in rows(con, "index_peer").iterrows():
        apart = (frame.loc[row["city_id"]] - frame.loc[row["other_city_id"]]).to_numpy()
        assert np.isclose(row["distance"], np.sqrt(sizes @ apart**2), rtol=1e-9)


def test_the_report_shows_what_was_treated(con: Con) -> None:
    found = con.execute(index_queries.NEWEST)
    names = [column[0] for column in found.description]
    index = dict(zip(names, found.fetchall()[0], strict=True))
    page = Page(index_report.report(con, index))
    effects = rows(con, "index_treatment")
    changed = effects[(effects["treated_by"] != "none") | ~effects["is_passed"].fillna(True)]
    assert len(page.body("effects-table")) == len(changed) > 0
    points = con.sql(
        """
        select p.value_before, p.value, p.score_untreated, p.score
        from marts.index_treated_point as p
        join staging.stg_framework_node as n on p.node = n.node
        order by n.position, abs(p.score - p.score_untreated) desc, p.city_id
        """
    ).fetchall()
    shown = [[n for _, cell in row for n in cell] for row in page.body("points-table")]
    assert shown == [[n for n in row if n is not None] for row in points[: index_report.LISTED]]
