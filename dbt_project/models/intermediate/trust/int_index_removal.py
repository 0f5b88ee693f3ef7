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
INDEX_TABLES = (
    "stg_framework_node",
    "stg_framework_stage",
    "int_index_denominated",
    "int_index_imputed",
    "int_index_screened",
    "int_index_screened_leaf",
    "int_index_weight",
    "stg_city_group",
)


def model(dbt, session):
    frames = [pd.DataFrame(columns=list(TYPES))]
    for index in chain.indices(*(dbt.ref(name).df() for name in INDEX_TABLES)):
        tables = replication.leaf_tables(index)
        for edition in np.unique(index.editions[index.is_ranked]):
            found = removal.without_each(index, edition, tables)
            cities = index.city_ids[replication.units(index, edition)]
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
