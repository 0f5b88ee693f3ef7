"""How far three and more rankings of a subject agree as a whole: Kendall's W, over windows of
years."""

import numpy as np
import pandas as pd

from analysis.concordance import concordances

N_YEARS = 3
COLUMNS = {
    "subject": "string",
    "year_from": "int32",
    "year_to": "int32",
    "n_lists": "int64",
    "is_whole_time": "bool",
    "n_cities": "int64",
    "kendall_w": "float64",
    "lists": "string",
    "reason": "string",
}


def model(dbt, session):
    dbt.config(materialized="table")
    rows = dbt.ref("int_list_rank").filter("kind = 'published' and is_witness").df()
    found = []
    for subject, own in rows.groupby("subject", sort=True):
        years = sorted(own["data_year"].unique())
        windows = {(years[0], years[-1]): True}
        for year in years:
            windows.setdefault((year - N_YEARS + 1, year), False)
        for (year_from, year_to), is_whole in windows.items():
            newest = _one_a_series(own[own["data_year"].between(year_from, year_to)])
            wide = newest.pivot(index="list_id", columns="city_id", values="rank").sort_index()
            found += [
                (
                    subject,
                    year_from,
                    year_to,
                    len(one.lists),
                    is_whole,
                    one.n_cities,
                    np.round(one.kendall_w, 6),
                    "; ".join(wide.index[one.lists]),
                    one.reason,
                )
                for one in concordances(wide.to_numpy(dtype=float))
            ]
    if not found:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    return pd.DataFrame(found, columns=list(COLUMNS)).astype(COLUMNS)


def _one_a_series(rows):
    """The newest list of each series; of several that came together the one with most cities."""
    lists = (
        rows.groupby(["series_id", "list_id"])
        .agg(published_on=("published_on", "max"), n_cities=("city_id", "size"))
        .reset_index()
        .sort_values(["published_on", "n_cities", "list_id"], ascending=[False, False, True])
    )
    return rows[rows["list_id"].isin(lists.drop_duplicates("series_id")["list_id"])]
