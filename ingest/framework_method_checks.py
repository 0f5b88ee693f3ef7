"""Whether the methods of a framework and its nodes go together.

Asked only where stages and tree are sound by themselves, see :mod:`ingest.framework_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.catalog_errors import Fault
from ingest.framework_cards import Framework, Node, Stage
from ingest.yaml_lines import Location

# Leaf values that only one normalisation looks at.
VALUES_OF = {"n_goalposts": ("goalpost_min", "goalpost_max"), "n_dist2targ": ("target",)}
# Methods by which the worst value always has the score 0.
FROM_ZERO = ("n_prank", "n_borda", "n_dist2max", "n_dist2ref", "n_dist2targ")
FROM_NOUGHT = "scores from 0 up"
TO_ONE_HUNDRED = "{stage: normalise, method: n_minmax, score_min: 1, score_max: 100}"


def faults_of_methods(framework: Framework) -> list[Fault]:
    """Faults between methods and nodes, in the order in which to mend them."""
    return [
        *_methods(framework),
        *_stages_of_leaves(framework),
        *undefined_means(framework),
        *_undefined_weights(framework),
    ]


def _methods(framework: Framework) -> Iterator[Fault]:
    """Levels that methods are stated for, and the exponent of the power mean."""
    levels = range(2, framework.index.level + 1)
    for i, stage in enumerate(framework.stages):
        for level in stage.by_level:
            if level not in levels:
                message = f"no node with children is on level {level}"
                remedy = f"Levels are 2, the parents of indicators, to {levels[-1]}, the index."
                yield Fault(("stages", i, "by_level", level), message, remedy)
        weightings = {_weighting(framework, node) for node in framework.index.walk()}
        if stage.objective and "correlation_optimised" not in weightings:
            message = "'objective', but nothing is weighted by correlation_optimised"
            remedy = "Leave it out, or name the method correlation_optimised."
            yield Fault(("stages", i, "objective"), message, remedy)
    aggregate = framework.stage("aggregate")
    if aggregate is None:
        return
    place: Location = ("stages", framework.stages.index(aggregate))
    of_nodes = {
        at: framework.method_of("aggregate", node, aggregate.method)
        for at, node in framework.index.places()
        if node.children
    }
    for at, node in framework.index.places():
        if not node.children:
            continue
        is_power = of_nodes[at] == "a_genmean"
        if is_power and node.power is None and aggregate.power is None:
            where = (*at, "aggregation") if node.aggregation else place
            message = f"'{node.id}' is combined by a_genmean, which needs 'power'"
            yield Fault(where, message, "Add 'power:', the exponent.")
        if node.power is not None and not is_power:
            message = f"'power' of '{node.id}', which is combined by {of_nodes[at]}"
            yield Fault((*at, "power"), message, "Leave it out, or write 'aggregation: a_genmean'.")
    if aggregate.power is not None and "a_genmean" not in of_nodes.values():
        message = "'power', but nothing is combined by a_genmean"
        yield Fault((*place, "power"), message, "Leave it out, or name the method a_genmean.")


def _weighting(framework: Framework, node: Node) -> str:
    return framework.method_of("weight", node, "given") if node.children else ""


def _stages_of_leaves(framework: Framework) -> Iterator[Fault]:
    """What a leaf states for a stage or a method that the framework does not have."""
    normalise = framework.stage("normalise")
    method = normalise.method if normalise else ""
    for at, node in framework.index.places():
        if node.denominator and not framework.stage("denominate"):
            message = f"'denominator: {node.denominator}' without the stage denominate"
            remedy = "Add '{stage: denominate, method: by_indicator}' to the stages."
            yield Fault((*at, "denominator"), message, remedy)
        if node.transform and not framework.stage("transform"):
            message = f"'transform: {node.transform}' without the stage transform"
            remedy = "Add '{stage: transform, method: by_indicator}' to the stages."
            yield Fault((*at, "transform"), message, remedy)
    # Where another method is in force they wait for a variant that asks for them.
    yield from values_missing(framework, method)


def values_missing(framework: Framework, method: str) -> Iterator[Fault]:
    """Values that a normalisation needs of every leaf, of those that have none."""
    for at, node in framework.index.places():
        missing = [name for name in VALUES_OF.get(method, ()) if getattr(node, name) is None]
        if node.indicator and missing:
            message = f"'{node.id}' has no {' and no '.join(missing)}"
            remedy = f"Add it in the unit of the leaf: {method} needs it of every leaf."
            yield Fault(at, message, remedy)


def undefined_means(framework: Framework) -> Iterator[Fault]:
    """Means of positive numbers over scores of which some can't be positive.

    The rules are those of COINr's functions: the worst unit has the end of the scale, z-scores
    spread around their mean. A mean over means of scores that reach down to 0 is let through, since
    a unit is seldom the worst in everything; where one is, the build says so.
    """
    aggregate = framework.stage("aggregate")
    if aggregate is None:
        return
    yield from _over_losses(framework, aggregate)
    for at, node, lowest, why in _reached(framework):
        method = framework.method_of("aggregate", node, aggregate.method)
        takes = _takes(method, node.power if node.power is not None else aggregate.power)
        if takes and not (lowest == 0 and takes == FROM_NOUGHT):
            place = _place_of(framework, aggregate, at, node.level, node.aggregation)
            message = f"'{node.id}': {method} takes {takes} only, and {why}"
            yield Fault(place, message, f"Write '{TO_ONE_HUNDRED}'.")


def _undefined_weights(framework: Framework) -> Iterator[Fault]:
    """Shares of a sum as weights, over scores of which some are below zero."""
    weight = framework.stage("weight")
    for at, node, lowest, why in _reached(framework):
        if lowest < 0 and _weighting(framework, node) == "entropy":
            place = (*at, "weighting")
            if weight:
                place = _place_of(framework, weight, at, node.level, node.weighting)
            message = f"'{node.id}': entropy takes {FROM_NOUGHT} only, and {why}"
            yield Fault(place, message, f"Write '{TO_ONE_HUNDRED}'.")


def _reached(framework: Framework) -> Iterator[tuple[Location, Node, float, str]]:
    """Nodes whose children have scores that are not positive, how low they are, and why."""
    found = _lowest(framework)
    if found is None:
        return
    lowest, why = found
    is_zscore = why.startswith("n_zscore")
    for at, node in framework.index.places():
        signed = [_is_signed(framework, child) for child in node.children]
        reached = all(signed) if is_zscore else any(map(_is_chain, node.children))
        if node.children and reached:
            yield at, node, lowest, why


def _over_losses(framework: Framework, aggregate: Stage) -> Iterator[Fault]:
    for at, node in framework.index.places():
        method = framework.method_of("aggregate", node, aggregate.method)
        takes = _takes(method, node.power if node.power is not None else aggregate.power)
        below = [
            child.id
            for child in node.children
            if child.children
            and framework.method_of("aggregate", child, aggregate.method) == "a_copeland"
        ]
        if takes and below:
            place = _place_of(framework, aggregate, at, node.level, node.aggregation)
            message = (
                f"'{node.id}': {method} takes {takes} only, and a_copeland counts losses of "
                f"'{below[0]}' below zero"
            )
            yield Fault(place, message, "Write 'a_amean' here, or another method below.")


def _lowest(framework: Framework) -> tuple[float, str] | None:
    """The score of the worst unit where it is not positive, and why."""
    normalise = framework.stage("normalise")
    if normalise is None:
        return None
    low, mean = normalise.parameter("score_min"), normalise.parameter("mean")
    if normalise.method == "n_minmax" and low <= 0:
        return low, f"n_minmax gives the worst unit {low:g}"
    if normalise.method == "n_zscore" and mean <= 0:
        return -1.0, f"n_zscore spreads around {mean:g}"
    if normalise.method in FROM_ZERO:
        return 0.0, f"{normalise.method} gives the worst unit 0"
    return None


def _place_of(
    framework: Framework, stage: Stage, at: Location, level: int, own: str | None
) -> Location:
    """Where the method of a stage for a node is written."""
    name = "weighting" if stage.stage == "weight" else "aggregation"
    number = framework.stages.index(stage)
    if own:
        return (*at, name)
    if level in stage.by_level:
        return ("stages", number, "by_level", level)
    return ("stages", number, "method")


def _takes(method: str, power: float | None) -> str | None:
    """Which scores a mean is defined for, where not for all."""
    if method in ("a_gmean", "a_hmean") or (method == "a_genmean" and (power or 0) <= 0):
        return "positive scores"
    return FROM_NOUGHT if method == "a_genmean" and power != 1 else None


def _is_chain(node: Node) -> bool:
    """Whether a node is a leaf, or has only one and so its scores."""
    return not node.children or (len(node.children) == 1 and _is_chain(node.children[0]))


def _is_signed(framework: Framework, node: Node) -> bool:
    """Whether a node has scores on both sides of zero where all leaves have."""
    return not node.children or (
        framework.method_of("aggregate", node, "a_amean") in ("a_amean", "a_median")
        and all(_is_signed(framework, child) for child in node.children)
    )
