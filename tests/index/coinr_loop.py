"""The loop over replications of COINr's ``get_sensitivity``, in plain pandas and NumPy.

Written from COINr's own definitions (``R/treat.R``, ``R/normalise.R``, ``R/aggregate.R``,
``R/sensitivity.R`` of 1.1.14) and from nothing of this project, so that its results can be compared
with those of the project's arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Stopped(ValueError):
    """COINr stops here, and ``get_sensitivity`` has NA for every unit of the replication."""


# ---------------------------------------------------------------- Treat
def skew(x: Array) -> float:
    n, d = len(x), x - x.mean()
    y = np.sqrt(n) * (d**3).sum() / (d**2).sum() ** 1.5
    return float(y * np.sqrt(n * (n - 1)) / (n - 2))


def kurt(x: Array) -> float:
    n, d = len(x), x - x.mean()
    r = n * (d**4).sum() / (d**2).sum() ** 2
    return float(((n + 1) * (r - 3) + 6) * (n - 1) / ((n - 2) * (n - 3)))


def check_skew_kurt(x: Array, skew_thresh: float = 2, kurt_thresh: float = 3.5) -> bool:
    return abs(skew(x)) < skew_thresh or kurt(x) < kurt_thresh


def winsorise(x: Array, winmax: int) -> Array:
    x = x.copy()
    high: Any = []
    low: Any = []
    nwin = 0
    while not check_skew_kurt(x) and nwin < winmax:
        if skew(x) >= 0:
            high = np.flatnonzero(x == x.max())
            x[high] = np.delete(x, high).max()
        else:
            low = np.flatnonzero(x == x.min())
            x[low] = np.delete(x, low).min()
        nwin = len(high) + len(low)
    return x


def treat(x: Array, winmax: int) -> Array:
    """``Treat.numeric``: what still fails after winsorising goes through ``log_CT`` as it was."""
    if check_skew_kurt(x):
        return x
    once = winsorise(x, winmax)
    if check_skew_kurt(once):
        return once
    return np.asarray(np.log(x - x.min() + 0.01 * (x.max() - x.min())))


# ---------------------------------------------------------------- Normalise
def rank_min(x: Array) -> Array:
    return pd.Series(x).rank(method="min").to_numpy()


NORMALISE: Mapping[str, Callable[..., Array]] = {
    "n_minmax": lambda x, low, up: (x - x.min()) / (x.max() - x.min()) * (up - low) + low,
    "n_zscore": lambda x, m, s: (x - x.mean()) / x.std(ddof=1) * s + m,
    "n_scaled": lambda x, low, up: (x - low) / (up - low) * 100,
    "n_rank": rank_min,
    "n_borda": lambda x: rank_min(x) - 1,
    "n_prank": lambda x: (rank_min(x) - 1) / (len(x) - 1),
    "n_dist2max": lambda x: 1 - (x.max() - x) / (x.max() - x.min()),
    "n_fracmax": lambda x: x / x.max(),
}


# ---------------------------------------------------------------- Aggregate
def a_amean(x: Array, w: Array) -> float:
    return float((w / w.sum() * x).sum())


def a_gmean(x: Array, w: Array) -> float:
    if (x <= 0).any():
        raise Stopped
    return float(np.exp((w * np.log(x)).sum() / w.sum()))


def a_hmean(x: Array, w: Array) -> float:
    if (x == 0).any():
        raise Stopped
    return float(w.sum() / (w / x).sum())


AGGREGATE = {"a_amean": a_amean, "a_gmean": a_gmean, "a_hmean": a_hmean}


def index_scores(
    data: pd.DataFrame,
    meta: pd.DataFrame,
    *,
    winmax: int | None,
    f_n: str,
    f_n_para: Sequence[float],
    f_ag: Sequence[str],
    weights: Mapping[str, float],
) -> pd.DataFrame:
    """All scores of one replication: a row a unit, a column an iCode.

    Args:
        data: figures of the indicators after ``Screen``, a row a unit.
        meta: iMeta's iCode, Level, Parent and Direction.
        winmax: None leaves ``Treat`` out.
        f_ag: a function for each level from 2 up.
        weights: iCode -> weight.

    Raises:
        Stopped: a mean is not defined for the scores.
    """
    scores = pd.DataFrame(index=data.index)
    directions = meta.set_index("iCode")["Direction"]
    for code in data.columns:
        x = data[code].to_numpy(dtype=float)
        x = x if winmax is None else treat(x, winmax)
        scores[code] = NORMALISE[f_n](x * directions[code], *f_n_para)
    for level in range(2, int(meta["Level"].max()) + 1):
        below = meta[meta["Level"] == level - 1]
        for parent, children in below.groupby("Parent")["iCode"]:
            w = np.array([weights[code] for code in children])
            mean = AGGREGATE[f_ag[level - 2]]
            scores[parent] = [mean(row, w) for row in scores[list(children)].to_numpy()]
    return scores


def noisy_weights(
    weights: pd.DataFrame, noise: Mapping[int, float], rng: np.random.Generator
) -> pd.DataFrame:
    """One of the sets that ``get_noisy_weights`` makes."""
    found = weights.astype({"Weight": float})
    for level, factor in noise.items():
        here = found["Level"] == level
        given = found.loc[here, "Weight"]
        found.loc[here, "Weight"] = given + (rng.random(here.sum()) * 2 - 1) * factor * given
    return found
