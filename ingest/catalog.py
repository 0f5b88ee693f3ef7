"""The one loader of ``catalog/``: folders of YAML and CSV in, a checked :class:`Catalog` out.

A faulty entry is left out and reported with file, line and remedy; the rest loads. Everyone
outside ``ingest`` reads the tables that :mod:`ingest.load` makes of the catalog.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ingest.cards import (
    City,
    Correction,
    Indicator,
    LeftOut,
    Organisation,
    Source,
    Territory,
    Theme,
    Unit,
)
from ingest.catalog_errors import CatalogError
from ingest.catalog_files import CatalogReader, Found, private_names
from ingest.catalog_frameworks import add_variants, read_expert_tables
from ingest.catalog_private import withhold
from ingest.catalog_references import drop_dangling
from ingest.expert_tables import Judgement
from ingest.framework_cards import Framework
from ingest.names.gazetteer import NAME_RULES_VERSION, Gazetteer
from ingest.names.organisations import organisation_key


@dataclass(frozen=True)
class Catalog:
    """What the observatory knows. Dictionaries are keyed by id, in the order of the files."""

    cities: dict[str, City]
    territories: dict[str, Territory]
    organisations: dict[str, Organisation]
    themes: dict[str, Theme]
    units: dict[str, Unit]
    indicators: dict[str, Indicator]
    sources: dict[str, Source]
    frameworks: dict[str, Framework]
    """Variants written out."""
    judgements: dict[str, tuple[Judgement, ...]]
    """What experts say of the nodes of each framework."""
    corrections: dict[str, Correction]
    left_out: dict[str, LeftOut]
    folders: dict[str, tuple[Path, ...]]
    """Folders of each source's bundled facts, whether they exist or not: that of the card first,
    then those of the cards that it overrides."""
    places: dict[tuple[str, str], str]
    """File and line of each document, by source and document; of a source itself under ``""``."""
    errors: tuple[CatalogError, ...]
    """What is faulty, by file and line, and after it what was left out for that."""
    digest: str
    """Digest of the files that it was read from, see :func:`catalog_digest`."""
    without_private: Catalog | None = None
    """What the folders hold beside private cards and frameworks; ``None`` without any."""

    @property
    def public(self) -> Catalog:
        """What a release may know: the catalog as if there were no private cards."""
        return self.without_private or self

    def reading(self, source_id: str) -> Catalog:
        """The catalog by which a source is read. Of a public one it is the public part, so that
        private cards change nothing of what is made of it."""
        return self.public if source_id in self.public.sources else self

    @cached_property
    def gazetteer(self) -> Gazetteer:
        return Gazetteer(
            self.cities.values(), self.organisations.values(), self.territories.values()
        )

    @cached_property
    def names_digest(self) -> str:
        """Digest of all that decides which city a name means and what a unit is worth."""
        lines = [f"rules {NAME_RULES_VERSION}"]
        lines += sorted(
            entry.model_dump_json()
            for group in (
                self.cities,
                self.territories,
                self.organisations,
                self.units,
                self.indicators,
            )
            for entry in group.values()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def report_families(self) -> dict[str, str]:
        """For each report the first of its family, which it repeats or rests on through others."""
        reports = [report for card in self.sources.values() for report in card.reports]
        origins = {report.report_id: report.derived_from for report in reports}
        families = {}
        for report in origins:
            first = report
            while origin := origins.get(first):
                first = origin
            families[report] = first
        return families

    @property
    def content_digest(self) -> str:
        """Digest of its entries and of the facts that lie beside its cards now."""
        digest = hashlib.sha256(self.names_digest.encode())
        for group in (self.themes, self.sources, self.frameworks, self.corrections, self.left_out):
            for entry in group.values():
                digest.update(entry.model_dump_json().encode())
        digest.update(repr(self.judgements).encode())
        for folder in (folder for folders in self.folders.values() for folder in folders):
            for path in sorted(folder.glob("*.csv")):
                digest.update(f"{path.name}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    @property
    def flagship(self) -> str | None:
        """The framework marked as flagship, else the first one, else ``None``."""
        marked = [f.framework for f in self.frameworks.values() if f.flagship]
        return next(iter([*marked, *self.frameworks]), None)


def catalog_files(paths: Sequence[Path]) -> list[Path]:
    """The files that make up the catalog, in a fixed order."""
    return [
        path
        for folder in paths
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".yml", ".csv")
    ]


def catalog_digest(paths: Sequence[Path]) -> str:
    """Digest of names and contents of the catalog's files; tells when any was edited."""
    digest = hashlib.sha256()
    for path in catalog_files(paths):
        digest.update(f"{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def load_catalog(paths: Sequence[Path]) -> Catalog:
    """Read the catalog folders; a later folder adds to or overrides an earlier one by id.

    Never raises for what an analyst wrote: see ``Catalog.errors``.
    """
    reader = CatalogReader(paths)
    catalog = _read(reader)
    if not reader.private:
        return catalog
    public = CatalogReader(paths, withheld=reader.private)
    return replace(catalog, without_private=_read(public))


def _read(reader: CatalogReader) -> Catalog:
    layers = [_layer(reader, folder) for folder in reader.paths]
    if reader.withheld:
        cards = [path for path in reader.withheld if path.parent.name == "sources"]
        add_variants(layers, reader, withhold(layers, private_names(cards)))
    else:
        _refuse_private_overrides(layers, reader)
        add_variants(layers, reader)
    # Last, because an indicator's scope may come from a later folder.
    written = [list(layer.pop("correction").values()) for layer in layers]
    groups: dict[str, dict[str, Found]] = {}
    folders: dict[str, tuple[Path, ...]] = {}
    for folder, layer in zip(reader.paths, layers, strict=True):
        for group, found in layer.items():
            groups.setdefault(group, {}).update(found)
        for name in layer["source"]:
            folders[name] = (folder / "sources" / name, *folders.get(name, ()))
    groups["correction"] = {}
    for corrections in written:
        groups["correction"].update(reader.corrections(corrections, groups["indicator"]))
    used: dict[str, set[str]] = {}
    for layer in layers:
        for name, item in layer["indicator"].items():
            used.setdefault(name, set()).update(item.entry.sources)
    judgements = read_expert_tables(groups["framework"], reader)
    consequences = drop_dangling(groups, reader, used)
    entries = {group: {k: f.entry for k, f in found.items()} for group, found in groups.items()}
    return Catalog(
        cities=entries["city"],
        territories=entries["territory"],
        organisations=entries["organisation"],
        themes=entries["theme"],
        units=entries["unit"],
        indicators=entries["indicator"],
        sources=entries["source"],
        frameworks=entries["framework"],
        judgements={key: judgements[key] for key in entries["framework"]},
        corrections=entries["correction"],
        left_out=entries["left_out"],
        folders={name: folders[name] for name in entries["source"]},
        places=_places(groups["source"], reader),
        errors=tuple(_told(reader, reader.errors) + _told(reader, consequences)),
        digest=catalog_digest(reader.paths),
    )


def _places(sources: dict[str, Found], reader: CatalogReader) -> dict[tuple[str, str], str]:
    places = {}
    for name, found in sources.items():
        places[name, ""] = found.file
        for i, document in enumerate(found.entry.documents):
            line = reader.line(found.file, ("documents", i))
            places[name, document.id] = f"{found.file}:{line}"
    return places


def _layer(reader: CatalogReader, folder: Path) -> dict[str, dict[str, Found]]:
    return {
        "city": reader.csv(folder / "cities.csv", City, "city_id"),
        "territory": reader.csv(folder / "territories.csv", Territory, "territory"),
        # What an analyst wrote overrides what was taken from the registry.
        "organisation": {
            key: found
            for file in ("organisations_ror.csv", "organisations.csv")
            for key, found in reader.csv(
                folder / file, Organisation, "organisation", key=organisation_key
            ).items()
        },
        "left_out": reader.csv(folder / "left_out.csv", LeftOut, "ledger_edition"),
        **reader.indicator_file(folder / "indicators.yml"),
        "source": reader.folder(folder / "sources", Source, "id"),
        "framework": reader.folder(folder / "frameworks", Framework, "framework"),
        "correction": {
            str(i): found
            for i, found in enumerate(reader.list_file(folder / "corrections.yml", Correction))
        },
    }


def _told(reader: CatalogReader, errors: Iterable[CatalogError]) -> list[CatalogError]:
    # Each document of a series has the same fault at the same line.
    told = {error: None for error in errors if not reader.is_muted(error.file)}
    return sorted(told, key=lambda e: (e.file, e.line, e.message))


def _refuse_private_overrides(
    layers: Sequence[dict[str, dict[str, Found]]], reader: CatalogReader
) -> None:
    """A release has the public card of an id, so the private one can't be the same source."""
    cards = [(layer["source"], found) for layer in layers for found in layer["source"].values()]
    public = {found.entry.id for _, found in cards if not found.entry.private}
    for sources, found in cards:
        card = found.entry
        if card.private and card.id in public:
            message = f"a private card has the id of the public card '{card.id}'"
            remedy = "Give it an id of its own; indicators name it first under sources."
            reader.error(found.file, found.line, card.id, message, remedy)
            del sources[card.id]
