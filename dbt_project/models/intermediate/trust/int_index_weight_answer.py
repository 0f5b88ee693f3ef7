"""What would have to change in the weights, in the newest edition of every index: for two cities to
swap, for a city to be first, and for the order of the first three to break.

analysis.weight_change says how. Linear programmes are no work for SQL.
"""

from itertools import combinations, pairwise

import pandas as pd

from analysis.weight_change import firsts, spaces, swaps, top_order

N_NEIGHBOURS = 50
N_PAIRED = 10
N_FIRST = 50
# Where means of several powers lie above one another an answer is sought, not solved for, which
# takes ten times as long: of as many cities, and of neighbours alone.
N_SOUGHT = 10

TYPES = {
    "framework": "string",
    "edition": "int32",
    "weight_scope": "string",
    "question": "string",
    "city_id": "string",
    "other_city_id": "string",
    "node": "string",
    "effective_weight": "float64",
    "weight_needed": "float64",
    "is_possible": "boolean",
    "weight_moved": "float64",
    "weight_moved_low": "float64",
    "is_exact": "boolean",
    "reason": "string",
    "top_cities": "string",
    "weight_low": "float64",
    "weight_high": "float64",
    "is_range_exact": "boolean",
    "alone_low": "float64",
    "alone_high": "float64",
    "is_alone_exact": "boolean",
    "break_reason": "string",
}

N_ANSWER = list(TYPES).index("top_cities")


def model(dbt, session):
    nodes = dbt.ref("stg_framework_node").df()
    cities = dbt.ref("stg_city").df()
    weights = dbt.ref("int_index_weight").df()
    scores = dbt.ref("int_index_aggregated").df()

    rows = []
    for framework, edition, of in spaces(nodes, weights, scores, cities):
        key = (framework, edition, of.scope)
        order = [int(i) for i in of.order]
        n = N_NEIGHBOURS if of.is_linear else N_SOUGHT
        paired = order[:N_PAIRED] if of.is_linear else []
        pairs = sorted({*pairwise(order[:n]), *combinations(paired, 2)})
        for pair, answer in zip(pairs, swaps(of, pairs), strict=True):
            rows += _rows(of, answer, (*key, "swap"), pair, len(TYPES))
        units = order[: N_FIRST if of.is_linear else N_SOUGHT]
        for unit, answer in zip(units, firsts(of, units), strict=True):
            rows += _rows(of, answer, (*key, "first"), (unit,), len(TYPES))
        found = top_order(of)
        top = ", ".join(of.names[i] for i in found.top)
        for i, row in enumerate(
            _rows(of, found.broken, (*key, "break"), found.overtaken or (), N_ANSWER)
        ):
            ends = (found.low[i], found.high[i], found.is_exact[i])
            alone = (found.alone_low[i], found.alone_high[i], found.is_alone_exact[i])
            rows.append((*row, top, *ends, *alone, found.problem))
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def _rows(of, answer, key, units, width):
    """A row for every node whose weight may change, filled up to a width."""
    ids = [of.ids[i] for i in units] + [""] * (2 - len(units))
    needed = [None] * len(of.nodes) if answer.weights is None else answer.weights
    same = (
        answer.is_possible,
        answer.moved,
        answer.moved_low,
        answer.is_exact,
        answer.reason,
    )
    return [
        (*key, *ids, *parts, *same, *[None] * (width - N_ANSWER))
        for parts in zip(of.nodes, of.weights, needed, strict=True)
    ]
