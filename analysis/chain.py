"""An index as arrays, and its stages from the figures to the scores, any number of times at once.

The stages are those of the dbt models ``int_index_imputed`` to ``int_index_scaled``, with the
methods and parameters of COINr (``Impute``, ``Treat``, ``Normalise``, ``Aggregate``). Functions
take arrays with leading axes before those of units and leaves, so that a thousand perturbed tables
go through a stage in one call. What is missing is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.aggregation import Array as Array
from analysis.aggregation import round_significant
from analysis.tree import aggregate_tree as aggregate_tree
from analysis.weights import Branch

# What two numbers that are equal to 12 digits may differ by, relative to either, and some more.
ROUNDING = 2e-11
# Scores whose arrays stay in the cache of a processor while they are ranked.
RANKED_AT_ONCE = 2**16
# The same of figures that become scores.
FIGURES_AT_ONCE = 2**16
ACROSS_EDITIONS = ("i_latest", "i_linear")
"""Methods of the stage impute that look at other editions whatever their parameters."""
Stages = Mapping[str, Mapping[str, Any]]
"""Stage -> its method (key ``method``) and parameters, as the columns of stg_framework_stage; a
parameter that is empty there is left out. A stage that is not there is not applied."""


@dataclass(frozen=True)
class Leaf:
    """An indicator in the tree, with what the framework says of it."""

    node: str
    direction: int
    """1 where higher is better, -1 where lower is."""
    cap_min: float | None = None
    cap_max: float | None = None
    transform: str | None = None
    boxcox_lambda: float | None = None
    is_treatable: bool = True
    points_max: int | None = None
    is_imputable: bool = True
    goalpost_min: float | None = None
    goalpost_max: float | None = None
    target: float | None = None


@dataclass(frozen=True)
class Index:
    """A framework with its figures: all that a score depends on from the stage impute on.

    A row is a unit in an edition, of those that the stage before imputation lets through; rows are
    in the order of edition and unit.
    """

    framework: str
    city_ids: NDArray[np.object_]
    """(rows,)"""
    editions: NDArray[np.int64]
    """(rows,)"""
    is_ranked: NDArray[np.bool_]
    """(rows,): passed the screening. Stages after imputation take only these."""
    groups: Mapping[str, NDArray[np.object_]]
    """Grouping -> (rows,) name of the group within which may be imputed; None for none."""
    leaves: tuple[Leaf, ...]
    values: Array
    """(rows, leaves): figures before imputation, NaN where missing or the leaf is not kept."""
    is_kept: NDArray[np.bool_]
    """(rows, leaves): the leaf is kept in the edition of the row."""
    stages: Stages
    branches: tuple[Branch, ...]
    """Nodes with children, each after its children; the last is the root."""
    weights: Mapping[int, Mapping[str, float]]
    """Edition -> node -> weight within its parent as it counts; NaN for a node left out."""

    @property
    def root(self) -> str:
        """The node of the index as a whole."""
        return self.branches[-1].node

    def ranked_rows(self, edition: int) -> NDArray[np.int64]:
        """Positions of the ranked units of an edition, (units,)."""
        return np.flatnonzero((self.editions == edition) & self.is_ranked)

    def with_rows(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Index:
        """The index with some of its rows alone, and all its weights."""
        return replace(
            self,
            city_ids=self.city_ids[rows],
            editions=self.editions[rows],
            is_ranked=self.is_ranked[rows],
            groups={name: groups[rows] for name, groups in self.groups.items()},
            values=self.values[rows],
            is_kept=self.is_kept[rows],
        )

    def with_leaves(self, leaves: NDArray[np.int64]) -> Index:
        """The index with some of its leaves alone, told by position, and the whole tree."""
        return replace(
            self,
            leaves=tuple(self.leaves[i] for i in leaves),
            values=self.values[:, leaves],
            is_kept=self.is_kept[:, leaves],
        )


def looks_across(stage: Mapping[str, Any]) -> bool:
    """Whether a stage makes the figures or scores of an edition of those of others, too."""
    return stage.get("across") == "panel" or stage.get("method") in ACROSS_EDITIONS


class Variant(NamedTuple):
    """Choices in place of those of the framework."""

    stages: Mapping[str, Mapping[str, Any] | None] = {}
    """Stage -> method and parameters in place of its own; None: the stage is not applied."""
    aggregation: Mapping[str, tuple[str, float | None]] = {}
    """Node with children -> method and power in place of its own."""


NOMINAL = Variant()


@dataclass(frozen=True)
class Replications:
    """n ways to compute an index: a variant each, and what weights and figures it has."""

    variants: Sequence[Variant]
    variant: NDArray[np.int64]
    """(n,): position in ``variants``."""
    weights: Mapping[str, Array] = field(default_factory=dict)
    """Node -> (n,) weight within its parent, relative; NaN leaves the node out. Nodes that are not
    here have the weight of the index."""
    values: Array | None = None
    """(n, rows, leaves) in place of the figures of the index."""


def indices(
    nodes: pd.DataFrame,
    stages: pd.DataFrame,
    denominated: pd.DataFrame,
    imputed: pd.DataFrame,
    screened: pd.DataFrame,
    screened_leaves: pd.DataFrame,
    weights: pd.DataFrame,
    groups: pd.DataFrame,
) -> list[Index]:
    """The indices of a warehouse, by framework.

    Args:
        nodes, stages, groups: stg_framework_node, stg_framework_stage, stg_city_group.
        denominated, imputed, screened, screened_leaves, weights: int_index_<name> (imputed tells
            which units are let through before imputation).
    """
    by_stage = _by_framework(stages)
    by_weight = _by_framework(weights[["framework", "edition", "node", "weight"]])
    kept = screened_leaves.loc[
        screened_leaves["is_kept"].astype(bool), ["framework", "edition", "node"]
    ]
    by_kept = _by_framework(kept)
    by_grouping = {
        str(name): dict(zip(part["city_id"], part["group_name"], strict=True))
        for name, part in groups.groupby("grouping", sort=True)
    }
    ranked = screened[screened["is_ranked"].astype(bool)]
    places, city_ids = _places([imputed, denominated, ranked])
    of_node, node_ids = pd.factorize(denominated["node"])
    node_number = {str(node): number for number, node in enumerate(node_ids)}
    figures = denominated["value"].to_numpy(dtype=float, na_value=np.nan)
    found = []
    for framework, own in _by_framework(
        nodes.sort_values(["framework", "level", "position", "node"])
    ).items():
        if framework not in by_stage:
            continue
        leaves = tuple(_leaf(row) for row in own if row["level"] == 1)
        rows, in_denominated, in_ranked = (of.get(framework, _NOWHERE)[0] for of in places)
        rows = np.unique(rows)
        editions, numbers = np.divmod(rows, max(1, len(city_ids)))
        cities = city_ids[numbers]

        values = np.full((len(rows), len(leaves)), np.nan)
        column = np.full(len(node_ids) + 1, -1)
        for number, leaf in enumerate(leaves):
            column[node_number.get(leaf.node, -1)] = number
        if len(rows):
            of_figure = places[1].get(framework, _NOWHERE)[1]
            row = np.minimum(np.searchsorted(rows, in_denominated), len(rows) - 1)
            at = column[:-1][of_node[of_figure]]
            is_in = (rows[row] == in_denominated) & (at >= 0)
            values[row[is_in], at[is_in]] = figures[of_figure[is_in]]

        pairs = {(row["edition"], row["node"]) for row in by_kept.get(framework, [])}
        kept_in = {
            edition: [(edition, leaf.node) in pairs for leaf in leaves]
            for edition in np.unique(editions)
        }
        is_kept = np.array([kept_in[edition] for edition in editions], dtype=bool)
        is_kept = is_kept.reshape(values.shape)
        of_edition: dict[int, dict[str, float]] = {}
        for row_ in by_weight.get(framework, []):
            of_edition.setdefault(int(row_["edition"]), {})[row_["node"]] = float(
                row_.get("weight", np.nan)
            )
        found.append(
            Index(
                framework=framework,
                city_ids=cities,
                editions=editions,
                is_ranked=np.isin(rows, in_ranked),
                groups={
                    name: np.array([group.get(city) for city in cities], dtype=object)
                    for name, group in by_grouping.items()
                },
                leaves=leaves,
                values=np.where(is_kept, values, np.nan),
                is_kept=is_kept,
                stages={
                    str(row["stage"]): {
                        k: v for k, v in row.items() if k not in ("framework", "position", "stage")
                    }
                    for row in by_stage[framework]
                },
                branches=_branches(own),
                weights=dict(sorted(of_edition.items())),
            )
        )
    return found


_NOWHERE = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def _places(
    frames: Sequence[pd.DataFrame],
) -> tuple[list[dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]], NDArray[np.object_]]:
    """For each table, framework -> (edition times the number of cities plus the city's number, as
    a number a row; positions of the rows); and the cities, sorted, by number."""
    city, city_ids = pd.factorize(pd.concat([f["city_id"] for f in frames]), sort=True)
    framework, frameworks = pd.factorize(pd.concat([f["framework"] for f in frames]))
    edition = np.concatenate([f["edition"].to_numpy(dtype=np.int64) for f in frames])
    place = edition * len(city_ids) + city
    found, start = [], 0
    for frame in frames:
        own = slice(start, start + len(frame))
        start += len(frame)
        rows = [np.flatnonzero(framework[own] == number) for number in range(len(frameworks))]
        found.append(
            {str(name): (place[own][at], at) for name, at in zip(frameworks, rows, strict=True)}
        )
    return found, np.asarray(city_ids, dtype=object)


def _by_framework(frame: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Rows without what is empty in them, in their order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _records(frame):
        found.setdefault(str(row["framework"]), []).append(row)
    return found


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows without what is empty in them."""
    return [
        {str(k): v for k, v in row.items() if not pd.isna(v)} for row in frame.to_dict("records")
    ]


def _leaf(row: Mapping[str, Any]) -> Leaf:
    own = ("cap_min", "cap_max", "transform", "boxcox_lambda", "goalpost_min", "goalpost_max")
    return Leaf(
        node=row["node"],
        direction=-1 if row.get("direction") == "lower" else 1,
        is_treatable=row.get("treatment") != "none",
        points_max=int(row["points_max"]) if "points_max" in row else None,
        is_imputable=row.get("imputation") != "none",
        **{name: row.get(name) for name in (*own, "target")},
    )


def tree(nodes: pd.DataFrame) -> tuple[Branch, ...]:
    """The branches of a framework, each after its children, from its rows of stg_framework_node in
    the order of level and position."""
    return _branches(_records(nodes))


def _branches(rows: Sequence[Mapping[str, Any]]) -> tuple[Branch, ...]:
    children: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        children.setdefault(row.get("parent", ""), []).append(row)
    return tuple(
        Branch(
            node=row["node"],
            level=int(row["level"]),
            children=tuple(child["node"] for child in children[row["node"]]),
            weights=tuple(child["weight"] for child in children[row["node"]]),
            weighting=row["weighting"],
            aggregation=row["aggregation"],
            power=row.get("power"),
            missing_children=row.get("missing_children", "share"),
            children_coverage_min=row.get("children_coverage_min"),
        )
        for row in rows
        if row["node"] in children
    )


# ---------------------------------------------------------------- leaves
def leaf_scores(index: Index, variant: Variant = NOMINAL, values: Array | None = None) -> Array:
    """Normalised scores of the leaves, by the stages impute, transform, treat and normalise.

    Args:
        values: (..., rows, leaves) in place of the figures of the index.

    Returns:
        (..., rows, leaves), NaN where there is no score, and in rows that are not ranked.
    """
    if values is not None and values.ndim > 2 and values.size > FIGURES_AT_ONCE:
        flat = values.reshape(-1, *values.shape[-2:])
        step = max(1, FIGURES_AT_ONCE // flat[0].size)
        if step < len(flat):
            some = [flat[first : first + step] for first in range(0, len(flat), step)]
            parts = [leaf_scores(index, variant, part) for part in some]
            return np.concatenate(parts).reshape(values.shape)
    stages = stages_of(index, variant)
    x = index.values if values is None else np.where(index.is_kept, values, np.nan)
    if not len(index.editions):
        return x
    if impute := stages.get("impute"):
        x = np.where(index.is_kept, _imputed(index, impute, x), np.nan)
    x = np.where(index.is_ranked[:, np.newaxis], x, np.nan)
    x = _transformed(index.leaves, "transform" in stages, x)
    is_reshaped = np.zeros(x.shape, dtype=bool)
    if treat := stages.get("treat"):
        x, is_reshaped = _by_pool(lambda part: _treated(index.leaves, treat, part), index, treat, x)
    return _normalised(index, stages, x, is_reshaped)


def stages_of(index: Index, variant: Variant = NOMINAL) -> Stages:
    """The stages of a variant of an index."""
    merged = {**index.stages, **variant.stages}
    return {stage: entry for stage, entry in merged.items() if entry is not None}


def branches_of(index: Index, variant: Variant = NOMINAL) -> tuple[Branch, ...]:
    """The branches with the aggregations of a variant."""
    changed = variant.aggregation
    return tuple(
        replace(b, aggregation=changed[b.node][0], power=changed[b.node][1])
        if b.node in changed
        else b
        for b in index.branches
    )


def _pools(editions: NDArray[np.int64], stage: Mapping[str, Any]) -> list[Any]:
    """Rows among which a stage compares."""
    each = np.unique(editions)
    if stage.get("across") == "panel" or len(each) == 1:
        return [slice(None)]
    return [np.flatnonzero(editions == edition) for edition in each]


def _by_pool(
    change: Callable[[Array], tuple[Array, NDArray[np.bool_]]],
    index: Index,
    stage: Mapping[str, Any],
    x: Array,
) -> tuple[Array, NDArray[np.bool_]]:
    changed, mark = np.full(x.shape, np.nan), np.zeros(x.shape, dtype=bool)
    for rows in _pools(index.editions, stage):
        changed[..., rows, :], mark[..., rows, :] = change(x[..., rows, :])
    return changed, mark


# ---------------------------------------------------------------- impute
def _imputed(index: Index, stage: Mapping[str, Any], x: Array) -> Array:
    can = np.array([leaf.is_imputable for leaf in index.leaves])
    method = stage["method"]
    if method in ACROSS_EDITIONS:
        filled = _over_time(index, stage, x)
    else:
        filled = np.full(x.shape, np.nan)
        middle = _exact_mean if method.startswith("i_mean") else _median
        groups: NDArray[np.object_] = np.full(len(index.editions), "", dtype=object)
        if method.endswith("_grp"):
            groups = index.groups.get(stage["grouping"], np.full(len(groups), None, dtype=object))
        names = sorted({group for group in groups if group is not None})
        for rows in _pools(index.editions, stage):
            places = np.arange(len(groups))[rows]
            for name in names:
                own = places[groups[places] == name]
                if len(own):
                    filled[..., own, :] = middle(x[..., own, :])
    return np.where(np.isnan(x) & can, filled, x)


def _exact_mean(x: Array) -> Array:
    """Over rows, NaN left aside; independent of their order, and of equal numbers that number: by
    the operations of the SQL macros exact_mean and exact_sum."""
    known = ~np.isnan(x)
    n = known.sum(axis=-2, keepdims=True)
    least = np.where(known, x, np.inf).min(axis=-2, keepdims=True)
    most = np.where(known, x, -np.inf).max(axis=-2, keepdims=True)
    size = np.maximum(np.abs(least), np.abs(most))
    with np.errstate(all="ignore"):
        unit = np.where((size > 0) & (n > 0), np.exp2(np.ceil(np.log2(size))), 1.0)
        mean = unit * exact_sum(np.where(known, x / unit, 0.0)) / n
        return np.where(n > 0, np.clip(mean, least, most), np.nan)


def exact_sum(x: Array) -> Array:
    """Sum over the axis of rows (the last but one, which stays), the same in any order of them.

    As the SQL macro of this name adds decimals of 18 places, here in two halves each of which a
    double holds exactly, up to some 10^7 / rows.
    """
    units = np.rint(x * 1e18)
    high = np.floor(units / 2.0**32)
    low = units - high * 2.0**32
    total: Array = high.sum(axis=-2, keepdims=True) * 2.0**32 + low.sum(axis=-2, keepdims=True)
    return total / 1e18


def _median(x: Array) -> Array:
    """Over rows, NaN left aside."""
    n = (~np.isnan(x)).sum(axis=-2, keepdims=True)
    in_order = np.sort(x, axis=-2)
    lower, upper = (
        np.take_along_axis(in_order, np.maximum(place, 0), axis=-2)
        for place in ((n - 1) // 2, n // 2)
    )
    return np.where(n > 0, lower + (upper - lower) * 0.5, np.nan)


def _over_time(index: Index, stage: Mapping[str, Any], x: Array) -> Array:
    """What the unit has in other editions, for every row."""
    editions = np.array(sorted(index.weights), dtype=np.int64)
    cities, unit = np.unique(index.city_ids.astype(str), return_inverse=True)
    when = np.searchsorted(editions, index.editions)
    series = np.full((*x.shape[:-2], len(editions), len(cities), x.shape[-1]), np.nan)
    series[..., when, unit, :] = x
    before, before_at = _last_known(series)
    if stage["method"] == "i_latest":
        furthest = stage.get("editions_max", len(editions))
        back = np.arange(len(editions))[:, np.newaxis, np.newaxis] - before_at
        found = np.where(back <= furthest, before, np.nan)
        return np.asarray(found[..., when, unit, :])
    after, after_at = (part[..., ::-1, :, :] for part in _last_known(series[..., ::-1, :, :]))
    begin = editions[before_at]
    end = editions[len(editions) - 1 - after_at]
    here = editions[:, np.newaxis, np.newaxis]
    with np.errstate(all="ignore"):
        between = before + (after - before) * (here - begin) / (end - begin)
    found = np.where(np.isnan(before), after, np.where(np.isnan(after), before, between))
    return np.asarray(found[..., when, unit, :])


def _last_known(series: Array) -> tuple[Array, NDArray[np.int64]]:
    """Values of (..., editions, units, leaves) carried forward, and from which edition."""
    known = ~np.isnan(series)
    places = np.arange(series.shape[-3])[:, np.newaxis, np.newaxis]
    at = np.maximum.accumulate(np.where(known, places, 0), axis=-3)
    return np.take_along_axis(series, at, axis=-3), at


# ---------------------------------------------------------------- transform
def _transformed(leaves: Sequence[Leaf], has_stage: bool, x: Array) -> Array:
    """Values within the caps of their leaf, and in its shape where there is the stage."""
    x = x.copy()
    for j, leaf in enumerate(leaves):
        column = x[..., j]
        if leaf.cap_min is not None:
            column = np.where(column < leaf.cap_min, leaf.cap_min, column)
        if leaf.cap_max is not None:
            column = np.where(column > leaf.cap_max, leaf.cap_max, column)
        x[..., j] = _shaped(column, leaf.transform if has_stage else None, leaf.boxcox_lambda)
    return x


def _shaped(x: Array, transform: str | None, boxcox_lambda: float | None) -> Array:
    """Values in another shape; NaN where it is not defined for them."""
    if transform is None:
        return x
    power = np.nan if boxcox_lambda is None else boxcox_lambda
    least, shape = {
        "sqrt": (x >= 0, np.sqrt),
        "log": (x > 0, np.log),
        "log10": (x > 0, np.log10),
        "log1p": (x > -1, np.log1p),
        "boxcox": (
            x >= 0 if power > 0 else x > 0,
            np.log if power == 0 else lambda x: (x**power - 1) / power,
        ),
    }[transform]
    with np.errstate(all="ignore"):
        return np.where(least, shape(x), np.nan)


# ---------------------------------------------------------------- treat
def _treated(
    leaves: Sequence[Leaf], stage: Mapping[str, Any], x: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Values of a pool, (..., rows, leaves), and which of them have another shape.

    COINr's ``Treat``: what fails the test for outliers is winsorised; where that does not suffice
    the fallback takes the values as they were, and stays even if it does not suffice either.
    """
    table = np.moveaxis(x, -1, -2)
    columns = table.reshape(-1, x.shape[-2])
    of_leaf = np.arange(len(columns)) % len(leaves)
    limits = stage["skewness_max"], stage["kurtosis_max"]
    treatable = np.array([leaf.is_treatable for leaf in leaves], dtype=bool)[of_leaf]
    failing = np.flatnonzero(treatable & _is_failing(_shape_of(columns), limits))
    new, is_reshaped = columns.copy(), np.zeros(columns.shape, dtype=bool)
    if len(failing):
        points = [
            stage["points_max"] if leaf.points_max is None else leaf.points_max for leaf in leaves
        ]
        old = columns[failing]
        of_failing = np.array(points, dtype=np.int64)[of_leaf[failing]]
        low, high, is_passed, is_level = _winsorised_ends(old, of_failing, limits)
        bottom, top = (f(old, axis=1, keepdims=True) for f in (np.nanmin, np.nanmax))
        fallback = stage["fallback"]
        is_other = ~is_passed & ~is_level & (fallback != "none")
        # log_GII turns a leaf round whose maximum is below 1.
        is_same = is_level | (is_other & (fallback == "log_GII") & (top[:, 0] <= 1))
        is_other &= ~is_same
        shaped = _fallen_back(old, bottom, top, fallback, stage.get("boxcox_lambda"))
        winsorised = np.clip(old, low[:, np.newaxis], high[:, np.newaxis])
        treated = np.where(is_other[:, np.newaxis], shaped, winsorised)
        new[failing] = np.where(is_same[:, np.newaxis], old, treated)
        is_reshaped[failing] = is_other[:, np.newaxis]
    return (
        np.moveaxis(new.reshape(table.shape), -1, -2),
        np.moveaxis(is_reshaped.reshape(table.shape), -1, -2),
    )


def _fallen_back(
    x: Array, low: Array, high: Array, fallback: str, boxcox_lambda: float | None
) -> Array:
    with np.errstate(all="ignore"):
        if fallback == "log_CT":
            return np.asarray(np.log(x - low + 0.01 * (high - low)))
        if fallback == "log_CT_orig":
            return np.asarray(np.log(x - low + 1))
        if fallback == "log_GII":
            return np.asarray(np.log((high - 1) * (x - low) / (high - low) + 1))
        if fallback == "boxcox":
            return _shaped(x - low + 1, "boxcox", boxcox_lambda)
    return x


def _shape_of(columns: Array) -> tuple[Array, Array]:
    """Skewness and excess kurtosis, (columns,), of (columns, rows): type 2 of e1071, that of SAS
    and Excel, rounded as in SQL, so that a limit is met or not in spite of the last bits. NaN for
    less than four values, or where all are equal."""
    known = ~np.isnan(columns)
    is_whole = known.all()
    n = known.sum(axis=1).astype(float)
    x = columns if is_whole else np.where(known, columns, 0.0)
    with np.errstate(all="ignore"):
        d = columns - (x.sum(axis=1) / n)[:, np.newaxis]
        if not is_whole:
            d[~known] = 0.0
        d /= np.maximum(d.max(axis=1, initial=0.0), -d.min(axis=1, initial=0.0))[:, np.newaxis]
        squares = d * d
        m2 = squares.sum(axis=1) / n
        m3 = np.einsum("ij,ij->i", squares, d) / n
        m4 = np.einsum("ij,ij->i", squares, squares) / n
        skewness = np.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5
        kurtosis = ((n + 1) * (m4 / m2**2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
        # Of equal values only the last bit of their mean differs, the same way for all.
        has_shape = (n >= 4) & (np.abs(m3) < 1)
    return (
        np.where(has_shape, round_significant(skewness), np.nan),
        np.where(has_shape, round_significant(kurtosis), np.nan),
    )


def _is_failing(shape: tuple[Array, Array], limits: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((np.abs(shape[0]) >= limits[0]) & (shape[1] >= limits[1]))


def _winsorised_ends(
    columns: Array, points_max: NDArray[np.int64], limits: tuple[float, float]
) -> tuple[Array, Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Between which values (columns, rows) that fail the test are winsorised, as COINr's
    ``winsorise``: while one fails and less than ``points_max`` points are moved, its present
    maximum goes to the next value, or its minimum where the skewness is negative.

    Returns:
        Lowest and highest value, whether the test is passed then, and whether all is level.
    """
    x = np.sort(columns, axis=1)
    k = len(x)
    each = np.arange(k)
    low, high = np.zeros(k, dtype=np.int64), (~np.isnan(x)).sum(axis=1) - 1
    last = high.copy()
    is_passed = np.zeros(k, dtype=bool)
    going = each
    while len(going):
        own = x[going]
        ends = own[np.arange(len(going)), low[going]], own[np.arange(len(going)), high[going]]
        shape = _shape_of(np.clip(own, ends[0][:, np.newaxis], ends[1][:, np.newaxis]))
        failing = _is_failing(shape, limits)
        is_passed[going] = ~failing
        n_moved = low[going] + last[going] - high[going]
        failing &= n_moved < points_max[going]
        down = failing & (shape[0] < 0)
        up = failing & ~down
        low[going[down]] = (own[down] <= ends[0][down, np.newaxis]).sum(axis=1)
        high[going[up]] = (own[up] < ends[1][up, np.newaxis]).sum(axis=1) - 1
        going = going[failing]
        going = going[low[going] <= high[going]]
    low_values, high_values = x[each, low], x[each, high]
    return low_values, high_values, is_passed, low_values >= high_values


# ---------------------------------------------------------------- normalise
def _normalised(index: Index, stages: Stages, x: Array, is_reshaped: NDArray[np.bool_]) -> Array:
    """COINr's ``Normalise``; (..., rows, leaves)."""
    stage = stages["normalise"]
    sign = np.array([float(leaf.direction) for leaf in index.leaves])
    marks = _marks(index.leaves, "transform" in stages)
    scores = np.full(x.shape, np.nan)
    for rows in _pools(index.editions, stage):
        oriented = x[..., rows, :] * sign
        has_marks = ~(is_reshaped[..., rows, :] & ~np.isnan(oriented)).any(axis=-2, keepdims=True)
        reference = np.full((*oriented.shape[:-2], 1, oriented.shape[-1]), np.nan)
        if stage["method"] == "n_dist2ref":
            # Over a panel, the value that the reference unit has in the newest edition.
            for row in np.flatnonzero(index.city_ids[rows] == stage["reference_unit"]):
                newer = oriented[..., row : row + 1, :]
                reference = np.where(np.isnan(newer), reference, newer)
        scores[..., rows, :] = _on_scale(oriented, stage, marks, has_marks, reference)
    return scores


def _marks(leaves: Sequence[Leaf], has_transform: bool) -> tuple[Array, Array, Array]:
    """Worse and better goalpost and target of the leaves in the shape of their values, oriented."""
    found = []
    for leaf in leaves:
        posts = [
            float(
                _shaped(
                    np.array(np.nan if mark is None else mark, dtype=float),
                    leaf.transform if has_transform else None,
                    leaf.boxcox_lambda,
                )
            )
            for mark in (leaf.goalpost_min, leaf.goalpost_max, leaf.target)
        ]
        worse, better = posts[:2] if leaf.direction > 0 else (-posts[1], -posts[0])
        found.append((worse, better, leaf.direction * posts[2]))
    worse_, better_, target = np.array(found, dtype=float).reshape(-1, 3).T
    return worse_, better_, target


def _on_scale(
    x: Array,
    stage: Mapping[str, Any],
    marks: tuple[Array, Array, Array],
    has_marks: NDArray[np.bool_],
    reference: Array,
) -> Array:
    """Scores of a pool of oriented values, (..., rows, leaves). The linear methods are
    start_score + score_width * (x - start) / width, in the order of the SQL."""
    method = stage["method"]
    known = ~np.isnan(x)
    if method in ("n_rank", "n_prank", "n_borda"):
        ranks_ = np.moveaxis(_smallest_ranks(np.moveaxis(x, -2, -1)), -1, -2).astype(float)
        n = known.sum(axis=-2, keepdims=True).astype(float)
        with np.errstate(all="ignore"):
            score = {
                "n_rank": ranks_,
                "n_prank": (ranks_ - 1) / np.where(n > 1, n - 1, np.nan),
                "n_borda": ranks_ - 1,
            }[method]
        return np.where(known, score, np.nan)
    low = np.where(known, x, np.inf).min(axis=-2, keepdims=True, initial=np.inf)
    high = np.where(known, x, -np.inf).max(axis=-2, keepdims=True, initial=-np.inf)
    worse, better, target = marks
    start_score, score_width = 0.0, 1.0
    floor, ceiling = -np.inf, np.inf
    start: Any = 0.0
    width: Any
    with np.errstate(all="ignore"):
        if method in ("n_minmax", "n_goalposts"):
            start_score = stage["score_min"]
            score_width = stage["score_max"] - stage["score_min"]
            start, width = low, high - low
        if method == "n_goalposts":
            start, width = worse, np.where(has_marks & (better > worse), better - worse, np.nan)
            if stage.get("is_capped"):
                floor, ceiling = stage["score_min"], stage["score_max"]
        elif method == "n_zscore":
            n = known.sum(axis=-2, keepdims=True)
            spread = np.where(high > low, high - low, np.nan)
            share = np.where(known, (x - low) / spread, 0.0)
            mean = exact_sum(share) / n
            off = np.where(known, share - mean, 0.0)
            sd = np.sqrt(exact_sum(off * off) / np.where(n > 1, n - 1, np.nan))
            start, width = low + mean * spread, sd * spread
            start_score, score_width = stage["mean"], stage["sd"]
        elif method in ("n_dist2max", "n_dist2ref", "n_dist2targ"):
            start_score = 1.0
            start = {"n_dist2max": high, "n_dist2ref": reference, "n_dist2targ": target}[method]
            width = start - low
            if method == "n_dist2targ":
                width = np.where(has_marks & (width > 0), width, np.nan)
            if method != "n_dist2max" and stage.get("is_capped"):
                ceiling = 1.0
        elif method == "n_fracmax":
            width = high
        elif method == "n_scaled":
            start, width = stage["shift"], stage["divisor"]
        elif method != "n_minmax":
            raise KeyError(method)
        score = start_score + score_width * (x - start) / np.where(width == 0, np.nan, width)
    score = np.where(score < floor, floor, np.where(score > ceiling, ceiling, score))
    return np.where(np.isfinite(score) & known, score, np.nan)


# ---------------------------------------------------------------- scores and ranks
def scale(scores: Array, stages: Stages) -> Array:
    """The stage scale, on root scores (..., units) of one edition; as they are without it.

    Where scores are normalised across the panel the leader and the range are those of all
    editions: give the units of all of them together then.
    """
    if "scale" not in stages:
        return scores
    low, high = (
        f(np.where(np.isnan(scores), -s * np.inf, scores), axis=-1, keepdims=True)
        for f, s in ((np.min, -1), (np.max, 1))
    )
    method = stages["scale"]["method"]
    with np.errstate(all="ignore"):
        if method == "zero_to_100":
            scaled = 100 * (scores - low) / np.where(high > low, high - low, np.nan)
        else:
            factor = {"leader_1": 1, "leader_100": 100}[method]
            scaled = factor * scores / np.where(high > 0, high, np.nan)
    return round_significant(scaled)


def scores_of(
    index: Index,
    variant: Variant = NOMINAL,
    leaves: Array | None = None,
    weights: Mapping[str, Array | float] | None = None,
    nodes: Collection[str] | None = None,
) -> dict[str, Array]:
    """Scores of nodes in all rows, aggregated and scaled, as in marts.index_score.

    Args:
        leaves: (..., rows, leaves) scores; without them, those of the variant.
        weights: node -> (...) or one number, in place of those of the index.
        nodes: those that are wanted; all without it.

    Returns:
        Node -> (..., rows).
    """
    stages, branches = stages_of(index, variant), branches_of(index, variant)
    scores = leaf_scores(index, variant) if leaves is None else leaves
    by_edition: list[tuple[NDArray[np.int64], dict[str, Array]]] = []
    for edition in np.unique(index.editions):
        rows = np.flatnonzero(index.editions == edition)
        own = {leaf.node: scores[..., rows, j] for j, leaf in enumerate(index.leaves)}
        counted = {**index.weights[int(edition)], **(weights or {})}
        by_edition.append((rows, aggregate_tree(branches, own, counted, nodes)))
    if not by_edition:
        names = [leaf.node for leaf in index.leaves] + [branch.node for branch in branches]
        return {node: np.empty(scores.shape[:-1]) for node in nodes or names}
    found: dict[str, Array] = {}
    for node in by_edition[0][1]:
        parts = [(rows, own[node]) for rows, own in by_edition]
        lead = np.broadcast_shapes(*(part.shape[:-1] for _, part in parts))
        found[node] = np.full((*lead, len(index.editions)), np.nan)
        for rows, part in parts:
            found[node][..., rows] = part
    groups = [rows for rows, _ in by_edition]
    if stages["normalise"].get("across") == "panel":
        groups = [np.arange(len(index.editions))]
    for node in {b.node for b in branches} & found.keys():
        for rows in groups:
            found[node][..., rows] = scale(found[node][..., rows], stages)
    return found


def ranks(scores: Array) -> NDArray[np.int64]:
    """(..., units): 1 for the highest score, equal scores the same rank (the smallest); 0 where
    there is no score. Scores are compared rounded to 12 significant digits."""
    n = scores.shape[-1]
    flat = scores.reshape(math.prod(scores.shape[:-1]), n)
    found = np.empty(flat.shape, dtype=np.int64)
    at_once = max(1, RANKED_AT_ONCE // max(1, n))
    for start in range(0, len(flat), at_once):
        part = -flat[start : start + at_once]
        found[start : start + at_once], is_close = _ranks_of_rows(part)
        # To round is the greater part of the work, and needed only where it may make a tie.
        if is_close.any():
            rows = np.flatnonzero(is_close)
            found[start + rows], _ = _ranks_of_rows(round_significant(part[rows]))
    return found.reshape(scores.shape)


def _smallest_ranks(values: Array) -> NDArray[np.int64]:
    """Ranks along the last axis: 1 for the smallest value, ties the smallest rank, 0 for NaN."""
    flat = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    return _ranks_of_rows(flat)[0].reshape(values.shape)


def _ranks_of_rows(values: Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """As above for (n, units), and which rows have values that only rounding may make equal."""
    order = np.argsort(values, axis=-1)
    in_order = np.take_along_axis(values, order, axis=-1)
    step = np.diff(in_order, axis=-1)
    with np.errstate(invalid="ignore"):
        is_close = step <= ROUNDING * np.abs(in_order[:, 1:])
    places = np.broadcast_to(np.arange(1, values.shape[-1] + 1), values.shape)
    if is_close.any():
        is_tied = step == 0
        first = np.ones(values.shape, dtype=bool)
        first[:, 1:] = ~is_tied
        places = np.maximum.accumulate(np.where(first, places, 0), axis=-1)
        is_close &= ~is_tied
    found: NDArray[np.int64] = np.empty_like(order)
    np.put_along_axis(found, order, places, axis=-1)
    if np.isnan(in_order[:, -1:]).any():
        found[np.isnan(values)] = 0
    return found, np.asarray(is_close.any(axis=-1))
