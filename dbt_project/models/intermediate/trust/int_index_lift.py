"""What would lift the first cities of every index by some ranks: analysis.lift says how.

Thousands of changed tables go through the whole index at once, which is why it is not SQL.
"""

import pandas as pd

from analysis import chain, lift

TYPES = {
    "framework": "string",
    "edition": "int32",
    "city_id": "string",
    "rank": "Int32",
    "n_ranks_up": "Int64",
    "rank_wanted": "Int32",
    "node": "string",
    "value": "float64",
    "best_value": "float64",
    "value_wanted": "float64",
    "way_share": "float64",
    "rank_reached": "Int32",
    "is_checked": "boolean",
    "lift_reason": "string",
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
        found = lift.newest(index)
        if len(found):
            frames.append(found.assign(framework=index.framework))
    return pd.concat(frames)[list(TYPES)].astype(TYPES)
