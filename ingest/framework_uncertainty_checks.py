"""Whether what a framework lets vary can vary, in every combination of its alternatives.

Asked only where stages and tree are sound by themselves, see :mod:`ingest.framework_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from ingest.catalog_errors import Fault, did_you_mean
from ingest.framework_cards import BY_EXPERTS, METHODS, Choice, Factor, Framework
from ingest.framework_choices import (
    NOT_APPLIED,
    OF_NODES,
    as_stage,
    branches_of,
    own_choice,
    resolved,
    with_choices,
)
from ingest.framework_method_checks import faults_of_methods, undefined_means, values_missing
from ingest.framework_stage_checks import faults_of_stage
from ingest.yaml_lines import Location

# Stages of which a factor may choose another method: those after it is decided who is ranked.
VARIABLE = ("impute", "transform", "treat", "normalise", "aggregate")
NEEDED = ("normalise", "aggregate")
OTHERWISE = {
    "weight": "Weights vary by 'weight_noise', 'dirichlet' or 'vary: expert_weights'.",
    "scale": "It changes no rank: leave the factor out.",
}
WEIGHTS = ("weight_noise", "dirichlet")


def faults_of_uncertainty(framework: Framework) -> list[Fault]:
    """Faults of the factors of a framework, in the order in which to mend them."""
    found = [*_samples(framework), *_names(framework)]
    for i, factor in enumerate(framework.uncertainty.factors):
        found += _factor(framework, factor, ("uncertainty", "factors", i))
    if not found:
        found += _overlaps(framework)
    if not found and not faults_of_methods(framework):
        found += _combinations(framework)
    return found


def _samples(framework: Framework) -> Iterator[Fault]:
    samples = framework.uncertainty.samples
    if samples & (samples - 1):
        message = f"samples {samples} is no power of 2"
        remedy = f"Write {2 ** (samples.bit_length() - 1)} or {2 ** samples.bit_length()}."
        yield Fault(("uncertainty", "samples"), message, remedy)


def _names(framework: Framework) -> Iterator[Fault]:
    names = [factor.factor for factor in framework.uncertainty.factors]
    for i, name in enumerate(names):
        if name in names[:i]:
            message = f"the factor '{name}' stands twice"
            remedy = "Give it another name, or leave one of them out."
            yield Fault(("uncertainty", "factors", i), message, remedy)


def _factor(framework: Framework, factor: Factor, at: Location) -> Iterator[Fault]:
    ways = list(factor.kinds)
    if len(ways) != 1:
        one_of = "'stage' with 'alternatives', 'weight_noise', 'dirichlet', 'leave_out' or 'vary'"
        if ways:
            message = f"'{factor.factor}' has {' and '.join(ways)}: it varies two things"
            yield Fault((*at, ways[1]), message, "Make a factor of each.")
        else:
            message = f"'{factor.factor}' does not say what varies"
            yield Fault(at, message, f"Give it one of {one_of}.")
        return
    if factor.alternatives and not factor.stage:
        message = "'alternatives' without the stage of which they are"
        yield Fault((*at, "alternatives"), message, "Add 'stage:', or leave them out.")
    if factor.level is not None and factor.stage != "aggregate" and ways[0] not in WEIGHTS:
        message = "'level' is for weights and the stage aggregate"
        yield Fault((*at, "level"), message, "Leave it out.")
    elif factor.stage:
        yield from _stage(framework, factor, at)
    elif factor.leave_out is not None:
        yield from _left_out(framework, factor.leave_out, (*at, "leave_out"))
    elif ways[0] in WEIGHTS:
        yield from _weights(framework, factor, at)
    elif factor.kind == "expert_weights" and not _has_experts(framework):
        message = "no weights of the framework rest on experts"
        remedy = f"Leave the factor out, or weight nodes by {' or '.join(BY_EXPERTS)}."
        yield Fault((*at, "vary"), message, remedy)


def _has_experts(framework: Framework) -> bool:
    return any(
        len(node.children) > 1 and framework.method_of("weight", node, "given") in BY_EXPERTS
        for node in branches_of(framework, None)
    )


def _left_out(framework: Framework, level: int, at: Location) -> Iterator[Fault]:
    root = framework.index.level
    if not 1 <= level < root:
        yield Fault(at, f"no node below the index is on level {level}", _levels(1, root - 1))
    elif sum(node.level == level for node in framework.index.walk()) < 2:
        message = f"level {level} has a single node: without it there is no index"
        yield Fault(at, message, "Leave the factor out, or name another level.")


def _weights(framework: Framework, factor: Factor, at: Location) -> Iterator[Fault]:
    root, level = framework.index.level, factor.level
    parents = branches_of(framework, None if level is None else level + 1)
    parents = [node for node in parents if len(node.children) > 1]
    if level is not None and not 1 <= level < root:
        message = f"no node below the index is on level {level}"
        yield Fault((*at, "level"), message, _levels(1, root - 1))
    elif not parents:
        where = "" if level is None else f" on level {level}"
        message = f"no node{where} has a sibling, so that no weight can vary"
        yield Fault((*at, "level"), message, "Leave the factor out, or name another level.")
    elif factor.dirichlet is not None:
        for node in parents:
            if framework.method_of("weight", node, "given") == "pca":
                message = f"the weights below '{node.id}' are loadings, which may be below zero"
                yield Fault((*at, "dirichlet"), message, "Write 'weight_noise', or another level.")


def _levels(low: int, high: int) -> str:
    if low == high:
        return f"Write {low}."
    names = {1: ", the indicators,", 2: ", the parents of indicators,"}
    return f"Levels are {low}{names[low]} to {high}."


# ---------------------------------------------------------------- alternatives


def _stage(framework: Framework, factor: Factor, at: Location) -> Iterator[Fault]:
    stage, root = str(factor.stage), framework.index.level
    if stage not in VARIABLE:
        message = f"the stage '{stage}' has no alternatives"
        remedy = OTHERWISE.get(stage, f"Those that have are {', '.join(VARIABLE)}.")
        if stage not in METHODS:
            message, remedy = f"unknown stage '{stage}'", did_you_mean(stage, METHODS)
        yield Fault((*at, "stage"), message, remedy)
        return
    if not factor.alternatives:
        message = f"'{factor.factor}' has no alternatives"
        yield Fault(at, message, "Add 'alternatives:', without the framework's own choice.")
    if factor.level is not None and not 2 <= factor.level <= root:
        message = f"no node with children is on level {factor.level}"
        yield Fault((*at, "level"), message, _levels(2, root))
        return
    own = own_choice(framework, factor)
    known = [] if own is None else [resolved(stage, own)]
    for j, chosen in enumerate(factor.alternatives):
        place = (*at, "alternatives", j)
        faults = list(_alternative(framework, stage, chosen, place))
        yield from faults
        if faults:
            continue
        meaning = resolved(stage, chosen)
        if meaning in known:
            message = f"the alternative '{chosen.method}' stands twice"
            remedy = "Leave one of them out: all are equally likely."
            if own is not None and meaning == known[0]:
                message = f"'{chosen.method}' is the framework's own choice"
                remedy = "Leave it out: the own choice is always one of the alternatives."
            yield Fault(place, message, remedy)
        known.append(meaning)


def _alternative(framework: Framework, stage: str, chosen: Choice, at: Location) -> Iterator[Fault]:
    if chosen.method == NOT_APPLIED:
        if stage in NEEDED:
            message = f"no index is without the stage '{stage}'"
            yield Fault((*at, "method"), message, f"Name one of {', '.join(METHODS[stage])}.")
        for name in chosen.parameters:
            yield Fault((*at, name), f"method 'none' has no parameter '{name}'", "Leave it out.")
        if stage == "transform":
            yield from _transforms(framework, at)
        return
    for name in OF_NODES:
        if name in chosen.parameters:
            message = f"an alternative has no '{name}'"
            remedy = "Write 'level' on the factor." if name == "by_level" else "Leave it out."
            yield Fault((*at, name), message, remedy)
            return
    yield from faults_of_stage(as_stage(stage, chosen), at)
    if stage == "normalise" and (missing := list(values_missing(framework, chosen.method))):
        n_more = len(missing) - 1
        others = f", nor have {n_more} more" if n_more else ""
        yield Fault(at, f"{missing[0].message}{others}", missing[0].remedy)
    if stage == "transform":
        yield from _transforms(framework, at)
    if chosen.method in ("i_latest", "i_linear") and len(framework.editions) == 1:
        year = framework.editions[0].edition
        message = f"'{chosen.method}' has no other edition than {year} to take values from"
        yield Fault((*at, "method"), message, "Add editions, or name another method.")


def _transforms(framework: Framework, at: Location) -> Iterator[Fault]:
    if not any(node.transform for node in framework.index.walk()):
        message = "no leaf has a transform that could be applied or not"
        yield Fault(at, message, "Leave the factor out, or write 'transform' on a leaf.")


# ---------------------------------------------------------------- factors together


def _overlaps(framework: Framework) -> Iterator[Fault]:
    """Factors that vary the same, so that one would undo what the other does."""
    claimed: dict[str, str] = {}
    for i, factor in enumerate(framework.uncertainty.factors):
        for claim in _claims(framework, factor):
            if claim in claimed:
                message = f"'{factor.factor}' varies what '{claimed[claim]}' varies: {claim}"
                remedy = "Join them into one factor, or leave one out."
                if factor.kind in WEIGHTS or factor.stage == "aggregate":
                    remedy = "Leave one out, or give each a 'level' of its own."
                yield Fault(("uncertainty", "factors", i), message, remedy)
                break
            claimed[claim] = factor.factor


def _claims(framework: Framework, factor: Factor) -> list[str]:
    root = framework.index.level
    if factor.stage == "aggregate":
        levels = range(2, root + 1) if factor.level is None else [factor.level]
        return [f"the aggregation of level {level}" for level in levels]
    if factor.stage:
        return [f"the stage {factor.stage}"]
    if factor.kind in WEIGHTS:
        levels = range(1, root) if factor.level is None else [factor.level]
        return [f"the weights of level {level}" for level in levels]
    if factor.leave_out is not None:
        return [f"which node of level {factor.leave_out} is left out"]
    return [{"expert_weights": "the weights by experts"}.get(factor.kind, "the figures")]


def _combinations(framework: Framework) -> Iterator[Fault]:
    """Means that are not defined for scores as another choice makes them.

    Told once for the fewest alternatives that do not go together, at the last of them.
    """
    factors = framework.uncertainty.factors
    numbers = [i for i, factor in enumerate(factors) if factor.stage in NEEDED]
    numbers.sort(key=lambda i: NEEDED.index(str(factors[i].stage)))
    choices = [range(-1, len(factors[i].alternatives)) for i in numbers]
    told: list[set[tuple[int, int]]] = []
    # A mean fails for the scores, its own method and that of its children.
    combinations = (c for c in product(*choices) if sum(j >= 0 for j in c) <= 3)
    for chosen in sorted(combinations, key=lambda c: sum(j >= 0 for j in c)):
        varied = [(i, j) for i, j in zip(numbers, chosen, strict=True) if j >= 0]
        if any(set(varied) >= reported for reported in told):
            continue
        faults = list(undefined_means(_with(framework, varied)))
        if faults:
            told.append(set(varied))
            i, j = varied[-1]
            place = ("uncertainty", "factors", i, "alternatives", j)
            names = [f"'{factors[i].alternatives[j].method}'" for i, j in varied]
            together = f"{' and '.join(names)} do not go together: " if len(names) > 1 else ""
            message = f"{together}{faults[0].message}"
            yield Fault(place, message, _remedy(framework, varied))


def _with(framework: Framework, varied: Sequence[tuple[int, int]]) -> Framework:
    factors = framework.uncertainty.factors
    return with_choices(framework, [(factors[i], factors[i].alternatives[j]) for i, j in varied])


def _remedy(framework: Framework, varied: Sequence[tuple[int, int]]) -> str:
    stages = [framework.uncertainty.factors[i].stage for i, _ in varied]
    if "normalise" not in stages:
        return "Leave it out, or let the stage normalise give scores above zero."
    what = "it" if len(stages) == 1 else "one of them"
    return f"Leave {what} out, or write n_rank or '{{method: n_minmax, score_min: 1}}' there."
