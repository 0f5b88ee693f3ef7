"""Weights found in the scores, over arrays."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.weights import (
    Branch,
    NotFitted,
    critic_weights,
    entropy_weights,
    fit_tree,
    objective_value,
    pca_weights,
)

NAN = np.nan


def test_entropy_by_hand() -> None:
    """Shares 1/4, 3/4 of the first, 1/2, 1/2 of the second, which tells nothing."""
    found = entropy_weights(np.array([[1.0, 5.0, 0.0], [3.0, 5.0, 2.0]]))
    told = 1 + (0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(2)
    np.testing.assert_allclose(found, np.array([told, 0, 1]) / (1 + told))


def test_entropy_counts_the_units_that_have_a_score() -> None:
    gaps = np.array([[1.0, 1.0], [3.0, 3.0], [NAN, 0.0]])
    found = entropy_weights(gaps)
    told = [1 + (0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(n) for n in (2, 3)]
    np.testing.assert_allclose(found, np.array(told) / sum(told))


def test_critic_by_hand() -> None:
    """Two are in step, on any scale; the third is against both: 2 + 2 to 2 and 2."""
    up = np.array([0.0, 50.0, 100.0])
    np.testing.assert_allclose(
        critic_weights(np.column_stack([up, up / 5, 100 - up])), [0.25, 0.25, 0.5]
    )


@pytest.mark.parametrize(
    ("method", "scores", "problem"),
    [
        (entropy_weights, [[-1.0, 1.0], [1.0, 2.0]], "normalise to 0..100"),
        (entropy_weights, [[1.0, 2.0], [1.0, 2.0]], "no score varies"),
        (critic_weights, [[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]], "all in step"),
        (critic_weights, [[1.0, 2.0]], "do not vary"),
        (pca_weights, [[1.0, 2.0]], "no score varies"),
        (pca_weights, [[1.0, NAN], [NAN, 2.0]], "no score varies"),
    ],
)
def test_what_cannot_be_fitted_says_what_to_do(
    method: object, scores: list[list[float]], problem: str
) -> None:
    with pytest.raises(NotFitted, match=problem):
        method(np.array(scores))  # type: ignore[operator]


def test_a_child_that_does_not_vary_has_no_weight() -> None:
    rng = np.random.default_rng(0)
    scores = np.column_stack([rng.random((9, 2)), np.full(9, 3.0), np.full(9, NAN)])
    for method in (entropy_weights, critic_weights, pca_weights):
        found = method(scores)
        assert (found[:2] != 0).all()
        assert list(found[2:]) == [0, 0]


def branch(node: str, level: int, *children: str, **more: object) -> Branch:
    arguments = {"weighting": "given", "aggregation": "a_amean", **more}
    weights = (1 / len(children),) * len(children)
    return Branch(node, level, children, weights, **arguments)  # type: ignore[arg-type]


def optimised(**more: object) -> list[Branch]:
    found = {"weighting": "correlation_optimised", **more}
    return [
        branch("left", 2, "a", "b", **found),
        branch("right", 2, "c", "d", **found),
        branch("root", 3, "left", "right"),
    ]


@pytest.mark.parametrize("aggregation", ["a_amean", "a_gmean"])
@pytest.mark.parametrize("objective", ["balance", "infomax"])
def test_weights_of_a_level_are_optimised_together(aggregation: str, objective: str) -> None:
    """By their correlations with the root, as in COINr; no weights drawn by lot are better."""
    rng = np.random.default_rng(4)
    columns = rng.lognormal(size=(40, 4)) + rng.lognormal(size=(40, 1))
    leaves = dict(zip("abcd", columns.T, strict=True))
    tree = optimised(aggregation=aggregation)
    fits = fit_tree(tree, leaves, np.zeros(40), objective)

    def value(left: np.ndarray, right: np.ndarray) -> float:
        def mean(x: np.ndarray, w: np.ndarray) -> np.ndarray:
            w = w / w.sum()
            return np.asarray(x @ w if aggregation == "a_amean" else np.exp(np.log(x) @ w))

        root = (mean(columns[:, :2], left) + mean(columns[:, 2:], right)) / 2
        return objective_value(
            np.array([np.corrcoef(column, root)[0, 1] for column in columns.T]), objective
        )

    best = value(fits["left"].weights, fits["right"].weights)
    others = [value(*rng.random((2, 2))) for _ in range(2000)]
    assert best <= min(others)
    assert best < value(np.ones(2), np.ones(2)) - 1e-6


def test_optimised_weights_do_not_depend_on_the_run() -> None:
    columns = np.random.default_rng(4).lognormal(size=(40, 4))
    leaves = dict(zip("abcd", columns.T, strict=True))
    one, two = (fit_tree(optimised(), leaves, np.zeros(40)) for _ in range(2))
    assert all((one[node].weights == two[node].weights).all() for node in one)


def test_a_level_rests_on_the_weights_found_below() -> None:
    columns = np.random.default_rng(7).random((20, 4))
    leaves = dict(zip("abcd", columns.T, strict=True))
    tree = [
        branch("left", 2, "a", "b", weighting="critic"),
        branch("right", 2, "c", "d", weighting="equal"),
        branch("root", 3, "left", "right", weighting="critic"),
    ]
    fits = fit_tree(tree, leaves, np.zeros(20))
    left = critic_weights(columns[:, :2])
    above = np.column_stack([columns[:, :2] @ left, columns[:, 2:].mean(axis=1)])
    np.testing.assert_allclose(fits["left"].weights, left)
    np.testing.assert_allclose(fits["root"].weights, critic_weights(above))
    assert "right" not in fits


def test_what_is_not_in_the_index_has_no_weight() -> None:
    columns = np.random.default_rng(7).random((20, 2))
    tree = [
        branch("left", 2, "a", "b", "x", weighting="critic"),
        branch("gone", 2, "y", "z", weighting="critic"),
        branch("root", 3, "left", "gone", weighting="pca"),
    ]
    fits = fit_tree(tree, {"a": columns[:, 0], "b": columns[:, 1]}, np.zeros(20))
    assert np.isnan(fits["left"].weights[2])
    assert "gone" not in fits
    np.testing.assert_array_equal(fits["root"].weights, [1, NAN])


def test_problems_name_themselves_and_weights_are_equal() -> None:
    leaves = {name: np.ones(5) for name in "abcd"}
    for weighting in ("pca", "critic", "entropy", "correlation_optimised"):
        fits = fit_tree(optimised(weighting=weighting), leaves, np.zeros(5))
        assert fits["left"].problem
        assert list(fits["left"].weights) == [1, 1]
