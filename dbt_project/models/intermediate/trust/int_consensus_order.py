"""Consensus rankings of the published rankings: of all series, and without each that is compared.

Kemeny's ranking is a search, so it is not SQL. What is computed on the same votes, as for indices
with the same subject and universe, is computed once.
"""

import numpy as np
import pandas as pd

from analysis import consensus, kemeny

N_RESAMPLES = 1000
SEED = 20_231_116
# A search that takes longer than these ends with the gap that it has.
NODES_MAX, SECONDS_MAX = 200, 5.0

COLUMNS = {
    "framework": "string",
    "left_out": "string",
    "city_id": "string",
    "n_lists": "int64",
    "n_compared": "int64",
    "borda_score": "float64",
    "copeland_score": "int32",
    "borda_rank": "int32",
    "copeland_rank": "int32",
    "kemeny_rank": "int32",
    "kemeny_rank_from": "int32",
    "kemeny_rank_to": "int32",
    "ranked_share": "float64",
    "borda_rank_p05": "Int32",
    "borda_rank_p95": "Int32",
    "copeland_rank_p05": "Int32",
    "copeland_rank_p95": "Int32",
    "kemeny_rank_p05": "Int32",
    "kemeny_rank_p95": "Int32",
    "n_series": "int64",
    "n_cities": "int64",
    "n_pairs": "int64",
    "n_resamples": "int64",
    "borda_distance": "float64",
    "copeland_distance": "float64",
    "kemeny_distance": "float64",
    "kemeny_lower_bound": "float64",
    "is_exact": "bool",
    "is_unique": "boolean",
    "n_largest_cycle": "int64",
}


def model(dbt, session):
    dbt.config(materialized="table")
    votes = dbt.ref("int_consensus_vote").df()
    lists = dbt.ref("int_consensus_list").df()
    solved = {}
    rows = []
    for framework, own in votes.groupby("framework", sort=True):
        tensor, series, cities = _tensor(own)
        compared = lists.loc[lists["framework"] == framework, "left_out"]
        for left_out in sorted({"", *compared}):
            kept = ~np.isin(series, left_out.split("; "))
            key = (tuple(series[kept]), tuple(cities), tensor[kept].tobytes())
            if key not in solved:
                solved[key] = _consensus(tensor[kept], cities, intervals=not left_out)
            rows.append(solved[key].assign(framework=framework, left_out=left_out))
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    return pd.concat(rows, ignore_index=True)[list(COLUMNS)].astype(COLUMNS)


def _tensor(votes):
    """Votes as (series, cities, cities), both in the order of their names."""
    series, list_number = np.unique(votes["series_id"].to_numpy(dtype=str), return_inverse=True)
    ends = votes[["city_id", "other_city_id"]].to_numpy(dtype=str)
    cities, city_number = np.unique(ends, return_inverse=True)
    city, other = city_number.reshape(ends.shape).T
    tensor = np.full((len(series), len(cities), len(cities)), np.nan)
    tensor[list_number, city, other] = votes["vote"]
    tensor[list_number, other, city] = -votes["vote"]
    return tensor, series, cities


def _consensus(votes, cities, *, intervals):
    """One row a city that the series compare with another."""
    kept = (~np.isnan(votes)).any(axis=(0, 2))
    votes, cities = votes[:, kept][:, :, kept], cities[kept]
    pairs = consensus.support(votes)
    places = consensus.positions(votes)
    borda, copeland = consensus.borda(places), consensus.copeland(pairs)
    best = kemeny.kemeny(pairs, borda, nodes_max=NODES_MAX, seconds_max=SECONDS_MAX)
    ranks = {"borda": consensus.competition_ranks(borda)}
    ranks["copeland"] = consensus.competition_ranks(copeland)
    found = pd.DataFrame(
        {
            "city_id": cities,
            "n_lists": (~np.isnan(places)).sum(axis=0),
            "n_compared": (~np.isnan(votes)).any(axis=0).sum(axis=1),
            "borda_score": borda,
            "copeland_score": copeland,
            "borda_rank": ranks["borda"],
            "copeland_rank": ranks["copeland"],
            "kemeny_rank": best.ranks,
            "kemeny_rank_from": best.rank_from,
            "kemeny_rank_to": best.rank_to,
            "n_series": (~np.isnan(votes)).any(axis=(1, 2)).sum(),
            "n_cities": len(cities),
            "n_pairs": (~np.isnan(votes)).any(axis=0).sum() // 2,
            "n_resamples": N_RESAMPLES if intervals else 0,
            "borda_distance": kemeny.distance(ranks["borda"], pairs),
            "copeland_distance": kemeny.distance(ranks["copeland"], pairs),
            "kemeny_distance": best.distance,
            "kemeny_lower_bound": best.lower_bound,
            "is_exact": best.is_exact,
            "is_unique": pd.NA if best.is_unique is None else best.is_unique,
            "n_largest_cycle": best.largest_cycle,
        }
    )
    intervals = consensus.resampled(votes, n=N_RESAMPLES, seed=[SEED]) if intervals else {}
    found["ranked_share"] = intervals["borda"].ranked_share if intervals else np.nan
    for method in ("borda", "copeland", "kemeny"):
        known = method in intervals
        found[f"{method}_rank_p05"] = intervals[method].low if known else np.nan
        found[f"{method}_rank_p95"] = intervals[method].high if known else np.nan
    return found
