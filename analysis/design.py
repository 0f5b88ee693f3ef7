"""What varies in an uncertainty analysis, and how: from declared factors to replications.

In two steps, so that a Monte Carlo sample and the matrices of a Sobol design go the same way:
uniform numbers in [0, 1), a row a replication and some columns a factor, then :func:`draw`, which
makes choices, weights and figures of them by inverse distribution functions. The kinds of factors
are those of the OECD/JRC *Handbook on Constructing Composite Indicators* (2008, step 7) and of
COINr's ``get_sensitivity``:

``stage``
    One of the alternatives of a stage, all equally likely. The first is the framework's own.
``expert_weights``
    A convex mixture of the experts' weights: shares uniform on the simplex.
``dirichlet``
    Weights of siblings from a Dirichlet distribution, whose mean are their weights w and whose
    variances are w (1 - w) / (concentration + 1).
``weight_noise``
    A weight times a number uniform in 1 - noise .. 1 + noise, as ``get_noisy_weights`` of COINr.
``left_out``
    One node of a level is left out, or none, all equally likely. A parent of which nobody has a
    score any more is out too (:func:`gone_with`); a node without which nothing remains stays in,
    and one that nobody has a score of, since that would change nothing.
``observation_error``
    A figure x becomes normal with mean x and the relative standard deviation that its source
    states. In an indicator without a figure below zero the distribution is cut off at zero.

Of several factors that touch weights the kinds take effect in the order of this list.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaincinv, gammaln, ndtr, ndtri

from analysis.chain import Array, Index, Replications, Variant, leaf_scores, looks_across

VARIABLE_STAGES = ("impute", "transform", "treat", "normalise", "aggregate")
KINDS = (
    "stage",
    "expert_weights",
    "dirichlet",
    "weight_noise",
    "left_out",
    "observation_error",
)
# Uniform numbers are multiples of 2^-53: half a step in place of 0 keeps a logarithm finite.
HALF_STEP = 2.0**-54


@dataclass(frozen=True)
class Factor:
    """Something that varies, as a framework declares it."""

    factor: str
    kind: str
    stage: str | None = None
    level: int | None = None
    """Of the nodes concerned, 1 for leaves; None for all."""
    noise: float = 0.0
    concentration: float = 0.0
    alternatives: tuple[Mapping[str, Any], ...] = ()
    """Of kind stage: ``method`` (``none``: the stage is not applied) and parameters. The first is
    the framework's own, which counts as it is declared there."""
    experts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Expert -> node -> weight within its parent."""


def declared(
    factors: pd.DataFrame, alternatives: pd.DataFrame, expert_weights: pd.DataFrame
) -> dict[str, tuple[Factor, ...]]:
    """Framework -> its factors in their order.

    Args:
        factors, alternatives, expert_weights: stg_framework_factor, stg_framework_alternative,
            stg_framework_expert_weight.

    Raises:
        ValueError: a factor that cannot be drawn; the message names it.
    """
    named = dict(list(alternatives.groupby(["framework", "factor"])))
    experts: dict[str, dict[str, dict[str, float]]] = {}
    ordered = expert_weights.sort_values(["framework", "expert", "node"])
    for said in map(_known, ordered.to_dict("records")):
        of_expert = experts.setdefault(said["framework"], {}).setdefault(said["expert"], {})
        of_expert[said["node"]] = float(said["weight"])
    found: dict[str, tuple[Factor, ...]] = {}
    for row in map(_known, factors.sort_values(["framework", "position"]).to_dict("records")):
        framework, kind = row["framework"], row["kind"]
        rows = named.get((framework, row["factor"]))
        factor = Factor(
            factor=row["factor"],
            kind=kind,
            stage=row.get("stage"),
            level=None if row.get("level") is None else int(row["level"]),
            noise=float(row.get("noise", 0.0)),
            concentration=float(row.get("concentration", 0.0)),
            alternatives=() if rows is None else _alternatives(rows),
            experts=experts.get(framework, {}) if kind == "expert_weights" else {},
        )
        _check(framework, factor, found.get(framework, ()))
        found[framework] = (*found.get(framework, ()), factor)
    return found


def _alternatives(rows: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    keys = {"framework", "factor", "position"}
    return tuple(
        {name: value for name, value in _known(row).items() if name not in keys}
        for row in rows.sort_values("position").to_dict("records")
    )


def _known(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if not pd.isna(value)}


def _check(framework: str, factor: Factor, others: Sequence[Factor]) -> None:
    where = f"{framework}: factor {factor.factor}"
    if factor.kind not in KINDS:
        raise ValueError(f"{where}: no kind {factor.kind}; there are {', '.join(KINDS)}")
    if factor.kind == "stage":
        if factor.stage not in VARIABLE_STAGES:
            stages = ", ".join(VARIABLE_STAGES)
            raise ValueError(f"{where}: stage {factor.stage} cannot vary; these can: {stages}")
        if len(factor.alternatives) < 2:
            raise ValueError(f"{where}: needs an alternative to the framework's own choice")
        for other in others:
            is_same = other.kind == "stage" and other.stage == factor.stage
            if is_same and (None in (factor.level, other.level) or factor.level == other.level):
                raise ValueError(f"{where}: stage {factor.stage} varies in {other.factor}, too")
        methods = [str(choice["method"]) for choice in factor.alternatives[1:]]
        if factor.stage == "aggregate" and "none" in methods:
            raise ValueError(f"{where}: an index without aggregation has no scores")
    if factor.kind == "expert_weights" and len(factor.experts) < 2:
        raise ValueError(f"{where}: needs two experts at least")
    if factor.kind == "dirichlet" and not factor.concentration > 0:
        raise ValueError(f"{where}: needs a concentration above zero")
    if factor.kind == "weight_noise" and not 0 < factor.noise <= 1:
        raise ValueError(f"{where}: needs a noise above 0 and up to 1")


# ---------------------------------------------------------------- uniform numbers
def of_edition(index: Index, edition: int, factors: Sequence[Factor]) -> Index:
    """The index with only the rows on which the scores of an edition depend."""
    choices = [*index.stages.values(), *(c for factor in factors for c in factor.alternatives)]
    if any(looks_across(choice) for choice in choices):
        return index
    own = index.with_rows(index.editions == edition)
    return replace(own, weights={edition: index.weights[edition]})


@dataclass(frozen=True)
class Errors:
    """The figures of an edition with a known error, sorted by city and node."""

    rows: NDArray[np.int64]
    """(figures,) position among the rows of the index."""
    leaves: NDArray[np.int64]
    """(figures,) position among its leaves."""
    sd: Array
    """(figures,) relative standard deviation, 0.1 for 10 %."""


def errors(index: Index, edition: int, table: pd.DataFrame) -> Errors:
    """Of int_index_error, what concerns figures of ranked units of an edition.

    Args:
        table: columns framework, edition, city_id, node, error_sd_pct.
    """
    row_of = {
        city: row
        for row, (city, year, ranked) in enumerate(
            zip(index.city_ids, index.editions, index.is_ranked, strict=True)
        )
        if year == edition and ranked
    }
    leaf_of = {leaf.node: column for column, leaf in enumerate(index.leaves)}
    table = table[(table["framework"] == index.framework) & (table["edition"] == edition)]
    table = table[table["error_sd_pct"] > 0].sort_values(["city_id", "node"])
    places = [
        (row_of[city], leaf_of[node], sd)
        for city, node, sd in zip(
            table["city_id"], table["node"], table["error_sd_pct"], strict=True
        )
        if city in row_of and node in leaf_of
    ]
    places = [p for p in places if not np.isnan(index.values[p[0], p[1]])]
    return Errors(
        np.array([p[0] for p in places], dtype=np.int64),
        np.array([p[1] for p in places], dtype=np.int64),
        np.array([p[2] / 100 for p in places]),
    )


NO_ERRORS = Errors(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def columns(
    index: Index, edition: int, factors: Sequence[Factor], known_errors: Errors = NO_ERRORS
) -> dict[str, slice]:
    """Factor -> its columns among the uniform numbers, none for one that changes nothing here."""
    tree = _Tree(index, edition)
    found, start = {}, 0
    for factor in factors:
        match factor.kind:
            case "weight_noise" | "dirichlet":
                n = len(tree.shared(factor.level))
            case "left_out":
                n = min(1, len(tree.droppable(factor.level)))
            case "expert_weights":
                n = len(factor.experts)
            case "observation_error":
                n = len(known_errors.sd)
            case _:
                n = 1
        found[factor.factor] = slice(start, start + n)
        start += n
    return found


def uniform(seed: int, edition: int, parts: Mapping[str, slice], start: int, stop: int) -> Array:
    """Uniform numbers of the replications start .. stop - 1, (stop - start, columns), in [0, 1).

    A number depends on the seed, the edition, the factor's name and the number of the replication
    alone: not on other factors, on the size of a chunk, or on who computes it when. Each factor has
    its own stream (PCG-64 DXSM; O'Neill 2014), which is moved on to where the chunk begins.

    Args:
        parts: factor -> columns, of :func:`columns`.
    """
    numbers = np.empty((stop - start, max((part.stop for part in parts.values()), default=0)))
    for factor, part in parts.items():
        width = part.stop - part.start
        key = np.random.SeedSequence((seed, edition, zlib.crc32(factor.encode())))
        generator = np.random.PCG64DXSM(key).advance(start * width)
        numbers[:, part] = np.random.Generator(generator).random((stop - start, width))
    return numbers


# ---------------------------------------------------------------- replications
def draw(
    index: Index,
    edition: int,
    factors: Sequence[Factor],
    u: Array,
    known_errors: Errors = NO_ERRORS,
) -> Replications:
    """Choices, weights and figures of replications, from uniform numbers.

    Args:
        u: (n, columns) in [0, 1), in the columns that :func:`columns` tells.
        known_errors: of :func:`errors`, with positions in this index.

    Returns:
        The replications; figures only where a factor of kind observation_error moves any.

    Raises:
        ValueError: a Dirichlet distribution around a weight below zero.
    """
    parts = columns(index, edition, factors, known_errors)
    tree = _Tree(index, edition)
    by_kind: dict[str, list[tuple[Factor, Array]]] = {kind: [] for kind in KINDS}
    for factor in factors:
        if parts[factor.factor].stop > parts[factor.factor].start:
            by_kind[factor.kind].append((factor, u[:, parts[factor.factor]]))

    variants, variant = _variants(index, by_kind["stage"], len(u))
    weights: dict[str, Array] = {}
    for factor, part in by_kind["expert_weights"]:
        _mixed(tree, factor, part, weights)
    for factor, part in by_kind["dirichlet"]:
        _dirichlet(tree, factor, part, weights)
    for factor, part in by_kind["weight_noise"]:
        factors_of_weights = 1 + factor.noise * (2 * part.T - 1)
        for node, change in zip(tree.shared(factor.level), factors_of_weights, strict=True):
            weights[node] = weights.get(node, tree.weights[node]) * change
    for factor, part in by_kind["left_out"]:
        nodes = tree.droppable(factor.level)
        dropped = _choice(part[:, 0], len(nodes) + 1) - 1
        for position, node in enumerate(nodes):
            for gone in tree.gone[node]:
                present = weights.get(gone, np.full(len(u), tree.weights[gone]))
                weights[gone] = np.where(dropped == position, np.nan, present)
    values = None
    for _, part in by_kind["observation_error"]:
        values = _moved(index, known_errors, part)
    return Replications(variants, variant, weights, values)


def own_choices(parts: Mapping[str, slice], factors: Sequence[Factor], u: Array) -> dict[str, Any]:
    """Factor of kind stage -> (n,) whether the choice is the framework's own."""
    return {
        factor.factor: _choice(u[:, parts[factor.factor].start], len(factor.alternatives)) == 0
        for factor in factors
        if factor.kind == "stage"
    }


def gone_with(index: Index, edition: int) -> dict[str, tuple[str, ...]]:
    """Node below the root that anybody has a score of -> itself and the nodes above it of which
    nobody has one without it; none for a node without which nothing remains.

    Else an indicator that an edition does not know yet would keep its parent in the tree when the
    only sibling with figures is left out, and where all parents are needed nobody had a score.
    """
    weights = index.weights[edition]
    known = {
        leaf: {leaf} for leaf in _scored(index, edition) if not np.isnan(weights.get(leaf, np.nan))
    }
    parents = {child: branch.node for branch in index.branches for child in branch.children}
    for branch in index.branches:
        known[branch.node] = set().union(*(known.get(child, set()) for child in branch.children))
    root = index.branches[-1].node
    found: dict[str, tuple[str, ...]] = {}
    for node, leaves in known.items():
        if leaves and node != root:
            gone = [node]
            while known[parents[gone[-1]]] == leaves and parents[gone[-1]] != root:
                gone.append(parents[gone[-1]])
            found[node] = () if known[root] == leaves else tuple(gone)
    return found


def _scored(index: Index, edition: int) -> list[str]:
    """Leaves of which any ranked unit of the edition has a score, by the index's own choices."""
    rows = (index.editions == edition) & index.is_ranked
    low, high = (
        f(np.where(np.isnan(index.values[rows]), missing, index.values[rows]), 0, initial=missing)
        for f, missing in ((np.min, np.inf), (np.max, -np.inf))
    )
    has_score = low < high
    # Of figures that are all the same, or imputed, it is the stages that say.
    if len(unsure := np.flatnonzero(~has_score)):
        part = replace(
            index,
            leaves=tuple(index.leaves[i] for i in unsure),
            values=index.values[:, unsure],
            is_kept=index.is_kept[:, unsure],
        )
        has_score[unsure] = (~np.isnan(leaf_scores(part)[rows])).any(axis=0)
    return [leaf.node for leaf, has in zip(index.leaves, has_score, strict=True) if has]


class _Tree:
    """The weights of an edition and who shares them."""

    def __init__(self, index: Index, edition: int) -> None:
        self.index, self.edition = index, edition
        self.weights = index.weights[edition]
        self.branches = index.branches
        self.level = {leaf.node: 1 for leaf in index.leaves}
        self.level |= {branch.node: branch.level for branch in index.branches}
        self.families = [
            [child for child in sorted(branch.children) if self._is_in(child)]
            for branch in index.branches
        ]

    def _is_in(self, node: str) -> bool:
        return not np.isnan(self.weights.get(node, np.nan))

    def among(self, level: int | None) -> list[list[str]]:
        """Of each family the members of a level that have a sibling."""
        of_level = [
            [node for node in family if level in (None, self.level[node])]
            for family in self.families
            if len(family) > 1
        ]
        return [family for family in of_level if family]

    def shared(self, level: int | None) -> list[str]:
        """The nodes of a level whose weight matters, sorted."""
        return sorted(node for family in self.among(level) for node in family)

    @functools.cached_property
    def gone(self) -> dict[str, tuple[str, ...]]:
        """What goes with each node: see :func:`gone_with`."""
        return gone_with(self.index, self.edition)

    def droppable(self, level: int | None) -> list[str]:
        """The nodes of a level without which something else remains, sorted."""
        return sorted(
            node for node, gone in self.gone.items() if gone and level in (None, self.level[node])
        )


def _choice(u: Array, n: int) -> NDArray[np.int64]:
    return np.minimum((u * n).astype(np.int64), n - 1)


def _variants(
    index: Index, stages: Sequence[tuple[Factor, Array]], n: int
) -> tuple[list[Variant], NDArray[np.int64]]:
    """The combinations of choices that occur, and which of them each replication has."""
    code = np.zeros(n, dtype=np.int64)
    for factor, part in stages:
        code = code * len(factor.alternatives) + _choice(part[:, 0], len(factor.alternatives))
    codes, variant = np.unique(code, return_inverse=True)
    return [_variant(index, [f for f, _ in stages], int(c)) for c in codes], variant.astype(
        np.int64
    )


def _variant(index: Index, factors: Sequence[Factor], code: int) -> Variant:
    stages: dict[str, Mapping[str, Any] | None] = {}
    aggregation: dict[str, tuple[str, float | None]] = {}
    for factor in reversed(factors):
        code, choice = divmod(code, len(factor.alternatives))
        if choice == 0:
            continue
        parameters = factor.alternatives[choice]
        if factor.stage == "aggregate":
            for branch in index.branches:
                if factor.level in (None, branch.level):
                    aggregation[branch.node] = (parameters["method"], parameters.get("power"))
        else:
            is_none = parameters["method"] == "none"
            stages[str(factor.stage)] = None if is_none else parameters
    return Variant(stages, aggregation)


def _mixed(tree: _Tree, factor: Factor, u: Array, weights: dict[str, Array]) -> None:
    """Uniform on the simplex: exponential numbers over their sum (Devroye 1986, XI.4)."""
    parts = -np.log1p(-u)
    shares = parts / np.maximum(parts.sum(axis=1, keepdims=True), HALF_STEP)
    for family in tree.among(factor.level):
        own = np.array([tree.weights[node] for node in family])
        stated = np.array(
            [[said.get(node, 0.0) for node in family] for said in factor.experts.values()]
        )
        totals = stated.sum(axis=1, keepdims=True)
        if not totals.any():
            continue
        # Who says nothing of a family leaves it as it is.
        of_experts = np.where(
            totals > 0, stated / np.where(totals > 0, totals, 1.0) * own.sum(), own
        )
        for node, column in zip(family, (shares @ of_experts).T, strict=True):
            weights[node] = column


def _dirichlet(tree: _Tree, factor: Factor, u: Array, weights: dict[str, Array]) -> None:
    """Gamma numbers over their sum (Devroye 1986, XI.4), in logarithms: shapes may be small."""
    place = {node: column for column, node in enumerate(tree.shared(factor.level))}
    for family in tree.among(factor.level):
        means = np.stack([np.broadcast_to(weights.get(n, tree.weights[n]), len(u)) for n in family])
        if (means < 0).any():
            raise ValueError(
                f"factor {factor.factor}: a weight of {', '.join(family)} is below zero, around "
                "which there is no Dirichlet distribution; use weight_noise"
            )
        total = means.sum(axis=0)
        numbers = np.maximum(u.T[[place[node] for node in family]], HALF_STEP)
        logs = _log_gamma_quantile(factor.concentration * means / total, numbers)
        parts = np.exp(logs - logs.max(axis=0))
        parts *= total / parts.sum(axis=0)
        weights.update(zip(family, parts, strict=True))


def _log_gamma_quantile(shape: Array, u: Array) -> Array:
    """Logarithm of the inverse of the gamma distribution; -inf for shape 0.

    Where the number is below 1e-30, the distribution is x^a / Gamma(a + 1) to all digits.
    """
    with np.errstate(all="ignore"):
        small = (np.log(u) + gammaln(shape + 1)) / shape
        large = np.log(gammaincinv(shape, u))
    logs: Array = np.where(small < np.log(1e-30), small, large)
    return np.where(shape == 0, -np.inf, logs)


def _moved(index: Index, known: Errors, u: Array) -> Array:
    figures = index.values[known.rows, known.leaves]
    with np.errstate(all="ignore"):
        is_cut = ~(np.nanmin(index.values, axis=0) < 0)[known.leaves]
    # What is cut off below zero lies more than 1 / sd standard deviations below the mean.
    cut = np.where(is_cut, ndtr(-1 / known.sd), 0.0)
    normal = ndtri(cut + (1 - cut) * np.maximum(u, HALF_STEP))
    values = np.repeat(index.values[np.newaxis], len(u), axis=0)
    moved = figures + np.abs(figures) * known.sd * normal
    values[:, known.rows, known.leaves] = np.where(is_cut, np.maximum(moved, 0.0), moved)
    return values
