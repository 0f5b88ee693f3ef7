"""Whether analysis.chain, on which replications rest, gives the scores and ranks of the SQL.

Every score of every node is computed a second time over arrays, from the figures before imputation,
and compared with marts.index_score.
"""

import pandas as pd

from analysis.chain import indices_of_relations, scores_of

KEY = ["framework", "edition", "node"]
NOTHING = 1e-12
TYPES = {
    "framework": "string",
    "edition": "int32",
    "node": "string",
    "n_scores": "int64",
    "n_unmatched": "int64",
    "n_rank_deviations": "int64",
    "score_deviation": "float64",
}


def model(dbt, session):
    found = indices_of_relations(
        nodes=dbt.ref("stg_framework_node"),
        stages=dbt.ref("stg_framework_stage"),
        denominated=dbt.ref("int_index_denominated"),
        imputed=dbt.ref("int_index_imputed"),
        screened=dbt.ref("int_index_screened"),
        screened_leaves=dbt.ref("int_index_screened_leaf"),
        weights=dbt.ref("int_index_weight"),
        groups=dbt.ref("stg_city_group"),
    )
    scores = dbt.ref("index_score").project(f"{', '.join(KEY)}, city_id, score, rank").df()

    parts = [pd.DataFrame(columns=[*KEY, "city_id", "own_score", "own_rank"])]
    parts += [part for index in found for part in _recomputed(index)]
    both = scores.merge(pd.concat(parts), how="left", on=[*KEY, "city_id"])
    return _compared(both)[list(TYPES)].astype(TYPES)


def _recomputed(index):
    """Rows of each node with scores and ranks, those of a leaf from scores as they are."""
    for node, own in scores_of(index).items():
        frame = pd.DataFrame(
            {
                "framework": index.framework,
                "edition": index.editions.astype("int32"),
                "node": node,
                "city_id": index.city_ids,
                "own_score": own,
            }
        )
        ranks = frame.groupby("edition")["own_score"].rank(method="min", ascending=False)
        yield frame.assign(own_rank=ranks)


def _compared(both):
    """A row a framework, edition and node."""
    numbers = ["score", "rank", "own_score", "own_rank"]
    both[numbers] = both[numbers].astype(float)
    has_score, has_own = both["score"].notna(), both["own_score"].notna()
    both["size"] = both["score"].abs()
    both["difference"] = (both["score"] - both["own_score"]).abs()
    both["n_scores"] = (has_score | has_own).astype(int)
    both["n_unmatched"] = (has_score != has_own).astype(int)
    both["n_rank_deviations"] = (both["rank"].fillna(0) != both["own_rank"].fillna(0)).astype(int)
    groups = both.groupby(KEY, sort=True)
    result = groups[["n_scores", "n_unmatched", "n_rank_deviations"]].sum()
    # What only rounding has left of scores that cancel out is measured by those that did.
    largest = groups["size"].max()
    of_all = largest.groupby(KEY[:2]).transform("max")
    size = largest.where(largest > NOTHING * of_all, of_all)
    result["score_deviation"] = groups["difference"].max() / size.where(size > 0, 1.0)
    return result.reset_index()
