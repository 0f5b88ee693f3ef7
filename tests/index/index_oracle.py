"""The chain of an index a second time, in plain NumPy, from the definitions of the handbook.

It reads a framework as its file gives it and shares no code with the engine, so that the two agree
only where both are right. Definitions are those of the OECD/JRC *Handbook on Constructing
Composite Indicators* (2008) and of COINr 1.1.14 (``Treat``, ``Normalise``, ``Aggregate``,
``Impute``, ``Screen``).

Arrays have the axes edition, unit, leaf; what is missing is NaN.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass
class Node:
    """A node of the tree, with the children below it."""

    id: str
    data: Mapping[str, Any]
    children: list[Node] = field(default_factory=list)

    @property
    def level(self) -> int:
        return 1 + max((child.level for child in self.children), default=0)

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()


def tree(data: Mapping[str, Any]) -> Node:
    name = data.get("node") or "_per_".join(
        data[key] for key in ("indicator", "denominator") if data.get(key)
    )
    return Node(name, data, [tree(child) for child in data.get("children", ())])


@dataclass
class Result:
    """What each stage gives, as {(edition, unit, node): value}; missing values are left out."""

    denominated: dict[tuple[int, str, str], float] = field(default_factory=dict)
    imputed: dict[tuple[int, str, str], float] = field(default_factory=dict)
    transformed: dict[tuple[int, str, str], float] = field(default_factory=dict)
    treated: dict[tuple[int, str, str], float] = field(default_factory=dict)
    normalised: dict[tuple[int, str, str], float] = field(default_factory=dict)
    weight: dict[tuple[int, str], float] = field(default_factory=dict)
    score: dict[tuple[int, str, str], float] = field(default_factory=dict)
    ranked: set[tuple[int, str]] = field(default_factory=set)


class Chain:
    """One framework applied to figures.

    Args:
        framework: as in its file.
        figures: columns city_id, indicator, year, value.
        units: those of the universe.
        groups: of each unit, by the name of a grouping.
        directions: of the indicators, where a leaf says none.
    """

    def __init__(
        self,
        framework: Mapping[str, Any],
        figures: pd.DataFrame,
        units: list[str],
        groups: Mapping[str, Mapping[str, str]],
        directions: Mapping[str, str],
    ) -> None:
        self.root = tree(framework["index"])
        self.nodes = {node.id: node for node in self.root.walk()}
        self.leaves = [node for node in self.root.walk() if not node.children]
        self.editions = list(framework["editions"])
        self.stages = {stage["stage"]: stage for stage in framework["stages"]}
        self.order = [stage["stage"] for stage in framework["stages"]]
        self.units = units
        self.groups = groups
        known = figures.dropna(subset=["value"])
        self.figures = {
            key: dict(zip(part["year"], part["value"], strict=True))
            for key, part in known.groupby(["city_id", "indicator"])
        }
        self.direction = {
            leaf.id: -1.0
            if (leaf.data.get("direction") or directions[leaf.data["indicator"]]) == "lower"
            else 1.0
            for leaf in self.leaves
        }
        self.result = Result()
        self.reshaped = set[tuple[int, int]]()

    # ------------------------------------------------------------ data
    def newest(self, unit: str, indicator: str, edition: Mapping[str, Any], age: int) -> float:
        years = self.figures.get((unit, indicator), {})
        young = [y for y in years if edition["edition"] - age <= y <= edition["edition"]]
        return float(years[max(young)]) if young else math.nan

    def denominated(self) -> Array:
        values = np.full((len(self.editions), len(self.units), len(self.leaves)), np.nan)
        for e, edition in enumerate(self.editions):
            for u, unit in enumerate(self.units):
                for j, leaf in enumerate(self.leaves):
                    exact = self.stages["select"]["method"] == "exact"
                    age = 0 if exact else edition.get("max_age_years", 0)
                    own = leaf.data.get("max_age_years", age)
                    value = self.newest(unit, leaf.data["indicator"], edition, own)
                    if leaf.data.get("denominator"):
                        by = self.newest(unit, leaf.data["denominator"], edition, age)
                        value = math.nan if by == 0 else leaf.data.get("per", 1) * value / by
                    values[e, u, j] = value
        return values

    def kept(self, values: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Leaves that are known of enough units, by edition."""
        least = self.stages["screen"].get("indicator_coverage_min", 0)
        coverage = np.mean(~np.isnan(values), axis=1)
        return coverage >= least - 1e-12

    def dimensions(self) -> Iterator[tuple[Node, list[int], bool]]:
        """Parents of leaves with the columns of these, and whether a unit may do without."""
        for parent in self.nodes.values():
            for node in parent.children:
                if node.level == 2:
                    columns = [self.leaves.index(leaf) for leaf in node.children]
                    yield node, columns, self.missing(parent) == "share"
        if self.root.level == 2:
            yield self.root, list(range(len(self.leaves))), False

    def missing(self, node: Node) -> str:
        """What becomes of the weights of children without a score."""
        return str(
            node.data.get("missing_children")
            or self.stages["aggregate"].get("missing_children")
            or ("share" if node.level == 2 else "none")
        )

    def sufficient(
        self, values: Array, kept: Any, imputed_later: bool = False
    ) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Units that have enough, by edition (COINr: Screen, get_data_avail). A dimension of which
        nothing is known keeps a unit out, if nothing later fills it or shares its weight."""
        stage = self.stages["screen"]
        known = ~np.isnan(values)
        enough = np.zeros(values.shape[:2], dtype=bool)
        for e, u in np.ndindex(enough.shape):
            has, x = known[e, u] & kept[e], values[e, u]
            if not has.any():
                continue
            ok = has.sum() / kept[e].sum() >= stage.get("unit_coverage_min", 0) - 1e-12
            ok &= (x[has] != 0).mean() >= stage.get("unit_nonzero_min", 0) - 1e-12
            for dimension, columns, optional in self.dimensions():
                weights = self.given(dimension)
                w = np.array([weights[self.leaves[j].id] * kept[e, j] for j in columns])
                share = (w * has[columns]).sum() / w.sum() if w.any() else 0.0
                ok &= share >= stage.get("dimension_coverage_min", 0) - 1e-12
                ok &= share > 0 or optional or (imputed_later and bool(w.any()))
            enough[e, u] = ok
        return enough

    def filled_dimensions(self, values: Array, kept: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Units that have something of every dimension that they cannot do without."""
        known = ~np.isnan(values) & kept[:, None, :]
        ok = np.ones(values.shape[:2], dtype=bool)
        for _, columns, optional in self.dimensions():
            if not optional:
                ok &= known[:, :, columns].any(axis=2)
        return ok

    def imputed(self, values: Array, units: Any) -> Array:
        """Missing values filled, of the units that are let through (COINr: Impute, i_mean and
        others, impute_panel)."""
        filled = np.where(units[:, :, None], values, np.nan)
        stage = self.stages.get("impute")
        if not stage:
            return filled
        method = stage["method"]
        years = [edition["edition"] for edition in self.editions]
        for j, leaf in enumerate(self.leaves):
            if leaf.data.get("imputation") == "none":
                continue
            column = np.where(units, values[:, :, j], np.nan)
            if method in ("i_latest", "i_linear"):
                for u in range(len(self.units)):
                    series = self.over_time(stage, years, column[:, u])
                    filled[:, u, j] = np.where(units[:, u], series, np.nan)
                continue
            centre = np.nanmedian if "median" in method else np.nanmean
            names = np.array(
                [
                    self.groups[unit].get(stage["grouping"], "") if "grouping" in stage else ""
                    for unit in self.units
                ]
            )
            for e in range(len(years)):
                pool = column if stage.get("across") == "panel" else column[e : e + 1]
                for u in range(len(self.units)):
                    if not units[e, u] or not math.isnan(column[e, u]):
                        continue
                    same = pool[:, names == names[u]]
                    if "grouping" in stage and not names[u]:
                        continue
                    if not np.isnan(same).all():
                        filled[e, u, j] = centre(same)
        return filled

    @staticmethod
    def over_time(stage: Mapping[str, Any], years: list[int], series: Array) -> Array:
        filled = series.copy()
        known = [i for i in range(len(series)) if not math.isnan(series[i])]
        for i in range(len(series)):
            if i in known:
                continue
            before = [k for k in known if k < i]
            after = [k for k in known if k > i]
            if stage["method"] == "i_latest":
                furthest = stage.get("editions_max", len(series))
                if before and i - before[-1] <= furthest:
                    filled[i] = series[before[-1]]
            elif known:
                a, b = before[-1] if before else after[0], after[0] if after else before[-1]
                if a == b:
                    filled[i] = series[a]
                    continue
                share = (years[i] - years[a]) / (years[b] - years[a])
                filled[i] = series[a] + share * (series[b] - series[a])
        return filled

    # ------------------------------------------------------------ shape
    def transformed(self, values: Array) -> Array:
        shaped = values.copy()
        has_stage = "transform" in self.stages
        for j, leaf in enumerate(self.leaves):
            column = shaped[:, :, j]
            low, high = leaf.data.get("cap_min"), leaf.data.get("cap_max")
            column = np.clip(column, low, high) if (low, high) != (None, None) else column
            if has_stage:
                column = shape(column, leaf.data.get("transform"), leaf.data.get("boxcox_lambda"))
            shaped[:, :, j] = column
        return shaped

    def by_pool(self, across: str | None, values: Array) -> Iterator[tuple[Any, Array]]:
        """Where the values lie among which extremes and the like are taken, leaf by leaf."""
        for j in range(len(self.leaves)):
            if across == "panel":
                yield (slice(None), slice(None), j), values[:, :, j]
            else:
                for e in range(len(self.editions)):
                    yield (e, slice(None), j), values[e, :, j]

    def treated(self, values: Array) -> Array:
        stage = self.stages.get("treat")
        shaped = values.copy()
        if not stage:
            return shaped
        for at, column in self.by_pool(stage.get("across"), values):
            leaf = self.leaves[at[2]].data
            if leaf.get("treatment") == "none":
                continue
            known = ~np.isnan(column)
            new = column.copy()
            new[known], is_reshaped = treat(
                column[known],
                stage.get("skewness_max", 2.0),
                stage.get("kurtosis_max", 3.5),
                leaf.get("points_max", stage.get("points_max", 5)),
                stage.get("fallback", "log_CT"),
                stage.get("boxcox_lambda"),
            )
            shaped[at] = new
            if is_reshaped:
                for e in range(len(self.editions)) if at[0] == slice(None) else [at[0]]:
                    self.reshaped.add((e, at[2]))
        return shaped

    def normalised(self, values: Array) -> Array:
        stage = self.stages["normalise"]
        scores = np.full_like(values, np.nan)
        for at, column in self.by_pool(stage.get("across"), values):
            leaf = self.leaves[at[2]]
            known = ~np.isnan(column)
            if not known.any():
                continue
            reference = math.nan
            if stage["method"] == "n_dist2ref":
                unit = self.units.index(stage["reference_unit"])
                own = np.ravel(column[..., unit])
                own = own[~np.isnan(own)]
                reference = float(own[-1]) if own.size else math.nan
            new = np.full_like(column, np.nan)
            new[known] = normalise(
                column[known], stage, leaf.data, self.direction[leaf.id], reference
            )
            scores[at] = new
        if stage["method"] in ("n_goalposts", "n_dist2targ"):
            for e, j in self.reshaped:
                scores[e, :, j] = np.nan  # marks in a unit that the values no longer have
        return scores

    # ------------------------------------------------------------ weights and aggregates
    @staticmethod
    def given(node: Node) -> dict[str, float]:
        return {
            child.id: child.data.get("weight", 1 / len(node.children)) for child in node.children
        }

    def method(self, stage: str, key: str, node: Node, default: str) -> str:
        if node.data.get(key):
            return str(node.data[key])
        entry = self.stages.get(stage)
        if not entry:
            return default
        return str(entry.get("by_level", {}).get(node.level, entry["method"]))

    def is_there(self, node: Node, e: int) -> bool:
        """Whether a node has a leaf that is known of enough units in an edition."""
        return any(
            self.is_kept[e, self.leaves.index(leaf)] for leaf in node.walk() if not leaf.children
        )

    def fitted(self, node: Node, children: list[Node], scores: Array) -> Array:
        """Weights of the children that are there, from their scores (rows: units)."""
        method = self.method("weight", "weighting", node, "given")
        given = self.given(node)
        weights = np.array([given[child.id] for child in children])
        if method == "equal" or len(children) == 1:
            weights = np.ones(len(children))
        elif method != "given":
            weights = fit(method, scores)
        return np.asarray(weights / weights.sum())

    def aggregated(self, node: Node, scores: dict[str, Array]) -> None:
        """Scores of a node and of all below it, as {node: array of editions and units}."""
        if not node.children:
            return
        for child in node.children:
            self.aggregated(child, scores)
        stage = self.stages["aggregate"]
        method = self.method("aggregate", "aggregation", node, "a_amean")
        power = node.data.get("power", stage.get("power"))
        missing = self.missing(node)
        across = self.stages.get("weight", {}).get("across")
        below = np.stack([scores[child.id] for child in node.children], axis=2)
        out = np.full(below.shape[:2], np.nan)
        for e, edition in enumerate(self.editions):
            here = [c for c, child in enumerate(node.children) if self.is_there(child, e)]
            if not here:
                continue
            children = [node.children[c] for c in here]
            pool = below if across == "panel" else below[e : e + 1]
            weights = self.fitted(node, children, pool[:, :, here].reshape(-1, len(here)))
            for child, weight in zip(children, weights, strict=True):
                self.result.weight[edition["edition"], child.id] = weight
            known = below[e][:, here]
            ok = self.complete(known, missing, stage.get("children_coverage_min"))
            if method == "a_copeland":
                exact = known if node.level == 2 else significant(known)
                out[e, ok] = copeland(exact[ok], weights)
            else:
                for u in np.flatnonzero(ok):
                    has = ~np.isnan(known[u])
                    out[e, u] = mean(method, known[u][has], weights[has], power)
        scores[node.id] = out

    @staticmethod
    def complete(
        below: Array, missing: str, least: float | None
    ) -> np.ndarray[Any, np.dtype[np.bool_]]:
        has = ~np.isnan(below)
        ok = has.any(axis=1)
        if missing == "none":
            ok &= has.all(axis=1)
        if least is not None:
            ok &= has.mean(axis=1) >= least - 1e-12
        return np.asarray(ok)

    def scaled(self, scores: Array) -> Array:
        """By the leader or the range of an edition; of all, where they are normalised together."""
        stage = self.stages.get("scale")
        if not stage:
            return scores
        together = self.stages["normalise"].get("across") == "panel"
        out = np.full_like(scores, np.nan)
        scores = significant(scores)
        for at in [slice(None)] if together else range(len(self.editions)):
            row = scores[at]
            if np.isnan(row).all():
                continue
            low, high = np.nanmin(row), np.nanmax(row)
            if stage["method"] == "zero_to_100":
                out[at] = 100 * (row - low) / (high - low) if high > low else np.nan
            elif high > 0:
                out[at] = (1 if stage["method"] == "leader_1" else 100) * row / high
        return out

    # ------------------------------------------------------------ all of it
    def run(self) -> Result:
        observed = self.denominated()
        kept = self.kept(observed)
        if "impute" in self.order and self.order.index("impute") < self.order.index("screen"):
            everyone = np.ones(observed.shape[:2], dtype=bool)
            filled = self.imputed(np.where(kept[:, None, :], observed, np.nan), everyone)
            filled = np.where(kept[:, None, :], filled, np.nan)
            ranked = self.sufficient(filled, kept)
        else:
            later = "impute" in self.order
            through = self.sufficient(observed, kept, later)
            filled = self.imputed(np.where(kept[:, None, :], observed, np.nan), through)
            filled = np.where(kept[:, None, :], filled, np.nan)
            ranked = through & (self.filled_dimensions(filled, kept) | (not later))
        self.is_kept = kept
        used = np.where(ranked[:, :, None] & kept[:, None, :], filled, np.nan)
        shaped = self.transformed(used)
        treated = self.treated(shaped)
        normal = self.normalised(treated)
        scores = {leaf.id: normal[:, :, j] for j, leaf in enumerate(self.leaves)}
        self.aggregated(self.root, scores)
        for node in self.nodes.values():
            if node.children:
                scores[node.id] = self.scaled(scores[node.id])
        ids = [leaf.id for leaf in self.leaves]
        self.result.denominated = self.table(observed, ids)
        self.result.imputed = self.table(filled, ids)
        self.result.transformed = self.table(shaped, ids)
        self.result.treated = self.table(treated, ids)
        self.result.normalised = self.table(normal, ids)
        for node, array in scores.items():
            self.result.score |= self.table(array[:, :, None], [node])
        self.result.ranked = {
            (edition["edition"], unit)
            for e, edition in enumerate(self.editions)
            for u, unit in enumerate(self.units)
            if ranked[e, u]
        }
        return self.result

    def table(self, values: Array, ids: list[str]) -> dict[tuple[int, str, str], float]:
        return {
            (edition["edition"], unit, node): float(values[e, u, j])
            for e, edition in enumerate(self.editions)
            for u, unit in enumerate(self.units)
            for j, node in enumerate(ids)
            if not math.isnan(values[e, u, j])
        }


# ---------------------------------------------------------------- treatment
def shape(x: Array, transform: str | None, power: float | None) -> Array:
    """The shape given to values; what it is not defined for is missing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if transform == "sqrt":
            x = np.sqrt(x)
        elif transform == "log":
            x = np.log(x)
        elif transform == "log10":
            x = np.log10(x)
        elif transform == "log1p":
            x = np.log1p(x)
        elif transform == "boxcox":
            x = np.log(x) if not power else (np.where(x >= 0, x, np.nan) ** power - 1) / power
    return np.where(np.isfinite(x), x, np.nan)


def skewness(x: Array) -> float:
    """Type 2 of e1071, that of SAS and Excel."""
    n, d = len(x), x - x.mean()
    return float(
        math.sqrt(n) * (d**3).sum() / (d**2).sum() ** 1.5 * math.sqrt(n * (n - 1)) / (n - 2)
    )


def kurtosis(x: Array) -> float:
    """Excess kurtosis, type 2 of e1071."""
    n, d = len(x), x - x.mean()
    r = n * (d**4).sum() / (d**2).sum() ** 2
    return float(((n + 1) * (r - 3) + 6) * (n - 1) / ((n - 2) * (n - 3)))


def passes(x: Array, skewness_max: float, kurtosis_max: float) -> bool:
    """COINr: check_SkewKurt, which needs four values; fewer, or equal ones, have no outliers.

    One value among four that is not like the others has a skewness of exactly 2, the usual limit,
    and so fails whatever the last bit says.
    """
    if len(x) < 4 or x.min() == x.max():
        return True
    return round(abs(skewness(x)), 12) < skewness_max or round(kurtosis(x), 12) < kurtosis_max


def winsorised(x: Array, skewness_max: float, kurtosis_max: float, points_max: int) -> Array:
    """COINr: winsorise. Points are counted by the ties at the present ends."""
    x = x.copy()
    n_high = n_low = 0
    while not passes(x, skewness_max, kurtosis_max) and n_high + n_low < points_max:
        if skewness(x) >= 0:
            at = x == x.max()
            x[at] = x[~at].max()
            n_high = int(at.sum())
        else:
            at = x == x.min()
            x[at] = x[~at].min()
            n_low = int(at.sum())
    return x


def treat(
    x: Array,
    skewness_max: float,
    kurtosis_max: float,
    points_max: int,
    fallback: str,
    power: float | None,
) -> tuple[Array, bool]:
    """COINr: Treat.numeric with winsorise and a log, which takes the values as they were.

    Returns the values and whether they have another shape.
    """
    if passes(x, skewness_max, kurtosis_max):
        return x, False
    new = winsorised(x, skewness_max, kurtosis_max, points_max)
    if new.min() == new.max():
        return x, False  # nothing would be left to compare
    if passes(new, skewness_max, kurtosis_max) or fallback == "none":
        return new, False
    low, high = x.min(), x.max()
    if fallback == "log_CT":
        return np.log(x - low + 0.01 * (high - low)), True
    if fallback == "log_CT_orig":
        return np.log(x - low + 1), True
    if fallback == "log_GII" and high <= 1:
        return x, False  # it would turn the order round
    if fallback == "log_GII":
        return np.log((high - 1) * (x - low) / (high - low) + 1), True
    return shape(x - low + 1, "boxcox", power), True


# ---------------------------------------------------------------- normalisation
def normalise(
    value: Array,
    stage: Mapping[str, Any],
    leaf: Mapping[str, Any],
    direction: float,
    reference: float,
) -> Array:
    """COINr: Normalise, which turns the direction first. What is not finite is missing."""
    x = value * direction
    low, high = x.min(), x.max()
    begin, end = stage.get("score_min", 0.0), stage.get("score_max", 100.0)
    method = stage["method"]
    ranks = np.array([1 + (x < one).sum() for one in x], dtype=float)
    n = len(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        if method == "n_minmax":
            y = begin + (end - begin) * (x - low) / (high - low)
        elif method == "n_goalposts":
            posts = np.array([leaf["goalpost_min"], leaf["goalpost_max"]])
            posts = shape(posts, leaf.get("transform"), leaf.get("boxcox_lambda"))
            y = (value - posts[0]) / (posts[1] - posts[0] if posts[0] < posts[1] else np.nan)
            y = 1 - y if direction < 0 else y
            y = np.clip(y, 0, 1) if stage.get("is_capped", True) else y
            y = begin + (end - begin) * y
        elif method == "n_zscore":
            sd = x.std(ddof=1) if n > 1 and low < high else np.nan
            y = (x - x.mean()) / sd * stage.get("sd", 1.0) + stage.get("mean", 0.0)
        elif method == "n_rank":
            y = ranks
        elif method == "n_borda":
            y = ranks - 1
        elif method == "n_prank":
            y = (ranks - 1) / (n - 1) if n > 1 else np.full(n, np.nan)
        elif method == "n_dist2max":
            y = 1 - (high - x) / (high - low)
        elif method in ("n_dist2ref", "n_dist2targ"):
            target = reference if method == "n_dist2ref" else leaf["target"]
            if method == "n_dist2targ":
                target = float(
                    shape(np.array([target]), leaf.get("transform"), leaf.get("boxcox_lambda"))[0]
                )
            target *= direction
            y = 1 - (target - x) / (target - low) if target > low else np.full(n, np.nan)
            y = np.minimum(y, 1) if stage.get("is_capped", False) else y
        elif method == "n_fracmax":
            y = x / high
        elif method == "n_scaled":
            y = (x - stage["shift"]) / stage["factor"]
        else:
            raise NotImplementedError(method)
    return np.where(np.isfinite(y), y, np.nan)


# ---------------------------------------------------------------- weights
def fit(method: str, scores: Array) -> Array:
    """Weights of the columns; equal where the scores do not determine them.

    Entropy and CRITIC as in the OECD/JRC handbook's sources (Zeleny 1982; Diakoulaki et al. 1995),
    PCA as COINr's get_PCA: the loadings of the first component of the correlation matrix.
    """
    n = scores.shape[1]
    columns = [column[~np.isnan(column)] for column in scores.T]
    varies = np.array([c.size > 1 and np.ptp(c) > 1e-12 * np.abs(c).max() for c in columns])
    raw = np.zeros(n)
    if method == "entropy" and any((column < 0).any() for column in columns):
        return np.full(n, 1 / n)  # a check then stops the release
    if method == "entropy":
        for j in np.flatnonzero(varies):
            share = columns[j] / columns[j].sum()
            share = share[share > 0]
            raw[j] = 1 + (share * np.log(share)).sum() / math.log(len(columns[j]))
    elif method == "critic":
        for j, k in itertools.permutations(np.flatnonzero(varies), 2):
            both = scores[~np.isnan(scores[:, [j, k]]).any(axis=1)][:, [j, k]]
            if len(both) > 1 and (np.ptp(both, axis=0) > 1e-12).all():
                distance = 1 - np.corrcoef(both, rowvar=False)[0, 1]
                spread = columns[j].std(ddof=1) / np.ptp(columns[j])
                raw[j] += spread * (distance if distance > 1e-12 else 0.0)
    else:
        raise NotImplementedError(method)
    return raw / raw.sum() if raw.sum() > 1e-12 else np.full(n, 1 / n)


# ---------------------------------------------------------------- aggregation
def mean(method: str, x: Array, w: Array, power: float | None) -> float:
    """COINr: a_amean, a_gmean, a_hmean; means are not defined for what they cannot take."""
    if not w.any():
        return math.nan
    w = w / w.sum()
    if method == "a_amean":
        return float(w @ x)
    if method == "a_median":
        return weighted_median(x, w)
    if method == "a_genmean" and power == 0:
        method = "a_gmean"
    if method in ("a_gmean", "a_hmean") and (x <= 0).any():
        return math.nan
    if method == "a_gmean":
        return float(np.exp(w @ np.log(x)))
    if method == "a_hmean":
        return float(1 / (w @ (1 / x)))
    assert power is not None
    if (x < 0).any() or (power < 0 and (x == 0).any()):
        return math.nan
    return float((w @ x**power) ** (1 / power))


def significant(x: Array) -> Array:
    """Twelve significant digits: beyond them two scores are the same. What scores that cancel out
    leave is nothing."""
    x = np.where(np.abs(x) < 1e-14, 0.0, x)
    return np.array([float(f"{v:.12g}") for v in x.ravel()]).reshape(x.shape)


def weighted_median(x: Array, w: Array) -> float:
    """The score with half of the weight on either side; the mean of two where the halves part."""
    order = np.argsort(x, kind="stable")
    below = np.round(np.cumsum(w[order]), 12)
    return float((x[order][below >= 0.5][0] + x[order][below > 0.5][0]) / 2)


def copeland(x: Array, w: Array) -> Array:
    """COINr: a_copeland, wins less losses by outrankMatrix, pair by pair.

    COINr lets what a pair lacks count for the one that comes later in the table. Here only children
    that both have are weighed.
    """
    n = len(x)
    total = np.zeros(n)
    for i, k in itertools.permutations(range(n), 2):
        both = [j for j in range(x.shape[1]) if not (math.isnan(x[i, j]) or math.isnan(x[k, j]))]
        lead = math.fsum(w[j] * np.sign(x[i, j] - x[k, j]) for j in both)
        weight = math.fsum(w[j] for j in both)
        total[i] += np.sign(round(lead / weight, 12)) if weight else 0
    return total
