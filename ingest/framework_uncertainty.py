"""What of an index varies when its uncertainty is computed: as its file says, or by default.

A framework that states no factors has these, as far as they fit it:

- ``treatment``: outliers winsorised by COINr's rule, or left as they are;
- ``normalisation``: min-max and another. Where nothing forbids scores below zero, that is z-scores
  around 50; where scores are above zero, or have to be, ranks;
- ``aggregation``: geometric and arithmetic at the root, where scores are above zero;
- ``imputation``: by the median or the mean instead of the own method, where it imputes;
- ``weights``: up or down by at most a quarter, on every level;
- ``experts``: by each expert's own judgements, where weights rest on several experts;
- ``left_out_indicator``: one indicator left out, or none;
- ``figures``: by the error that their sources state, where one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ingest.framework_cards import Choice, Factor, Framework, Node, Stage, Uncertainty

NOT_APPLIED = "none"
WEIGHT_NOISE = 0.25
# Normalisations that fix the ends of the scale to values that each leaf states in its own unit.
OF_OWN_UNIT = ("n_goalposts", "n_dist2targ")
POSITIVE_MEANS = ("a_gmean", "a_hmean", "a_genmean")


def _choice(method: str, **parameters: Any) -> Choice:
    return Choice.model_validate({"method": method, **parameters})


def _factor(name: str, **varies: Any) -> Factor:
    return Factor.model_validate({"factor": name, **varies})


def aggregated(framework: Framework, level: int | None) -> list[Node]:
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
    if factor.stage != "aggregate" or stage is None:
        return stage or _choice(NOT_APPLIED)
    own = set()
    for node in aggregated(framework, factor.level):
        method = framework.method_of("aggregate", node, stage.method)
        power = node.power if node.power is not None else stage.power
        own.add((method, power if method == "a_genmean" else None))
    if len(own) != 1:
        return None
    method, power = own.pop()
    return _choice(method, power=power)


def parameter(stage: str, choice: Choice, name: str) -> Any:
    """A parameter of a choice as it counts, by the rules of :meth:`Stage.parameter`."""
    if choice.method == NOT_APPLIED:
        return None
    stated = {"stage": stage, "method": choice.method, **choice.parameters}
    return Stage.model_validate(stated).parameter(name)


def factors_of(framework: Framework, n_experts: int, has_errors: bool) -> tuple[Factor, ...]:
    """The factors that count: those that the framework states, or the default ones.

    Args:
        framework: a sound one.
        n_experts: how many experts judge its nodes.
        has_errors: whether a source states the error of any of its figures.
    """
    uncertainty = framework.uncertainty
    if "factors" not in uncertainty.model_fields_set:
        uncertainty = fitting(with_factors(framework, default_factors(framework))).uncertainty
    return tuple(
        factor
        for factor in uncertainty.factors
        # What rests on figures or tables that a release may not have goes along with them.
        if not (factor.kind == "expert_weights" and n_experts < 2)
        and not (factor.kind == "observation_error" and not has_errors)
    )


def with_factors(framework: Framework, factors: Iterable[Factor]) -> Framework:
    uncertainty = Uncertainty(
        **{**framework.uncertainty.model_dump(exclude={"factors"}), "factors": tuple(factors)}
    )
    return framework.model_copy(update={"uncertainty": uncertainty})


def default_factors(framework: Framework) -> Iterator[Factor]:
    """Factors of a framework that states none, some of which may not fit it."""
    treat, impute = framework.stage("treat"), framework.stage("impute")
    normalise, aggregate = framework.stage("normalise"), framework.stage("aggregate")
    if normalise is None or aggregate is None:
        return
    treatment = _choice(NOT_APPLIED)
    if treat is None:
        # A logarithm in place of the values would not fit goalposts in their unit.
        is_own_unit = normalise.method in OF_OWN_UNIT
        treatment = _choice("winsorise", fallback="none" if is_own_unit else None)
    yield _factor("treatment", stage="treat", alternatives=(treatment,))
    yield _factor(
        "normalisation",
        stage="normalise",
        alternatives=(_other_normalisation(framework, normalise),),
    )
    mean = framework.method_of("aggregate", framework.index, aggregate.method)
    other = "a_amean" if mean != "a_amean" else "a_gmean" if is_positive(normalise) else None
    if other:
        yield _factor(
            "aggregation",
            stage="aggregate",
            level=framework.index.level,
            alternatives=(_choice(other),),
        )
    if impute:
        method = "i_mean" if impute.method == "i_median" else "i_median"
        yield _factor("imputation", stage="impute", alternatives=(_choice(method),))
    yield _factor("weights", weight_noise=WEIGHT_NOISE)
    yield _factor("experts", vary="expert_weights")
    yield _factor("left_out_indicator", leave_out=1)
    yield _factor("figures", vary="observation_error")


def _other_normalisation(framework: Framework, own: Stage) -> Choice:
    means = {
        framework.method_of("aggregate", node, "a_amean") for node in aggregated(framework, None)
    }
    must_be_positive = bool(means & set(POSITIVE_MEANS))
    if own.method != "n_minmax":
        low = 1.0 if must_be_positive or is_positive(own) else 0.0
        return _choice("n_minmax", score_min=low, score_max=100.0, across=own.across)
    if must_be_positive or is_positive(own):
        return _choice("n_rank", across=own.across)
    return _choice("n_zscore", mean=50.0, sd=15.0, across=own.across)


def is_positive(normalise: Stage) -> bool:
    """Whether a normalisation gives scores above zero, whatever the figures are."""
    low = normalise.parameter("score_min")
    if normalise.method == "n_goalposts":
        return bool(low > 0 and normalise.parameter("is_capped"))
    return normalise.method == "n_rank" or (normalise.method == "n_minmax" and low > 0)


def fitting(framework: Framework) -> Framework:
    return framework
