"""What an entry of the catalog names must exist elsewhere in it; what dangles is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ingest.cards import Node, Source
from ingest.catalog_errors import did_you_mean
from ingest.catalog_files import CatalogReader, Found
from ingest.parsers import PARSERS
from ingest.yaml_lines import Location, line_of

Groups = dict[str, dict[str, Found]]


def drop_dangling(groups: Groups, reader: CatalogReader) -> None:
    """Report and remove every entry that names something unknown, group by group.

    The order matters: an indicator may lose its theme, a framework its indicators.
    """
    check = _Check(groups, reader)
    check.organisations()
    check.themes_and_units()
    check.forget()
    check.sources()
    check.reports()
    check.forget()
    check.indicators()
    check.forget()
    check.frameworks()
    check.forget()


@dataclass
class _Check:
    groups: Groups
    reader: CatalogReader
    dropped: set[tuple[str, str]] = field(default_factory=set)

    def drop(self, group: str, key: str, at: Location, message: str, remedy: str) -> None:
        found = self.groups[group][key]
        line = line_of(self.reader.lines.get(found.file, {}), at) if at else found.line
        self.reader.error(found.file, line, key, message, remedy)
        self.dropped.add((group, key))

    def unknown(self, group: str, key: str, at: Location, kind: str, name: str) -> None:
        """Drop an entry when the thing of that kind that it names is not in the catalog."""
        if name not in self.groups[kind]:
            remedy = did_you_mean(name, self.groups[kind])
            self.drop(group, key, at, f"unknown {kind} '{name}'", remedy)

    def forget(self) -> None:
        for group, key in self.dropped:
            self.groups[group].pop(key, None)

    def organisations(self) -> None:
        for key, found in self.groups["organisation"].items():
            self.unknown("organisation", key, (), "city", found.entry.city_id)

    def sources(self) -> None:
        for key, found in self.groups["source"].items():
            card: Source = found.entry
            parser = PARSERS.get(card.parser)
            if parser is None:
                remedy = did_you_mean(card.parser, PARSERS)
                self.drop("source", key, ("parser",), f"unknown parser '{card.parser}'", remedy)
                continue
            options: list[tuple[Location, type[BaseModel], dict[str, Any]]] = [
                (("parse",), parser.options, card.parse)
            ]
            options += [
                (("documents", i, "options"), parser.document_options, document.options)
                for i, document in enumerate(card.documents)
            ]
            for at, model, values in options:
                if self.reader.validate(model, values, found.file, at, key) is None:
                    self.dropped.add(("source", key))
                for kind in ("indicator", "city"):
                    for inside, name in named(values, kind):
                        self.unknown("source", key, (*at, *inside), kind, name)
            for i, entry in enumerate(card.implausible):
                self.unknown("source", key, ("implausible", i), "indicator", entry.indicator)
                self.unknown("source", key, ("implausible", i), "city", entry.city)
            for i, register in enumerate(card.registers):
                at = ("registers", i, "indicator")
                self.unknown("source", key, at, "indicator", register.indicator)

    def reports(self) -> None:
        owners: dict[str, str] = {}
        for key, found in self.groups["source"].items():
            for report in found.entry.reports:
                if report.report_id in owners:
                    message = f"duplicate report '{report.report_id}'"
                    where = f"It is also in '{owners[report.report_id]}': give it another id."
                    self.drop("source", key, (), message, where)
                owners[report.report_id] = key
        for key, found in self.groups["source"].items():
            for i, document in enumerate(found.entry.documents):
                for j, report in enumerate(document.reports):
                    origin = report.derived_from
                    if origin and origin not in owners:
                        at = ("documents", i, "reports", j, "derived_from")
                        remedy = did_you_mean(origin, owners)
                        self.drop("source", key, at, f"unknown report '{origin}'", remedy)

    def themes_and_units(self) -> None:
        units = {found.entry.unit for found in self.groups["unit"].values()}
        for key, found in self.groups["indicator"].items():
            self.unknown("indicator", key, (), "theme", found.entry.theme)
            unit = found.entry.unit
            if units and unit not in units:
                self.drop("indicator", key, (), f"unknown unit '{unit}'", did_you_mean(unit, units))

    def indicators(self) -> None:
        # A source that was left out for a fault of its own must not take the indicator along.
        faulty = {Path(error.file).stem for error in self.reader.errors}
        faulty |= {key for group, key in self.dropped if group == "source"}
        for key, found in self.groups["indicator"].items():
            for source in found.entry.sources:
                if source not in faulty:
                    self.unknown("indicator", key, (), "source", source)

    def frameworks(self) -> None:
        for key, found in self.groups["framework"].items():
            for i, code in enumerate(found.entry.references):
                self.unknown("framework", key, ("references", i), "indicator", code)
            for at, code in _node_indicators(found.entry.index, ("index",)):
                self.unknown("framework", key, at, "indicator", code)
        marked = [k for k, f in self.groups["framework"].items() if f.entry.flagship]
        for key in marked[1:]:
            message = f"a second flagship beside '{marked[0]}'"
            self.drop("framework", key, ("flagship",), message, "Mark one framework only.")


def named(data: Any, key: str, at: Location = ()) -> Iterator[tuple[Location, str]]:
    """Every value written under ``key`` or its plural inside the options of a card."""
    plural = "cities" if key == "city" else f"{key}s"
    if isinstance(data, dict):
        for name, value in data.items():
            if name == key and isinstance(value, str):
                yield (*at, name), value
            elif name == plural and isinstance(value, list):
                for i, item in enumerate(value):
                    if isinstance(item, str):
                        yield (*at, name, i), item
                    else:
                        yield from named(item, key, (*at, name, i))
            else:
                yield from named(value, key, (*at, name))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from named(value, key, (*at, i))


def _node_indicators(node: Node, at: Location) -> Iterator[tuple[Location, str]]:
    for name in ("indicator", "denominator"):
        if code := getattr(node, name):
            yield (*at, name), code
    for i, child in enumerate(node.children):
        yield from _node_indicators(child, (*at, "children", i))
