"""What the replications of every index say of it: ranks, pairs and the order at the top.

One long table, so that the replications are run once: the marts index_sensitivity,
index_rank_pair and index_robustness each take theirs of it.
"""

import numpy as np
import pandas as pd

from analysis import chain, design, replication

TYPES = {
    "framework": "string",
    "edition": "int32",
    "quantity": "string",
    "factor": "string",
    "city_id": "string",
    "other_city_id": "string",
    "figure": "float64",
}


def model(dbt, session):
    dbt.config(materialized="table")
    indices = chain.indices(
        nodes=dbt.ref("stg_framework_node").df(),
        stages=dbt.ref("stg_framework_stage").df(),
        denominated=dbt.ref("int_index_denominated").df(),
        imputed=dbt.ref("int_index_imputed").df(),
        screened=dbt.ref("int_index_screened").df(),
        screened_leaves=dbt.ref("int_index_screened_leaf").df(),
        weights=dbt.ref("int_index_weight").df(),
        groups=dbt.ref("stg_city_group").df(),
    )
    factors = design.declared(
        dbt.ref("stg_framework_factor").df(),
        dbt.ref("stg_framework_alternative").df(),
        dbt.ref("stg_framework_expert_weight").df(),
    )
    settings = dbt.ref("stg_framework_uncertainty").df().set_index("framework")
    errors = dbt.ref("int_index_error").df()
    parts = [
        _edition(index, edition, factors.get(index.framework, ()), settings, errors)
        for index in indices
        for edition in sorted(index.weights)
    ]
    frame = pd.concat(parts) if parts else pd.DataFrame({name: [] for name in TYPES})
    keys = {"factor": "", "city_id": "", "other_city_id": ""}
    frame = frame.reindex(columns=list(TYPES)).astype(dict.fromkeys(keys, "object"))
    return frame.fillna(keys).astype(TYPES)


def _edition(index, edition, factors, settings, all_errors):
    row = settings.loc[index.framework]
    index = design.of_edition(index, edition, factors)
    cities = index.city_ids[replication.units(index, edition)]
    if not len(cities):
        return pd.DataFrame()
    tables = replication.leaf_tables(index)
    known = design.errors(index, edition, all_errors)
    scores = replication.nominal_scores(index, edition, tables)
    seed, n = int(row["seed"]), int(row["n_replications"])
    chunks = replication.chunks(index, edition, factors, seed, n, known, tables)
    found = replication.tally(chain.ranks(scores), chunks)
    order = pd.DataFrame(
        {"quantity": ["top3_order_share"], "figure": [replication.top3_order_share(found)]}
    )
    rows = [*_of_cities(cities, scores, found), *_of_pairs(cities, found), order]
    return pd.concat(rows).assign(framework=index.framework, edition=edition)


def _of_cities(cities, scores, found):
    low, median, high = replication.rank_quantiles(found, (replication.LOW, 0.5, replication.HIGH))
    group = np.full(len(cities), np.nan)
    group[found.top] = replication.rank_groups(found)
    quantities = {
        "score": scores,
        "rank": np.where(found.nominal > 0, found.nominal, np.nan),
        "rank_median": median,
        "rank_p05": low,
        "rank_p95": high,
        "first_probability": replication.rank_at_most(found, 1),
        "top3_probability": replication.rank_at_most(found, 3),
        "top10_probability": replication.rank_at_most(found, 10),
        "undefined_share": found.histogram[:, 0] / found.n,
        "mean_rank_shift": replication.mean_rank_shift(found),
        "rank_group": group,
    }
    for quantity, figures in quantities.items():
        yield pd.DataFrame({"quantity": quantity, "city_id": cities, "figure": figures})
    for factor, (own, other) in replication.mean_ranks_by_choice(found).items():
        for quantity, figures in (("rank_mean_own", own), ("rank_mean_other", other)):
            yield pd.DataFrame(
                {"quantity": quantity, "factor": factor, "city_id": cities, "figure": figures}
            )


def _of_pairs(cities, found):
    one, other = np.nonzero(~np.eye(len(found.top), dtype=bool))
    equal = found.n - found.above - found.above.T
    for quantity, counts in (("above_probability", found.above), ("equal_probability", equal)):
        yield pd.DataFrame(
            {
                "quantity": quantity,
                "city_id": cities[found.top[one]],
                "other_city_id": cities[found.top[other]],
                "figure": counts[one, other] / found.n,
            }
        )
