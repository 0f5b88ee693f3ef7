"""The one loader of ``catalog/``: folders of YAML and CSV in, a checked :class:`Catalog` out.

A faulty entry is left out and reported with file, line and remedy; the rest loads. Everyone
outside ``ingest`` reads the tables that :mod:`ingest.load` makes of the catalog.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ingest.cards import (
    City,
    Correction,
    Framework,
    Indicator,
    LeftOut,
    Organisation,
    Source,
    Theme,
    Unit,
)
from ingest.catalog_errors import CatalogError
from ingest.catalog_files import CatalogReader, Found
from ingest.catalog_references import drop_dangling
from ingest.gazetteer import Gazetteer, normalise_organisation


@dataclass(frozen=True)
class Catalog:
    """What the observatory knows. Dictionaries are keyed by id, in the order of the files."""

    cities: dict[str, City]
    organisations: dict[str, Organisation]
    themes: dict[str, Theme]
    units: dict[str, Unit]
    indicators: dict[str, Indicator]
    sources: dict[str, Source]
    frameworks: dict[str, Framework]
    corrections: dict[str, Correction]
    left_out: dict[str, LeftOut]
    folders: dict[str, tuple[Path, ...]]
    """Folders of each source's bundled facts, whether they exist or not: that of the card first,
    then those of the cards that it overrides."""
    errors: tuple[CatalogError, ...]
    digest: str
    """Digest of the files that it was read from, see :func:`catalog_digest`."""

    @cached_property
    def gazetteer(self) -> Gazetteer:
        return Gazetteer(self.cities.values(), self.organisations.values())

    @cached_property
    def names_digest(self) -> str:
        """Digest of all that decides which city a name means and what a unit is worth."""
        lines = sorted(
            entry.model_dump_json()
            for group in (self.cities, self.organisations, self.units, self.indicators)
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
    digest = catalog_digest(paths)
    reader = CatalogReader(paths)
    groups: dict[str, dict[str, Found]] = {}
    folders: dict[str, tuple[Path, ...]] = {}
    corrections: list[list[Found]] = []
    for folder in paths:
        sources = reader.folder(folder / "sources", Source, "id")
        for name in sources:
            folders[name] = (folder / "sources" / name, *folders.get(name, ()))
        for group, found in {
            "city": reader.csv(folder / "cities.csv", City, "city_id"),
            "organisation": reader.csv(
                folder / "organisations.csv",
                Organisation,
                "organisation",
                key=lambda o: normalise_organisation(o.organisation),
            ),
            "left_out": reader.csv(folder / "left_out.csv", LeftOut, "ledger_edition"),
            **reader.indicator_file(folder / "indicators.yml"),
            "source": sources,
            "framework": reader.folder(folder / "frameworks", Framework, "framework"),
        }.items():
            groups.setdefault(group, {}).update(found)
        corrections.append(reader.list_file(folder / "corrections.yml", Correction))
    # Last, because an indicator's scope may come from a later folder.
    groups["correction"] = {}
    for written in corrections:
        groups["correction"].update(reader.corrections(written, groups["indicator"]))
    drop_dangling(groups, reader)
    entries = {group: {k: f.entry for k, f in found.items()} for group, found in groups.items()}
    return Catalog(
        cities=entries["city"],
        organisations=entries["organisation"],
        themes=entries["theme"],
        units=entries["unit"],
        indicators=entries["indicator"],
        sources=entries["source"],
        frameworks=entries["framework"],
        corrections=entries["correction"],
        left_out=entries["left_out"],
        folders={name: folders[name] for name in entries["source"]},
        errors=tuple(sorted(reader.errors, key=lambda e: (e.file, e.line, e.message))),
        digest=digest,
    )
