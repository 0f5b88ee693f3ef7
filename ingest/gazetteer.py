"""Who is meant: names of places and organisations to city ids, never by guessing."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ingest.cards import CITY_KINDS, PROVINCE_KINDS, City, Organisation, cjk

NAME_RULES_VERSION = 2
"""Rises whenever the same names could mean other cities, so that documents are read again."""


@dataclass(frozen=True)
class Resolution:
    """``city_id`` when exactly one city is meant, else the candidates (none or several)."""

    city_id: str | None
    candidates: tuple[str, ...] = ()


def normalise_name(text: str) -> str:
    """Fold width, case, accents, dashes and white space, so that spellings of one name meet."""
    text = unicodedata.normalize("NFKC", text).casefold()
    decomposed = unicodedata.normalize("NFD", text)
    text = "".join(c for c in decomposed if not unicodedata.combining(c))
    text = re.sub("[‘’ʼ`´]", "'", re.sub("[‐-―−]", "-", text))
    # Beside punctuation and Chinese characters a space says nothing.
    text = re.sub(r"\s*([^\w\s]|[㐀-鿿々])\s*", r"\1", text)
    return re.sub(r"\s+", " ", text).strip()


def normalise_organisation(text: str) -> str:
    """As :func:`normalise_name`, without punctuation and a trailing acronym in brackets."""
    text = re.sub(r"\s*\([A-Z]{3,8}\)\s*$", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"[^\w]+", " ", normalise_name(text)).strip()


class Gazetteer:
    """Look-up of cities by any of their names, and of organisations by theirs.

    What a name may mean is said by the kinds asked for, so that the figure of a province
    never lands on the city of the same name.
    """

    def __init__(self, cities: Iterable[City], organisations: Iterable[Organisation] = ()) -> None:
        self._cities = {city.city_id: city for city in cities}
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_bare_name: dict[str, set[str]] = defaultdict(set)
        self._provinces: dict[str, set[str]] = {}
        """Normalised names of the province that each city is in."""
        divisions: dict[tuple[str, str], set[str]] = defaultdict(set)
        for city in self._cities.values():
            if city.kind in PROVINCE_KINDS:
                for name in (city.name_en, city.name_zh):
                    divisions[city.country_code, name] |= _names(city)
        for city in self._cities.values():
            own = {name for name in (city.province_en, city.province_zh) if name}
            provinces = own.union(*(divisions.get((city.country_code, name), ()) for name in own))
            self._provinces[city.city_id] = {normalise_name(name) for name in provinces}
            bare = re.sub(r"\s*\([^()]*\)$", "", city.name_en)
            names = _names(city)
            if city.is_city:
                names |= {q for p in provinces for n in {bare, *names} for q in _qualified(n, p)}
            for name in names:
                self._by_name[normalise_name(name)].add(city.city_id)
            if bare != city.name_en:
                self._by_bare_name[normalise_name(bare)].add(city.city_id)
        self._organisations = {
            normalise_organisation(o.organisation): o.city_id for o in organisations
        }

    def city(
        self,
        name: str,
        country_code: str | None = None,
        province: str | None = None,
        kinds: Collection[str] = CITY_KINDS,
    ) -> Resolution:
        """City of a printed name; an ambiguous name comes back with its candidates.

        The country is binding, and so is the province (by any of its names) wherever the
        gazetteer has the province of the city.
        """
        key = normalise_name(name)
        found, qualified = (
            {
                city_id
                for city_id in names.get(key, ())
                if self._cities[city_id].kind in kinds
                and country_code in (None, "", self._cities[city_id].country_code)
            }
            for names in (self._by_name, self._by_bare_name)
        )
        if province:
            within = normalise_name(province)
            inside = {c for c in found | qualified if within in self._provinces[c]}
            found = inside or {c for c in found if not self._provinces[c]}
        elif country_code:
            found = found or qualified
        if len(found) == 1:
            return Resolution(next(iter(found)))
        return Resolution(None, tuple(sorted(found)))

    def organisation(self, name: str) -> str | None:
        """City of an organisation, ``None`` when the catalog does not know it."""
        return self._organisations.get(normalise_organisation(name))


def _names(city: City) -> set[str]:
    return {name for name in (city.name_en, city.name_zh, *city.aliases) if name}


def _qualified(name: str, province: str) -> tuple[str, ...]:
    """A city's name with that of its province: 浙江杭州; Suzhou, Anhui; Suzhou (Anhui)."""
    if cjk(name) and cjk(province):
        return (f"{province}{name}",)
    return (f"{name}, {province}", f"{name} ({province})")
