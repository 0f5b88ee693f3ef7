"""What an entry of the catalog names must exist elsewhere in it; what dangles is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from ingest.cards import SCOPE_OF_REGISTERS, Correction, Derivation, Indicator, Source
from ingest.catalog_errors import CatalogError, did_you_mean
from ingest.catalog_files import CatalogReader, Found
from ingest.framework_checks import faults_in_catalog, indicators_named, units_named
from ingest.framework_uncertainty import has_errors
from ingest.numbers import parse_number
from ingest.parsers import PARSERS
from ingest.yaml_lines import Location

Groups = dict[str, dict[str, Found]]


def drop_dangling(
    groups: Groups, reader: CatalogReader, used: Mapping[str, Collection[str]]
) -> list[CatalogError]:
    """Report and remove every entry that names something unknown, group by group.

    The order matters: an indicator may lose its theme, a framework its indicators. ``used`` has
    the sources that an indicator names in any of the folders. Returns what was left out only
    because something else was: it follows from the faults of the reader.
    """
    check = _Check(groups, reader)
    check.members()
    check.forget()
    check.organisations()
    check.themes_and_units()
    check.forget()
    check.sources()
    check.reports()
    check.forget()
    check.indicators()
    check.forget()
    check.unused_figures(used)
    check.derivations()
    check.forget()
    check.frameworks()
    check.corrections()
    check.forget()
    return check.consequences()


@dataclass(frozen=True)
class _Followed:
    """An entry that was left out because what it names was."""

    file: str
    line: int
    key: str
    name: str


@dataclass
class _Check:
    groups: Groups
    reader: CatalogReader
    dropped: set[tuple[str, str]] = field(default_factory=set)
    followed: dict[tuple[CatalogError, str, str], list[_Followed]] = field(default_factory=dict)
    """What was left out for want of something else, by the first fault, folder and group."""

    def drop(self, group: str, key: str, at: Location, message: str, remedy: str) -> None:
        found = self.groups[group][key]
        error = self.reader.error(found.file, self._line(found, at), key, message, remedy)
        self._leave_out(group, key, error)

    def unknown(
        self,
        group: str,
        key: str,
        at: Location,
        kind: str,
        name: str,
        known: Collection[str] | None = None,
    ) -> None:
        """Drop an entry when the thing of that kind that it names is not in the catalog."""
        known = self.groups[kind] if known is None else known
        if name in known:
            return
        cause = self.reader.left_out.get((kind, name))
        if cause is None or self.reader.is_muted(cause.file):
            self.drop(group, key, at, f"unknown {kind} '{name}'", did_you_mean(name, known))
            return
        found = self.groups[group][key]
        followed = _Followed(found.file, self._line(found, at), key, f"{kind} '{name}'")
        folder = found.file.partition("/")[0]
        self.followed.setdefault((cause, folder, group), []).append(followed)
        self._leave_out(group, key, cause)

    def _line(self, found: Found, at: Location) -> int:
        return self.reader.line(found.file, at) if at else found.line

    def _leave_out(self, group: str, key: str, cause: CatalogError) -> None:
        self.dropped.add((group, key))
        self.reader.leave_out([group], [key], cause)
        if group == "source":
            reports = self.groups[group][key].entry.reports
            self.reader.leave_out(["report"], [report.report_id for report in reports], cause)

    def consequences(self) -> list[CatalogError]:
        """One line for all entries of a group that were left out because of the same fault."""
        errors = []
        for (cause, _, group), followed in self.followed.items():
            entries = list(dict.fromkeys(item.key for item in followed))
            names = list(dict.fromkeys(item.name for item in followed))
            shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
            what = " and ".join([part for part in (", ".join(shown[:-1]), shown[-1]) if part])
            verb = "is" if len(names) == 1 else "are"
            errors.append(
                CatalogError(
                    followed[0].file,
                    followed[0].line,
                    entries[0] if len(entries) == 1 else _count(len(entries), group),
                    f"{what} {verb} left out because of {cause.file}:{cause.line}",
                    "Mend that first.",
                )
            )
        return errors

    def forget(self) -> None:
        for group, key in self.dropped:
            self.groups[group].pop(key, None)

    def members(self) -> None:
        for key, found in self.groups["city"].items():
            for member in found.entry.members:
                self.unknown("city", key, (), "city", member)
                known = self.groups["city"].get(member)
                if known and not known.entry.is_city:
                    message = f"member '{member}' is a {known.entry.kind}, not a city"
                    self.drop("city", key, (), message, "Name the cities of which it consists.")

    def organisations(self) -> None:
        for key, found in self.groups["organisation"].items():
            if found.entry.city_id:
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
                before = len(self.reader.errors)
                if self.reader.validate(model, values, found.file, at, key) is None:
                    self._leave_out("source", key, self.reader.errors[before])
                for kind in ("indicator", "city"):
                    for inside, name in named(values, kind):
                        self.unknown("source", key, (*at, *inside), kind, name)
                own = [report.report_id for report in card.reports]
                for inside, name in named(values, "report_id"):
                    if name not in own:
                        message = f"the card has no report '{name}'"
                        self.drop("source", key, (*at, *inside), message, did_you_mean(name, own))
            for i, register in enumerate(card.registers):
                at = ("registers", i, "indicator")
                self.unknown("source", key, at, "indicator", register.indicator)
            for part in ("caveats", "breaks", "errors"):
                for i, item in enumerate(getattr(card, part)):
                    at = (part, i, "indicator")
                    self.unknown("source", key, at, "indicator", item.indicator)

    def reports(self) -> None:
        owners: dict[str, str] = {}
        origins: dict[str, str | None] = {}
        for key, found in self.groups["source"].items():
            for report in found.entry.reports:
                if report.report_id in owners:
                    message = f"duplicate report '{report.report_id}'"
                    where = f"It is also in '{owners[report.report_id]}': give it another id."
                    self.drop("source", key, (), message, where)
                owners[report.report_id] = key
                origins[report.report_id] = report.derived_from
        for key, found in self.groups["source"].items():
            for i, document in enumerate(found.entry.documents):
                for j, report in enumerate(document.reports):
                    origin = report.derived_from
                    if origin and origin not in owners:
                        at = ("documents", i, "reports", j, "derived_from")
                        self.unknown("source", key, at, "report", origin, owners)
                    elif report.report_id in _origins(report.report_id, origins):
                        at = ("documents", i, "reports", j, "derived_from")
                        message = f"report '{report.report_id}' is derived from itself"
                        self.drop("source", key, at, message, "Leave it out of the first of them.")

    def themes_and_units(self) -> None:
        units = {unit for found in self.groups["unit"].values() for unit in found.entry.units}
        for key, found in self.groups["indicator"].items():
            self.unknown("indicator", key, (), "theme", found.entry.theme)
            unit = found.entry.unit
            if units and unit not in units and not found.entry.derive:
                self.drop("indicator", key, (), f"unknown unit '{unit}'", did_you_mean(unit, units))

    def indicators(self) -> None:
        for key, found in self.groups["indicator"].items():
            for source in found.entry.sources:
                # A source that was left out must not take the indicator along.
                if ("source", source) not in self.reader.left_out:
                    self.unknown("indicator", key, (), "source", source)

    def unused_figures(self, used: Mapping[str, Collection[str]]) -> None:
        """Report figures of which no value is ever made, because the indicator does not name
        their source. Nothing is left out for it. A caveat says that it is meant so."""
        for key, found in self.groups["source"].items():
            card: Source = found.entry
            explained = {caveat.indicator for caveat in card.caveats}
            parts: list[tuple[Location, Any]] = [(("parse",), card.parse)]
            parts += [
                (("documents", i, "options"), d.options) for i, d in enumerate(card.documents)
            ]
            told = set[str]()
            for at, values in parts:
                for inside, code in named(values, "indicator"):
                    indicator = self.groups["indicator"].get(code)
                    # A claim is only tested on the indicator.
                    if indicator is None or "claims" in inside or code in {*told, *explained}:
                        continue
                    told.add(code)
                    if indicator.entry.derive:
                        message = f"its figures of '{code}' are not used: it is derived"
                        remedy = f"Name what '{code}' is derived from, or leave it out."
                    elif key not in used.get(code, ()):
                        message = (
                            f"its figures of '{code}' are not used: the indicator does not name "
                            f"'{key}' under sources"
                        )
                        place = f"{indicator.file}:{indicator.line}"
                        remedy = f"Add it there ({place}), or say under caveats why not."
                    else:
                        continue
                    line = self._line(found, (*at, *inside))
                    self.reader.error(found.file, line, key, message, remedy)

    def derivations(self) -> None:
        indicators = self.groups["indicator"]
        for key, found in indicators.items():
            derive: Derivation | None = found.entry.derive
            if not derive:
                continue
            here = self._place("indicators", found)
            parts = {(*here, "derive", *part.at): part.indicator for part in derive.parts}
            before = len(self.dropped)
            for at, code in parts.items():
                self.unknown("indicator", key, at, "indicator", code)
                if code in indicators and indicators[code].entry.derive:
                    message = f"'{code}' is derived itself"
                    remedy = "Name the collected indicators that it is derived from."
                    self.drop("indicator", key, at, message, remedy)
            if len(self.dropped) == before:
                fault = _fault_of_parts(
                    found.entry, derive, [indicators[p.indicator].entry for p in derive.parts]
                )
                if fault:
                    self.drop("indicator", key, next(iter(parts)), *fault)

    def _place(self, section: str, found: Found) -> Location:
        """Location of an entry in a file that has several."""
        lines = self.reader.lines.get(found.file, {})
        places = (at for at in lines if len(at) == 2 and at[0] == section)
        return next((at for at in places if lines[at] == found.line), ())

    def corrections(self) -> None:
        for key, found in self.groups["correction"].items():
            entry: Correction = found.entry
            for kind in ("source", "indicator", "city"):
                self.unknown("correction", key, (), kind, getattr(entry, kind))
            indicator = self.groups["indicator"].get(entry.indicator)
            if indicator is None or entry.new is None:
                continue
            try:
                parse_number(entry.new)
            except ValueError as error:
                self.drop("correction", key, (), str(error), "Write 'new' as a number.")
            target = indicator.entry.unit
            printed = {k for k, f in self.groups["unit"].items() if target in f.entry.units}
            if entry.unit not in {target, *printed}:
                message = f"unit '{entry.unit}' does not convert to '{target}'"
                remedy = did_you_mean(str(entry.unit), {target, *printed})
                self.drop("correction", key, (), message, remedy)

    def frameworks(self) -> None:
        reports = [r for found in self.groups["source"].values() for r in found.entry.reports]
        subjects = {report.subject for report in reports}
        # The reports of a source that was left out can't be asked.
        faulty = any(kind == "source" for kind, _ in self.reader.left_out)
        frameworks = self.groups["framework"]
        cities = {k: f.entry for k, f in self.groups["city"].items()}
        for key, found in sorted(frameworks.items(), key=lambda item: _is_variant(item[1])):
            # What a variant has of its base is mended there.
            base = found.entry.variant_of
            standing = [k for k in frameworks if ("framework", k) not in self.dropped]
            if base and base not in standing:
                self.unknown("framework", key, ("variant_of",), "framework", base, standing)
                continue
            for i, code in enumerate(found.entry.references):
                self.unknown("framework", key, ("references", i), "indicator", code)
            for i, subject in enumerate(found.entry.consensus_subjects):
                if subject not in subjects and not faulty:
                    message = f"no report has the subject '{subject}'"
                    remedy = did_you_mean(subject, subjects)
                    self.drop("framework", key, ("consensus_subjects", i), message, remedy)
            for at, code in indicators_named(found.entry):
                self.unknown("framework", key, at, "indicator", code)
            for at, city in units_named(found.entry):
                self.unknown("framework", key, at, "city", city)
            for fault in faults_in_catalog(found.entry, cities):
                self.drop("framework", key, *fault)
            # A release may lack the source, and a variant has what its base has left.
            if "uncertainty" in found.data and not faulty and not self.reader.withheld:
                self._errors_of_figures(key, found)
        marked = [k for k, f in self.groups["framework"].items() if f.entry.flagship]
        for key in marked[1:]:
            message = f"a second flagship beside '{marked[0]}'"
            self.drop("framework", key, ("flagship",), message, "Mark one framework only.")

    def _errors_of_figures(self, key: str, found: Found) -> None:
        """Report that errors of figures are to vary where none is stated. The factor goes then,
        and the framework stays: it is as exact as its sources say."""
        factors = found.entry.uncertainty.factors
        at = [i for i, factor in enumerate(factors) if factor.kind == "observation_error"]
        indicators = {k: f.entry for k, f in self.groups["indicator"].items()}
        sources = {k: f.entry for k, f in self.groups["source"].items()}
        if at and not has_errors(found.entry, indicators, sources):
            place = self._line(found, ("uncertainty", "factors", at[0]))
            message = "no source states the error of a figure of this framework"
            remedy = (
                "Leave the factor out, or write under 'errors' of the source's card what it states."
            )
            self.reader.error(found.file, place, key, message, remedy)


def _is_variant(found: Found) -> bool:
    return found.entry.variant_of is not None


def _count(number: int, group: str) -> str:
    return f"{number} {'cities' if group == 'city' else f'{group}s'}"


def _fault_of_parts(
    entry: Indicator, derive: Derivation, parts: list[Indicator]
) -> tuple[str, str] | None:
    """What is wrong with the parts of a derived indicator together, and the remedy."""
    scopes = list(dict.fromkeys(part.scope for part in parts if part.scope != SCOPE_OF_REGISTERS))
    if len(scopes) > 1:
        return f"parts of different scope: {', '.join(scopes)}", "Take parts of one scope."
    if entry.scope != parts[0].scope:
        return (
            f"its scope is '{entry.scope}', that of '{parts[0].indicator}' is '{parts[0].scope}'",
            f"Write 'scope: {parts[0].scope}'.",
        )
    units = [part.unit for part in parts]
    if derive.sum and len(set(units)) > 1:
        return f"a sum of different units: {', '.join(units)}", "Add what has one unit."
    unit = derive.unit(units)
    if entry.unit != unit:
        return (
            f"the unit of this {derive.method} is '{unit}', not '{entry.unit}'",
            f"Write 'unit: {unit}' and let the code end with it.",
        )
    return None


def _origins(report: str, origins: dict[str, str | None]) -> list[str]:
    """What a report is derived from, step by step; ends where a step would be repeated."""
    found: list[str] = []
    step = origins.get(report)
    while step and step not in found:
        found.append(step)
        step = origins.get(step)
    return found


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
