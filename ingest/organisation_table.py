"""Write ``catalog/organisations_ror.csv`` from the registry: ``make organisations``.

Of the Research Organization Registry only the names are taken that the documents at hand print,
so that the product places them without the registry. What an analyst wrote in
``organisations.csv`` comes first. Prints what stays unresolved, and what lies in another country
than is stated beside it, for review.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ingest import archive
from ingest.cards import Organisation
from ingest.catalog import Catalog, load_catalog
from ingest.catalog_files import CatalogReader
from ingest.names.gazetteer import Gazetteer
from ingest.names.organisations import normalise_organisation, organisation_key
from ingest.names.ror import RorError, RorRecord, read_ror
from ingest.parsers import register_count
from ingest.parsers.affiliations import Agreement, Mention, mentions, resolve, where
from ingest.pull import pull
from ingest.settings import Settings, SettingsError

FILE = "organisations_ror.csv"
COLUMNS = ("organisation", "city_id", "place", "country_code", "caution", "ror_id", "reason")
# A word of so many records, in several countries, says of no institution which it is.
COMMON_WORD, COMMON_WORD_ABROAD = 40, 0.25
SHORTEST_NAME = 4
SHOWN = 400


def records_as_rows(
    records: Iterable[RorRecord], cities: Gazetteer, known: Iterable[str] = ()
) -> list[Organisation]:
    """Rows for all names of the records but those in ``known`` (normalised).

    A record's own name goes before an alias of another. A name of records in several places, a
    name of common words alone, and a company's name without the country that the registry puts
    behind it are ``shared``: they mean someone only where the country is stated.
    """
    named: dict[str, dict[str, dict[str, tuple[str, RorRecord]]]] = {
        what: defaultdict(dict) for what in ("name", "alias", "name without its country")
    }
    usable = [r for r in records if r.status != "withdrawn" and r.country_code]
    for record in usable:
        for name, what in _names(record):
            named[what][normalise_organisation(name)].setdefault(record.ror_id, (name, record))
    common = _common_words(usable)
    seen = set(known)
    rows = []
    for what, by_name in named.items():
        for key, found in by_name.items():
            if key in seen or len(key) < SHORTEST_NAME or cities.city(key).city_id:
                continue
            active = [f for f in found.values() if f[1].status == "active"] or list(found.values())
            sites = [(name, record, *_place(record, cities)) for name, record in active]
            shared = (
                what == "name without its country"
                or len({site[2:] for site in sites}) > 1
                or set(key.split(" ")) <= common
            )
            one_a_country: dict[tuple[str, str | None, str], Organisation] = {}
            for name, record, city_id, place, how in sites:
                country = record.country_code if shared or not city_id else None
                row = Organisation(
                    organisation=name,
                    city_id=city_id,
                    place=place,
                    country_code=country,
                    caution="shared" if shared else "",
                    ror_id=record.ror_id,
                    reason=f"{what}{how}",
                )
                one_a_country.setdefault((record.country_code, city_id, place), row)
            countries = Counter(country for country, _, _ in one_a_country)
            rows += [row for (c, _, _), row in one_a_country.items() if countries[c] == 1]
            seen.add(key)
    return rows


def _names(record: RorRecord) -> Iterator[tuple[str, str]]:
    yield record.name, "name"
    for alias in record.aliases:
        yield alias, "alias"
    bare = re.fullmatch(r"(.*\S)\s*\([^()]+\)", record.name)
    if bare and "company" in record.types:
        yield bare[1], "name without its country"


def _common_words(records: Sequence[RorRecord]) -> set[str]:
    """Words that say of no institution which it is: frequent, and not of one country."""
    countries: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        for word in set(normalise_organisation(record.name).split(" ")):
            countries[word][record.country_code] += 1
    return {
        word
        for word, found in countries.items()
        if found.total() >= COMMON_WORD
        and 1 - max(found.values()) / found.total() >= COMMON_WORD_ABROAD
    }


def _place(record: RorRecord, cities: Gazetteer) -> tuple[str | None, str, str]:
    """City of the gazetteer, else the name of the place, and how the city was found."""
    if city := cities.by_geonames_id(record.geonames_id):
        return city.city_id, "", ""
    found = cities.city(record.place, record.country_code, record.division or None)
    if found.city_id:
        return found.city_id, "", "; city by its name"
    if whole := cities.city_of_country(record.country_code):
        return whole.city_id, "", "; the city takes in the country"
    return None, record.place, ""


def occurring(catalog: Catalog, settings: Settings) -> Iterator[tuple[str, list[Mention]]]:
    """Mentions of organisations in the documents of a mirror, by source."""
    with tempfile.TemporaryDirectory() as home:
        scratch = replace(settings, home=Path(home), origin="mirror")
        for card in catalog.sources.values():
            if not card.parse.get("organisation_column"):
                continue
            options = register_count.Options.model_validate(card.parse)
            for held in pull(catalog, card.id, scratch).documents:
                if held.fact_kind:
                    continue
                data = archive.read(scratch.archive_dir, held.blob)
                territories = catalog.gazetteer.territories
                rows = register_count.rows(data, options, options.table)
                yield card.id, [m for row in rows for m in mentions(row, options, territories)]


def review(found: Iterable[Mention], cities: Gazetteer) -> Iterator[str]:
    """Lines on how well mentions resolve, and the names that are worth a look."""
    agreement = Agreement()
    unresolved: Counter[str] = Counter()
    disagreeing: Counter[str] = Counter()
    unplaced: Counter[str] = Counter()
    for mention, answer in resolve(found, cities.organisations):
        if agreement.add(mention, answer, cities.territories) and answer.site:
            place = answer.city_id or f"{answer.site.place} ({answer.site.country_code})"
            stated = ", ".join(sorted(mention.countries))
            disagreeing[f"{mention.name}: {place} by its {answer.basis}, stated {stated}"] += 1
        if answer.is_organisation and not answer.is_resolved:
            candidates = "; ".join(where(answer)[:4])
            unresolved[f"{mention.name} [{candidates}]" if candidates else mention.name] += 1
        elif answer.site and answer.site.place:
            unplaced[f"{answer.site.place} ({answer.site.country_code})"] += 1
    n = agreement.n_mentions
    yield f"{n} mentions, {agreement.n_resolved} resolved, {agreement.n_placed} of them placed"
    yield f"{agreement.n_by_country} told apart by the stated country"
    for test, compared in agreement.n_compared.items():
        yield f"{agreement.n_agreeing[test]} of {compared} agree with the country ({test})"
    for title, counted in (
        ("unresolved", unresolved),
        ("in another country than stated", disagreeing),
        ("in places that are not in cities.csv", unplaced),
    ):
        yield f"{title}: {counted.total()}, most often"
        yield from (f"{n:8} {name}" for name, n in counted.most_common(SHOWN))


def write(path: Path, rows: Iterable[Organisation]) -> int:
    """Write rows as the catalog reads them, sorted by name; returns their number."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    ordered = sorted(rows, key=lambda r: (r.organisation.casefold(), organisation_key(r)))
    for row in ordered:
        writer.writerow([getattr(row, column) or "" for column in COLUMNS])
    archive.write_atomically(path, stream.getvalue().encode())
    return len(ordered)


def _registry(settings: Settings) -> Path:
    """The registry's file: that of ROR=path, else one named so in the folders of the mirror."""
    if given := os.environ.get("ROR"):
        return Path(given)
    for folder in settings.mirror:
        for pattern in ("*ror-data*.zip", "ror*.zip", "ror*.json", "ror*.csv"):
            if found := sorted(folder.glob(pattern)):
                return found[-1]
    raise SettingsError(
        "No dump of ROR: get it from https://doi.org/10.5281/zenodo.6347574 and say "
        "`make organisations ROR=path`, or put it into a folder of AICITY_MIRROR."
    )


def main() -> int:
    try:
        settings = Settings.from_env()
        path = _registry(settings)
        records = read_ror(path.read_bytes())
    except (SettingsError, RorError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    catalog = load_catalog(settings.catalog)
    own = _written(settings)
    cities = Gazetteer(catalog.cities.values(), (), catalog.territories.values())
    every = records_as_rows(records, cities, {normalise_organisation(o.organisation) for o in own})
    wide = Gazetteer(catalog.cities.values(), [*own, *every], catalog.territories.values())
    for source, found in occurring(catalog, settings):
        print(source, *review(found, wide), sep="\n", flush=True)
    asked = wide.organisations.asked
    target = settings.catalog[0] / FILE
    n = write(target, [row for row in every if normalise_organisation(row.organisation) in asked])
    print(f"written {n} names of {len(records)} records of {path.name} to {target}")
    return 0


def _written(settings: Settings) -> list[Organisation]:
    """What was written by hand, in all folders of the catalog."""
    reader = CatalogReader(settings.catalog)
    found = [
        reader.csv(folder / "organisations.csv", Organisation, "organisation", key=organisation_key)
        for folder in settings.catalog
    ]
    return [item.entry for items in found for item in items.values()]


if __name__ == "__main__":
    sys.exit(main())
