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
    indices = chain.indices(
        nodes=dbt.ref("stg_framework_node").df(),
        stages=dbt.ref("stg_framework_stage").df(),
        denominated=(
            dbt.ref("int_index_denominated")
            .project("framework, edition, city_id, node, value")
            .df()
        ),
        imputed=dbt.ref("int_index_imputed").project("framework, edition, city_id").distinct().df(),
        screened=(
            dbt.ref("int_index_screened")
            .project("framework, edition, city_id, is_ranked")
            .distinct()
            .df()
        ),
        screened_leaves=dbt.ref("int_index_screened_leaf").df(),
        weights=dbt.ref("int_index_weight").df(),
        groups=dbt.ref("stg_city_group").df(),
    )
    frames = [pd.DataFrame(columns=list(TYPES))]
    for index in indices:
        found = lift.newest(index)
        if len(found):
            frames.append(found.assign(framework=index.framework))
    return pd.concat(frames)[list(TYPES)].astype(TYPES)
