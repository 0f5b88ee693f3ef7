"""Where an organisation is: a printed affiliation to a place, with how it was told.

A mention is a name, or an address line with a name in it. What is *resolved* has a place in a
country; what is *placed* has a city of the gazetteer as well. Names come from the catalog: its
overrides, and what ``make organisations`` took from the Research Organization Registry (ROR).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal, Protocol

from ingest.cards import City, Organisation
from ingest.names.spelling import normalise_name, unmarked
from ingest.names.territories import Territories

Basis = Literal["name", "part", "address", "country"]
LONGEST_MENTION, MOST_PARTS = 400, 12
"""A mention of more characters or parts is running text."""
SHORTEST_PLACE = 4
"""Characters of a city's name that is looked for inside a line."""

_ABBREVIATIONS = {
    "univ": "university",
    "universty": "university",
    "inst": "institute",
    "lab": "laboratory",
    "labs": "laboratory",
    "laboratories": "laboratory",
    "centre": "center",
    "dept": "department",
    "technol": "technology",
    "tech": "technology",
    "sci": "science",
    "natl": "national",
    "engn": "engineering",
}
_LEGAL_FORMS = (
    *("inc", "ltd", "llc", "corp", "corporation", "gmbh", "co", "company", "plc", "sa", "ag", "oy"),
    *("limited", "group", "bv", "spa", "kk", "pte", "pvt", "ltda", "ab", "srl"),
)
_IN_SENTENCES = {
    *("we", "our", "is", "are", "was", "were", "has", "have", "been", "that", "which", "this"),
    *("these", "they", "their", "its", "can", "such", "than", "when", "while", "however"),
    *("propose", "proposed", "show", "shows", "each", "both", "some", "other", "may"),
}
# What begins or follows the name of a unit inside an organisation.
_UNITS = (
    r"(?:school|department|faculty|college|institute|laboratory|division|center|key laboratory|"
    r"state key laboratory|graduate school|robotics|computer science|engineering|mathematics|"
    r"statistics|physics|electrical|csail|research|visual|vision|machine learning|ai|nlp)"
)
_UNIT_FIRST = re.compile(
    rf"(?:the )?(?:\w+ ){{0,3}}{_UNITS}\b.*?\b(?:of|at|in|and|{_UNITS}) (?:the )?$"
)
_UNIT_BEHIND = re.compile(rf"^ (?:\w+ ){{0,2}}{_UNITS}\b")
_POSTCODE = re.compile(r"^[\d\s-]{3,}|[\d\s-]{3,}$|^[A-Z]{1,2}-?\d{3,6}\s")


class Cities(Protocol):
    """What is asked of a gazetteer."""

    territories: Territories

    def city_in(self, key: str, country_codes: Collection[str]) -> City | None: ...

    def get(self, city_id: str) -> City | None: ...


@dataclass(frozen=True)
class Site:
    """A place in a country: a city of the gazetteer, or only its name."""

    country_code: str
    city_id: str | None = None
    place: str = ""

    @property
    def is_place(self) -> bool:
        return bool(self.city_id or self.place)


@dataclass(frozen=True)
class Affiliation:
    """Where an organisation is, as far as can be told, and by what.

    ``basis``: the ``name`` as a whole; the name as a ``part`` of the mention; a city that the
    mention's ``address`` names; of several of the name the one in a stated ``country``.
    """

    site: Site | None = None
    basis: Basis | None = None
    candidates: tuple[Site, ...] = ()
    is_organisation: bool = True
    """False where the catalog knows the text as none: a heading, a person of no institution."""

    @property
    def is_resolved(self) -> bool:
        return self.site is not None and self.site.is_place

    @property
    def city_id(self) -> str | None:
        return self.site.city_id if self.site else None


@lru_cache(maxsize=200_000)
def normalise_organisation(text: str) -> str:
    """As :func:`normalise_name`, without punctuation and article; words such as Univ. and Labs
    written out alike."""
    # An accent that stands by itself, as text layers of PDF have it: Universit ¨at.
    text = re.sub(r"\s?[¨´ˆ˜¸˝]\s?", "", text)
    text = normalise_name(text.replace("&", " and ")).replace("'", "")
    words = [_ABBREVIATIONS.get(word, word) for word in re.findall(r"\w+", text)]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(words)


def is_running_text(text: str) -> bool:
    """Whether it is a piece of an article and names no organisation: what readers of PDF take
    for affiliations. Told by an address of mail, a citation, a word broken at its end, several
    words of which the first is in small letters, words that sentences have and names have not,
    or hardly a letter."""
    words = re.findall(r"[^\W\d_]+", text)
    letters = sum(len(word) for word in words)
    return (
        letters < len(text.replace(" ", "")) / 2
        or "@" in text
        or bool(re.search(r"\[\s*\d", text))
        or text.rstrip().endswith("-")
        or (len(words) > 2 and words[0].islower())
        or (len(words) > 3 and not _IN_SENTENCES.isdisjoint(word.lower() for word in words))
    )


def organisation_key(organisation: Organisation) -> str:
    """What two rows of the catalog can't share: the name, and the country if others have it."""
    return (
        f"{normalise_organisation(organisation.organisation)} {organisation.country_code}".strip()
    )


class Organisations:
    """Look-up of affiliations.

    ``asked`` gathers the names that were found, for who wants to keep no others.
    """

    def __init__(self, organisations: Iterable[Organisation], cities: Cities) -> None:
        self._cities = cities
        self._by_name: dict[str, list[Organisation]] = defaultdict(list)
        for organisation in organisations:
            self._by_name[normalise_organisation(organisation.organisation)].append(organisation)
        self.asked: set[str] = set()
        self._known: dict[tuple[str, frozenset[str]], Affiliation] = {}

    def resolve(self, mention: str, countries: Collection[str] = ()) -> Affiliation:
        """Where the organisation of a mention is.

        ``countries`` (ISO 3166-1 alpha-2) are stated beside it; they only choose among several
        of one name, and such an answer says so.
        """
        key = mention.strip(), frozenset(countries)
        if key not in self._known:
            self._known[key] = self._resolve(*key)
        return self._known[key]

    def _resolve(self, mention: str, countries: frozenset[str]) -> Affiliation:
        if not mention or len(mention) > LONGEST_MENTION:
            return Affiliation(is_organisation=False)
        mention = unmarked(re.sub(r"^[\s\d*†‡§¶]{1,3}(?=[^\W\d])", "", mention))
        for key in _whole_keys(mention):
            if rows := self._rows(key):
                return self._settled(rows, countries, "name")
        if self._has_mark_of_campus(mention):
            return Affiliation()
        found = self._by_parts(mention, countries)
        if not found.site and not found.candidates and is_running_text(mention):
            return Affiliation(is_organisation=False)
        return found

    def _has_mark_of_campus(self, mention: str) -> bool:
        """Whether two capitals in brackets, as in HKUST (GZ), are neither country nor acronym."""
        mark = re.search(r"^(.*)\(([A-Z]{2})\)\s*$", mention)
        known = mark and self._cities.territories.meant(mark[2].lower())
        return bool(mark and not known and not _abbreviates(mark[2], mark[1]))

    def _rows(self, key: str) -> list[Organisation]:
        rows = self._by_name.get(key)
        if rows:
            self.asked.add(key)
        return rows or []

    def _site(self, row: Organisation) -> Site | None:
        city = self._cities.get(row.city_id) if row.city_id else None
        if city:
            return Site(city.country_code, city.city_id)
        return Site(row.country_code, None, row.place) if row.country_code else None

    def _settled(
        self, rows: list[Organisation], countries: Collection[str], basis: Basis
    ) -> Affiliation:
        """The one site of rows of a name, or the candidates."""
        own = [row for row in rows if row.caution != "shared"]
        sites = {site: None for row in own or rows if (site := self._site(row))}
        if own and not sites:
            return Affiliation(is_organisation=False)
        if own and len(sites) == 1:
            return Affiliation(next(iter(sites)), basis)
        inside = [site for site in sites if site.country_code in countries]
        if len(inside) == 1:
            return Affiliation(inside[0], "country")
        return Affiliation(candidates=tuple(inside or sites))

    def _by_parts(self, mention: str, countries: frozenset[str]) -> Affiliation:
        """From a line that names a unit, an organisation and perhaps its city and country.

        A printed city is where it is, whatever is known of the organisation: the line is the
        address. Else the organisations in it must agree on one place.
        """
        parts = _parts(mention)
        if not 0 < len(parts) <= MOST_PARTS:
            return Affiliation()
        parts, stated = self._without_countries(parts)
        if city := self._printed_city(parts, stated):
            return Affiliation(Site(city.country_code, city.city_id), "address")
        sites: dict[Site, Basis | None] = {}
        yielding: dict[Site, Basis | None] = {}
        candidates: list[Site] = []
        found, beside = self._named_in(parts)
        for rows in found:
            answer = self._settled(rows, stated or countries, "part")
            candidates += answer.candidates
            if answer.site and (not stated or self._lies_in(answer.site, stated)):
                spread = any(row.caution == "spread" for row in rows)
                (yielding if spread else sites).setdefault(answer.site, answer.basis)
        sites = sites or yielding
        if len(sites) == 1:
            site, basis = next(iter(sites.items()))
            candidates = self._named_elsewhere(beside, site)
            if not candidates:
                return Affiliation(site, basis)
        return Affiliation(candidates=(*sites, *candidates))

    def _named_elsewhere(self, texts: Iterable[str], site: Site) -> list[Site]:
        """Other cities and countries in what stands beside the organisation: its unit may be
        there, as a campus is."""
        found = []
        for text in texts:
            words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text)
            for n, i in product((1, 2), range(len(words))):
                name = " ".join(words[i : i + n])
                if i + n > len(words) or len(name) < SHORTEST_PLACE:
                    continue
                city = self._cities.city_in(name, ())
                country = None if city else self._cities.territories.country(name)
                if city and city.city_id != site.city_id:
                    found.append(Site(city.country_code, city.city_id))
                elif country and not self._lies_in(site, {country}):
                    found.append(Site(country))
        return found

    def _lies_in(self, site: Site, countries: Collection[str]) -> bool:
        return any(self._cities.territories.is_within(site.country_code, c) for c in countries)

    def _without_countries(self, parts: list[str]) -> tuple[list[str], frozenset[str]]:
        """The parts without a country behind them, unless it is a city as well, and the country."""
        for i in range(len(parts) - 1, 0, -1):
            country = self._cities.territories.country(parts[i])
            if country:
                is_city = self._cities.city_in(parts[i], {country})
                return parts[:i] + parts[i + (not is_city) :], frozenset({country})
        return parts, frozenset()

    def _printed_city(self, parts: list[str], stated: frozenset[str]) -> City | None:
        """The last city that the parts behind the first name."""
        places = [_POSTCODE.sub("", part).strip() for part in parts]
        for i in range(len(places) - 1, 0, -1):
            behind = places[i + 1] if i + 1 < len(places) else ""
            if behind and (city := self._cities.city_in(f"{places[i]}, {behind}", stated)):
                return city
            # London, Ontario is not London.
            if behind and self._cities.territories.meant(normalise_name(behind)):
                continue
            if places[i] and (city := self._cities.city_in(places[i], stated)):
                return city
        return None

    def _named_in(self, parts: list[str]) -> tuple[list[list[Organisation]], list[str]]:
        """Organisations named by parts, the longest runs of parts first, and the text beside."""
        taken: set[int] = set()
        found, beside = [], []
        for length in range(len(parts), 0, -1):
            for start in range(len(parts) - length + 1):
                run = set(range(start, start + length))
                if taken & run:
                    continue
                text = ", ".join(parts[start : start + length])
                if rows := next((r for k in _whole_keys(text) if (r := self._rows(k))), None):
                    taken |= run
                    found.append(rows)
        for part in (part for i, part in enumerate(parts) if i not in taken):
            rows, rest = self._inside(normalise_organisation(part))
            found += [rows] if rows else []
            beside.append(rest)
        return found, beside

    def _inside(self, key: str) -> tuple[list[Organisation], str]:
        """The organisation of a name with that of a unit in it before or behind, and the rest."""
        words = key.split(" ")
        for length in range(len(words) - 1, 1, -1):
            before, behind = " ".join(words[:-length]), " ".join(words[-length:])
            if _UNIT_FIRST.fullmatch(f"{before} ") and (rows := self._rows(behind)):
                return rows, before
            head, rest = " ".join(words[:length]), " ".join(words[length:])
            if _UNIT_BEHIND.match(f" {rest}") and (rows := self._rows(head)):
                return rows, rest
        return [], key


def _parts(mention: str) -> list[str]:
    # HKUST (Guangzhou) names its city as HKUST, Guangzhou does.
    mention = re.sub(r"\(([^()]*)\)\s*$", r", \1", mention)
    parts = re.split(r"[,;|\n]|\s[-–—]\s|\s@\s", mention)
    cleaned = (re.sub(r"\S+@\S+", "", part).strip(" .:") for part in parts)
    return [part for part in cleaned if re.search(r"[^\W\d]{2}", part)]


def _whole_keys(text: str) -> Iterator[str]:
    """Keys under which a name may stand: as it is, without brackets, either of two names."""
    seen: set[str] = set()
    for form in _forms(text):
        key = normalise_organisation(form)
        for k in (key, _without_legal_form(key)):
            if k and k not in seen:
                seen.add(k)
                yield k


def _forms(text: str) -> Iterator[str]:
    yield text
    bracketed = re.findall(r"\(([^()]*)\)", text)
    outside = re.sub(r"\s*\([^()]*\)", "", text)
    if bracketed and all(_abbreviates(part, outside) for part in bracketed):
        yield outside
    elif bracketed:
        yield from (part for part in bracketed if " " in part.strip())
    if "/" in text:
        yield from text.split("/")
    halves = [half.strip() for half in text.split(",")]
    if len(set(halves)) < len(halves) == 2:
        yield halves[0]


def _abbreviates(short: str, name: str) -> bool:
    """Whether brackets hold an abbreviation of the name; GZ, the mark of a campus, is none."""
    if re.fullmatch("[A-Z]{3,8}", short.strip()):
        return True  # it may be that of the name in another language
    letters = [c for c in normalise_name(short) if c.isalnum()]
    rest = iter(normalise_name(name))
    return 1 < len(letters) <= 8 and all(c in rest for c in letters)


def _without_legal_form(key: str) -> str:
    words = key.split(" ")
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)
