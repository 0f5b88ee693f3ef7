"""Sobol' indices of the ranking of each index, in its newest edition that ranks anything.

analysis.sobol says how. Every base sample is as many replications as there are factors and two
more, over arrays of all cities at once, which is why it is not SQL.
"""

import numpy as np
import pandas as pd

from analysis import chain, design, sobol

TYPES = {
    "framework": "string",
    "edition": "int32",
    "output": "string",
    "city_id": "string",
    "factor": "string",
    "first_order": "float64",
    "first_order_low": "float64",
    "first_order_high": "float64",
    "total_order": "float64",
    "total_order_low": "float64",
    "total_order_high": "float64",
    "n_samples": "Int32",
    "n_samples_needed": "Int32",
    "undefined_share": "float64",
    "warning": "string",
    "reason": "string",
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
    factors = design.declared(
        dbt.ref("stg_framework_factor").df(),
        dbt.ref("stg_framework_alternative").df(),
        dbt.ref("stg_framework_expert_weight").df(),
    )
    settings = dbt.ref("stg_framework_uncertainty").df().set_index("framework")
    known_errors = dbt.ref("int_index_error").df()

    frames = [pd.DataFrame(columns=list(TYPES))]
    for index in indices:
        of_framework = factors.get(index.framework, ())
        ranked = np.unique(index.editions[index.is_ranked])
        if not (len(ranked) and of_framework):
            continue
        edition = int(ranked[-1])
        newest = design.of_edition(index, edition, of_framework)
        row = settings.loc[index.framework]
        found = sobol.of_edition(
            newest,
            edition,
            of_framework,
            seed=int(row["seed"]),
            n_samples=int(row["n_samples"]),
            known_errors=design.errors(newest, edition, known_errors),
        )
        frames.append(found.assign(framework=index.framework, edition=edition))
    found = pd.concat([frame for frame in frames if len(frame)] or frames)
    # The last digits of a matrix product depend on the number of threads.
    return found[list(TYPES)].astype(TYPES).round(6)
