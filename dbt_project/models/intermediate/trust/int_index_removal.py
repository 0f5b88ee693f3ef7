"""Ranks of every edition of an index without each of its nodes.

analysis.removal says how: the same arrays as those of the replications, one computation an edition.
"""

import numpy as np
import pandas as pd

from analysis import chain, removal, replication

TYPES = {
    "framework": "string",
    "edition": "int32",
    "node": "string",
    "city_id": "string",
    "rank": "Int32",
    "rank_without": "Int32",
    "kendall_tau_b": "float64",
}


def model(dbt, session):
    indices = chain.indices_of_relations(
        nodes=dbt.ref("stg_framework_node"),
        stages=dbt.ref("stg_framework_stage"),
        denominated=dbt.ref("int_index_denominated"),
        imputed=dbt.ref("int_index_imputed"),
        screened=dbt.ref("int_index_screened"),
        screened_leaves=dbt.ref("int_index_screened_leaf"),
        weights=dbt.ref("int_index_weight"),
        groups=dbt.ref("stg_city_group"),
    )
    frames = [pd.DataFrame(columns=list(TYPES))]
    for index in indices:
        tables = replication.leaf_tables(index)
        for edition in np.unique(index.editions[index.is_ranked]):
            found = removal.without_each(index, edition, tables)
            cities = index.city_ids[index.ranked_rows(edition)]
            n_nodes, n_cities = found.without.shape
            frames.append(
                pd.DataFrame(
                    {
                        "framework": index.framework,
                        "edition": edition,
                        "node": np.repeat(found.nodes, n_cities),
                        "city_id": np.tile(cities, n_nodes),
                        "rank": np.tile(found.nominal, n_nodes),
                        "rank_without": found.without.ravel(),
                        "kendall_tau_b": np.repeat(found.kendall_tau_b, n_cities),
                    }
                )
            )
    found = pd.concat([frame for frame in frames if len(frame)] or frames)
    ranks = ["rank", "rank_without"]
    found[ranks] = found[ranks].astype("Int32").replace(0, pd.NA)
    return found[list(TYPES)].astype(TYPES)
