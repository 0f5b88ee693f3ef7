"""Weights that are found in the scores themselves, over arrays.

Everywhere scores are a matrix of units by children, NaN where a child has no score, higher being
better. Weights are relative: who uses them divides by their sum. What cannot be fitted raises
:class:`NotFitted`, whose message says why and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.aggregation import Array, aggregate, round_significant
from analysis.correlation import pairwise
from analysis.pca import principal_components, varying

# Below this a difference is rounding.
NOTHING = 1e-12
OTHERWISE = "choose given or equal weights, or fit them across: panel"


class NotFitted(ValueError):
    """Weights that the scores do not determine."""


def pca_weights(scores: Array) -> Array:
    """Loadings of the first component, as COINr's ``get_PCA``: some may be below zero.

    They rest on the units that have every score. A child whose scores do not vary among them has
    the weight 0.
    """
    weights = np.zeros(scores.shape[1])
    used = varying(scores)
    if not used.any():
        raise NotFitted(f"no score varies among the units that have all; {OTHERWISE}")
    weights[used] = principal_components(scores[:, used]).vectors[:, 0]
    if abs(weights.sum()) < NOTHING:
        raise NotFitted(f"the loadings of the first component sum to zero; {OTHERWISE}")
    return weights


def entropy_weights(scores: Array) -> Array:
    """Weights by what the spread of the scores tells (Shannon entropy; Zeleny 1982).

    Of each child, p = x / sum of x over the units that have a score, e = -sum of p ln p / ln n;
    the weight is 1 - e. A child that has no score, or the same everywhere, has the weight 0.

    Raises:
        NotFitted: a score below zero, which is no share of a sum; or nothing varies.
    """
    if np.nanmin(np.append(scores, 0.0)) < 0:
        raise NotFitted(
            "entropy needs scores from zero up; normalise to 0..100, or choose other weights"
        )
    known = ~np.isnan(scores)
    with np.errstate(all="ignore"):
        shares = scores / np.nansum(scores, axis=0)
        terms = np.where(shares > 0, shares * np.log(shares), 0.0)
        entropy = -terms.sum(axis=0) / np.log(known.sum(axis=0))
    return _relative(np.where(_varies(scores), 1 - entropy, 0.0), "no score varies")


def critic_weights(scores: Array) -> Array:
    """Weights by spread and conflict (CRITIC; Diakoulaki, Mavrotas and Papayannakis 1995).

    The standard deviation of a child's scores, brought to 0..1, times the sum of 1 - r over the
    other children, r being the correlation over the units that have both. A child that has no
    score, or the same everywhere, has the weight 0.
    """
    used = _varies(scores)
    weights = np.zeros(scores.shape[1])
    columns = scores[:, used]
    distances = 1 - pairwise(columns).pearson
    conflict = np.nansum(np.where(distances > NOTHING, distances, 0.0), axis=0)
    if used.any():
        spread = np.nanmax(columns, axis=0) - np.nanmin(columns, axis=0)
        weights[used] = np.nanstd(columns, axis=0, ddof=1) / spread * conflict
    return _relative(weights, "the scores do not vary, or all in step")


def optimised_weights(
    columns: Array,
    correlate: Callable[[Array], Array],
    groups: Sequence[int],
    objective: str = "balance",
    first: Sequence[Array] = (),
) -> Array:
    """Weights by which the correlations of children with the index are best.

    COINr's ``get_opt_weights`` (Becker et al. 2017) with equal importances: ``balance`` makes the
    correlations as equal as can be, ``infomax`` their sum as large as can be; see
    :func:`objective_value`. Unlike there no weight is below zero, the search begins at several
    points, always the same, and keeps the best of what it finds, and a correlation counts whether
    or not it is significant.

    Args:
        columns: (units, children) scores that all vary.
        correlate: (children,) correlations with the index, from weights whose groups sum to 1.
        groups: (children,) number of each child's parent, from 0.
        objective: ``balance`` or ``infomax``.
        first: weights to begin at besides.

    Returns:
        (children,) weights from zero up; those of a group sum to 1.
    """
    from scipy.optimize import least_squares, minimize

    n = columns.shape[1]
    members = np.equal.outer(np.unique(groups), np.asarray(groups)).astype(float)
    target = np.full(n, 1 / n)

    def shared(part: Array) -> Array:
        totals: Array = (members @ part) @ members
        return part / np.where(totals > 0, totals, np.nan)

    def value(part: Array) -> float:
        found = objective_value(correlate(shared(part)), objective)
        return found if np.isfinite(found) else 1e6

    def residuals(part: Array) -> Array:
        correlations = correlate(shared(part))
        total = correlations.sum()
        unequal = correlations / total - target if total > 0 else np.full(n, 1e3)
        # The others hold the scale of each group, on which nothing else depends.
        return np.append(unequal, members @ part - 1)

    tight = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12, "max_nfev": 60}
    best, best_value = np.full(n, np.nan), 1e6
    for start in [shared(start) for start in (*first, *_starts(columns))]:
        if np.isnan(start).any():
            continue
        candidates = [start]
        if objective == "balance":
            inside = np.maximum(start, 1e-6)
            candidates.append(least_squares(residuals, inside, bounds=(0, np.inf), **tight).x)
        else:
            candidates.append(minimize(value, start, bounds=[(0, None)] * n, method="L-BFGS-B").x)
        for candidate in candidates:
            if value(candidate) < best_value:
                best, best_value = shared(candidate), value(candidate)
        if objective == "balance" and best_value < NOTHING**2:
            break
    if np.isnan(best).any():
        raise NotFitted(f"no weights correlate with every score; {OTHERWISE}")
    return best


def objective_value(correlations: Array, objective: str) -> float:
    """What :func:`optimised_weights` makes small, of the children's correlations with the parent.

    ``balance``: the mean squared difference of the correlations' shares of their sum from equal
    shares, of which COINr takes the logarithm; ``infomax``: minus their sum.
    """
    total = float(np.sum(correlations))
    if objective == "infomax":
        return -total
    if not total > 0:
        return float("inf")
    return float(np.mean((correlations / total - 1 / len(correlations)) ** 2))


@dataclass(frozen=True)
class Branch:
    """A node with children, and how these are weighted and combined."""

    node: str
    level: int
    """2 is the parent of leaves."""
    children: tuple[str, ...]
    weights: tuple[float, ...]
    """As given; what a method finds takes their place."""
    weighting: str
    aggregation: str
    power: float | None = None
    missing_children: str = "share"
    children_coverage_min: float | None = None


class Fit(NamedTuple):
    """The weights found for the children of a branch."""

    weights: Array
    """Relative, one a child; NaN for a child that is left out."""
    problem: str | None
    """Why they could not be fitted and are equal instead."""


SIMPLE: dict[str, Callable[[Array], Array]] = {
    "entropy": entropy_weights,
    "critic": critic_weights,
    "pca": pca_weights,
}
FITTED = (*SIMPLE, "correlation_optimised")


def fit_tree(
    branches: Sequence[Branch],
    leaf_scores: Mapping[str, Array],
    editions: Array,
    objective: str = "balance",
) -> dict[str, Fit]:
    """Weights of every branch that is to be fitted, from the leaves upward.

    The scores of a level are those of the level below, combined with the weights found there.
    Optimised weights of one level are found together, as in COINr, from the correlations of all
    their children with the root; the weights above stand as given meanwhile.

    Args:
        branches: every node with children; the one of the highest level is the root.
        leaf_scores: (rows,) of each leaf that is in the index; a row is a unit in an edition.
        editions: (rows,) edition of each row; Copeland compares within one.
        objective: of ``correlation_optimised``.
    """
    scores: Mapping[str, Array] = leaf_scores
    fits: dict[str, Fit] = {}
    for level in sorted({branch.level for branch in branches}):
        here = [b for b in branches if b.level == level and any(c in scores for c in b.children)]
        alone = [b for b in here if b.weighting != "correlation_optimised"]
        together = [b for b in here if b.weighting == "correlation_optimised"]
        for branch in alone:
            if branch.weighting in SIMPLE:
                fits[branch.node] = _fit(branch, scores)
        scores = _with_branches(scores, alone, fits, editions)
        if together:
            above = sorted((b for b in branches if b.level > level), key=lambda b: b.level)
            fits |= _optimise(together, above, scores, editions, objective)
            scores = _with_branches(scores, together, fits, editions)
    return fits


def _fit(branch: Branch, scores: Mapping[str, Array]) -> Fit:
    """Fit the children that are in the index; equal weights where that cannot be done."""
    columns, weights = _columns(branch, scores), _given(branch, scores)
    kept = ~np.isnan(weights)
    weights[kept] = 1.0
    try:
        if kept.sum() > 1:
            weights[kept] = SIMPLE[branch.weighting](columns[:, kept])
    except NotFitted as error:
        return Fit(weights, str(error))
    return Fit(weights, None)


def _optimise(
    together: Sequence[Branch],
    above: Sequence[Branch],
    scores: Mapping[str, Array],
    editions: Array,
    objective: str,
) -> dict[str, Fit]:
    """Weights of the children of some branches, by their correlations with the root."""
    root = [*together, *above][-1].node
    nodes = [(i, child) for i, b in enumerate(together) for child in b.children if child in scores]
    varies = _varies(np.column_stack([scores[child] for _, child in nodes]))
    nodes = [pair for pair, does in zip(nodes, varies, strict=True) if does]
    groups = [i for i, _ in nodes]

    def fits(part: Array) -> dict[str, Fit]:
        found = {node: weight for (_, node), weight in zip(nodes, part, strict=True)}
        result = {}
        for branch in together:
            weights = np.array([found.get(child, 0.0) for child in branch.children])
            # A child that is the only one has all the weight, whatever its scores.
            weights = np.ones(len(weights)) if weights.sum() == 0 else weights
            result[branch.node] = Fit(np.where(_is_in(branch, scores), weights, np.nan), None)
        return result

    def index(parts: Mapping[str, Array]) -> Array:
        return _with_branches({**scores, **parts}, above, {}, editions)[root]

    def correlate(part: Array) -> Array:
        parts = _with_branches(scores, together, fits(part), editions)
        return _correlations(columns, index({b.node: parts[b.node] for b in together}))

    try:
        if not nodes:
            raise NotFitted(f"no score varies; {OTHERWISE}")
        columns = np.column_stack([scores[node] for _, node in nodes])
        linear = _linear(together, above, columns, groups, index)
        first = linear.balanced if linear and objective == "balance" else []
        correlations = linear.correlate if linear else correlate
        return fits(optimised_weights(columns, correlations, groups, objective, first))
    except NotFitted as error:
        problem = str(error)
    equal = fits(np.ones(len(nodes)))
    return {node: Fit(np.where(np.isnan(w), w, 1.0), problem) for node, (w, _) in equal.items()}


class _Linear(NamedTuple):
    """An index that is a sum of its children: all correlations from one covariance matrix."""

    correlate: Callable[[Array], Array]
    balanced: list[Array]
    """Weights with which all correlations are equal, unless one is below zero."""


def _linear(
    together: Sequence[Branch],
    above: Sequence[Branch],
    columns: Array,
    groups: Sequence[int],
    index: Callable[[Mapping[str, Array]], Array],
) -> _Linear | None:
    """Only for arithmetic means of scores without gaps."""
    if any(b.aggregation != "a_amean" for b in (*together, *above)) or np.isnan(columns).any():
        return None
    zero, one = np.zeros(len(columns)), np.ones(len(columns))
    rest = index({b.node: zero for b in together})
    shares = np.array(
        [
            index({b.node: one if b is branch else zero for b in together}) - rest
            for branch in together
        ]
    )
    if np.isnan(shares).any() or np.ptp(shares, axis=1).max() > NOTHING:
        return None
    n = columns.shape[1]
    factors = shares[:, 0][list(groups)]
    covariance = np.cov(np.column_stack([columns, rest]), rowvar=False)
    deviations = np.sqrt(np.diag(covariance)[:n])

    def correlate(part: Array) -> Array:
        weights = np.append(part * factors, 1.0)
        with_index = covariance @ weights
        found: Array = with_index[:n] / (deviations * np.sqrt(weights @ with_index))
        return found

    balanced = np.linalg.lstsq(covariance[:n, :n], deviations, rcond=None)[0]
    return _Linear(correlate, [np.maximum(balanced / factors, 0.0)])


def _with_branches(
    scores: Mapping[str, Array],
    branches: Sequence[Branch],
    fits: Mapping[str, Fit],
    editions: Array,
) -> dict[str, Array]:
    """The scores and, in their order, those of some branches, with the given weights if no others.

    A branch none of whose children is in the index is not in it either.
    """
    found = dict(scores)
    for branch in branches:
        weights = fits[branch.node].weights if branch.node in fits else _given(branch, found)
        if not np.isnan(weights).all():
            combined = _combine(branch, _columns(branch, found), weights, editions)
            found[branch.node] = round_significant(combined)
    return found


def _combine(branch: Branch, columns: Array, weights: Array, editions: Array) -> Array:
    combined = np.full(len(columns), np.nan)
    groups = [np.full(len(editions), True)]
    if branch.aggregation == "a_copeland":
        groups = [editions == edition for edition in np.unique(editions)]
    for rows in groups:
        combined[rows] = aggregate(
            columns[rows],
            weights,
            branch.aggregation,
            branch.power,
            branch.missing_children,
            branch.children_coverage_min,
        )
    return combined


def _is_in(branch: Branch, scores: Mapping[str, Array]) -> list[bool]:
    return [child in scores for child in branch.children]


def _columns(branch: Branch, scores: Mapping[str, Array]) -> Array:
    nothing = np.full(len(next(iter(scores.values()))), np.nan)
    return np.column_stack([scores.get(child, nothing) for child in branch.children])


def _given(branch: Branch, scores: Mapping[str, Array]) -> Array:
    weights = 1.0 if branch.weighting == "equal" else np.array(branch.weights)
    return np.where(_is_in(branch, scores), weights, np.nan)


def _varies(scores: Array) -> NDArray[np.bool_]:
    """Which columns have at least two different scores."""
    known = ~np.isnan(scores)
    low = np.where(known, scores, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, scores, -np.inf).max(axis=0, initial=-np.inf)
    scale = np.maximum(np.abs(high), np.abs(low))
    return np.asarray((high > low) & (high - low > NOTHING * scale))


def _relative(weights: Array, problem: str) -> Array:
    weights = np.where(weights > NOTHING, weights, 0.0)
    if weights.sum() == 0:
        raise NotFitted(f"{problem}; {OTHERWISE}")
    return np.asarray(weights / weights.sum())


def _correlation(one: Array, other: Array) -> float:
    """Pearson's, over the rows that have both; NaN where one of them does not vary."""
    both = ~(np.isnan(one) | np.isnan(other))
    if both.sum() < 2:
        return float("nan")
    a, b = one[both] - one[both].mean(), other[both] - other[both].mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")


def _correlations(columns: Array, parent: Array) -> Array:
    known = ~np.isnan(parent)
    if np.isnan(columns[known]).any():
        return np.array([_correlation(column, parent) for column in columns.T])
    centred, target = columns[known] - columns[known].mean(axis=0), parent[known]
    target = target - target.mean() if known.any() else target
    with np.errstate(all="ignore"):
        found: Array = (centred.T @ target) / (
            np.linalg.norm(centred, axis=0) * np.linalg.norm(target)
        )
    return found


def _starts(columns: Array) -> list[Array]:
    """Where to begin: what is best for the sum of correlations, equal weights, and more."""
    n = columns.shape[1]
    more = np.random.default_rng(0).dirichlet(np.ones(n), 4)
    return [1 / np.nanstd(columns, axis=0, ddof=1), np.ones(n), *more]
