"""The form of what an analyst writes in ``catalog/``: one model per kind of entry.

The models check what one entry can know of itself; what needs the whole catalog (ids that
must exist elsewhere) is checked in :mod:`ingest.catalog`.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from statistics import NormalDist
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ingest.pulling.links import Link
from ingest.pulling.paging import Paging

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Seen = Literal["full", "excerpt"]
Precision = Literal["day", "month", "year"]
PublishedPrecision = Literal["day", "month", "year", "not_before"]
Standing = Literal["original", "press", "repost", "content_farm"]
QUOTE_LIMIT = 200
# Units that need no suffix: a plain number of things says what it counts in its name.
UNITS_WITHOUT_SUFFIX = ("index",)
Kind = Literal["city", "municipality", "province", "metro", "cluster", "region", "country"]
# A municipality is a city and a first-level division at once.
CITY_KINDS: frozenset[Kind] = frozenset({"city", "municipality"})
PROVINCE_KINDS = frozenset({"province", "municipality"})
GROUP_KINDS = frozenset({"metro", "cluster"})


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class City(Entry):
    """A unit of the gazetteer: a city, or what rankings and statistics put in a city's place."""

    city_id: Identifier
    kind: Kind = "city"
    name_en: Text
    """A qualifier in brackets at its end, as in ``London (Ontario)``, says that the bare name
    means another city where neither country nor province is given."""
    name_zh: str = ""
    aliases: tuple[str, ...] = ()
    code: str = ""
    """Code that others give it, by which it is found as by a name: ISO 3166-1 alpha-3, COINr's
    ``uCode``."""
    country_code: CountryCode
    province_en: str = ""
    province_zh: str = ""
    gb2260_code: str = ""
    geonames_id: int | None = None
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    members: tuple[Identifier, ...] = ()
    """Cities of the gazetteer that a metro or a cluster takes in."""
    groups: dict[Identifier, Text] = {}
    """Groups that it belongs to, by the name of the grouping: columns ``group_<name>``."""

    @model_validator(mode="before")
    @classmethod
    def _columns_of_groups(cls, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        mark = "group_"
        groups = {k.removeprefix(mark): v for k, v in row.items() if str(k).startswith(mark)}
        rest = {k: v for k, v in row.items() if not str(k).startswith(mark)}
        return {**rest, "groups": groups} if groups else rest

    @model_validator(mode="after")
    def _groups_have_members(self) -> City:
        if self.kind in GROUP_KINDS and not self.members:
            raise ValueError(f"a {self.kind} needs members: ids of its cities, separated by ';'")
        if self.members and self.kind not in GROUP_KINDS:
            raise ValueError(f"a {self.kind} has no members; only a metro or a cluster has")
        if len(set(self.members)) < len(self.members):
            raise ValueError("a member is named twice")
        return self

    @property
    def is_city(self) -> bool:
        return self.kind in CITY_KINDS

    @property
    def groupings(self) -> dict[str, str]:
        """Groups that it belongs to: those stated, its country and, where it has one, its province,
        unless a column states these otherwise."""
        implied = {"country": self.country_code, "province": self.province_en}
        return {**{name: group for name, group in implied.items() if group}, **self.groups}


class Territory(Entry):
    """Further names of a country, or the names of a first-level division: what documents print
    beside a city."""

    territory: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    """ISO 3166-1 code of a country, or ISO 3166-2 code of a division."""
    name: Text
    aliases: tuple[str, ...] = ()
    printed_under: CountryCode | None = None
    """Country under which documents print it as well; says nothing about its status."""


class Organisation(Entry):
    """Where what a name calls is. Without city, place and country it is no organisation."""

    organisation: Text
    city_id: Identifier | None = None
    place: str = ""
    """Name of a place that is not in the gazetteer; goes with ``country_code``."""
    country_code: CountryCode | None = None
    """Alone: an organisation of that country whose place the name does not tell."""
    caution: Literal["", "shared", "spread"] = ""
    """``shared``: others have the name, and only the country beside it tells who is meant.
    ``spread``: it has units in many places, and what stands beside it tells where."""
    ror_id: str = ""
    reason: str = ""

    @model_validator(mode="after")
    def _has_evidence(self) -> Organisation:
        if not (self.ror_id or self.reason):
            raise ValueError("an organisation needs its ror_id or a reason for its city")
        return self

    @model_validator(mode="after")
    def _place_is_no_city(self) -> Organisation:
        if self.place and (self.city_id or not self.country_code):
            raise ValueError("a place stands in the stead of city_id, with its country_code")
        return self


class Theme(Entry):
    theme: Identifier
    title: Text
    coverage_min: float | None = Field(None, ge=0, le=1)
    """Share of the flagship's cities that should have a known collected indicator of the theme."""

    @model_validator(mode="after")
    def _table_is_free(self) -> Theme:
        if self.theme in ("coverage", "wide"):
            raise ValueError(f"the table theme_{self.theme} is there already, choose another code")
        return self


class Unit(Entry):
    """A unit as printed, and what one of it is in the catalog's unit."""

    printed: Text
    unit: Identifier
    factor: float = Field(gt=0)
    also: tuple[Identifier, ...] = ()
    """Other units that are printed alike: a share and a growth rate are both printed in %."""

    @property
    def units(self) -> tuple[str, ...]:
        return (self.unit, *self.also)


# What one can count by, in words, for the unit of a ratio: per_million_persons.
SCALES = {
    1: "",
    100: "hundred_",
    1_000: "thousand_",
    10_000: "ten_thousand_",
    100_000: "hundred_thousand_",
    1_000_000: "million_",
    1_000_000_000: "billion_",
    1_000_000_000_000: "trillion_",
}
GROWTH_UNIT = "pct_change"
# A register counts in the whole of a city: its figures go with those of any scope.
SCOPE_OF_REGISTERS = "register"


class Ratio(Entry):
    """``per`` times one indicator divided by another, of the same year."""

    numerator: Identifier
    denominator: Identifier
    per: int = 1

    @model_validator(mode="after")
    def _per_has_a_name(self) -> Ratio:
        if self.per not in SCALES:
            raise ValueError(f"per is {self.per}, known: {', '.join(map(str, SCALES))}")
        if self.numerator == self.denominator:
            raise ValueError(f"'{self.numerator}' is divided by itself")
        return self


class Growth(Entry):
    """Change of an indicator against the value some years before, in per cent of it."""

    of: Identifier
    years: int = Field(1, ge=1, le=20)


class Sum(Entry):
    """Sum of indicators of one year, known where all of them are."""

    of: tuple[Identifier, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _parts_are_distinct(self) -> Sum:
        if len(set(self.of)) < len(self.of):
            raise ValueError("an indicator stands twice in the sum")
        return self


class Part(NamedTuple):
    """An indicator that another is derived from; ``years_before`` its own year."""

    role: str
    indicator: str
    years_before: int
    at: tuple[str | int, ...]
    """Where it is named below ``derive``."""


class Derivation(Entry):
    """How an indicator is computed from collected ones: by exactly one method."""

    ratio: Ratio | None = None
    growth: Growth | None = None
    sum: Sum | None = None

    @model_validator(mode="after")
    def _one_method(self) -> Derivation:
        if [self.ratio, self.growth, self.sum].count(None) != 2:
            raise ValueError("derive has one method: ratio, growth or sum")
        return self

    @property
    def method(self) -> str:
        return "ratio" if self.ratio else "growth" if self.growth else "sum"

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it is made of; the first ones are those whose years it has."""
        if self.ratio:
            return (
                Part("numerator", self.ratio.numerator, 0, ("ratio", "numerator")),
                Part("denominator", self.ratio.denominator, 0, ("ratio", "denominator")),
            )
        if self.growth:
            return (
                Part("end", self.growth.of, 0, ("growth", "of")),
                Part("start", self.growth.of, self.growth.years, ("growth", "of")),
            )
        terms = self.sum.of if self.sum else ()
        return tuple(Part("term", code, 0, ("sum", "of", i)) for i, code in enumerate(terms))

    def unit(self, units: Sequence[str]) -> str:
        """The unit that it has, given those of its parts in their order."""
        if self.growth:
            return GROWTH_UNIT
        if not self.ratio:
            return units[0]
        above, below = units
        if above == below and self.ratio.per in (1, 100):
            return "pct" if self.ratio.per == 100 else "ratio"
        # What is counted stands in the name of the indicator; an amount names its unit.
        amount = "" if above in ("count", below) else f"{above}_"
        one = below.removesuffix("s") if self.ratio.per == 1 else below
        return f"{amount}per_{SCALES[self.ratio.per]}{one}"


class Indicator(Entry):
    indicator: Identifier
    title: Text
    code: str = ""
    """Code that others give it, e.g. COINr's ``iCode``."""
    theme: Identifier
    unit: Identifier
    direction: Literal["higher", "lower"]
    measures: Literal["size", "intensity"]
    scope: Identifier
    definition: Text
    sources: tuple[Identifier, ...] = ()
    """Where it is collected, in order of preference; a derived indicator has none."""
    derive: Derivation | None = None
    max_yearly_change: float | None = Field(None, gt=1)

    @model_validator(mode="after")
    def _collected_or_derived(self) -> Indicator:
        if bool(self.sources) == bool(self.derive):
            raise ValueError(
                "an indicator has either sources, from which it is collected, or derive, by which "
                "it is computed from others"
            )
        return self

    @model_validator(mode="after")
    def _name_ends_with_unit(self, info: ValidationInfo) -> Indicator:
        units = (info.context or {}).get("units")
        if units and self.unit not in units and not self.derive:
            return self  # the fault is the unit, which is reported as unknown
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
    published_precision: PublishedPrecision = "day"
    data_year: int
    universe: Text
    universe_size: int | None = Field(None, gt=0)
    universe_country_code: CountryCode | None = None
    """Country to which the universe belongs as a whole; none for several or the world."""
    derived_from: Identifier | None = None
    """Report that this one repeats or rests on; it never confirms that one."""
    trust: Literal["full", "excerpt", "inferred", "lowtrust"] = "full"
    methodology: str = ""
    """How it ranks, as far as published: dimensions, weights, breaks."""


class LeftOut(Entry):
    """An edition of a ledger that is not entered, and why."""

    ledger_edition: Text
    title: Text
    n_rows: int = Field(ge=0)
    reason: Text


class Document(Entry):
    """One document of a source.

    ``form`` says what stands in the mirror: the bytes as ``published`` at the address, a
    file ``derived`` from them, or a ``transcript`` of a document of which only the address
    and the quotes are known. Only published documents can be pulled live.
    """

    id: Identifier
    title: Text
    address: Annotated[str, StringConstraints(pattern=r"^https?://\S.*$")]
    links: tuple[Link, ...] = ()
    """The address is a page, and the document is where this link of it leads; of several, each
    leads to the page of the next."""
    body: dict[str, Any] | None = None
    """JSON that is posted to the address, for interfaces that are asked in this way."""
    form: Literal["published", "derived", "transcript"] = "published"
    mirror: str | None = None
    published_on: dt.date
    published_precision: PublishedPrecision = "day"
    """Where only the month or the year is known, ``published_on`` is its first day. Where no date
    is known (``not_before``), it is the first day of what the figures are about."""
    retrieved_on: dt.date | None = None
    seen: Seen = "full"
    standing: Standing = "original"
    """What the page is: the publisher's own, a press article about it, a repost, or a page that
    copies others to draw visitors."""
    media_type: str | None = None
    year: int | None = None
    """Year by which a document of a yearly series can be asked for alone; a series declared with
    ``over`` has it by itself."""
    live_only: bool = False
    """It is read where documents are pulled live, and nowhere else: it is in no mirror, and no
    facts of it are bundled. Elsewhere nothing is said of it."""
    reports: tuple[Report, ...] = ()
    """Rankings printed in the document."""
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _live_only_has_only_its_address(self) -> Document:
        if self.live_only and (self.mirror or self.form != "published"):
            raise ValueError("a live_only document is published at its address and has no mirror")
        return self

    @model_validator(mode="after")
    def _is_asked_in_one_way(self) -> Document:
        if self.body is not None and self.links:
            raise ValueError("links are followed without a body")
        return self

    @model_validator(mode="after")
    def _mirror_stays_inside(self) -> Document:
        if self.mirror and (self.mirror.startswith("/") or ".." in self.mirror.split("/")):
            raise ValueError("mirror must be a path inside the mirror folder, without '..'")
        return self


class RegisterCoverage(Entry):
    """Cities and years for which absence from an exhaustive register is an observed zero."""

    indicator: Identifier
    country_code: CountryCode
    year_from: int
    year_to: int


class Caveat(Entry):
    """Why a source's figures of an indicator differ from those of other sources."""

    indicator: Identifier
    reason: Text


class Break(Entry):
    """A year from which a source's figures of an indicator no longer continue those before."""

    indicator: Identifier
    year: int
    """First year of the new series."""
    reason: Text


class StatedError(Entry):
    """How exact a source says that its figures of an indicator are, in one of three ways."""

    remedies: ClassVar[dict[str, str]] = {
        "quote": "Write the passage that states the error, as it stands there.",
        "factor": "Write how many times too high or too low a figure may be, a number above 1.",
        "interval_pct": "Write half the width of the interval in % of the figure: 5 for +-5 %.",
        "confidence_pct": "Write in how many of 100 cases the interval holds: 95.",
        "sd_pct": "Write the standard deviation in % of the figure.",
    }

    indicator: Identifier
    sd_pct: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = None
    """Relative standard deviation (relative standard error, coefficient of variation)."""
    interval_pct: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = None
    """Half the width of an interval around the figure, which holds at ``confidence_pct``."""
    factor: Annotated[float, Field(gt=1, le=1000, allow_inf_nan=False)] | None = None
    """The truth is within this factor of the figure, either way, at ``confidence_pct``."""
    confidence_pct: Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False)] | None = None
    quote: Annotated[Text, Field(max_length=QUOTE_LIMIT)]
    locator: Text
    """Where it stands: document and page."""

    @model_validator(mode="after")
    def _one_way(self) -> StatedError:
        if [self.sd_pct, self.interval_pct, self.factor].count(None) != 2:
            raise ValueError("an error is stated in one way: sd_pct, interval_pct or factor")
        if (self.sd_pct is None) != (self.confidence_pct is not None):
            raise ValueError(
                "interval_pct and factor hold at a confidence_pct, and sd_pct has none"
            )
        return self

    @property
    def error_sd_pct(self) -> float:
        """Relative standard deviation in per cent.

        An interval is one of a normal distribution, sd = half width / z with z the quantile of the
        normal distribution at (1 + confidence) / 2. A factor is an interval of a lognormal one:
        s = ln(factor) / z, whose relative standard deviation is sqrt(exp(s^2) - 1).
        """
        if self.sd_pct is not None:
            return self.sd_pct
        z = NormalDist().inv_cdf((1 + (self.confidence_pct or 0) / 100) / 2)
        if self.interval_pct is not None:
            return self.interval_pct / z
        return 100 * math.sqrt(math.expm1((math.log(self.factor or 1) / z) ** 2))


# What would carry a secret stands in `key`, and what the transport decides is not a card's.
RESERVED_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "host",
        "user-agent",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "range",
        "accept-encoding",
        "if-none-match",
        "if-modified-since",
    }
)
HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"


class PullKey(Entry):
    """A key that a publisher asks for: taken from the environment, sent in one place."""

    env: Annotated[str, StringConstraints(pattern=r"^AICITY_KEY_[A-Z0-9_]+$")]
    """Environment variable that has the key. The prefix keeps a card from sending out any other
    secret of the machine."""
    parameter: Text | None = None
    """Parameter of the address's query that carries it."""
    header: Annotated[str, StringConstraints(pattern=HEADER_NAME)] | None = None
    """Header that carries it."""
    prefix: str = ""
    """What stands before it in the header, e.g. ``Bearer``."""
    optional: bool = False
    """The publisher answers without it too, more slowly or more rarely."""

    @model_validator(mode="after")
    def _one_place(self) -> PullKey:
        if bool(self.parameter) == bool(self.header):
            raise ValueError("a key has one place: the parameter or the header that carries it")
        if self.prefix and not self.header:
            raise ValueError("only a key in a header has a prefix")
        return self


class Pull(Entry):
    """How the documents of a source are asked for at their addresses."""

    rate_per_second: float = Field(default=1.0, gt=0, le=100)
    """Requests a second to one host, whatever else asks it."""
    timeout_seconds: float = Field(default=300.0, gt=0, le=3600)
    """Time for one document, attempts and waiting included."""
    robots: bool = True
    """Keep to the host's robots.txt. An interface that its publisher offers to programs needs
    none."""
    headers: dict[str, str] = {}
    key: PullKey | None = None
    revision_window_years: int | None = Field(default=None, ge=0)
    """A held document older than this is not asked for again; without it, all are."""
    paging: Paging | None = None
    """How the answer comes in pages, which are archived as one document."""
    media_types: tuple[Text, ...] = ()
    """What may come, besides what a document declares; without either, anything but a web page
    in the place of data."""

    @field_validator("headers")
    @classmethod
    def _headers_are_plain(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not re.match(HEADER_NAME, name) or not value.isascii() or not value.isprintable():
                raise ValueError(f"'{name}' is not a header of one line of ASCII")
            if name.lower() in RESERVED_HEADERS:
                raise ValueError(f"the header {name} is not for cards; a secret stands in key")
        return headers


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
    pull: Pull = Pull()
    parser: Identifier
    parse: dict[str, Any] = {}
    registers: tuple[RegisterCoverage, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    breaks: tuple[Break, ...] = ()
    errors: tuple[StatedError, ...] = ()
    documents: tuple[Document, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _documents_are_distinct(self) -> Source:
        ids = [document.id for document in self.documents]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"duplicate document id: {', '.join(twice)}")
        # A transcript is known by its address alone.
        cited = [d.address for d in self.documents if d.form == "transcript"]
        twice = sorted({a for a in cited if cited.count(a) > 1})
        if twice:
            raise ValueError(
                f"{twice[0]} is cited by two documents: make one document of them, with all its "
                "reports"
            )
        return self

    @model_validator(mode="after")
    def _what_is_said_of_indicators_is_distinct(self) -> Source:
        caveats = [caveat.indicator for caveat in self.caveats]
        breaks = [f"{item.indicator} {item.year}" for item in self.breaks]
        errors = [error.indicator for error in self.errors]
        for kind, names in (("caveats", caveats), ("breaks", breaks), ("errors", errors)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {kind} of one kind: {', '.join(twice)}")
        return self

    @property
    def reports(self) -> tuple[Report, ...]:
        return tuple(report for document in self.documents for report in document.reports)


class Correction(Entry):
    """A figure that is known to be wrong in its source, and what counts in its place.

    ``old`` is the figure as printed. ``new`` is written as it should have been printed, in
    ``unit``; ``null`` means that the figure counts as missing.
    """

    source: Identifier
    indicator: Identifier
    city: Identifier
    year: int
    scope: Identifier | None = None
    """That of the indicator, if none is named."""
    old: Text
    new: Text | None
    unit: Text | None = None
    """Unit of ``new``: one of the printed units of indicators.yml, or the indicator's own."""
    reason: Text
    by: Text
    on: dt.date

    @field_validator("old", "new", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        # 1.10 without quotes would be read as 1.1, which is not what is printed.
        if isinstance(value, (int, float)):
            raise ValueError(f'write the figure in quotes, as it is printed: "{value}"')
        return value

    @model_validator(mode="after")
    def _new_has_unit(self) -> Correction:
        if (self.new is None) != (self.unit is None):
            raise ValueError("a new figure has a unit, and null has none")
        return self

    @property
    def key(self) -> tuple[str, ...]:
        return (self.source, self.indicator, self.city, str(self.year), self.scope or "")


def cjk(text: str) -> str:
    """The Chinese characters of a text, which survive every spacing and bracket style."""
    return "".join(re.findall(r"[㐀-鿿々]", text))


def name_key(text: str) -> str:
    """What of a printed name survives spacing, brackets, numbering and translation.

    Its Chinese characters; of a name without any, its letters.
    """
    return cjk(text) or re.sub(r"[\W\d_]+", "", text.casefold())
