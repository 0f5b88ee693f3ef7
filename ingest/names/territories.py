"""Names of countries and of their divisions, as they stand behind or before a city's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from babel import Locale
from babel.core import get_global

from ingest.cards import Territory
from ingest.names.spelling import normalise_name

LANGUAGES = (
    *("en", "zh", "zh_Hant", "id", "de", "fr", "es", "pt", "it", "nl", "ja", "ko", "ru", "tr"),
    *("vi", "pl", "sv", "ms"),
)

_GROUPS = ("EU", "EZ", "UN", "ZZ")  # territories of CLDR that are no countries


class Qualifier(NamedTuple):
    """What a word beside a name says: the country, and perhaps the division of it."""

    country_code: str
    division: str = ""
    """Normalised name of a first-level division; empty for the whole country."""


class Territories:
    """Countries by their names in CLDR and their ISO 3166-1 codes, with those of the catalog."""

    def __init__(self, territories: Iterable[Territory] = ()) -> None:
        self._by_name: dict[str, set[Qualifier]] = defaultdict(set)
        self._printed_under: dict[str, str] = {}
        for territory in territories:
            country, _, division = territory.territory.partition("-")
            names = {normalise_name(n) for n in (territory.name, *territory.aliases)}
            own = {normalise_name(territory.name)} if division else {""}
            for name in names | ({division.casefold()} if division else set()):
                self._by_name[name] |= {Qualifier(country, part) for part in own}
            if territory.printed_under:
                self._printed_under[country] = territory.printed_under

    def meant(self, key: str) -> frozenset[Qualifier]:
        """What a normalised word may qualify: ``ca`` is Canada, and California."""
        country = _cldr().get(key)
        return frozenset(self._by_name.get(key, ())) | ({Qualifier(country)} if country else set())

    def country(self, text: str) -> str | None:
        """Code of the country of a name, ``None`` where it may be a division, or is unknown."""
        found = self.meant(normalise_name(text))
        country = next(iter(found)) if len(found) == 1 else None
        return country.country_code if country and not country.division else None

    def is_within(self, country_code: str, stated: str | None) -> bool:
        """Whether a place of a country may be meant where a country is stated."""
        return stated in (None, "", country_code, self._printed_under.get(country_code))


@cache
def _cldr() -> dict[str, str]:
    """Countries by normalised name (CLDR, in several languages) and by code (ISO 3166-1)."""
    codes = {c for c in _names("en") if len(c) == 2 and c.isalpha() and c not in _GROUPS}
    named = {
        normalise_name(name): code
        for language in LANGUAGES
        for code, name in _names(language).items()
        if code in codes
    }
    aliases: dict[str, list[str]] = dict(get_global("territory_aliases"))
    longer = {
        alias.casefold(): now[0]
        for alias, now in aliases.items()
        if len(alias) == 3 and alias.isalpha() and len(now) == 1 and now[0] in codes
    }
    return named | longer | {code.casefold(): code for code in codes}


def _names(language: str) -> dict[str, str]:
    return {str(k): str(v) for k, v in Locale.parse(language).territories.items()}
