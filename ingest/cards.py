"""The form of what an analyst writes in ``catalog/``: one model per kind of entry.

The models check what one entry can know of itself; what needs the whole catalog (ids that
must exist elsewhere) is checked in :mod:`ingest.catalog`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Seen = Literal["full", "excerpt"]
Precision = Literal["day", "month", "year"]
QUOTE_LIMIT = 200
# Units that need no suffix: a plain number of things says what it counts in its name.
UNITS_WITHOUT_SUFFIX = ("index",)


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class City(Entry):
    city_id: Identifier
    name_en: Text
    name_zh: str = ""
    aliases: tuple[str, ...] = ()
    country_code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    province_en: str = ""
    province_zh: str = ""
    gb2260_code: str = ""
    geonames_id: int | None = None
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)


class Organisation(Entry):
    organisation: Text
    city_id: Identifier
    ror_id: str = ""
    reason: str = ""

    @model_validator(mode="after")
    def _has_evidence(self) -> Organisation:
        if not (self.ror_id or self.reason):
            raise ValueError("an organisation needs its ror_id or a reason for its city")
        return self


class Theme(Entry):
    theme: Identifier
    title: Text


class Unit(Entry):
    """A unit as printed, and what one of it is in the catalog's unit."""

    printed: Text
    unit: Identifier
    factor: float = Field(gt=0)


class Indicator(Entry):
    indicator: Identifier
    title: Text
    theme: Identifier
    unit: Identifier
    direction: Literal["higher", "lower"]
    measures: Literal["size", "intensity"]
    scope: Identifier
    definition: Text
    sources: tuple[Identifier, ...] = Field(min_length=1)
    max_yearly_change: float | None = Field(None, gt=1)

    @model_validator(mode="after")
    def _name_ends_with_unit(self) -> Indicator:
        if self.unit not in UNITS_WITHOUT_SUFFIX and not self.indicator.endswith(f"_{self.unit}"):
            raise ValueError(
                f"the code of an indicator ends with its unit: expected '..._{self.unit}'"
            )
        return self


class Report(Entry):
    """One publication of a ranking, declared beside the document that it stands in."""

    report_id: Identifier
    title: Text
    title_original: str = ""
    publisher: Text
    subject: Identifier
    edition: str = ""
    published_on: dt.date
    published_precision: Precision = "day"
    data_year: int
    universe: Text
    universe_size: int | None = Field(None, gt=0)
    derived_from: Identifier | None = None
    trust: Literal["full", "excerpt", "inferred", "lowtrust"] = "full"


class Document(Entry):
    """One document of a source.

    ``form`` says what stands in the mirror: the bytes as ``published`` at the address, a
    file ``derived`` from them, or a ``transcript`` of a document of which only the address
    and the quotes are known. Only published documents can be pulled live.
    """

    id: Identifier
    title: Text
    address: Annotated[str, StringConstraints(pattern=r"^https?://\S.*$")]
    form: Literal["published", "derived", "transcript"] = "published"
    mirror: str | None = None
    published_on: dt.date
    published_precision: Precision = "day"
    """Where only the month or the year is known, ``published_on`` is its first day."""
    retrieved_on: dt.date | None = None
    seen: Seen = "full"
    media_type: str | None = None
    reports: tuple[Report, ...] = ()
    """Rankings printed in the document."""
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _mirror_stays_inside(self) -> Document:
        if self.mirror and (self.mirror.startswith("/") or ".." in self.mirror.split("/")):
            raise ValueError("mirror must be a path inside the mirror folder, without '..'")
        return self


class RegisterCoverage(Entry):
    """Cities and years for which absence from an exhaustive register is an observed zero."""

    indicator: Identifier
    country_code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    year_from: int
    year_to: int


class Implausible(Entry):
    """A printed figure that can't be right: it is kept as printed and counts as missing."""

    document: Identifier
    indicator: Identifier
    city: Identifier
    printed: Text
    reason: Text


class Source(Entry):
    id: Identifier
    title: Text
    publisher: Text
    kind: Literal["statistics", "register", "report", "news"]
    licence: Text
    licence_address: str = ""
    redistribution: Literal["open", "facts_only", "none"]
    private: bool = False
    """Its facts, and what would reveal them, stay out of releases."""
    citation: Text
    homepage: str = ""
    cadence: Literal["once", "daily", "weekly", "monthly", "yearly"]
    max_age_days: int | None = Field(None, gt=0)
    trust_tier: int = Field(ge=1, le=4)
    note: str = ""
    parser: Identifier
    parse: dict[str, Any] = {}
    registers: tuple[RegisterCoverage, ...] = ()
    implausible: tuple[Implausible, ...] = ()
    documents: tuple[Document, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _documents_are_distinct(self) -> Source:
        ids = [document.id for document in self.documents]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"duplicate document id: {', '.join(twice)}")
        return self

    @property
    def reports(self) -> tuple[Report, ...]:
        return tuple(report for document in self.documents for report in document.reports)


class Node(Entry):
    """A node of an index: a leaf names an indicator, any other has children."""

    node: Identifier | None = None
    title: str = ""
    weight: float = Field(1.0, gt=0, le=1)
    aggregation: Literal["a_amean"] = "a_amean"
    indicator: Identifier | None = None
    denominator: Identifier | None = None
    reason: str = ""
    children: tuple[Node, ...] = ()

    @model_validator(mode="after")
    def _leaf_or_branch(self) -> Node:
        if bool(self.indicator) == bool(self.children):
            raise ValueError("a node has either an indicator or children")
        if not self.indicator and not self.node:
            raise ValueError("a node with children needs an id: node")
        if self.children and abs(sum(child.weight for child in self.children) - 1) > 1e-9:
            raise ValueError(
                f"the weights below '{self.node}' sum to "
                f"{sum(child.weight for child in self.children):g}, not to 1"
            )
        return self

    @property
    def id(self) -> str:
        """Identifier in the framework: its own, or that of its indicator."""
        return self.node or (
            f"{self.indicator}_per_{self.denominator}" if self.denominator else str(self.indicator)
        )


class Edition(Entry):
    edition: int
    max_age_years: int = Field(0, ge=0)


# Methods by stage, named as in COINr where it has them.
METHODS = {
    "select": ("newest",),
    "denominate": ("by_indicator",),
    "screen": ("by_coverage",),
    "normalise": ("n_minmax",),
    "aggregate": ("a_amean",),
}


class Stage(Entry):
    stage: Literal["select", "denominate", "screen", "normalise", "aggregate"]
    method: Text
    parameters: dict[str, Any] = {}

    @model_validator(mode="after")
    def _method_of_stage(self) -> Stage:
        if self.method not in METHODS[self.stage]:
            raise ValueError(
                f"unknown method '{self.method}' of stage '{self.stage}', "
                f"known: {', '.join(METHODS[self.stage])}"
            )
        return self


class Framework(Entry):
    framework: Identifier
    title: Text
    description: Text
    measures: Literal["size", "intensity", "mixed"]
    flagship: bool = False
    universe_country_code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    dimension_coverage_min: float = Field(gt=0, le=1)
    scale_min: float = 0.0
    scale_max: float = 100.0
    references: tuple[Identifier, ...] = ()
    editions: tuple[Edition, ...] = Field(min_length=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    index: Node

    @property
    def indicators(self) -> set[str]:
        """Every indicator that it names: of its leaves, their denominators, its references."""

        def walk(node: Node) -> Iterator[str]:
            yield from filter(None, (node.indicator, node.denominator))
            for child in node.children:
                yield from walk(child)

        return {*walk(self.index), *self.references}

    @model_validator(mode="after")
    def _tree(self) -> Framework:
        ids: list[str] = []

        def walk(node: Node, depth: int) -> None:
            ids.append(node.id)
            if depth > 5:
                raise ValueError(f"the tree is deeper than five levels at '{node.id}'")
            for child in node.children:
                walk(child, depth + 1)

        walk(self.index, 1)
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"node used twice: {', '.join(twice)}")
        if self.scale_min >= self.scale_max:
            raise ValueError("scale_min must be below scale_max")
        return self


def cjk(text: str) -> str:
    """The Chinese characters of a text, which survive every spacing and bracket style."""
    return "".join(re.findall(r"[㐀-鿿々]", text))


def name_key(text: str) -> str:
    """What of a printed name survives spacing, brackets, numbering and translation.

    Its Chinese characters; of a name without any, its letters.
    """
    return cjk(text) or re.sub(r"[\W\d_]+", "", text.casefold())
