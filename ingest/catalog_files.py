"""Read the files of the catalog, entry by entry; what is faulty is reported and left out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ingest.cards import Indicator, Source, Theme, Unit
from ingest.catalog_errors import CatalogError, did_you_mean, explain
from ingest.catalog_templates import Expanded, expand
from ingest.framework_cards import Framework
from ingest.framework_checks import faults_of
from ingest.framework_variants import is_variant
from ingest.yaml_lines import Location, YamlError, line_of, load_yaml

UNDECIDED = "???"
"""Stands in a proposed card where only the analyst can decide."""
EntryT = TypeVar("EntryT", bound=BaseModel)


@dataclass(frozen=True)
class Found:
    """An entry with the place where it was written."""

    entry: Any
    file: str
    line: int
    path: Path | None = None
    """Where it is, of a file that is one entry."""
    data: Any = None
    """What is written there."""


@dataclass
class CatalogReader:
    """Reads files below the catalog folders, and gathers their faults in ``errors``."""

    paths: Sequence[Path]
    errors: list[CatalogError] = field(default_factory=list)
    lines: dict[str, dict[Location, int]] = field(default_factory=dict)
    """Lines of the entries of each file."""
    series: dict[str, Expanded] = field(default_factory=dict)
    """Cards with their series of documents written out, by file."""
    withheld: Collection[Path] = ()
    """Files to pass over as if they were not there."""
    private: list[Path] = field(default_factory=list)
    """Files of private cards and frameworks, faulty ones included."""
    left_out: dict[tuple[str, str], CatalogError] = field(default_factory=dict)
    """The first fault for which an entry was left out, by its kind and id."""
    units: set[str] = field(default_factory=set)
    """The units of indicators read so far."""
    variants: list[Found] = field(default_factory=list)
    """Frameworks told by what they change in another, as written."""

    def error(self, file: str, line: int, entity: str, message: str, remedy: str) -> CatalogError:
        self.errors.append(CatalogError(file, line, entity, message, remedy))
        return self.errors[-1]

    def leave_out(self, kinds: Iterable[str], names: Iterable[str], cause: CatalogError) -> None:
        for key in product(kinds, names):
            self.left_out.setdefault(key, cause)

    def is_muted(self, file: str) -> bool:
        """Whether a file is in a folder added for private cards, of which a release says nothing:
        what goes with them, such as an indicator that misspells its source, would speak of them."""
        added = [f for f in self.paths[1:] if any(p.is_relative_to(f) for p in self.withheld)]
        return file.startswith(tuple(f"{folder.name}/" for folder in added))

    def name(self, path: Path) -> str:
        """File name as an analyst knows it: below the catalog folder, with that folder."""
        for folder in self.paths:
            if path.is_relative_to(folder):
                return str(Path(folder.name) / path.relative_to(folder))
        return str(path)

    def _yaml(self, path: Path) -> Any:
        name = self.name(path)
        try:
            data, self.lines[name] = load_yaml(path)
        except YamlError as error:
            self.error(name, error.line, path.stem, str(error), "Correct the YAML at this line.")
            return None
        if data is None:
            self.error(name, 1, path.stem, "the file is empty", "Fill it in or delete it.")
        return data

    def _expanded(self, data: Any, file: str, entity: str) -> Any:
        """A card with its series of documents written out."""
        self.series[file] = series = expand(data)
        for fault in series.faults:
            line = line_of(self.lines.get(file, {}), fault.at)
            self.error(file, line, entity, fault.message, fault.remedy)
        return series.data

    def line(self, file: str, at: Location) -> int:
        """Line on which an entry of a file is written."""
        return line_of(self.lines.get(file, {}), self.written(file, at))

    def written(self, file: str, at: Location) -> Location:
        """Location of an entry as its file has it, where a series is one entry."""
        return self.series[file].location(at) if file in self.series else at

    def validate(
        self, model: type[EntryT], data: Any, file: str, at: Location, entity: str
    ) -> EntryT | None:
        try:
            return model.model_validate(data, context={"units": self.units})
        except ValidationError as error:
            faults = error.errors()
            for fault in faults:
                if fault["type"] == "too_short" and any(
                    f["loc"][: len(fault["loc"])] == fault["loc"] != f["loc"] for f in faults
                ):
                    continue  # the list is too short only because of the faults inside it
                location = (*at, *fault["loc"])
                message, remedy = explain(fault, model)
                line = self.line(file, location)
                inside = self.written(file, location)[len(at) :]
                where = ".".join(str(part) for part in inside)
                self.error(file, line, entity, f"{where}: {message}" if where else message, remedy)
            return None

    def add(
        self, found: dict[str, Found], key: str, item: Found, twice: set[str], kind: str
    ) -> None:
        """Put an entry among those of its folder, or report that its id is there already."""
        if key in found or key in twice:
            first = found.pop(key, None)
            twice.add(key)
            place = f" ({first.file}:{first.line})" if first else ""
            error = self.error(
                item.file,
                item.line,
                key,
                f"duplicate {kind} '{key}'{place}",
                "Give one of them another id, or delete it; neither was loaded.",
            )
            self.leave_out(["source" if kind == "id" else kind], [key], error)
        else:
            found[key] = item

    def csv(
        self,
        path: Path,
        model: type[EntryT],
        column: str,
        key: Callable[[Any], str] | None = None,
    ) -> dict[str, Found]:
        found: dict[str, Found] = {}
        twice, kind = set[str](), column.split("_")[0]
        for entity, item in self._csv_rows(path, model, column, [kind]):
            self.add(found, key(item.entry) if key else entity, item, twice, kind)
        return found

    def table(self, path: Path, model: type[EntryT], entity: str) -> list[Found]:
        """The rows of a table that belongs to an entry."""
        rows = self._csv_rows(path, model, None, [], entity)
        return [item for _, item in rows]

    def _csv_rows(
        self,
        path: Path,
        model: type[EntryT],
        column: str | None,
        kinds: Sequence[str],
        owner: str = "",
    ) -> Iterator[tuple[str, Found]]:
        """Sound rows, each with the entity that it is: by a column, or the owner of the table."""
        if not path.exists():
            return
        name = self.name(path)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"not UTF-8: {error}"
            fault = self.error(name, 1, owner or path.stem, message, "Save the file as UTF-8.")
            self.leave_out(kinds, _identifiers(path), fault)
            return
        reader = csv.DictReader(io.StringIO(text, newline=""))
        needed = [n for n, f in model.model_fields.items() if f.is_required()] if owner else []
        missing = [column for column in needed if column not in (reader.fieldnames or [])]
        if missing:
            message = f"column '{missing[0]}' is missing"
            self.error(name, 1, owner, message, f"The columns are {', '.join(needed)}.")
            return
        for row in reader:
            line = reader.line_num
            entity = owner or row.get(column or "") or f"line {line}"
            if None in row or None in row.values():
                fault = self.error(
                    name,
                    line,
                    entity,
                    "the number of columns differs from the header",
                    f"The header has {len(reader.fieldnames or [])} columns.",
                )
                self.leave_out(kinds, [entity], fault)
                continue
            data: dict[str, Any] = {k: v for k, v in row.items() if v != ""}
            for several in ("aliases", "members"):
                if several in data:
                    data[several] = tuple(part.strip() for part in data[several].split(";"))
            self.lines[name] = {(): line}
            before = len(self.errors)
            entry = self.validate(model, data, name, (), entity)
            if entry is None:
                self.leave_out(kinds, [entity], self.errors[before])
            else:
                yield entity, Found(entry, name, line)

    def indicator_file(self, path: Path) -> dict[str, dict[str, Found]]:
        groups: dict[str, tuple[type[BaseModel], str]] = {
            "themes": (Theme, "theme"),
            "units": (Unit, "printed"),
            "indicators": (Indicator, "indicator"),
        }
        result: dict[str, dict[str, Found]] = {"theme": {}, "unit": {}, "indicator": {}}
        before = len(self.errors)
        data = self._yaml(path) if path.exists() else None
        name = self.name(path)
        if data is not None and not isinstance(data, dict):
            self.error(name, 1, path.stem, "not a mapping", f"Begin with {', '.join(groups)}.")
        if not isinstance(data, dict):
            if len(self.errors) > before:
                self.leave_out(result, _identifiers(path), self.errors[before])
            return result
        for section in data:
            if section not in groups:
                self.error(
                    name,
                    line_of(self.lines[name], (section,)),
                    str(section),
                    f"unknown section '{section}'",
                    did_you_mean(str(section), groups),
                )
        for section, (model, column) in groups.items():
            target, twice = result[section[:-1]], set[str]()
            items = data.get(section) or []
            if not isinstance(items, list):
                line = line_of(self.lines[name], (section,))
                remedy = "Begin every entry with '-'."
                fault = self.error(name, line, section, "not a list", remedy)
                self.leave_out([section[:-1]], _identifiers(path), fault)
                continue
            for i, item in enumerate(items):
                entity = f"{section} {i + 1}"
                if isinstance(item, dict):
                    entity = str(item.get(column, entity))
                before = len(self.errors)
                entry = self.validate(model, item, name, (section, i), entity)
                if entry is None:
                    self.leave_out([section[:-1]], [entity], self.errors[before])
                else:
                    line = line_of(self.lines[name], (section, i))
                    self.add(target, entity, Found(entry, name, line), twice, section[:-1])
            if section == "units":
                self.units |= {unit for found in target.values() for unit in found.entry.units}
        return result

    def list_file(self, path: Path, model: type[EntryT]) -> list[Found]:
        """The entries of a file that is one list."""
        data = self._yaml(path) if path.exists() else []
        name = self.name(path)
        if not isinstance(data, list):
            if data is not None:
                self.error(name, 1, path.stem, "not a list", "Begin every entry with '-'.")
            return []
        found = []
        for i, item in enumerate(data):
            entry = self.validate(model, item, name, (i,), f"{path.stem} {i + 1}")
            if entry is not None:
                found.append(Found(entry, name, line_of(self.lines[name], (i,))))
        return found

    def corrections(self, items: list[Found], indicators: Mapping[str, Found]) -> dict[str, Found]:
        """Corrections by what they correct, with the scope of the indicator where none is named."""
        found: dict[str, Found] = {}
        twice = set[str]()
        for item in items:
            indicator = indicators.get(item.entry.indicator)
            scope = item.entry.scope or (indicator.entry.scope if indicator else None)
            entry = item.entry.model_copy(update={"scope": scope})
            self.add(found, " ".join(entry.key), replace(item, entry=entry), twice, "correction")
        return found

    def folder(self, folder: Path, model: type[EntryT], id_key: str) -> dict[str, Found]:
        found: dict[str, Found] = {}
        twice: set[str] = set()
        for path in sorted(folder.glob("*.yml")):
            if path in self.withheld:
                continue
            before = len(self.errors)
            data = self._yaml(path)
            name = self.name(path)
            for at, text in undecided(data):
                where = ".".join(map(str, at))
                message = f"{where}: not decided yet ({text})"
                remedy = f"Write what is meant in place of {UNDECIDED}."
                self.error(name, line_of(self.lines[name], at), path.stem, message, remedy)
            if model is Source:
                data = self._expanded(data, name, path.stem)
            entry = None
            if model is Framework and is_variant(data) and len(self.errors) == before:
                self.variants.append(Found(None, name, 1, path, data))
                if looks_private(path, data):
                    self.private.append(path)
                continue
            if data is not None and len(self.errors) == before:
                entry = self.validate(model, data, name, (), path.stem)
            if isinstance(entry, Framework) and not self.is_sound(entry, name):
                entry = None
            if entry is None and model is Source:
                names = private_names([path])
                self.leave_out(["source", "report"], names, self.errors[before])
            if entry is None and model is Framework:
                names = frozenset({path.stem, str(isinstance(data, dict) and data.get(id_key))})
                self.leave_out(["framework"], names, self.errors[before])
            if getattr(entry, "private", False) or (entry is None and looks_private(path, data)):
                self.private.append(path)
            if entry is None:
                continue
            key = getattr(entry, id_key)
            self.add(found, key, Found(entry, name, 1, path, data), twice, id_key)
        return found

    def is_sound(self, framework: Framework, file: str) -> bool:
        """Whether the parts of a framework fit together; reports those that do not."""
        faults = faults_of(framework)
        for fault in faults:
            line = self.line(file, fault.at)
            self.error(file, line, framework.framework, fault.message, fault.remedy)
        return not faults


def undecided(data: Any, at: Location = ()) -> Iterator[tuple[Location, str]]:
    """Places in a proposed card that only an analyst can fill in."""
    if isinstance(data, str) and data.startswith(UNDECIDED):
        yield at, data
    elif isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from undecided(value, (*at, key))


def looks_private(path: Path, data: Any) -> bool:
    """Whether a card that can't be used was meant to be private: the doubt is in its favour."""
    if isinstance(data, dict):
        marks = [value for key, value in data.items() if str(key).lower().startswith("priv")]
        return any(value is not False for value in marks)
    mark = r"^[\s{\"']*priv\w*[\"']?\s*:\s*(?!false\b)"
    return bool(re.search(mark, _text(path), re.IGNORECASE | re.MULTILINE))


def private_names(paths: Iterable[Path]) -> frozenset[str]:
    """Ids of cards and of the reports in them, however faulty the cards are."""
    pattern = r"\b(?:id|report_id)\"?\s*:\s*[\"']?([a-z][a-z0-9_]*)"
    return frozenset(
        name for path in paths for name in [path.stem, *re.findall(pattern, _text(path))]
    )


def framework_names(paths: Iterable[Path]) -> frozenset[str]:
    """Ids of frameworks, however faulty their files are."""
    pattern = r"\bframework[\"']?\s*:\s*[\"']?([a-z][a-z0-9_]*)"
    return frozenset(
        name for path in paths for name in re.findall(pattern, _text(path)) or [path.stem]
    )


def _identifiers(path: Path) -> set[str]:
    """Whatever a file that can't be read may have as an id."""
    return set(re.findall(r"[a-z][a-z0-9_]*", _text(path)))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
