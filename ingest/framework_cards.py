"""The form of ``catalog/frameworks/``: an index as data, its tree, its stages and its methods.

Methods and parameters have the names of COINr where it has them, and of the OECD/JRC *Handbook
on Constructing Composite Indicators* elsewhere. The models know the types only: whether the parts
of a framework fit together, and whether what it names is in the catalog, is checked in
:mod:`ingest.framework_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, get_args

from pydantic import ConfigDict, Field

from ingest.cards import CITY_KINDS, City, CountryCode, Entry, Identifier, Kind, Text
from ingest.yaml_lines import Location

MAX_LEVELS = 5
YEAR_MAX = 9999


class Method(NamedTuple):
    """Parameters that a method of a stage needs, and those that it may have."""

    needs: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()


Aggregation = Literal["a_amean", "a_gmean", "a_hmean", "a_genmean", "a_median", "a_copeland"]
Weighting = Literal[
    "given",
    "equal",
    "entropy",
    "critic",
    "pca",
    "correlation_optimised",
    "ahp",
    "budget_allocation",
]
BY_EXPERTS: tuple[Weighting, ...] = ("ahp", "budget_allocation")
"""Weightings that rest on tables of judgements."""
Transform = Literal["sqrt", "log", "log1p", "log10", "boxcox"]
Fallback = Literal["none", "log_CT", "log_CT_orig", "log_GII", "boxcox"]
Across = Literal["edition", "panel"]
MissingChildren = Literal["share", "none"]
Objective = Literal["balance", "infomax"]

# Stages in their order, and the methods of each. Screening and imputation may change places.
METHODS: dict[str, dict[str, Method]] = {
    "select": {"newest": Method(), "exact": Method()},
    "denominate": {"by_indicator": Method()},
    "screen": {
        "by_coverage": Method(
            may_have=(
                "unit_coverage_min",
                "unit_nonzero_min",
                "dimension_coverage_min",
                "indicator_coverage_min",
            )
        )
    },
    "impute": {
        "i_mean": Method(may_have=("across",)),
        "i_median": Method(may_have=("across",)),
        "i_mean_grp": Method(needs=("grouping",), may_have=("across",)),
        "i_median_grp": Method(needs=("grouping",), may_have=("across",)),
        "i_latest": Method(may_have=("editions_max",)),
        "i_linear": Method(),
    },
    "transform": {"by_indicator": Method()},
    "treat": {
        "winsorise": Method(
            may_have=(
                "skewness_max",
                "kurtosis_max",
                "points_max",
                "fallback",
                "boxcox_lambda",
                "across",
            )
        )
    },
    "normalise": {
        "n_minmax": Method(may_have=("score_min", "score_max", "across")),
        "n_goalposts": Method(may_have=("score_min", "score_max", "is_capped")),
        "n_zscore": Method(may_have=("mean", "sd", "across")),
        "n_rank": Method(may_have=("across",)),
        "n_prank": Method(may_have=("across",)),
        "n_borda": Method(may_have=("across",)),
        "n_dist2max": Method(may_have=("across",)),
        "n_dist2ref": Method(needs=("reference_unit",), may_have=("is_capped", "across")),
        "n_dist2targ": Method(may_have=("is_capped", "across")),
        "n_fracmax": Method(may_have=("across",)),
        "n_scaled": Method(needs=("shift", "factor")),
    },
    "weight": {
        name: Method(may_have=("by_level", "across", "objective")) for name in get_args(Weighting)
    },
    "aggregate": {
        name: Method(
            needs=("power",) if name == "a_genmean" else (),
            may_have=("power", "by_level", "missing_children", "children_coverage_min"),
        )
        for name in get_args(Aggregation)
    },
    "scale": {"leader_1": Method(), "leader_100": Method(), "zero_to_100": Method()},
}
# What a parameter is where a framework does not say; some depend on the method.
DEFAULTS: dict[str, Any] = {
    "across": "edition",
    "skewness_max": 2.0,
    "kurtosis_max": 3.5,
    "points_max": 5,
    "fallback": "log_CT",
    "score_min": 0.0,
    "score_max": 100.0,
    "mean": 0.0,
    "sd": 1.0,
    "is_capped": False,
    "n_goalposts.is_capped": True,
    "objective": "balance",
}
ORDER = tuple(METHODS)
COLUMN_OF = {"factor": "divisor"}
"""Columns of parameters that do not have their name: a factor is something else in the tables."""
NEEDED_STAGES = ("select", "screen", "normalise", "aggregate")


class _Part(Entry):
    """Infinities and what is no number are YAML, but nothing that can be computed with."""

    model_config = ConfigDict(allow_inf_nan=False)


class Node(_Part):
    """A node of an index: a leaf names an indicator, any other has children."""

    remedies: ClassVar[dict[str, str]] = {
        "direction": "Write 'higher' or 'lower' (in COINr 1 or -1).",
        "weight": "Write a share of its parent above 0, or leave it out of the tree.",
        "agg": "Write 'aggregation'.",
        "scale": "Write 'goalpost_min' and 'goalpost_max' on the leaves.",
    }

    node: Identifier | None = None
    title: str = ""
    code: str = ""
    """Code that others give it, e.g. COINr's ``iCode``; without it, that of its indicator."""
    weight: float | None = Field(None, gt=0)
    """Share of the parent. Siblings all have one, which sum to 1, or none and weigh the same."""
    reason: str = ""

    weighting: Weighting | None = None
    """How the weights of its children are found; without it, as the stage says."""
    aggregation: Aggregation | None = None
    """How its children are combined; without it, as the stage says."""
    power: float | None = None
    """Exponent of ``a_genmean``."""
    missing_children: MissingChildren | None = None
    """Whether the weights of children without a score go to the others."""
    children: tuple[Node, ...] = ()

    indicator: Identifier | None = None
    direction: Literal["higher", "lower"] | None = None
    """What is better; without it, what the indicator says."""
    denominator: Identifier | None = None
    per: int = Field(1, gt=0, le=10**15)
    """How many units of the denominator a leaf's value is for, so that it can be read."""
    max_age_years: int | None = Field(None, ge=0, le=YEAR_MAX)
    """Instead of the edition's, for this leaf."""
    cap_min: float | None = None
    cap_max: float | None = None
    """Values beyond count as this, in the unit of the leaf."""
    transform: Transform | None = None
    """Shape given to a leaf's values before they are normalised."""
    boxcox_lambda: float | None = None
    treatment: Literal["none"] | None = None
    """``none`` leaves the outliers of this leaf as they are."""
    points_max: int | None = Field(None, ge=0, le=100)
    """Instead of the stage's, for this leaf."""
    imputation: Literal["none"] | None = None
    """``none`` leaves the missing values of this leaf missing."""
    goalpost_min: float | None = None
    goalpost_max: float | None = None
    """Ends of the scale of ``n_goalposts``, in the unit of the leaf before its transform."""
    target: float | None = None
    """Value that is good enough, for ``n_dist2targ``; in the unit of the leaf."""

    @property
    def id(self) -> str:
        """Identifier in the framework: its own, or that of its indicator."""
        return self.node or (
            f"{self.indicator}_per_{self.denominator}" if self.denominator else str(self.indicator)
        )

    @property
    def level(self) -> int:
        """1 of a leaf, rising to the root."""
        return 1 + max((child.level for child in self.children), default=0)

    def places(self, at: Location = ("index",)) -> Iterator[tuple[Location, Node]]:
        """This node and all below it with their places in the file, in its order."""
        yield at, self
        for i, child in enumerate(self.children):
            yield from child.places((*at, "children", i))

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in the order of the file."""
        for _, node in self.places():
            yield node


class Edition(_Part):
    remedies: ClassVar[dict[str, str]] = {"edition": "Write a year."}

    edition: int = Field(ge=1, le=YEAR_MAX)
    max_age_years: int = Field(0, ge=0, le=YEAR_MAX)


class Choice(_Part):
    """A method of a stage with its parameters; see ``METHODS``."""

    remedies: ClassVar[dict[str, str]] = {
        name: f"Write {ours}."
        for name, ours in {
            "dat_thresh": "'unit_coverage_min' to screen, 'children_coverage_min' to aggregate",
            "nonzero_thresh": "'unit_nonzero_min'",
            "unit_screen": "'unit_coverage_min', 'unit_nonzero_min' or both",
            "f_i": "'method'",
            "f_n": "'method'",
            "f_ag": "'method', and 'by_level' for other levels",
            "f_group": "'grouping'",
            "use_group": "'grouping'",
            "skew_thresh": "'skewness_max'",
            "kurt_thresh": "'kurtosis_max'",
            "winmax": "'points_max'",
            "f2": "'fallback'",
            "l_u": "'score_min' and 'score_max'",
            "m_sd": "'mean' and 'sd'",
            "npara": "'shift' and 'factor': (value - shift) / factor",
            "gposts": "'goalpost_min' and 'goalpost_max' on the leaves",
            "targ": "'target' on the leaves",
            "iref": "'reference_unit', the id of a unit",
            "trunc2posts": "'is_capped'",
            "cap_max": "'is_capped'",
            "global": "'across: panel'",
            "p": "'power'",
            "lambda": "'boxcox_lambda'",
        }.items()
    }
    """What COINr calls a parameter."""

    method: Text
    across: Across | None = None
    """Whether extremes, means and the like are those of the edition (default) or of all editions
    of the framework together, which makes their scores comparable."""
    unit_coverage_min: float | None = Field(None, ge=0, le=1)
    """Share of the indicators that a unit must have."""
    unit_nonzero_min: float | None = Field(None, ge=0, le=1)
    """Share of a unit's known values that must not be zero."""
    dimension_coverage_min: float | None = Field(None, ge=0, le=1)
    """Share of the weight of each dimension that a unit must have."""
    indicator_coverage_min: float | None = Field(None, ge=0, le=1)
    """Share of the units that an indicator must be known of to stay in the index."""
    grouping: Identifier | None = None
    """Column ``group_<name>`` of cities.csv, ``country`` or ``province``."""
    editions_max: int | None = Field(None, ge=1, le=YEAR_MAX)
    """How many editions back ``i_latest`` may look; without it, any number."""
    skewness_max: float | None = Field(None, gt=0)
    kurtosis_max: float | None = None
    """An indicator passes with an absolute skewness or a kurtosis below these (2, 3.5)."""
    points_max: int | None = Field(None, ge=0, le=100)
    """How many points may be winsorised (5)."""
    fallback: Fallback | None = None
    """What is done where winsorising does not suffice (log_CT)."""
    boxcox_lambda: float | None = None
    score_min: float | None = None
    score_max: float | None = None
    is_capped: bool | None = None
    mean: float | None = None
    sd: float | None = Field(None, gt=0)
    reference_unit: Identifier | None = None
    shift: float | None = None
    factor: float | None = None
    """``n_scaled``: (value - shift) / factor."""
    power: float | None = None
    by_level: dict[int, Text] = Field(default_factory=dict)
    """Other methods for the nodes of some levels; 2 is the parent of indicators."""
    objective: Objective | None = None
    """What ``correlation_optimised`` makes best: that the children correlate alike with the index
    (balance), or as much as can be (infomax)."""
    missing_children: MissingChildren | None = None
    children_coverage_min: float | None = Field(None, ge=0, le=1)
    """Share of its children that need a score for a node to have one (COINr's dat_thresh)."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that it states."""
        stated = self.model_dump(exclude={"stage", "method"}, exclude_none=True)
        return {name: value for name, value in stated.items() if value != {}}


class Stage(Choice):
    """A stage with its method, and the parameters of this method."""

    stage: Literal[
        "select",
        "denominate",
        "screen",
        "impute",
        "transform",
        "treat",
        "normalise",
        "weight",
        "aggregate",
        "scale",
    ]

    def parameter(self, name: str) -> Any:
        """A parameter as it counts: as stated, or the default where the method may have it.

        Raises:
            KeyError: the stage has no such method.
        """
        method = METHODS[self.stage][self.method]
        if name in self.parameters or name not in method.may_have:
            return self.parameters.get(name)
        return DEFAULTS.get(f"{self.method}.{name}", DEFAULTS.get(name))


class Universe(_Part):
    """Which units are ranked: all that every given filter lets through."""

    kinds: tuple[Kind, ...] = tuple(sorted(CITY_KINDS))
    countries: tuple[CountryCode, ...] = ()
    groups: dict[Identifier, tuple[Text, ...]] = Field(default_factory=dict)
    """Of each named grouping, see ``Stage.grouping``, the values that are let through."""
    units: tuple[Identifier, ...] = ()
    without: tuple[Identifier, ...] = ()
    size_indicator: Identifier | None = None
    """Indicator by which a unit must reach ``size_min`` and stay within ``size_max``."""
    size_min: float | None = None
    size_max: float | None = None

    def has(self, unit: City) -> bool:
        """Whether a unit passes the filters, the one by size left aside: it depends on figures."""
        return (
            unit.kind in self.kinds
            and (not self.countries or unit.country_code in self.countries)
            and all(unit.groupings.get(name) in values for name, values in self.groups.items())
            and (not self.units or unit.city_id in self.units)
            and unit.city_id not in self.without
        )


class EmptyPart(Entry):
    """What belongs into an index and has no figures: it can't be a node, and must not be silent."""

    title: Text
    below: Identifier | None = None
    """Node to which it belongs; without it, the whole index."""
    reason: Text
    """Why it is empty."""


class Factor(_Part):
    """What of an index may vary: one of a stage's method, weights, a node left out, figures."""

    remedies: ClassVar[dict[str, str]] = {
        "weight_noise": "Write a share of the weight above 0 and below 1: 0.25 for 25 %.",
        "dirichlet": "Write a number above 0; the greater it is, the less the weights vary.",
        "leave_out": "Write the level of the nodes of which one is left out, 1 for indicators.",
        "noise_factor": "Write 'weight_noise'.",
        "noise": "Write 'weight_noise'.",
        "concentration": "Write 'dirichlet'.",
        "left_out": "Write 'leave_out'.",
        "kind": "Leave it out: it follows from what varies.",
    }

    factor: Identifier
    title: str = ""
    reason: str = ""
    """Why it is varied."""
    level: int | None = None
    """Of the nodes whose children are combined or whose weights vary; without it, all levels."""
    stage: Text | None = None
    """Stage that may have one of the ``alternatives`` in place of its own method."""
    alternatives: tuple[Choice, ...] = ()
    weight_noise: float | None = Field(None, gt=0, lt=1)
    """By how much weights go up or down at most, as a share of them (COINr's noise factor)."""
    dirichlet: float | None = Field(None, gt=0)
    """Weights of siblings are drawn from a Dirichlet distribution whose parameters are the
    weights times this."""
    leave_out: int | None = None
    """Level of the nodes of which one, or none, is left out."""
    vary: Literal["expert_weights", "observation_error"] | None = None

    @property
    def kinds(self) -> dict[str, str]:
        """What it states to vary: key of the file -> kind. It should be one."""
        kinds = {
            "stage": "stage",
            "weight_noise": "weight_noise",
            "dirichlet": "dirichlet",
            "leave_out": "left_out",
            "vary": str(self.vary),
        }
        return {key: kind for key, kind in kinds.items() if getattr(self, key) is not None}

    @property
    def kind(self) -> str:
        return next(iter(self.kinds.values()))


class Uncertainty(_Part):
    """What may vary, and how often it is varied. Without ``factors`` it has the default ones."""

    remedies: ClassVar[dict[str, str]] = {
        "replications": "Write a whole number from 100 to 1000000.",
        "seed": "Write a whole number from 0 to 2^63 - 1.",
        "samples": "Write a power of 2 from 16 to 65536.",
        "factors": "Write a list; 'factors: []' where nothing varies.",
        "n_replications": "Write 'replications'.",
        "N": "Write 'replications'.",
        "n_samples": "Write 'samples'.",
    }

    replications: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    samples: Annotated[int, Field(ge=16, le=2**16)] = 512
    """Base samples of the design by which the sensitivity indices are computed."""
    factors: tuple[Factor, ...] = ()


class Framework(Entry):
    remedies: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            ("nodes", "without_nodes", "without_stages"),
            "Only a variant has it: name the framework that it changes under variant_of.",
        ),
        "uncertainty": "Write 'uncertainty: {factors: []}' where nothing varies.",
    }

    framework: Identifier
    title: Text
    description: Text
    measures: Literal["size", "intensity", "mixed"]
    flagship: bool = False
    private: bool = False
    """Whether it stays out of releases, with its tables and its variants."""
    variant_of: Identifier | None = None
    """Framework of which this is a variant; what it does not state is as there."""
    universe: Universe = Universe()
    references: tuple[Identifier, ...] = ()
    consensus_subjects: tuple[Identifier, ...] = ()
    """Subjects of the published rankings whose consensus the index is compared with."""
    empty_parts: tuple[EmptyPart, ...] = ()
    """What it should measure and can't, because nothing open tells it of enough units."""
    editions: tuple[Edition, ...] = Field(min_length=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    uncertainty: Uncertainty = Uncertainty()
    index: Node

    @property
    def indicators(self) -> set[str]:
        """Every indicator that it names: of its leaves, their denominators, its references."""
        named = {code for node in self.index.walk() for code in (node.indicator, node.denominator)}
        return {*filter(None, (*named, self.universe.size_indicator)), *self.references}

    def choices(self) -> Iterator[tuple[Location, Choice]]:
        """Its stages and the alternatives of its factors, with their places in the file."""
        for i, stage in enumerate(self.stages):
            yield ("stages", i), stage
        for i, factor in enumerate(self.uncertainty.factors):
            for j, choice in enumerate(factor.alternatives):
                yield ("uncertainty", "factors", i, "alternatives", j), choice

    def stage(self, name: str) -> Stage | None:
        """The stage of this name, where it has one."""
        return next((stage for stage in self.stages if stage.stage == name), None)

    def method_of(self, name: str, node: Node, default: str) -> str:
        """Method of the stage ``weight`` or ``aggregate`` for the children of a node."""
        own = node.weighting if name == "weight" else node.aggregation
        stage = self.stage(name)
        if own or not stage:
            return own or default
        return stage.by_level.get(node.level, stage.method)
