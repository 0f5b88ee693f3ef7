"""The one loader of ``catalog/``: folders of YAML and CSV in, a checked :class:`Catalog` out.

A faulty entry is left out and reported with file, line and remedy; the rest loads. Everyone
outside ``ingest`` reads the tables that :mod:`ingest.load` makes of the catalog.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ingest.cards import City, Framework, Indicator, Node, Organisation, Source, Theme, Unit
from ingest.gazetteer import Gazetteer, normalise_organisation
from ingest.yaml_lines import Location, YamlError, line_of, load_yaml

EntryT = TypeVar("EntryT", bound=BaseModel)


@dataclass(frozen=True)
class CatalogError:
    """A fault in the catalog, and what to do about it. ``entity`` is what was left out."""

    file: str
    line: int
    entity: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.entity}: {self.message}. {self.remedy}"


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
    folders: dict[str, Path]
    """Folder of each source's bundled facts, whether it exists or not."""
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
    return _Loader(paths).load()


@dataclass
class _Found:
    """An entry with the place where it was written."""

    entry: Any
    file: str
    line: int


@dataclass
class _Loader:
    paths: Sequence[Path]
    errors: list[CatalogError] = field(default_factory=list)
    lines: dict[str, dict[Location, int]] = field(default_factory=dict)

    def load(self) -> Catalog:
        digest = catalog_digest(self.paths)
        groups: dict[str, dict[str, _Found]] = {}
        folders: dict[str, Path] = {}

        def merge(group: str, found: dict[str, _Found]) -> None:
            groups.setdefault(group, {}).update(found)

        for folder in self.paths:
            merge("city", self._csv(folder / "cities.csv", City, "city_id"))
            merge(
                "organisation",
                self._csv(
                    folder / "organisations.csv",
                    Organisation,
                    "organisation",
                    key=lambda o: normalise_organisation(o.organisation),
                ),
            )
            tables = self._indicator_file(folder / "indicators.yml")
            for group, found in tables.items():
                merge(group, found)
            sources = self._folder(folder / "sources", Source, "id")
            merge("source", sources)
            folders.update({name: folder / "sources" / name for name in sources})
            merge("framework", self._folder(folder / "frameworks", Framework, "framework"))

        self._cross_check(groups)
        entries = {group: {k: f.entry for k, f in found.items()} for group, found in groups.items()}
        return Catalog(
            cities=entries["city"],
            organisations=entries["organisation"],
            themes=entries["theme"],
            units=entries["unit"],
            indicators=entries["indicator"],
            sources=entries["source"],
            frameworks=entries["framework"],
            folders={name: folders[name] for name in entries["source"]},
            errors=tuple(sorted(self.errors, key=lambda e: (e.file, e.line, e.message))),
            digest=digest,
        )

    # ------------------------------------------------------------ reading
    def _error(self, file: str, line: int, entity: str, message: str, remedy: str) -> None:
        self.errors.append(CatalogError(file, line, entity, message, remedy))

    def _name(self, path: Path) -> str:
        """File name as an analyst knows it: below the catalog folder, with that folder."""
        for folder in self.paths:
            if path.is_relative_to(folder):
                return str(Path(folder.name) / path.relative_to(folder))
        return str(path)

    def _yaml(self, path: Path) -> Any:
        name = self._name(path)
        try:
            data, self.lines[name] = load_yaml(path)
        except YamlError as error:
            self._error(name, error.line, path.stem, str(error), "Correct the YAML at this line.")
            return None
        if data is None:
            self._error(name, 1, path.stem, "the file is empty", "Fill it in or delete it.")
        return data

    def _validate(
        self, model: type[EntryT], data: Any, file: str, at: Location, entity: str
    ) -> EntryT | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for fault in error.errors():
                location = (*at, *fault["loc"])
                message, remedy = explain(fault, model)
                line = line_of(self.lines.get(file, {}), location)
                where = ".".join(str(part) for part in fault["loc"])
                self._error(file, line, entity, f"{where}: {message}" if where else message, remedy)
            return None

    def _add(
        self, found: dict[str, _Found], key: str, item: _Found, twice: set[str], kind: str
    ) -> None:
        if key in found or key in twice:
            first = found.pop(key, None)
            twice.add(key)
            place = f" ({first.file}:{first.line})" if first else ""
            self._error(
                item.file,
                item.line,
                key,
                f"duplicate {kind} '{key}'{place}",
                "Give one of them another id, or delete it; neither was loaded.",
            )
        else:
            found[key] = item

    def _csv(
        self,
        path: Path,
        model: type[EntryT],
        column: str,
        key: Callable[[Any], str] | None = None,
    ) -> dict[str, _Found]:
        found: dict[str, _Found] = {}
        if not path.exists():
            return found
        name, twice = self._name(path), set[str]()
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            for row in reader:
                line = reader.line_num
                entity = row.get(column) or f"line {line}"
                if None in row or None in row.values():
                    self._error(
                        name,
                        line,
                        entity,
                        "the number of columns differs from the header",
                        f"The header has {len(reader.fieldnames or [])} columns.",
                    )
                    continue
                data: dict[str, Any] = {k: v for k, v in row.items() if v != ""}
                if "aliases" in data:
                    data["aliases"] = tuple(a.strip() for a in data["aliases"].split(";"))
                self.lines[name] = {(): line}
                entry = self._validate(model, data, name, (), entity)
                if entry is not None:
                    item = _Found(entry, name, line)
                    self._add(
                        found, key(entry) if key else entity, item, twice, column.split("_")[0]
                    )
        return found

    def _indicator_file(self, path: Path) -> dict[str, dict[str, _Found]]:
        groups: dict[str, tuple[type[BaseModel], str]] = {
            "themes": (Theme, "theme"),
            "units": (Unit, "printed"),
            "indicators": (Indicator, "indicator"),
        }
        result: dict[str, dict[str, _Found]] = {"theme": {}, "unit": {}, "indicator": {}}
        data = self._yaml(path) if path.exists() else None
        if data is None:
            return result
        name = self._name(path)
        for section in data if isinstance(data, dict) else {}:
            if section not in groups:
                self._error(
                    name,
                    line_of(self.lines[name], (section,)),
                    str(section),
                    f"unknown section '{section}'",
                    _did_you_mean(str(section), groups),
                )
        for section, (model, column) in groups.items():
            target, twice = result[section[:-1]], set[str]()
            for i, item in enumerate((data.get(section) or []) if isinstance(data, dict) else []):
                entity = str(item.get(column, f"{section} {i + 1}"))
                entry = self._validate(model, item, name, (section, i), entity)
                if entry is not None:
                    line = line_of(self.lines[name], (section, i))
                    self._add(target, entity, _Found(entry, name, line), twice, section[:-1])
        return result

    def _folder(self, folder: Path, model: type[EntryT], id_key: str) -> dict[str, _Found]:
        found: dict[str, _Found] = {}
        twice: set[str] = set()
        for path in sorted(folder.glob("*.yml")):
            data = self._yaml(path)
            if data is None:
                continue
            name = self._name(path)
            entry = self._validate(model, data, name, (), path.stem)
            if entry is None:
                continue
            key = getattr(entry, id_key)
            self._add(found, key, _Found(entry, name, 1), twice, id_key)
        return found

    # ------------------------------------------------------------ what must exist elsewhere
    def _cross_check(self, groups: dict[str, dict[str, _Found]]) -> None:
        from ingest.parsers import PARSERS  # the parsers read the catalog

        themes, indicators, sources = groups["theme"], groups["indicator"], groups["source"]
        units = {found.entry.unit for found in groups["unit"].values()}

        def drop(group: str, key: str, location: Location, message: str, remedy: str) -> None:
            found = groups[group][key]
            line = line_of(self.lines.get(found.file, {}), location) if location else found.line
            self._error(found.file, line, key, message, remedy)
            dropped.add((group, key))

        dropped: set[tuple[str, str]] = set()
        for key, found in groups["organisation"].items():
            if found.entry.city_id not in groups["city"]:
                drop(
                    "organisation",
                    key,
                    (),
                    f"unknown city '{found.entry.city_id}'",
                    _did_you_mean(found.entry.city_id, groups["city"]),
                )
        for key, found in sources.items():
            card: Source = found.entry
            parser = PARSERS.get(card.parser)
            if parser is None:
                drop(
                    "source",
                    key,
                    ("parser",),
                    f"unknown parser '{card.parser}'",
                    _did_you_mean(card.parser, PARSERS),
                )
                continue
            checked: list[tuple[type[BaseModel], Any, Location]] = [
                (parser.options, card.parse, ("parse",))
            ]
            checked += [
                (parser.document_options, document.options, ("documents", i, "options"))
                for i, document in enumerate(card.documents)
            ]
            for model, options, at in checked:
                if self._validate(model, options, found.file, at, key) is None:
                    dropped.add(("source", key))
            named: list[tuple[Location, str]] = [
                (("registers", i, "indicator"), register.indicator)
                for i, register in enumerate(card.registers)
            ]
            named += [(("parse", *at), code) for at, code in _named(card.parse, "indicator")]
            for at, code in named:
                if code not in indicators:
                    drop(
                        "source",
                        key,
                        at,
                        f"unknown indicator '{code}'",
                        _did_you_mean(code, indicators),
                    )
            for at, city in _named(card.parse, "city"):
                if city not in groups["city"]:
                    drop(
                        "source",
                        key,
                        ("parse", *at),
                        f"unknown city '{city}'",
                        _did_you_mean(city, groups["city"]),
                    )
            for i, document in enumerate(card.documents):
                for at, city in _named(document.options, "city"):
                    if city not in groups["city"]:
                        drop(
                            "source",
                            key,
                            ("documents", i, "options", *at),
                            f"unknown city '{city}'",
                            _did_you_mean(city, groups["city"]),
                        )
        reports: dict[str, str] = {}
        for key, found in sources.items():
            for report in found.entry.reports:
                if report.report_id in reports:
                    drop(
                        "source",
                        key,
                        (),
                        f"duplicate report '{report.report_id}', also in "
                        f"{reports[report.report_id]}",
                        "Give it another id.",
                    )
                reports[report.report_id] = key
        for key, found in sources.items():
            for i, document in enumerate(found.entry.documents):
                for j, report in enumerate(document.reports):
                    origin = report.derived_from
                    if origin and origin not in reports:
                        drop(
                            "source",
                            key,
                            ("documents", i, "reports", j, "derived_from"),
                            f"unknown report '{origin}'",
                            _did_you_mean(origin, reports),
                        )
        self._forget(groups, dropped)

        for key, found in indicators.items():
            indicator: Indicator = found.entry
            if indicator.theme not in themes:
                drop(
                    "indicator",
                    key,
                    (),
                    f"unknown theme '{indicator.theme}'",
                    _did_you_mean(indicator.theme, themes),
                )
            if units and indicator.unit not in units:
                drop(
                    "indicator",
                    key,
                    (),
                    f"unknown unit '{indicator.unit}'",
                    _did_you_mean(indicator.unit, units),
                )
            # A source that was left out for a fault of its own must not take the indicator along.
            known = {*sources, *(k for group, k in dropped if group == "source")}
            for source in indicator.sources:
                if source not in known and not self._faulty(source):
                    drop(
                        "indicator",
                        key,
                        (),
                        f"unknown source '{source}'",
                        _did_you_mean(source, sources),
                    )
        self._forget(groups, dropped)

        for key, found in groups["framework"].items():
            framework: Framework = found.entry
            codes: list[tuple[Location, str]] = [
                (("references", i), code) for i, code in enumerate(framework.references)
            ]
            codes += list(_node_indicators(framework.index, ("index",)))
            for at, code in codes:
                if code not in indicators:
                    drop(
                        "framework",
                        key,
                        at,
                        f"unknown indicator '{code}'",
                        _did_you_mean(code, indicators),
                    )
        marked = [k for k, f in groups["framework"].items() if f.entry.flagship]
        for key in marked[1:]:
            drop(
                "framework",
                key,
                ("flagship",),
                f"a second flagship beside '{marked[0]}'",
                "Mark one framework only.",
            )
        self._forget(groups, dropped)

    def _faulty(self, source: str) -> bool:
        return any(Path(error.file).stem == source for error in self.errors)

    @staticmethod
    def _forget(groups: dict[str, dict[str, _Found]], dropped: set[tuple[str, str]]) -> None:
        for group, key in dropped:
            groups[group].pop(key, None)


def explain(fault: Any, model: type[BaseModel]) -> tuple[str, str]:
    """A fault found by pydantic in an analyst's words, and its remedy."""
    kind, context = fault["type"], fault.get("ctx", {})
    name = str(fault["loc"][-1]) if fault["loc"] else ""
    if kind == "extra_forbidden":
        return f"unknown key '{name}'", _did_you_mean(name, _keys_at(model, fault["loc"][:-1]))
    if kind == "missing":
        return f"'{name}' is missing", f"Add '{name}:'."
    if kind == "value_error":
        return str(context["error"]), "Correct this entry."
    if kind == "string_pattern_mismatch":
        return f"'{fault['input']}' does not have the form {context['pattern']}", "Correct it."
    return (
        f"{fault['msg'][0].lower()}{fault['msg'][1:]}, found {fault['input']!r:.60}",
        "Correct it.",
    )


def _keys_at(model: Any, location: Sequence[Any]) -> list[str]:
    """Names of the keys that the model allows at a place inside it."""
    for part in location:
        if isinstance(part, int) or not hasattr(model, "model_fields"):
            continue
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        inner = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not inner:
            return []
        model = inner[0]
    return list(getattr(model, "model_fields", {}))


def _did_you_mean(name: str, known: Any) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"Known: {shown or 'none'}."


def _named(data: Any, key: str, at: Location = ()) -> Iterator[tuple[Location, str]]:
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
                        yield from _named(item, key, (*at, name, i))
            else:
                yield from _named(value, key, (*at, name))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _named(value, key, (*at, i))


def _node_indicators(node: Node, at: Location) -> Iterator[tuple[Location, str]]:
    for name in ("indicator", "denominator"):
        if code := getattr(node, name):
            yield (*at, name), code
    for i, child in enumerate(node.children):
        yield from _node_indicators(child, (*at, "children", i))
