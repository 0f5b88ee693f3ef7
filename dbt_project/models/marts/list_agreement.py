"""How every two rankings of a subject agree, over the cities that both rank."""

import numpy as np
import pandas as pd

from analysis.concordance import agreement

LIST = ["list_id", "kind", "report_id", "framework", "data_year", "family_id"]
COLUMNS = {
    "subject": "string",
    "list_id": "string",
    "other_list_id": "string",
    "kind": "string",
    "framework": "string",
    "report_id": "string",
    "other_report_id": "string",
    "data_year": "Int32",
    "other_data_year": "Int32",
    "n_years_apart": "Int64",
    "is_same_family": "bool",
    "n_list_cities": "int64",
    "n_other_list_cities": "int64",
    "n_common": "int64",
    "overlap_share": "float64",
    "kendall_tau_b": "float64",
    "top_k": "int32",
    "top_k_overlap": "float64",
    "reason": "string",
}


def model(dbt, session):
    dbt.config(materialized="table")
    rows = dbt.ref("int_list_rank").df()
    parts = [_agreement(subject, own) for subject, own in rows.groupby("subject", sort=True)]
    if not any(len(part) for part in parts):
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    found = pd.concat(parts, ignore_index=True)[list(COLUMNS)].astype(COLUMNS)
    return found.sort_values(["subject", "list_id", "other_list_id"])


def _agreement(subject, rows):
    wide = rows.pivot(index="list_id", columns="city_id", values="rank").sort_index()
    lists = rows[LIST].drop_duplicates("list_id").set_index("list_id").loc[wide.index]
    found = agreement(wide.to_numpy(dtype=float))
    n_cities = wide.notna().sum(axis=1).to_numpy()
    one, other = np.nonzero(_wanted(lists))
    ahead = lists.iloc[one].reset_index()
    behind = lists.iloc[other].reset_index()
    common = found.n_common[one, other]
    tau = found.kendall_tau_b[one, other]
    return pd.DataFrame(
        {
            "subject": subject,
            "list_id": ahead["list_id"],
            "other_list_id": behind["list_id"],
            "kind": ahead["kind"],
            "framework": ahead["framework"],
            "report_id": ahead["report_id"],
            "other_report_id": behind["report_id"],
            "data_year": ahead["data_year"],
            "other_data_year": behind["data_year"],
            "n_years_apart": (ahead["data_year"] - behind["data_year"]).abs(),
            "is_same_family": (ahead["family_id"] == behind["family_id"]).fillna(False),
            "n_list_cities": n_cities[one],
            "n_other_list_cities": n_cities[other],
            "n_common": common,
            "overlap_share": np.round(common / (n_cities[one] + n_cities[other] - common), 6),
            "kendall_tau_b": np.round(tau, 6),
            "top_k": found.top_k[one, other],
            "top_k_overlap": np.round(found.top_k_overlap[one, other], 6),
            "reason": np.select(
                [common < 2, np.isnan(tau)],
                ["fewer than 2 cities in common", "one of the two ties all cities in common"],
                default=None,
            ),
        }
    )


def _wanted(lists):
    """Published rankings with one another, each once, and with each index in its nearest edition:
    of two equally near the earlier, which could be known to the report."""
    published = (lists["kind"] == "published").to_numpy()
    wanted = np.triu(np.ones((len(lists), len(lists)), dtype=bool), 1)
    wanted &= published[:, None] & published[None, :]
    year = lists["data_year"].to_numpy(dtype=float)
    for _, editions in lists.reset_index().groupby("framework").groups.items():
        own = np.array(sorted(editions, key=lambda at: year[at]))
        nearest = own[np.argmin(np.abs(year[own][:, None] - year[published]), axis=0)]
        wanted[nearest, np.flatnonzero(published)] = True
    return wanted
