"""An index as arrays, and its stages from the figures to the scores, any number of times at once.

The stages are those of the dbt models ``int_index_imputed`` to ``int_index_scaled``, with the
methods and parameters of COINr (``Impute``, ``Treat``, ``Normalise``, ``Aggregate``). Functions
take arrays with leading axes before those of units and leaves, so that a thousand perturbed tables
go through a stage in one call. What is missing is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.weights import Branch

Array = NDArray[np.float64]
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

    A row is a unit in an edition, of those that the stage before imputation lets through.
    """

    framework: str
    city_ids: NDArray[np.object_]
    """(rows,)"""
    editions: NDArray[np.int64]
    """(rows,)"""
    is_ranked: NDArray[np.bool_]
    """(rows,): passed the screening. Stages after imputation take only these."""
    groups: NDArray[np.object_]
    """(rows,): group within which is imputed; None for none."""
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
    raise NotImplementedError


def leaf_scores(index: Index, variant: Variant = NOMINAL, values: Array | None = None) -> Array:
    """Normalised scores of the leaves, by the stages impute, transform, treat and normalise.

    Args:
        values: (..., rows, leaves) in place of the figures of the index.

    Returns:
        (..., rows, leaves), NaN where there is no score, and in rows that are not ranked.
    """
    raise NotImplementedError


def aggregate_tree(
    branches: Sequence[Branch], scores: Mapping[str, Array], weights: Mapping[str, Array | float]
) -> dict[str, Array]:
    """Scores of all nodes, from those of the leaves upward, rounded as the dbt models round them.

    Args:
        branches: with the methods that count, each after its children.
        scores: leaf -> (..., units), units of one edition.
        weights: node -> (...) or one number; NaN leaves a node out.
    """
    raise NotImplementedError


def scale(scores: Array, stages: Stages) -> Array:
    """The stage scale, on root scores (..., units) of one edition; as they are without it."""
    raise NotImplementedError


def ranks(scores: Array) -> NDArray[np.int64]:
    """(..., units): 1 for the highest score, equal scores the same rank (the smallest); 0 where
    there is no score. Scores are compared rounded to 12 significant digits."""
    raise NotImplementedError
