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

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.cards import Indicator, Source
from ingest.framework_cards import Choice, Factor, Framework, Stage, Uncertainty
from ingest.framework_choices import NOT_APPLIED, branches_of, choice, own_choice, resolved
from ingest.framework_uncertainty_checks import faults_of_uncertainty

WEIGHT_NOISE = 0.25
# Normalisations that fix the ends of the scale to values that each leaf states in its own unit.
OF_OWN_UNIT = ("n_goalposts", "n_dist2targ")
POSITIVE_MEANS = ("a_gmean", "a_hmean", "a_genmean")


def _factor(name: str, **varies: Any) -> Factor:
    return Factor.model_validate({"factor": name, **varies})


def has_errors(
    framework: Framework, indicators: Mapping[str, Indicator], sources: Mapping[str, Source]
) -> bool:
    """Whether a source states the error of any of the figures that a framework is made of."""
    stated = {
        error.indicator
        for source in sources.values()
        for error in source.errors
        if error.indicator in indicators and source.id in indicators[error.indicator].sources
    }
    nodes = list(framework.index.walk())
    used = {str(code) for node in nodes for code in (node.indicator, node.denominator)}
    parts = {
        part.indicator
        for code in used
        if code in indicators and (derive := indicators[code].derive)
        for part in derive.parts
    }
    return bool(stated & (used | parts))


def factors_of(framework: Framework, n_experts: int, are_errors_stated: bool) -> tuple[Factor, ...]:
    """The factors that count: those that the framework states, or the default ones.

    Args:
        framework: a sound one.
        n_experts: how many experts judge its nodes.
        are_errors_stated: whether a source states the error of any of its figures.
    """
    uncertainty = framework.uncertainty
    if "factors" not in uncertainty.model_fields_set:
        uncertainty = fitting(with_factors(framework, default_factors(framework))).uncertainty
    return tuple(
        factor
        for factor in uncertainty.factors
        # What rests on figures or tables that a release may not have goes along with them.
        if not (factor.kind == "expert_weights" and n_experts < 2)
        and not (factor.kind == "observation_error" and not are_errors_stated)
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
    treatment = choice(NOT_APPLIED)
    if treat is None:
        # A logarithm in place of the values would not fit goalposts in their unit.
        is_own_unit = normalise.method in OF_OWN_UNIT
        treatment = choice("winsorise", fallback="none" if is_own_unit else None)
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
            alternatives=(choice(other),),
        )
    if impute:
        method = "i_mean" if impute.method == "i_median" else "i_median"
        other_values = choice(method, across=impute.across)
        yield _factor("imputation", stage="impute", alternatives=(other_values,))
    yield _factor("weights", weight_noise=WEIGHT_NOISE)
    yield _factor("experts", vary="expert_weights")
    yield _factor("left_out_indicator", leave_out=1)
    yield _factor("figures", vary="observation_error")


def _other_normalisation(framework: Framework, own: Stage) -> Choice:
    means = {
        framework.method_of("aggregate", node, "a_amean") for node in branches_of(framework, None)
    }
    must_be_positive = bool(means & set(POSITIVE_MEANS))
    if own.method != "n_minmax":
        low = 1.0 if must_be_positive or is_positive(own) else 0.0
        return choice("n_minmax", score_min=low, score_max=100.0, across=own.across)
    if must_be_positive or is_positive(own):
        return choice("n_rank", across=own.across)
    return choice("n_zscore", mean=50.0, sd=15.0, across=own.across)


def is_positive(normalise: Stage) -> bool:
    """Whether a normalisation gives scores above zero, whatever the figures are."""
    low = normalise.parameter("score_min")
    if normalise.method == "n_goalposts":
        return bool(low > 0 and normalise.parameter("is_capped"))
    return normalise.method == "n_rank" or (normalise.method == "n_minmax" and low > 0)


def fitting(framework: Framework) -> Framework:
    """A framework without those of its factors and alternatives that do not fit it."""
    while faults := faults_of_uncertainty(framework):
        at = faults[0].at
        factors = list(framework.uncertainty.factors)
        number = int(at[2])
        factor = factors.pop(number)
        if "alternatives" in at[:-1]:
            gone = int(at[at.index("alternatives") + 1])
            rest = tuple(c for j, c in enumerate(factor.alternatives) if j != gone)
            if rest:
                factors.insert(number, factor.model_copy(update={"alternatives": rest}))
        framework = with_factors(framework, factors)
    return framework


def inherited(framework: Framework, base: Framework) -> Framework:
    """A variant with the factors that its base states, as far as they fit it.

    Where the variant has another method of a stage than the base, the method of the base is one of
    the alternatives in its place.
    """
    if "factors" not in base.uncertainty.model_fields_set:
        return framework.model_copy(update={"uncertainty": base.uncertainty})
    factors = []
    for factor in base.uncertainty.factors:
        changes: dict[str, Any] = {}
        if factor.stage:
            own = own_choice(framework, factor)
            others = [c for c in (own_choice(base, factor), *factor.alternatives) if c]
            changes["alternatives"] = tuple(
                other
                for other in others
                if own is None or resolved(factor.stage, other) != resolved(factor.stage, own)
            )
        factors.append(factor.model_copy(update=changes))
    variant = framework.model_copy(update={"uncertainty": base.uncertainty})
    return fitting(with_factors(variant, factors))
