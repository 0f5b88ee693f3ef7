"""Long tables as arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def wide(rows: pd.DataFrame, value: str) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """A long table of cities and nodes as an array, (cities, nodes), NaN for a gap.

    Returns the array and its nodes, both sorted by identifier. Faster than pandas' pivot.

    Args:
        rows: columns city_id and node, a pair of them once, and the named one.
    """
    city, cities = pd.factorize(rows["city_id"], sort=True)
    node, nodes = pd.factorize(rows["node"], sort=True)
    values = np.full((len(cities), len(nodes)), np.nan)
    values[city, node] = rows[value]
    return values, np.asarray(nodes, dtype=object)
