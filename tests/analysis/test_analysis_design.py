"""From declared factors and uniform numbers to replications."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.design import (
    NO_ERRORS,
    Factor,
    columns,
    declared,
    draw,
    errors,
    gone_with,
    of_edition,
    uniform,
)
from tests.analysis.small_index import EDITION, OWN_SCALE, small_index

NAN = np.nan
TREE = {
    "one": {"p": 0.6, "q": 0.4},
    "two": {"r": 1.0},
    "root": {"one": 0.7, "two": 0.3},
}
INDEX = small_index([[1, 2, 3], [3, 2, 1], [2, NAN, 5]], TREE)


def numbers(n: int, n_columns: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).random((n, n_columns))


# ---------------------------------------------------------------- uniform numbers
def test_numbers_do_not_depend_on_the_chunk_or_on_other_factors() -> None:
    parts = {"a": slice(0, 3), "b": slice(3, 4)}
    whole = uniform(5, EDITION, parts, 0, 100)
    pieces = [uniform(5, EDITION, parts, *ends) for ends in ((0, 1), (1, 40), (40, 100))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    alone = uniform(5, EDITION, {"b": slice(0, 1)}, 20, 30)
    np.testing.assert_array_equal(alone, whole[20:30, 3:])


def test_numbers_depend_on_seed_edition_and_factor() -> None:
    parts = {"a": slice(0, 1), "b": slice(1, 2)}
    found = uniform(5, EDITION, parts, 0, 1000)
    assert stats.kstest(found.ravel(), "uniform").pvalue > 0.001
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.15
    for seed, edition in ((6, EDITION), (5, EDITION + 1)):
        assert not np.isin(uniform(seed, edition, parts, 0, 1000), found).any()


# ---------------------------------------------------------------- choices
def test_alternatives_are_equally_likely_and_the_first_is_the_own() -> None:
    ranks, none = {"method": "n_rank"}, {"method": "none"}
    factors = [
        Factor("scale", "stage", "normalise", alternatives=({"method": "x"}, ranks)),
        Factor("outliers", "stage", "treat", alternatives=({}, none, {"method": "winsorise"})),
    ]
    u = np.array([[0.49, 0.32], [0.5, 0.34], [0.99, 0.99], [0.2, 0.5]])
    found = draw(INDEX, EDITION, factors, u)
    stages = [found.variants[place].stages for place in found.variant]
    assert stages == [
        {},
        {"normalise": ranks, "treat": None},
        {"normalise": ranks, "treat": {"method": "winsorise"}},
        {"treat": None},
    ]
    assert found.weights == {} and found.values is None


def test_a_mean_varies_at_its_level() -> None:
    choices = ({"method": "a_amean"}, {"method": "a_genmean", "power": 2.0})
    for level, nodes in ((2, {"one", "two"}), (3, {"root"}), (None, {"one", "two", "root"})):
        factor = Factor("mean", "stage", "aggregate", level, alternatives=choices)
        found = draw(INDEX, EDITION, [factor], np.array([[0.1], [0.9]]))
        own, other = (found.variants[place].aggregation for place in found.variant)
        assert own == {} and other == dict.fromkeys(nodes, ("a_genmean", 2.0))


def test_nothing_declared_is_one_way_to_compute_the_index() -> None:
    found = draw(INDEX, EDITION, [], np.empty((3, 0)))
    assert len(found.variants) == 1 and list(found.variant) == [0, 0, 0]


# ---------------------------------------------------------------- weights
def test_noise_is_relative_and_uniform() -> None:
    factor = Factor("noise", "weight_noise", level=1, noise=0.25)
    # r has no sibling: its weight changes nothing.
    assert columns(INDEX, EDITION, [factor]) == {"noise": slice(0, 2)}
    found = draw(INDEX, EDITION, [factor], np.array([[0.0, 0.5], [0.5, 0.75]])).weights
    assert set(found) == {"p", "q"}
    np.testing.assert_allclose(found["p"], [0.6 * 0.75, 0.6])
    np.testing.assert_allclose(found["q"], [0.4, 0.4 * 1.125])
    everywhere = Factor("noise", "weight_noise", noise=0.25)
    assert set(draw(INDEX, EDITION, [everywhere], numbers(2, 4)).weights) == {
        "p",
        "q",
        "one",
        "two",
    }


def test_dirichlet_has_the_means_and_variances_of_its_definition() -> None:
    tree = {"root": {"p": 0.5, "q": 0.3, "r": 0.2}}
    index = small_index([[1, 2, 3], [3, 2, 1]], tree)
    n, concentration = 40_000, 12.0
    factor = Factor("shares", "dirichlet", concentration=concentration)
    found = draw(index, EDITION, [factor], numbers(n, 3)).weights
    table = np.stack([found[node] for node in "pqr"])
    means = np.array([0.5, 0.3, 0.2])
    np.testing.assert_allclose(table.sum(axis=0), 1)
    deviation = np.sqrt(means * (1 - means) / (concentration + 1))
    np.testing.assert_allclose(table.mean(axis=1), means, atol=4 * deviation.max() / np.sqrt(n))
    np.testing.assert_allclose(table.std(axis=1), deviation, rtol=0.03)
    # The marginal distributions are beta distributions.
    for row, mean in zip(table, means, strict=True):
        beta = stats.beta(concentration * mean, concentration * (1 - mean))
        assert stats.kstest(row, beta.cdf).pvalue > 0.001


def test_dirichlet_with_little_concentration_gives_all_to_one() -> None:
    index = small_index([[1, 2], [3, 2]], {"root": {"p": 0.5, "q": 0.5}})
    factor = Factor("shares", "dirichlet", concentration=1e-3)
    found = draw(index, EDITION, [factor], numbers(2000, 2)).weights
    np.testing.assert_allclose(found["p"] + found["q"], 1)
    assert np.mean(np.maximum(found["p"], found["q"]) > 0.999) > 0.98


def test_dirichlet_needs_weights_from_zero_up() -> None:
    index = small_index([[1, 2], [3, 2]], {"root": {"p": 1.5, "q": -0.5}})
    with pytest.raises(ValueError, match="factor shares: a weight of p, q is below zero"):
        draw(index, EDITION, [Factor("shares", "dirichlet", concentration=5)], numbers(2, 2))


def test_experts_are_mixed_uniformly() -> None:
    experts = {"x": {"p": 0.9, "q": 0.1}, "y": {"p": 0.2, "q": 0.8}}
    factor = Factor("experts", "expert_weights", experts=experts)
    found = draw(INDEX, EDITION, [factor], np.array([[0.5, 0.0], [0.5, 0.5], [0.0, 0.9]]))
    np.testing.assert_allclose(found.weights["p"], [0.9, 0.55, 0.2])
    np.testing.assert_allclose(found.weights["q"], [0.1, 0.45, 0.8])
    assert set(found.weights) == {"p", "q"}  # of the others no expert says anything
    many = draw(INDEX, EDITION, [factor], numbers(2000, 2)).weights["p"]
    # Between two experts the share is uniform.
    assert stats.kstest((many - 0.2) / 0.7, "uniform").pvalue > 0.001


def test_what_is_left_out_is_one_or_none() -> None:
    tree = {"root": {"p": 0.5, "q": 0.3, "r": 0.2}}
    index = small_index([[1, 4, 3], [3, 2, 1]], tree)
    found = draw(index, EDITION, [Factor("out", "left_out", level=1)], numbers(8000, 1)).weights
    out = np.stack([np.isnan(found[node]) for node in "pqr"])
    assert out.sum(axis=0).max() == 1
    shares = [*out.mean(axis=1), np.mean(~out.any(axis=0))]
    np.testing.assert_allclose(shares, 0.25, atol=4 * np.sqrt(0.25 * 0.75 / 8000))


def test_what_an_index_rests_on_alone_stays_in() -> None:
    index = small_index([[1.0], [3.0]], {"one": {"p": 1.0}, "root": {"one": 1.0}})
    for level in (1, 2):
        factor = Factor("out", "left_out", level=level)
        assert columns(index, EDITION, [factor]) == {"out": slice(0, 0)}


def test_a_parent_goes_with_the_only_child_that_anybody_has_a_score_of() -> None:
    # Nobody has a figure of q, all have the same of s, which is no score by min-max.
    index = small_index(
        [[1, NAN, 5, 5, 2], [2, NAN, 3, 5, 1], [3, NAN, 1, 5, 3]],
        {
            "a": {"p": 0.5, "q": 0.5},
            "b": {"r": 0.5, "s": 0.25, "t": 0.25},
            "root": {"a": 0.6, "b": 0.4},
        },
        missing_children="none",
    )
    assert gone_with(index, EDITION) == {
        "p": ("p", "a"),
        "r": ("r",),
        "t": ("t",),
        "a": ("a",),
        "b": ("b",),
    }
    found = draw(index, EDITION, [Factor("out", "left_out", level=1)], numbers(4000, 1)).weights
    out = {node: np.isnan(column) for node, column in found.items()}
    np.testing.assert_array_equal(out["p"], out["a"])
    assert out.keys() == {"a", "p", "r", "t"}
    shares = [out[node].mean() for node in "prt"]
    np.testing.assert_allclose(shares, 0.25, atol=4 * np.sqrt(0.25 * 0.75 / 4000))


def test_kinds_of_weights_take_effect_in_turn() -> None:
    factors = [
        Factor("out", "left_out", level=1),
        Factor("noise", "weight_noise", level=1, noise=0.5),
        Factor("experts", "expert_weights", experts={"x": {"p": 1, "q": 0}, "y": {"p": 0, "q": 1}}),
    ]
    # Left out: p, q, r are each a quarter after none. Noise: 1.5 and 0.5 times. Experts: x alone.
    u = np.array([[0.9, 1.0, 0.0, 0.5, 0.0]])
    found = draw(INDEX, EDITION, factors, u).weights
    assert found["p"] == pytest.approx(1.5) and found["q"] == 0 and np.isnan(found["r"]).all()


# ---------------------------------------------------------------- figures
def test_figures_move_by_their_error_and_do_not_turn_negative() -> None:
    index = small_index([[10, -4], [8, 2], [0, NAN]], {"root": {"p": 0.5, "q": 0.5}})
    table = pd.DataFrame(
        [("a", "p", 80.0), ("a", "q", 80.0), ("c", "p", 10.0), ("c", "q", 10.0), ("b", "p", 0.0)],
        columns=["city_id", "node", "error_sd_pct"],
    ).assign(framework="small", edition=EDITION)
    known = errors(index, EDITION, table.sample(frac=1, random_state=1))
    factor = Factor("figures", "observation_error")
    assert columns(index, EDITION, [factor], known) == {"figures": slice(0, 3)}
    u = numbers(500, 3)
    found = draw(index, EDITION, [factor], u, known).values
    assert found is not None
    expected = stats.truncnorm.ppf(u[:, 0], -1 / 0.8, np.inf, loc=10, scale=8)
    np.testing.assert_allclose(found[:, 0, 0], expected, rtol=1e-9)
    np.testing.assert_allclose(found[:, 0, 1], stats.norm.ppf(u[:, 1], -4, 3.2), rtol=1e-9)
    assert (found[:, :, 0] >= 0).all() and (found[:, 0, 1] > 0).any()
    np.testing.assert_array_equal(found[:, 1], np.tile([8.0, 2.0], (500, 1)))
    np.testing.assert_array_equal(found[:, 2], np.tile([0.0, NAN], (500, 1)))


def test_without_errors_no_figure_varies() -> None:
    factor = Factor("figures", "observation_error")
    assert columns(INDEX, EDITION, [factor], NO_ERRORS) == {"figures": slice(0, 0)}
    assert draw(INDEX, EDITION, [factor], np.empty((2, 0))).values is None


# ---------------------------------------------------------------- editions
def test_other_editions_stay_where_a_choice_reaches_them() -> None:
    index = small_index(
        [[1.0, 2.0]] * 4, {"root": {"p": 1, "q": 1}}, editions=[2023] * 2 + [2024] * 2
    )
    assert list(of_edition(index, 2024, ()).editions) == [2024, 2024]
    panel = {**OWN_SCALE, "across": "panel"}
    carried = {"method": "i_latest"}
    for stage, choice in (("normalise", panel), ("impute", carried)):
        factor = Factor("choice", "stage", stage, alternatives=({"method": "x"}, choice))
        assert of_edition(index, 2024, [factor]) is index


# ---------------------------------------------------------------- declarations
FACTORS = pd.DataFrame(
    [
        ("f", "weights", 2, "weight_noise", None, 1, 0.1, None),
        ("f", "scale", 1, "stage", "normalise", None, None, None),
        ("f", "experts", 3, "expert_weights", None, None, None, None),
    ],
    columns=["framework", "factor", "position", "kind", "stage", "level", "noise", "concentration"],
)
ALTERNATIVES = pd.DataFrame(
    [("f", "scale", 2, "n_rank", None), ("f", "scale", 1, "n_minmax", 100.0)],
    columns=["framework", "factor", "position", "method", "score_max"],
)
EXPERTS = pd.DataFrame(
    [("f", "y", "p", 0.5), ("f", "x", "p", 0.2)],
    columns=["framework", "expert", "node", "weight"],
)


def test_factors_are_read_from_their_tables() -> None:
    scale, weights, experts = declared(FACTORS, ALTERNATIVES, EXPERTS)["f"]
    assert scale.alternatives == ({"method": "n_minmax", "score_max": 100.0}, {"method": "n_rank"})
    assert (weights.level, weights.noise, weights.alternatives) == (1, 0.1, ())
    assert experts.experts == {"x": {"p": 0.2}, "y": {"p": 0.5}}


@pytest.mark.parametrize(
    ("row", "change", "message"),
    [
        (0, {"kind": "guess"}, "f: factor weights: no kind guess; there are stage, expert_weights"),
        (0, {"noise": 0.0}, "factor weights: needs a noise above 0 and up to 1"),
        (0, {"kind": "dirichlet"}, "factor weights: needs a concentration above zero"),
        (1, {"stage": "screen"}, "factor scale: stage screen cannot vary; these can: impute"),
        (1, {"factor": "other"}, "factor other: needs an alternative to the framework's own"),
        (2, {"framework": "g"}, "g: factor experts: needs two experts at least"),
    ],
)
def test_a_factor_that_cannot_be_drawn_is_refused(
    row: int, change: dict[str, object], message: str
) -> None:
    table = FACTORS.copy().astype(object)
    table.loc[row, list(change)] = list(change.values())
    with pytest.raises(ValueError, match=message):
        declared(table, ALTERNATIVES, EXPERTS)


def test_a_stage_varies_once() -> None:
    twice = pd.concat([FACTORS, FACTORS.iloc[[1]].assign(factor="again")])
    alternatives = pd.concat([ALTERNATIVES, ALTERNATIVES.assign(factor="again")])
    with pytest.raises(ValueError, match="stage normalise varies in"):
        declared(twice, alternatives, EXPERTS)
