"""Who is meant: names of places and organisations to city ids, never by guessing."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.cards import City, Organisation


@dataclass(frozen=True)
class Resolution:
    """``city_id`` when exactly one city is meant, else the candidates (none or several)."""

    city_id: str | None
    candidates: tuple[str, ...] = ()


def normalise_name(text: str) -> str:
    """Fold width, case, accents and white space, so that spellings of one name meet."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    decomposed = unicodedata.normalize("NFD", text)
    text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"\s+", " ", text).strip()


def normalise_organisation(text: str) -> str:
    """As :func:`normalise_name`, without punctuation and a trailing acronym in brackets."""
    text = re.sub(r"\s*\([A-Z]{3,8}\)\s*$", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"[^\w]+", " ", normalise_name(text)).strip()


class Gazetteer:
    """Look-up of cities by any of their names, and of organisations by theirs."""

    def __init__(self, cities: Iterable[City], organisations: Iterable[Organisation] = ()) -> None:
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._cities: dict[str, City] = {}
        for city in cities:
            self._cities[city.city_id] = city
            names = [city.name_en, city.name_zh, *city.aliases]
            # A name preceded by its province is the same city: 浙江杭州 is 杭州 in 浙江省.
            for province in filter(None, {city.province_zh, _short(city.province_zh)}):
                names += [f"{province}{name}" for name in (city.name_zh, *city.aliases) if name]
            for name in filter(None, names):
                self._by_name[normalise_name(name)].add(city.city_id)
        self._organisations = {
            normalise_organisation(o.organisation): o.city_id for o in organisations
        }

    def city(
        self, name: str, country_code: str | None = None, province: str | None = None
    ) -> Resolution:
        """City of a printed name; ambiguous names come back with their candidates.

        The country is binding; the province (in English) decides between several only.
        """
        found = self._by_name.get(normalise_name(name), set())
        if country_code:
            found = {c for c in found if self._cities[c].country_code == country_code}
        if len(found) > 1 and province:
            found = {c for c in found if self._cities[c].province_en == province}
        if len(found) == 1:
            return Resolution(next(iter(found)))
        return Resolution(None, tuple(sorted(found)))

    def organisation(self, name: str) -> str | None:
        """City of an organisation, ``None`` when the catalog does not know it."""
        return self._organisations.get(normalise_organisation(name))


def _short(province: str) -> str:
    return re.sub(r"(省|市|(壮族|回族|维吾尔)?自治区)$", "", province)
