"""Principal components of the children of every node of an index, from their scores."""

import numpy as np
import pandas as pd

from analysis.pca import principal_components, varying
from analysis.table import wide

COLUMNS = {
    "framework": "object",
    "edition": "int32",
    "parent": "object",
    "node": "object",
    "component": "int32",
    "n": "int64",
    "eigenvalue": "float64",
    "share": "float64",
    "eigenvector": "float64",
    "loading": "float64",
}
DECIMALS = 12  # beyond them a sum depends on the machine


def model(dbt, session):
    """An edition of a framework at a time."""
    dbt.config(materialized="table")
    scores = dbt.ref("int_index_aggregated").filter("score is not null")
    nodes = dbt.ref("stg_framework_node").project("framework, node, parent, position").df()
    keys = scores.project("framework, edition").distinct().order("framework, edition").fetchall()
    parts = []
    for framework, edition in keys:
        quoted = framework.replace("'", "''")
        rows = scores.filter(f"framework = '{quoted}' and edition = {edition}")
        values, found_nodes = wide(rows.project("city_id, node, score").df(), "score")
        table = pd.DataFrame(values, columns=found_nodes)
        tree = nodes[(nodes["framework"] == framework) & nodes["node"].isin(table.columns)]
        for parent, children in tree.sort_values("position").groupby("parent", sort=False):
            found = _components(table[children["node"]])
            if len(found):
                parts.append(found.assign(framework=framework, edition=edition, parent=parent))
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)].astype(COLUMNS)


def _components(table):
    """Rows a child and component; none for fewer than two children that vary."""
    values = table.to_numpy(dtype=float)
    kept = varying(values)
    if kept.sum() < 2:
        return pd.DataFrame()
    found = principal_components(values[:, kept])
    children, count = table.columns.to_numpy()[kept], len(found.eigenvalues)
    vectors = np.where(found.eigenvalues > 0, np.round(found.vectors, DECIMALS), np.nan)
    return pd.DataFrame(
        {
            "node": np.repeat(children, count),
            "component": np.tile(np.arange(1, count + 1), len(children)),
            "n": found.n_units,
            "eigenvalue": np.tile(np.round(found.eigenvalues, DECIMALS), len(children)),
            "share": np.tile(np.round(found.shares, DECIMALS), len(children)),
            "eigenvector": vectors.ravel(),
            "loading": np.round(found.loadings, DECIMALS).ravel(),
        }
    )
