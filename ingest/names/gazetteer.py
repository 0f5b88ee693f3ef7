"""Who is meant: names of places and organisations to city ids, never by guessing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from ingest.cards import (
    CITY_KINDS,
    GROUP_KINDS,
    PROVINCE_KINDS,
    City,
    Organisation,
    Territory,
    cjk,
)
from ingest.names.organisations import Organisations
from ingest.names.spelling import (
    compact,
    normalise_name,
    umlaut_spellings,
    unmarked,
    without_designation,
    without_metro,
)
from ingest.names.territories import Territories

NAME_RULES_VERSION = 4
"""Rises whenever the same names could mean other cities, so that documents are read again."""
LONGEST_NAME = 120
"""Characters; no longer text is the name of a place."""
NEAR_SHOWN = 3
NEAR_LENGTH = 3
"""Characters of the shortest name that near ones are shown for."""
NEAR_SIMILARITY, NEAR_SIMILARITY_CJK = 0.8, 0.6
"""One letter in five, one Chinese character in three."""
ROUNDING = 1e-6

_BRACKETED = re.compile(r"([^()]+)\(([^()]+)\)")
# A name in two scripts, one behind the other.
_TWO_SCRIPTS = re.compile(r"([㐀-鿿々·]{2,})([^㐀-鿿々]{3,})|([^㐀-鿿々]{3,})([㐀-鿿々·]{2,})")


@dataclass(frozen=True)
class Resolution:
    """``city_id`` when exactly one city is meant, else the candidates (none or several)."""

    city_id: str | None
    candidates: tuple[str, ...] = ()
    _look_near: Callable[[], tuple[str, ...]] | None = field(
        default=None, compare=False, repr=False
    )

    @property
    def near(self) -> tuple[str, ...]:
        """Cities with a name that is spelled nearly so, where none has this one: for a person to
        look at, never taken."""
        return self._look_near() if self._look_near else ()

    @property
    def suggestions(self) -> tuple[str, ...]:
        """What a quarantined name is shown with: candidates, or near names marked as such."""
        return self.candidates or tuple(f"near: {city_id}" for city_id in self.near)


@dataclass(frozen=True)
class _Sought:
    """What kind of place is sought, and where."""

    kinds: frozenset[str]
    country_code: str | None = None
    province: str | None = None
    """Of the context; cities of which the gazetteer has no province may lie in it."""
    divisions: frozenset[str] = frozenset()
    """Printed with the name; the city lies in all of them."""


class Gazetteer:
    """Look-up of cities by any of their names, and of organisations by theirs.

    What a name may mean is said by the kinds asked for, so that the figure of a province
    never lands on the city of the same name. Rules apply in turn, and a rule is asked only
    when those before it found nothing: the name as it is; without the country and the division
    beside it; of two names, what both mean; without a word such as City or 市; without white
    space and punctuation. What several cities share stays nobody's.
    """

    def __init__(
        self,
        cities: Iterable[City],
        organisations: Iterable[Organisation] = (),
        territories: Iterable[Territory] = (),
    ) -> None:
        self._cities = {city.city_id: city for city in cities}
        self.territories = Territories(territories)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_bare_name: dict[str, set[str]] = defaultdict(set)
        self._by_compact: dict[str, set[str]] = defaultdict(set)
        self._metros: dict[str, set[str]] = defaultdict(set)
        """Metros and clusters by their names without the divisions behind them."""
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
            self._add(city, provinces)
        self._division_names = frozenset().union(*self._provinces.values())

        self._near_names: dict[_Sought, dict[str, list[str]]] = {}
        self._by_geonames_id = {
            city.geonames_id: city for city in self._cities.values() if city.geonames_id
        }
        self.organisations = Organisations(organisations, self)

    def _add(self, city: City, provinces: set[str]) -> None:
        self._provinces[city.city_id] = {normalise_name(name) for name in provinces}
        bare = re.sub(r"\s*\([^()]*\)$", "", city.name_en)
        names = _names(city)
        plain = {spelling for name in {bare, *names} for spelling in umlaut_spellings(name)}
        qualified: set[str] = set()
        if city.is_city:
            qualified = {q for p in provinces for n in plain for q in _qualified(n, p)}
            for name in [n for n in plain if len(cjk(n)) == len(n)]:
                names.add(name.removesuffix("市") if len(name) > 2 else name)
        for name in names | qualified:
            self._by_name[normalise_name(name)].add(city.city_id)
        spelled = {s for name in names for s in umlaut_spellings(name)}
        for name in spelled | qualified:
            self._by_compact[compact(normalise_name(name))].add(city.city_id)
        if bare != city.name_en:
            self._by_bare_name[normalise_name(bare)].add(city.city_id)
        if city.kind in GROUP_KINDS:
            for name in names:
                key = normalise_name(re.sub(r", [A-Z-]+$", "", name))
                for form in (key, *without_metro(key)):
                    self._metros[compact(form)].add(city.city_id)

    def city(
        self,
        name: str,
        country_code: str | None = None,
        province: str | None = None,
        kinds: Collection[str] = CITY_KINDS,
    ) -> Resolution:
        """City of a printed name; an ambiguous name comes back with its candidates.

        The country is binding, and so is the province (by any of its names) wherever the
        gazetteer has the province of the city. A country or division printed with the name
        is binding, too.
        """
        within = normalise_name(province) if province else None
        sought = _Sought(frozenset(kinds), country_code or None, within)
        key = normalise_name(name) if len(name) <= LONGEST_NAME else ""
        found = self._named(key, sought)
        if not found and key:
            found = self._meant(normalise_name(unmarked(name)), sought)
        if len(found) == 1:
            return Resolution(next(iter(found)))
        if found or not key:
            return Resolution(None, tuple(sorted(found)))
        return Resolution(None, (), partial(self._near, key, sought))

    def organisation(self, name: str, countries: Collection[str] = ()) -> str | None:
        """City of an organisation, ``None`` when the catalog can't place it."""
        return self.organisations.resolve(name, countries).city_id

    def city_in(self, name: str, country_codes: Collection[str]) -> City | None:
        """The one city of a printed name in one of the countries, or in any."""
        found = {self.city(name, code).city_id for code in country_codes or (None,)} - {None}
        return self._cities.get(str(found.pop())) if len(found) == 1 else None

    def get(self, city_id: str) -> City | None:
        return self._cities.get(city_id)

    def by_geonames_id(self, geonames_id: int | None) -> City | None:
        return self._by_geonames_id.get(geonames_id) if geonames_id else None

    def city_of_country(self, country_code: str) -> City | None:
        """The city that takes in the whole of its country, as Hong Kong does."""
        units = [c for c in self._cities.values() if c.country_code == country_code]
        whole = len(units) == 1 and units[0].kind == "municipality"
        return units[0] if whole else None

    def _meant(self, key: str, sought: _Sought) -> set[str]:
        return (
            self._named(key, sought)
            or self._beside_territory(key, sought)
            or self._in_two_names(key, sought)
            or self._loosely(key, sought)
        )

    def _named(self, key: str, sought: _Sought) -> set[str]:
        """Cities with exactly this name, as far as they lie where they are sought."""
        found, qualified = (
            {city_id for city_id in names.get(key, ()) if self._fits(city_id, sought)}
            for names in (self._by_name, self._by_bare_name)
        )
        if sought.province:
            inside = {c for c in found | qualified if sought.province in self._provinces[c]}
            return inside or {c for c in found if not self._provinces[c]}
        if sought.country_code or sought.divisions:
            return found or qualified
        return found

    def _fits(self, city_id: str, sought: _Sought) -> bool:
        city = self._cities[city_id]
        return (
            city.kind in sought.kinds
            and self.territories.is_within(city.country_code, sought.country_code)
            and sought.divisions <= self._provinces[city_id]
        )

    def _beside_territory(self, key: str, sought: _Sought) -> set[str]:
        """Cities of a name beside that of their country or division, by whichever it means."""
        found = set()
        for rest, qualifier in _split_off(key):
            for narrower in self._narrowed(qualifier, sought):
                found |= self._meant(rest, narrower)
        return found

    def _narrowed(self, qualifier: str, sought: _Sought) -> Iterator[_Sought]:
        is_within = self.territories.is_within
        for country_code, division in self.territories.meant(qualifier):
            if is_within(country_code, sought.country_code):
                divisions = sought.divisions | ({division} if division else set())
                yield replace(sought, country_code=country_code, divisions=divisions)
            elif sought.country_code and is_within(sought.country_code, country_code):
                yield sought
        if qualifier in self._division_names:
            yield replace(sought, divisions=sought.divisions | {qualifier})

    def _in_two_names(self, key: str, sought: _Sought) -> set[str]:
        """Cities that both of two names mean: Beijing (北京), 北京/Beijing, 北京Beijing."""
        pairs = [m for m in (_BRACKETED.fullmatch(key), _TWO_SCRIPTS.fullmatch(key)) if m]
        names = [[g for g in m.groups() if g] for m in pairs]
        if key.count("/") == 1:
            names.append(key.split("/"))
        for first, second in names:
            if both := self._meant(first, sought) & self._meant(second, sought):
                return both
        return set()

    def _loosely(self, key: str, sought: _Sought) -> set[str]:
        """Cities of the name without a word for what they are, or without its punctuation."""
        for stem in without_designation(key):
            kinds = sought.kinds & CITY_KINDS
            if found := self._named(stem, replace(sought, kinds=kinds)):
                return found
        for stem in (key, *without_designation(key)):
            kinds = sought.kinds if stem == key else sought.kinds & CITY_KINDS
            within = replace(sought, kinds=kinds)
            named = {c for c in self._by_compact.get(compact(stem), ()) if self._fits(c, within)}
            if sought.province:
                named = {c for c in named if sought.province in self._provinces[c]}
            if named:
                return named
        return self._metro(key, sought)

    def _metro(self, key: str, sought: _Sought) -> set[str]:
        """Metros and clusters of the name, where it says that it is one, or by all its cities."""
        within = replace(sought, kinds=sought.kinds & GROUP_KINDS, divisions=frozenset())
        if not within.kinds:
            return set()
        for stem in without_metro(key):
            named = {c for c in self._metros.get(compact(stem), ()) if self._fits(c, within)}
            if named:
                return named
        parts = [p for p in re.split(r"[-/+&、·]", key) if p]
        if len(parts) < 2:
            return set()
        cities = [self._named(part, _Sought(CITY_KINDS)) for part in parts]
        return {
            group.city_id
            for group in self._cities.values()
            if group.kind in within.kinds
            and len(group.members) == len(parts) == len(group.name_en.split("-"))
            and self._fits(group.city_id, within)
            and all(sum(m in found for m in group.members) == 1 for found in cities)
            and set(group.members) <= set().union(*cities)
        }

    def _near(self, key: str, sought: _Sought) -> tuple[str, ...]:
        """Cities whose names differ from this one by little (Damerau-Levenshtein)."""
        stem = next(without_designation(key), key)
        elsewhere = replace(sought, kinds=CITY_KINDS | PROVINCE_KINDS | GROUP_KINDS)
        if self._named(key, elsewhere):
            return ()  # a province is no misspelling
        if sought not in self._near_names:
            self._near_names[sought] = {
                name: fitting
                for name, ids in self._by_name.items()
                if (fitting := sorted(c for c in ids if self._fits(c, sought)))
            }
        names = self._near_names[sought]
        if len(stem) < NEAR_LENGTH:
            return _near_pairs(stem, names)
        found = process.extract(
            stem,
            names.keys(),
            scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=(NEAR_SIMILARITY_CJK if cjk(stem) else NEAR_SIMILARITY) - ROUNDING,
            limit=NEAR_SHOWN,
        )
        return tuple(dict.fromkeys(c for name, _, _ in found for c in names[name]))[:NEAR_SHOWN]


def _near_pairs(stem: str, names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Cities of a name of two Chinese characters, which are exchanged or of which the second
    differs: the first tells more, as dozens of names end in 州 or 阳. Where more than a few cities
    have it, none of them is any nearer than the others.
    """
    if len(stem) != 2 or cjk(stem) != stem:
        return ()
    for alike in (stem[::-1], f"{stem[0]}."):
        found = {c for n, ids in names.items() if re.fullmatch(alike, n) for c in ids}
        if found:
            return tuple(sorted(found)) if len(found) <= NEAR_SHOWN else ()
    return ()


def _split_off(key: str) -> Iterator[tuple[str, str]]:
    """A normalised name parted from a word behind or before it that may say where it is."""
    if bracketed := _BRACKETED.fullmatch(key):
        yield bracketed[1], bracketed[2]
    for sign in ",;-:":
        rest, _, qualifier = key.rpartition(sign)
        if rest:
            yield rest, qualifier
            # China, Shenzhen
            qualifier, _, rest = key.partition(sign)
            yield rest, qualifier
    words = key.split(" ")
    for n in range(1, min(len(words), 5)):
        yield " ".join(words[:-n]), " ".join(words[-n:])
        yield " ".join(words[n:]), " ".join(words[:n])
    if cjk(key):
        for n in range(2, min(len(key) - 1, 12)):
            if cjk(key[:n]) == key[:n]:
                yield key[n:].lstrip("·-:,"), key[:n]


def _names(city: City) -> set[str]:
    return {name for name in (city.name_en, city.name_zh, city.code, *city.aliases) if name}


def _qualified(name: str, province: str) -> tuple[str, ...]:
    """A city's name with that of its province: 浙江杭州; Suzhou, Anhui; Suzhou (Anhui)."""
    if cjk(name) and cjk(province):
        return (f"{province}{name}",)
    return (f"{name}, {province}", f"{name} ({province})")
