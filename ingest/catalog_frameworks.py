"""Frameworks that rest on other files: a variant on its base, weights on the tables of experts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from ingest.catalog_errors import did_you_mean
from ingest.catalog_files import CatalogReader, Found, framework_names
from ingest.catalog_references import Groups
from ingest.expert_tables import TABLES, Judgement, branches, judgements_of
from ingest.framework_cards import Framework
from ingest.framework_uncertainty import inherited
from ingest.framework_variants import resolve

FOLDER = "frameworks"


def add_variants(
    layers: Sequence[Groups], reader: CatalogReader, gone: Collection[str] = ()
) -> None:
    """Write out the variants of each folder from the frameworks that stand, and add them.

    What names an indicator of ``gone`` or changes a private framework is withheld, without a word.
    """
    bases = {key: found for layer in layers for key, found in layer["framework"].items()}
    names = {str(found.data.get("framework")) for found in reader.variants}
    twice: set[str] = set()
    for variant in reader.variants:
        if reader.withheld and _is_of_private(variant, layers, reader):
            continue
        found = _resolved(variant, bases, names, reader)
        if found is None:
            key = str(variant.data.get("framework"))
            own = [error for error in reader.errors if error.file == variant.file]
            if own:
                reader.leave_out(["framework"], [key], own[-1])
        elif not found.entry.indicators & set(gone):
            layer = next(
                layer
                for folder, layer in zip(reader.paths, layers, strict=True)
                if variant.path and variant.path.is_relative_to(folder)
            )
            reader.add(layer["framework"], found.entry.framework, found, twice, "framework")


def _is_of_private(variant: Found, layers: Sequence[Groups], reader: CatalogReader) -> bool:
    """Whether the base that a variant means is withheld: the nearest one, from its own folder to
    the first. One that overrides a public one from a later folder is another matter."""
    base = str(variant.data["variant_of"])
    nearest = None
    hidden = []
    for folder, layer in zip(reader.paths, layers, strict=True):
        files = [path for path in reader.withheld if path.parent == folder / FOLDER]
        hidden.append(base in framework_names(files))
        if hidden[-1] or base in layer["framework"]:
            nearest = hidden[-1]
        if variant.path and variant.path.is_relative_to(folder) and nearest is not None:
            return nearest
    return any(hidden)


def _resolved(
    variant: Found, bases: dict[str, Found], names: Collection[str], reader: CatalogReader
) -> Found | None:
    """A variant written out and sound, or nothing, with the reason among the errors."""
    name, base = str(variant.data.get("framework")), str(variant.data["variant_of"])
    line = reader.line(variant.file, ("variant_of",))
    if base == name or base in names:
        message = f"'{base}' is a variant itself"
        remedy = "Name the framework on which it rests, and give this one an id of its own."
        reader.error(variant.file, line, name, message, remedy)
        return None
    if base not in bases:
        cause = reader.left_out.get(("framework", base))
        message, remedy = f"unknown framework '{base}'", did_you_mean(base, bases)
        if cause is not None and not reader.is_muted(cause.file):
            message = f"framework '{base}' is left out because of {cause.file}:{cause.line}"
            remedy = "Mend that first."
        reader.error(variant.file, line, name, message, remedy)
        return None
    written = reader.lines.get(variant.file, {})
    made = resolve(bases[base].data, variant.data, written)
    for fault in made.faults:
        place = reader.line(variant.file, fault.at)
        reader.error(variant.file, place, name, fault.message, fault.remedy)
    if made.faults:
        return None
    reader.lines[variant.file] = made.lines
    entry = reader.validate(Framework, made.data, variant.file, (), name)
    if entry is None or not reader.is_sound(entry, variant.file):
        return None
    if "uncertainty" not in variant.data:
        entry = inherited(entry, bases[base].entry)
    return Found(entry, variant.file, 1, variant.path, variant.data)


def read_expert_tables(
    frameworks: dict[str, Found], reader: CatalogReader
) -> dict[str, tuple[Judgement, ...]]:
    """The judgements by which frameworks are weighted; one whose table is faulty is left out.

    A variant without a table of its own has that of its base.
    """
    judgements: dict[str, tuple[Judgement, ...]] = {}
    # What a variant has of its base is mended there.
    bases_first = sorted(frameworks.items(), key=lambda item: bool(item[1].entry.variant_of))
    for key, found in bases_first:
        if found.entry.variant_of and found.entry.variant_of not in judgements:
            judgements[key] = ()
            continue
        before = len(reader.errors)
        judgements[key] = tuple(_judgements(found, reader))
        if len(reader.errors) > before:
            reader.leave_out(["framework"], [key], reader.errors[before])
            del frameworks[key], judgements[key]
        elif "uncertainty" in found.data:
            _tell_single_expert(found, judgements[key], reader)
    _tell_unused(frameworks, reader)
    return judgements


def _judgements(found: Found, reader: CatalogReader) -> list[Judgement]:
    framework: Framework = found.entry
    judgements = []
    for weighting, (name, model) in TABLES.items():
        if not (used := branches(framework, weighting)):
            continue
        path = _table(found, name, reader)
        if path is None:
            place = next(at for at, node in framework.index.places() if node.id == next(iter(used)))
            message = f"the children of '{next(iter(used))}' are weighted by {weighting}"
            remedy = f"Write {FOLDER}/{framework.framework}/{name} with the judgements."
            line = reader.line(found.file, place)
            reader.error(
                found.file, line, framework.framework, f"{message}, without {name}", remedy
            )
            continue
        before = len(reader.errors)
        rows = reader.table(path, model, framework.framework)
        if len(reader.errors) > before:
            continue
        more, faults = judgements_of(framework, weighting, rows)
        judgements += more
        for fault in faults:
            row = fault.row or Found(None, reader.name(path), 1)
            reader.error(row.file, row.line, framework.framework, fault.message, fault.remedy)
    return judgements


def _tell_single_expert(
    found: Found, judgements: Sequence[Judgement], reader: CatalogReader
) -> None:
    """Report that weights are to vary between experts where there is one; nothing goes for it."""
    experts = sorted({judgement.expert for judgement in judgements})
    for i, factor in enumerate(found.entry.uncertainty.factors):
        if factor.kind == "expert_weights" and len(experts) < 2:
            line = reader.line(found.file, ("uncertainty", "factors", i))
            message = f"'{factor.factor}' has no choice: all judgements are by '{experts[0]}'"
            remedy = "Leave the factor out, or add the judgements of another expert."
            reader.error(found.file, line, found.entry.framework, message, remedy)


def _table(found: Found, name: str, reader: CatalogReader) -> Path | None:
    """Table of a framework, or of the one of which it is a variant: in its own catalog folder or
    in one that this adds to."""
    framework: Framework = found.entry
    folders = list(reader.paths)
    while folders and not (found.path and found.path.is_relative_to(folders[-1])):
        folders.pop()
    places = [
        folder / FOLDER / owner / name
        for owner in (framework.framework, framework.variant_of)
        if owner
        for folder in reversed(folders)
    ]
    return next((path for path in places if path.exists()), None)


def _tell_unused(frameworks: dict[str, Found], reader: CatalogReader) -> None:
    """Report tables that no framework looks at, for they were meant to count."""
    weightings: dict[str, set[str]] = {}
    for found in frameworks.values():
        used = {weighting for weighting in TABLES if branches(found.entry, weighting)}
        for owner in (found.entry.framework, found.entry.variant_of):
            if owner:
                weightings.setdefault(owner, set()).update(used)
    files = {name: weighting for weighting, (name, _) in TABLES.items()}
    hidden = set(framework_names(p for p in reader.withheld if p.parent.name == FOLDER))
    if reader.withheld:
        hidden |= {str(variant.data.get("framework")) for variant in reader.variants}
    hidden -= weightings.keys()
    for path in [p for folder in reader.paths for p in sorted((folder / FOLDER).rglob("*.csv"))]:
        owner, weighting = path.parent.name, files.get(path.name)
        if owner in hidden:
            continue
        if weighting is None:
            message, remedy = f"unknown table '{path.name}'", did_you_mean(path.name, files)
        elif ("framework", owner) in reader.left_out:
            continue
        elif owner not in weightings:
            message = f"no framework '{owner}' to which this table could belong"
            remedy = "Name its folder after a framework."
        elif weighting not in weightings[owner]:
            message = f"no node of '{owner}' is weighted by {weighting}"
            remedy = f"Write 'weighting: {weighting}' on a node, or delete the table."
        else:
            continue
        reader.error(reader.name(path), 1, owner, message, remedy)
