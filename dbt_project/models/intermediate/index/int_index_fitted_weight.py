"""Weights that are found in the scores: by entropy, CRITIC, PCA or optimised correlations.

Level by level from the leaves upward, each on the scores that the level below has with the weights
found there. That, and the optimisation, is why it is not SQL. Only what a weighting needs is read.
"""

import numpy as np
import pandas as pd

from analysis.weights import FITTED, Branch, fit_tree

TYPES = {
    "framework": "string",
    "edition": "int32",
    "node": "string",
    "weight": "float64",
    "weighting_problem": "string",
}


def model(dbt, session):
    nodes = dbt.ref("stg_framework_node").df()
    stages = dbt.ref("stg_framework_stage")
    normalised = dbt.ref("int_index_normalised")
    kept = dbt.ref("int_index_screened_leaf").filter("is_kept")

    fitted = nodes.loc[nodes["weighting"].isin(FITTED), "framework"]
    options = stages.filter("stage = 'weight'").df().set_index("framework")
    rows = []
    for framework in sorted(fitted.unique()):
        quoted = framework.replace("'", "''")
        named = f"framework = '{quoted}'"
        scores = normalised.filter(named).df()
        leaves = kept.filter(named).df()
        branches = _branches(nodes[nodes["framework"] == framework])
        stage = options.loc[framework] if framework in options.index else {}
        editions = sorted(leaves["edition"].unique())
        across = stage.get("across") == "panel"
        for group in [editions] if across else [[edition] for edition in editions]:
            fits = _fit(branches, scores, leaves, group, stage.get("objective") or "balance")
            rows += [(framework, edition, *row) for edition in group for row in fits]
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def _branches(nodes):
    """Nodes with children, each after its children."""
    nodes = nodes.sort_values(["level", "position"])
    children = dict(list(nodes.groupby("parent", sort=False)))
    return [
        Branch(
            node=node.node,
            level=node.level,
            children=tuple(children[node.node]["node"]),
            weights=tuple(children[node.node]["weight"]),
            weighting=node.weighting,
            aggregation=node.aggregation,
            power=None if pd.isna(node.power) else node.power,
            missing_children=node.missing_children,
            children_coverage_min=(
                None if pd.isna(node.children_coverage_min) else node.children_coverage_min
            ),
        )
        for node in nodes.itertuples()
        if node.node in children
    ]


def _fit(branches, scores, leaves, editions, objective):
    """Rows of node, weight and problem for some editions, which are fitted together."""
    scores = scores[scores["edition"].isin(editions)]
    wide = scores.pivot(index=["edition", "city_id"], columns="node", values="score").sort_index()
    kept = leaves.loc[leaves["edition"].isin(editions), "node"].unique()
    wide = wide.reindex(columns=sorted(kept))
    columns = {node: wide[node].to_numpy(dtype=float) for node in wide.columns}
    labels = wide.index.get_level_values("edition").to_numpy()
    fits = fit_tree(branches, columns, labels, objective)
    return [
        (child, weight, _named(branch, fits[branch.node].problem))
        for branch in branches
        if branch.node in fits
        for child, weight in zip(branch.children, fits[branch.node].weights, strict=True)
        if not np.isnan(weight)
    ]


def _named(branch, problem):
    return f"{branch.weighting} weights below {branch.node}: {problem}" if problem else None
