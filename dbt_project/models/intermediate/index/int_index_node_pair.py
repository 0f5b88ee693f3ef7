"""How two nodes of an index vary together, over the cities that have both.

In NumPy: a self-join of cities takes as many rows as there are cities times pairs of nodes.
"""

import numpy as np
import pandas as pd

from analysis.correlation import pairwise
from analysis.table import wide

COLUMNS = {
    "framework": "object",
    "edition": "int32",
    "stage": "object",
    "node": "object",
    "other_node": "object",
    "n": "int64",
    "covariance": "float64",
    "pearson": "float64",
    "spearman": "float64",
}
KEY = "framework, edition, city_id, node"
DECIMALS = 12  # beyond them a sum depends on the machine


def model(dbt, session):
    """Both stages, an edition at a time."""
    dbt.config(materialized="table")
    stages = {
        "selected": dbt.ref("int_index_denominated").project(f"{KEY}, numerator_value as value"),
        "aggregated": dbt.ref("int_index_aggregated").project(f"{KEY}, score as value"),
    }
    parts = [
        _pairs(edition, stage)
        for stage, rows in stages.items()
        for edition in _editions(rows.filter("value is not null"))
    ]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    return pd.concat(parts, ignore_index=True).astype(COLUMNS)


def _editions(rows):
    """The known values of each edition of each framework."""
    keys = rows.project("framework, edition").distinct().order("framework, edition").fetchall()
    for framework, edition in keys:
        quoted = framework.replace("'", "''")
        yield rows.filter(f"framework = '{quoted}' and edition = {edition}").df()


def _pairs(rows, stage):
    """Every node with every node, itself included."""
    values, nodes = wide(rows, "value")
    found = pairwise(values, ranked=stage == "aggregated")
    deviations = np.sqrt(np.diag(found.covariance))
    scale = np.outer(deviations, deviations)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.round(found.covariance / scale, DECIMALS + 1) * scale
    return pd.DataFrame(
        {
            "framework": rows["framework"].iloc[0],
            "edition": rows["edition"].iloc[0],
            "stage": stage,
            "node": np.repeat(nodes, len(nodes)),
            "other_node": np.tile(nodes, len(nodes)),
            "n": found.n.ravel(),
            "covariance": np.where(scale == 0, 0.0, relative).ravel(),
            "pearson": np.round(found.pearson, DECIMALS).ravel(),
            "spearman": np.round(found.spearman, DECIMALS).ravel(),
        }
    )
