"""Every city's change of score and rank from one edition to the next, divided into its reasons.

analysis.decomposition says how. The 16 indices between two editions, and those by indicator, are
computed over arrays of all cities at once, which is why it is not SQL.
"""

import pandas as pd

from analysis.chain import indices_of_relations
from analysis.decomposition import between_editions

TYPES = {
    "framework": "string",
    "edition": "int32",
    "edition_before": "int32",
    "city_id": "string",
    "change_factor": "string",
    "node": "string",
    "score_part": "float64",
    "rank_part": "float64",
    "own_score_part": "float64",
    "own_rank_part": "float64",
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
    pairs = dbt.ref("int_index_edition_pair").df()

    frames = [pd.DataFrame(columns=list(TYPES))]
    for index in found:
        own = pairs[pairs["framework"] == index.framework].sort_values("edition")
        for pair in own.itertuples():
            if {pair.edition, pair.edition_before} <= set(index.editions):
                parts = between_editions(index, pair.edition_before, pair.edition).parts
                frames.append(
                    parts.rename(columns={"factor": "change_factor"}).assign(
                        framework=index.framework, edition_before=pair.edition_before
                    )
                )
    return pd.concat(frames)[list(TYPES)].astype(TYPES)
