"""Weights from the judgements of experts, which lie in tables beside a framework's file.

``frameworks/<framework>/budget_allocation.csv`` (expert, node, points): each expert spreads points
over the children of a node; an expert's points are scaled to a sum of one and averaged over the
experts (OECD/JRC *Handbook on Constructing Composite Indicators*, 2008, step 6, budget allocation).

``frameworks/<framework>/pairwise_comparisons.csv`` (expert, node, compared_node, importance): how
many times as important a node is as another, from 1/9 to 9; the reciprocal is implied. Judgements
are combined by their geometric mean over the experts, and the weights are the principal
eigenvector (analytic hierarchy process: T. L. Saaty, *The Analytic Hierarchy Process*, 1980).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from ingest.cards import Entry, Identifier, Text
from ingest.catalog_errors import did_you_mean
from ingest.catalog_files import Found
from ingest.framework_cards import Framework

SCALE_MAX = 9.0
"""Saaty's scale ends here: extremely more important."""
ROUNDING = 0.05
"""By how much a reciprocal may miss, since 1/3 is written as 0.33."""
# Mean consistency index of random matrices of 1 to 15 rows (Saaty 1980).
RANDOM_INDEX = (
    *(0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49),
    *(1.51, 1.48, 1.56, 1.57, 1.59),
)


class Points(Entry):
    """Points that an expert gives a node."""

    expert: Text
    node: Identifier
    points: float = Field(ge=0, allow_inf_nan=False)


class Comparison(Entry):
    """How much more important an expert finds a node than its sibling."""

    remedies: ClassVar[dict[str, str]] = {
        "importance": "Write a number from 1/9 (far less important) to 9 (far more important)."
    }

    expert: Text
    node: Identifier
    compared_node: Identifier
    importance: float = Field(gt=0, le=SCALE_MAX, allow_inf_nan=False)

    @field_validator("importance", mode="before")
    @classmethod
    def _fraction(cls, value: Any) -> Any:
        above, slash, below = str(value).partition("/")
        try:
            return float(above) / float(below) if slash else value
        except (ValueError, ZeroDivisionError):
            return value


TABLES: dict[str, tuple[str, type[Points] | type[Comparison]]] = {
    "budget_allocation": ("budget_allocation.csv", Points),
    "ahp": ("pairwise_comparisons.csv", Comparison),
}


class Judgement(NamedTuple):
    """What one expert says of a node, or of two of them."""

    weighting: str
    expert: str
    parent: str
    node: str
    compared_node: str | None
    value: float
    """Points, or how many times as important as the other."""


class TableFault(NamedTuple):
    """A fault in a table; without a row it is one of the whole table."""

    row: Found | None
    message: str
    remedy: str


class ExpertWeights(NamedTuple):
    """Weights of the children of a node, which sum to one, and how consistent they are."""

    weights: dict[str, float]
    consistency_ratio: float | None = None


def branches(framework: Framework, weighting: str) -> dict[str, tuple[str, ...]]:
    """The nodes whose children are weighted so, and their children; a single child needs no
    judgement."""
    return {
        node.id: tuple(child.id for child in node.children)
        for node in framework.index.walk()
        if len(node.children) > 1 and framework.method_of("weight", node, "given") == weighting
    }


# ---------------------------------------------------------------- checks


def judgements_of(
    framework: Framework, weighting: str, rows: Sequence[Found]
) -> tuple[list[Judgement], list[TableFault]]:
    """The judgements that a framework uses, and the faults of their table.

    Rows on nodes that are weighted otherwise are left aside: a variant may use them.
    """
    used = branches(framework, weighting)
    parents = {child.id: node.id for node in framework.index.walk() for child in node.children}
    faults = list(_nodes(rows, parents))
    groups: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for found in rows:
        parent = parents.get(found.entry.node)
        if parent in used:
            groups[parent, found.entry.expert].append(found)
    if not faults:
        check = _points if weighting == "budget_allocation" else _comparisons
        for (parent, expert), group in groups.items():
            faults += check(expert, parent, used[parent], group)
    told = {parent for parent, _ in groups}
    for parent, children in used.items():
        if parent not in told:
            message = f"no expert judges the children of '{parent}'"
            remedy = f"Judge them too ({', '.join(children)})"
            if told:
                alone = " and ".join(f"'{node}'" for node in used if node in told)
                remedy += f", or write 'weighting: {weighting}' on {alone} alone"
            faults.append(TableFault(None, message, f"{remedy}."))
        if weighting == "ahp" and len(children) > len(RANDOM_INDEX):
            message = f"'{parent}' has {len(children)} children, too many to compare in pairs"
            remedy = f"{len(RANDOM_INDEX)} are the most: give some of them a node of their own."
            faults.append(TableFault(None, message, remedy))
    if faults:
        return [], faults
    return [
        Judgement(
            weighting,
            expert,
            parent,
            found.entry.node,
            getattr(found.entry, "compared_node", None),
            found.entry.points if weighting == "budget_allocation" else found.entry.importance,
        )
        for (parent, expert), group in groups.items()
        for found in group
    ], []


def _nodes(rows: Iterable[Found], parents: Mapping[str, str]) -> Iterator[TableFault]:
    for found in rows:
        names = [found.entry.node, getattr(found.entry, "compared_node", found.entry.node)]
        unknown = [name for name in names if name not in parents]
        if unknown:
            message = f"unknown node '{unknown[0]}'"
            yield TableFault(found, message, did_you_mean(unknown[0], parents))
        elif parents[names[0]] != parents[names[1]]:
            message = f"'{names[0]}' and '{names[1]}' are not children of one node"
            yield TableFault(found, message, "Compare siblings only.")


def _points(
    expert: str, parent: str, children: tuple[str, ...], rows: Sequence[Found]
) -> Iterator[TableFault]:
    first: dict[str, Found] = {}
    for found in rows:
        node = found.entry.node
        if node in first:
            message = f"'{expert}' gives points to '{node}' twice (line {first[node].line})"
            yield TableFault(found, message, "Leave one of them out.")
        first.setdefault(node, found)
    missing = [child for child in children if child not in first]
    if missing:
        message = f"'{expert}' gives no points to {_some(missing)}"
        remedy = f"Judge all children of '{parent}', with 0 points for what counts nothing."
        yield TableFault(rows[0], message, remedy)
    elif not sum(found.entry.points for found in rows):
        message = f"'{expert}' gives no child of '{parent}' a point"
        yield TableFault(rows[0], message, "Spread some points, or leave the expert out.")


def _comparisons(
    expert: str, parent: str, children: tuple[str, ...], rows: Sequence[Found]
) -> Iterator[TableFault]:
    first: dict[tuple[str, str], Found] = {}
    for found in rows:
        one, other, value = found.entry.node, found.entry.compared_node, found.entry.importance
        if value < 1 / (SCALE_MAX + 1):
            message = f"importance {value:g} is less than 1/9"
            yield TableFault(found, message, Comparison.remedies["importance"])
        if one == other:
            if value != 1:
                message = f"'{one}' is compared with itself"
                yield TableFault(found, message, "Leave the row out.")
            continue
        if (one, other) in first:
            message = (
                f"'{expert}' compares '{one}' with '{other}' twice (line {first[one, other].line})"
            )
            yield TableFault(found, message, "Leave one of them out.")
        elif (other, one) in first:
            reverse = first[other, one]
            product = value * reverse.entry.importance
            if abs(product - 1) > ROUNDING:
                message = (
                    f"'{expert}' finds '{one}' {value:g} times as important as '{other}', "
                    f"which contradicts line {reverse.line}"
                )
                remedy = f"Leave one out, or write {1 / reverse.entry.importance:.3g}."
                yield TableFault(found, message, remedy)
        first.setdefault((one, other), found)
    missing = [
        f"'{one}' with '{other}'"
        for one, other in combinations(children, 2)
        if (one, other) not in first and (other, one) not in first
    ]
    if missing:
        message = f"'{expert}' does not compare {_some(missing)}"
        yield TableFault(rows[0], message, f"Compare all children of '{parent}' in pairs.")


def _some(names: Sequence[str]) -> str:
    shown = list(names) if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
    return " and ".join([part for part in (", ".join(shown[:-1]), shown[-1]) if part])


# ---------------------------------------------------------------- weights


def expert_weights(
    framework: Framework, judgements: Iterable[Judgement]
) -> dict[str, ExpertWeights]:
    """Weights of the children of every node that is weighted by experts, by node."""
    groups: dict[tuple[str, str], list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        groups[judgement.weighting, judgement.parent].append(judgement)
    return {
        parent: (
            _allocated(children, groups[weighting, parent])
            if weighting == "budget_allocation"
            else _compared(children, groups[weighting, parent])
        )
        for weighting in TABLES
        for parent, children in branches(framework, weighting).items()
    }


def weights_by_expert(
    framework: Framework, judgements: Iterable[Judgement]
) -> dict[str, dict[str, float]]:
    """Weights by the judgements of each expert alone: expert -> node -> share of its parent.

    An expert who does not judge the children of a node has no weights for them.
    """
    groups: dict[tuple[str, str, str], list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        groups[judgement.expert, judgement.weighting, judgement.parent].append(judgement)
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (expert, weighting, parent), group in groups.items():
        children = branches(framework, weighting)[parent]
        weigh = _allocated if weighting == "budget_allocation" else _compared
        found[expert] |= weigh(children, group).weights
    return dict(found)


def _allocated(children: Sequence[str], judgements: Sequence[Judgement]) -> ExpertWeights:
    totals: dict[str, float] = defaultdict(float)
    for judgement in judgements:
        totals[judgement.expert] += judgement.value
    weights = dict.fromkeys(children, 0.0)
    for judgement in judgements:
        weights[judgement.node] += judgement.value / totals[judgement.expert] / len(totals)
    return ExpertWeights(weights)


def _compared(children: Sequence[str], judgements: Sequence[Judgement]) -> ExpertWeights:
    experts = list(dict.fromkeys(judgement.expert for judgement in judgements))
    places = {child: i for i, child in enumerate(children)}
    matrices = np.ones((len(experts), len(children), len(children)))
    # The first of two judgements that are each other's reciprocal counts.
    for judgement in reversed(judgements):
        one, other = places[judgement.node], places[str(judgement.compared_node)]
        matrix = matrices[experts.index(judgement.expert)]
        matrix[one, other], matrix[other, one] = judgement.value, 1 / judgement.value
        matrix[one, one] = 1
    weights, consistency_ratio = eigenvector_weights(np.exp(np.log(matrices).mean(axis=0)))
    return ExpertWeights(dict(zip(children, weights.tolist(), strict=True)), consistency_ratio)


def eigenvector_weights(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Weights by the principal eigenvector of a reciprocal matrix, and its consistency ratio.

    Args:
        matrix: n by n positive numbers, how many times as important the row is as the column.

    Returns:
        n weights that sum to one, and (largest eigenvalue - n) / (n - 1) over the mean of it for
        random matrices (Saaty 1980): 0 where all judgements agree, doubtful above 0.1.
    """
    n = len(matrix)
    values, vectors = np.linalg.eig(matrix)
    largest = int(np.argmax(values.real))
    vector = np.abs(vectors[:, largest].real)
    random_index = RANDOM_INDEX[n - 1]
    index = max(0.0, float(values[largest].real) - n) / max(1, n - 1)
    return vector / vector.sum(), index / random_index if random_index else 0.0
