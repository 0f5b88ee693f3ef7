"""Rows of the tables that say what of an index may vary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingest.catalog import Catalog
from ingest.expert_tables import weights_by_expert
from ingest.facts import raw_tables
from ingest.framework_cards import COLUMN_OF, Factor, Framework
from ingest.framework_choices import own_choice, parameter
from ingest.framework_uncertainty import factors_of, has_errors

Row = Sequence[Any]


def uncertainty_rows(catalog: Catalog) -> dict[str, list[Row]]:
    """What may vary of every framework, defaults included: rows of the tables
    ``framework_uncertainty``, ``_factor``, ``_alternative`` and ``_expert_weight``, in the order of
    their columns."""
    settings: list[Row] = []
    factors: list[Row] = []
    alternatives: list[Row] = []
    expert_weights: list[Row] = []
    for key, framework in catalog.frameworks.items():
        own = framework.uncertainty
        experts = weights_by_expert(framework, catalog.judgements[key])
        settings.append((key, own.replications, own.seed, own.samples))
        expert_weights += [
            (key, expert, node, weight)
            for expert, weights in experts.items()
            for node, weight in weights.items()
        ]
        stated = has_errors(framework, catalog.indicators, catalog.sources)
        for i, factor in enumerate(factors_of(framework, len(experts), stated), 1):
            factors.append((key, factor.factor, i, *_factor_columns(factor)))
            alternatives += [
                (key, factor.factor, *row) for row in _alternative_rows(framework, factor)
            ]
    return {
        "framework_uncertainty": settings,
        "framework_factor": factors,
        "framework_alternative": alternatives,
        "framework_expert_weight": expert_weights,
    }


def parameter_of(column: str) -> str:
    """Name in the file of a parameter of a stage."""
    return next((name for name, other in COLUMN_OF.items() if other == column), column)


def _factor_columns(factor: Factor) -> Row:
    return (
        factor.title or factor.factor.replace("_", " ").capitalize(),
        factor.kind,
        factor.stage,
        factor.leave_out if factor.leave_out is not None else factor.level,
        factor.weight_noise,
        factor.dirichlet,
        factor.reason or None,
    )


def _alternative_rows(framework: Framework, factor: Factor) -> list[Row]:
    """Position, method and parameters of what a factor of the kind stage chooses between."""
    if not factor.stage:
        return []
    names = [parameter_of(c) for c in list(raw_tables()["framework_alternative"]["columns"])[4:]]
    rows: list[Row] = []
    for i, chosen in enumerate((own_choice(framework, factor), *factor.alternatives), 1):
        if chosen is None:
            rows.append((i, None, *[None] * len(names)))
        else:
            values = [parameter(factor.stage, chosen, name) for name in names]
            rows.append((i, chosen.method, *values))
    return rows
