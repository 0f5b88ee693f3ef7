"""The weights on an index's indicators that come closest to a published ranking.

analysis.implied_weights says how: least squares and linear programmes are no work for SQL. Where
every city of a list has a score that falls with its place, weights are fitted to the scores, else
to the order.
"""

import numpy as np
import pandas as pd

from analysis.implied_weights import (
    TOLERANCE,
    fit_order,
    fit_scores,
    in_words,
    node_in_words,
    without_gaps,
)

N_MIN = 5

TYPES = {
    "framework": "string",
    "edition": "int32",
    "report_id": "string",
    "cohort": "string",
    "subject": "string",
    "publisher": "string",
    "node": "string",
    "implied_weight": "float64",
    "weight_low": "float64",
    "weight_high": "float64",
    "is_determined": "boolean",
    "reason": "string",
    "fit_target": "string",
    "n_common": "int64",
    "n_indicators": "int64",
    "matrix_rank": "Int64",
    "r2": "float64",
    "kendall_tau_b": "float64",
    "loss_tolerance": "float64",
    "fit_reason": "string",
}


def model(dbt, session):
    lists = dbt.ref("int_implied_list").df()
    weights = dbt.ref("int_index_weight").df()
    scores = dbt.ref("int_index_normalised").df()
    leaves = weights[(weights["level"] == 1) & weights["effective_weight"].notna()]

    rows = []
    for (framework, edition), own in lists.groupby(["framework", "edition"], sort=True):
        is_own = (scores["framework"] == framework) & (scores["edition"] == edition)
        nodes = leaves.loc[
            (leaves["framework"] == framework) & (leaves["edition"] == edition), "node"
        ]
        wide = scores[is_own].pivot(index="city_id", columns="node", values="score")
        wide = wide.reindex(columns=sorted(nodes))
        for key, part in own.groupby(["report_id", "cohort"], sort=True):
            same = part[["subject", "publisher"]].iloc[0]
            part = part.groupby("city_id", sort=True).first()
            rows += [
                (framework, edition, *key, *same, *row)
                for row in _fit(wide.reindex(part.index), part)
            ]
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def _fit(table, part):
    """Rows of node and fit for a list, in the order of TYPES."""
    scores = table.to_numpy(dtype=float, na_value=np.nan)
    units, used = without_gaps(scores)
    first, last, published = (
        part[column].to_numpy(dtype=float, na_value=np.nan)[units]
        for column in ("rank_from", "rank_to", "published_score")
    )
    scores = scores[np.ix_(units, used)]
    n_common = int(units.sum())
    if n_common < N_MIN:
        reason = f"units with a score of the same indicators: {n_common}, fewer than {N_MIN}"
        same = (None, n_common, int(used.sum()), None, None, None, TOLERANCE, reason)
        return [(node, None, None, None, False, reason, *same) for node in table.columns]
    has_scores = _is_scored(first, published)
    fit = fit_scores(scores, published) if has_scores else fit_order(scores, first, last)
    same = (
        "scores" if has_scores else "order",
        n_common,
        int(used.sum()),
        fit.rank,
        fit.r2,
        fit.tau_b,
        TOLERANCE,
        in_words(fit),
    )
    places = np.cumsum(used) - 1
    return [
        _row(fit, node, int(places[i]), same)
        if used[i]
        else (node, None, None, None, False, "fewer than half of the units have a score", *same)
        for i, node in enumerate(table.columns)
    ]


def _row(fit, node, place, same):
    if fit.weights is None:
        return (node, None, None, None, False, node_in_words(fit, place), *same)
    return (
        node,
        fit.weights[place],
        fit.low[place],
        fit.high[place],
        bool(fit.is_determined[place]),
        node_in_words(fit, place),
        *same,
    )


def _is_scored(first, published):
    """Whether all have a score, not all the same, and it falls as places rise."""
    if np.isnan(published).any() or np.ptp(published) == 0:
        return False
    return np.ptp(first) == 0 or np.corrcoef(first, published)[0, 1] < 0
