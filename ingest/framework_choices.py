"""What a framework itself chooses of a stage, and how it would be with another choice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ingest.framework_cards import METHODS, Choice, Factor, Framework, Node, Stage

NOT_APPLIED = "none"
"""Method of an alternative by which its stage is left out."""
OF_NODES = ("by_level", "missing_children", "children_coverage_min")
"""Parameters of the stage aggregate that its nodes have, and no alternative."""


def choice(method: str, **parameters: Any) -> Choice:
    """A method with its parameters."""
    return Choice.model_validate({"method": method, **parameters})


def parameter(stage: str, chosen: Choice, name: str) -> Any:
    """A parameter of a choice as it counts, by the rules of :meth:`Stage.parameter`."""
    return None if chosen.method == NOT_APPLIED else as_stage(stage, chosen).parameter(name)


def resolved(stage: str, chosen: Choice) -> tuple[object, ...]:
    """What makes two choices of a stage the same: method and parameters, defaults included."""
    if chosen.method == NOT_APPLIED:
        return (NOT_APPLIED,)
    method = METHODS[stage][chosen.method]
    names = [name for name in (*method.needs, *method.may_have) if name not in OF_NODES]
    if stage == "aggregate":
        names = ["power"] if chosen.method == "a_genmean" else []
    return (chosen.method, *(parameter(stage, chosen, name) for name in names))


def as_stage(stage: str, chosen: Choice) -> Stage:
    """A choice as the stage that it would be."""
    return Stage.model_validate({"stage": stage, "method": chosen.method, **chosen.parameters})


def branches_of(framework: Framework, level: int | None) -> list[Node]:
    """Nodes with children, of a level or of all."""
    return [
        node for node in framework.index.walk() if node.children and level in (None, node.level)
    ]


def own_choice(framework: Framework, factor: Factor) -> Choice | None:
    """What a framework itself has of the stage that a factor varies.

    Returns:
        Its method and parameters, the method ``none`` where it has no such stage; nothing where
        the nodes that the factor concerns are combined by several methods.
    """
    stage = framework.stage(str(factor.stage))
    if stage is None:
        return choice(NOT_APPLIED)
    if factor.stage != "aggregate":
        return choice(stage.method, **stage.parameters)
    own = set()
    for node in branches_of(framework, factor.level):
        method = framework.method_of("aggregate", node, stage.method)
        power = node.power if node.power is not None else stage.power
        own.add((method, power if method == "a_genmean" else None))
    if len(own) != 1:
        return None
    method, power = own.pop()
    return choice(method, power=power)


def with_choices(framework: Framework, chosen: Iterable[tuple[Factor, Choice]]) -> Framework:
    """A framework with other choices of stages that it has in place of its own."""
    stages = list(framework.stages)
    index = framework.index
    for factor, other in chosen:
        if factor.stage == "aggregate":
            index = _aggregated(index, factor.level, other)
        else:
            stages = [
                as_stage(stage.stage, other) if stage.stage == factor.stage else stage
                for stage in stages
            ]
    return framework.model_copy(update={"stages": tuple(stages), "index": index})


def _aggregated(node: Node, level: int | None, chosen: Choice) -> Node:
    children = tuple(_aggregated(child, level, chosen) for child in node.children)
    changes: dict[str, Any] = {"children": children}
    if children and level in (None, node.level):
        changes |= {"aggregation": chosen.method, "power": chosen.power}
    return node.model_copy(update=changes)
