"""A unit of an index by whatever it is called: identifier, code or name."""

from __future__ import annotations

import difflib
from collections.abc import Collection

import pandas as pd

NAMES = ("city_id", "code", "name_en", "name_zh")


class UnitError(ValueError):
    """Nobody, or several, are called so; says what to write."""


def unit_of(asked: str, ranked: Collection[str], cities: pd.DataFrame) -> str:
    """City_id of a ranked unit.

    Args:
        asked: a name of it, whatever the case; of the native name its beginning will do.
        ranked: city_ids.
        cities: city_id, code, name_en, name_zh of all units.

    Raises:
        UnitError: a name of nobody, of several, or of a unit that is not ranked.
    """
    if not asked.strip():
        raise UnitError("No city is named: write its identifier, code or name.")
    is_ranked = cities["city_id"].isin(list(ranked))
    found = _called(asked, cities[is_ranked])
    if len(found) > 1:
        raise UnitError(f"{asked!r} is the name of several cities: {', '.join(found)}.")
    if found:
        return found[0]
    others = _called(asked, cities[~is_ranked])
    if others:
        which = ", ".join(others)
        raise UnitError(f"{asked!r} ({which}) is not ranked: marts.index_ranking has the reason.")
    named = {
        str(name).casefold(): str(name)
        for column in NAMES
        for name in cities.loc[is_ranked, column].dropna()
    }
    near = difflib.get_close_matches(asked.casefold(), named, 3, 0.6)
    remedy = (
        f"Did you mean {' or '.join(repr(named[name]) for name in near)}?"
        if near
        else "marts.index_ranking has all: city_id, city_name."
    )
    raise UnitError(f"No city {asked!r}. {remedy}")


def _called(asked: str, cities: pd.DataFrame) -> list[str]:
    wanted = asked.strip().casefold()
    for column in NAMES:
        names = cities[column].fillna("").astype(str).str.casefold()
        found = cities.loc[names == wanted, "city_id"]
        if len(found):
            return sorted(found)
    native = cities["name_zh"].fillna("").astype(str).str.casefold()
    found = cities.loc[native.str.startswith(wanted), "city_id"]
    return sorted(found) if len(wanted) > 1 else []
