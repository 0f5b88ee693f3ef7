"""Whether a stage has a method that is known, with parameters that this method takes."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.catalog_errors import Fault, did_you_mean
from ingest.framework_cards import METHODS, Stage
from ingest.yaml_lines import Location


def faults_of_stage(stage: Stage, at: Location = ()) -> Iterator[Fault]:
    """Faults of a stage by itself, at its place: its methods, and parameters that they do not have
    or miss."""
    methods = METHODS[stage.stage]
    for place, name in _methods_named(stage, at):
        if name not in methods:
            message = f"unknown method '{name}' of stage '{stage.stage}'"
            yield Fault(place, message, did_you_mean(name, methods))
    method = methods.get(stage.method)
    if method is None:
        return
    known = (*method.needs, *method.may_have)
    for name in stage.parameters:
        if name not in known:
            message = f"method '{stage.method}' has no parameter '{name}'"
            remedy = f"It has {', '.join(known)}." if known else "Leave it out: it has none."
            yield Fault((*at, name), message, remedy)
    for name in method.needs:
        if name not in stage.parameters:
            yield Fault(at, f"method '{stage.method}' needs '{name}'", f"Add '{name}:'.")
    yield from _numbers(stage, at)


def _methods_named(stage: Stage, at: Location) -> Iterator[tuple[Location, str]]:
    yield (*at, "method"), stage.method
    for level, name in stage.by_level.items():
        yield (*at, "by_level", level), name


def _numbers(stage: Stage, at: Location) -> Iterator[Fault]:
    low, high = stage.parameter("score_min"), stage.parameter("score_max")
    if low is not None and high is not None and low >= high:
        message = f"score_min {low:g} is not below score_max {high:g}"
        stated = "score_max" if stage.score_max is not None else "score_min"
        yield Fault((*at, stated), message, "Without them the scale is 0 to 100; write both.")
    if stage.factor == 0:
        message = "factor 0: nothing can be divided by it"
        yield Fault((*at, "factor"), message, "Write the width of the scale that is worth 1.")
    if stage.missing_children == "none" and stage.children_coverage_min is not None:
        message = "children_coverage_min, but without one child there is no score"
        remedy = "Leave it out, or write 'missing_children: share'."
        yield Fault((*at, "children_coverage_min"), message, remedy)
    is_boxcox = stage.fallback == "boxcox"
    if is_boxcox and stage.boxcox_lambda is None:
        yield Fault((*at, "fallback"), "boxcox needs 'boxcox_lambda'", "Add 'boxcox_lambda:'.")
    if stage.boxcox_lambda is not None and not is_boxcox:
        message = "boxcox_lambda without 'fallback: boxcox'"
        yield Fault((*at, "boxcox_lambda"), message, "Add the one or leave out the other.")
