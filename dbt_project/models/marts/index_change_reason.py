"""Why a city rose, fell, entered or left since the edition before, in a sentence with figures.

Of the biggest parts of its change; analysis.reasons writes the sentences of releases, too.
"""

from analysis.reasons import sentences

KEY = ["framework", "edition", "city_id"]
TYPES = {
    "framework": "string",
    "edition": "int32",
    "edition_before": "int32",
    "city_id": "string",
    "city_name": "string",
    "change_kind": "string",
    "rank_before": "Int32",
    "rank": "Int32",
    "rank_change": "Int32",
    "score_before": "float64",
    "score": "float64",
    "score_change": "float64",
    "sentence": "string",
}


def model(dbt, session):
    moves = dbt.ref("int_index_move").df().sort_values(KEY)
    parts = dbt.ref("index_change_part").df()
    moves["rank_change"] = moves["rank_before"].astype("Int32") - moves["rank"].astype("Int32")
    moves["score_change"] = (moves["score"] - moves["score_before"]).round(12)
    moves["sentence"] = sentences(moves, parts, KEY)
    return moves[list(TYPES)].astype(TYPES)
