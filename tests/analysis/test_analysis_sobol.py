"""Sobol' indices of functions whose indices are known, and their intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import sobol_indices

from analysis.chain import Array
from analysis.sobol import Estimates, design, estimate, exchanged, n_balanced

ROUNDING = 1e-12


class Known(NamedTuple):
    """A function of uniform numbers with its first-order and total indices."""

    function: Callable[[Array], Array]
    widths: list[int]
    """Columns of each factor."""
    first: Array
    total: Array


def ishigami() -> Known:
    """Ishigami and Homma (1990), a = 7, b = 0.1: the third factor acts through the first alone."""
    b = 0.1
    variance = 7**2 / 8 + b * np.pi**4 / 5 + b**2 * np.pi**8 / 18 + 1 / 2
    parts = np.array([(1 + b * np.pi**4 / 5) ** 2 / 2, 7**2 / 8, 0.0])
    both = b**2 * np.pi**8 * (1 / 18 - 1 / 50)

    def function(u: Array) -> Array:
        x = np.pi * (2 * u - 1)
        return np.asarray(
            np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + b * x[..., 2] ** 4 * np.sin(x[..., 0])
        )

    return Known(
        function, [1, 1, 1], parts / variance, (parts + np.array([both, 0, both])) / variance
    )


def g_function(widths: list[int]) -> Known:
    """Sobol' (1998): a product of factors (|4u - 2| + a) / (1 + a), each of variance 1/3(1+a)^2."""
    a = np.array([0, 1, 4.5, 9, 99, 99, 99, 99])
    spread = 1 / (3 * (1 + a) ** 2)
    of_group = np.array([np.prod(1 + part) for part in np.split(spread, np.cumsum(widths)[:-1])])
    everything = np.prod(of_group)

    def function(u: Array) -> Array:
        return np.asarray(np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=-1))

    return Known(
        function,
        widths,
        (of_group - 1) / (everything - 1),
        (of_group - 1) * everything / of_group / (everything - 1),
    )


def linear(widths: list[int]) -> Known:
    """A sum: the index of a group is its share of the squared coefficients, first and total."""
    coefficients = np.array([4, 2, 1, 0.5, 0])
    parts = np.split(coefficients**2, np.cumsum(widths)[:-1])
    shares = np.array([part.sum() for part in parts]) / (coefficients**2).sum()
    return Known(lambda u: np.asarray(u @ coefficients), widths, shares, shares)


KNOWN = {
    "ishigami": ishigami(),
    "g": g_function([1] * 8),
    "g in groups": g_function([2, 2, 4]),
    "linear": linear([1] * 5),
    "linear in groups": linear([2, 3]),
    "one factor": linear([5]),
}


def sample(known: Known, n: int, seed: int) -> tuple[Array, Array, Array]:
    ends = np.cumsum(known.widths)
    parts = [slice(end - width, end) for end, width in zip(ends, known.widths, strict=True)]
    a, b = design(n, int(ends[-1]), np.random.SeedSequence(seed))
    f_ab = known.function(exchanged(a, b, parts))
    return known.function(a)[np.newaxis], known.function(b)[np.newaxis], f_ab[:, np.newaxis]


def estimated(known: Known, n: int, seed: int) -> Estimates:
    return estimate(*sample(known, n, seed), np.random.SeedSequence(seed + 1))


@pytest.mark.parametrize("name", KNOWN)
def test_known_indices_lie_in_their_intervals(name: str) -> None:
    known = KNOWN[name]
    # Samples of 40 seeds are as good as 40 outputs.
    samples = [sample(known, 512, seed) for seed in range(40)]
    a, b, ab = (np.concatenate(parts, axis=-2) for parts in zip(*samples, strict=True))
    found = estimate(a, b, ab, np.random.SeedSequence(7))
    for true, value, low, high in (
        (known.first, found.first, found.first_low, found.first_high),
        (known.total, found.total, found.total_low, found.total_high),
    ):
        covered = (low <= true + ROUNDING) & (true <= high + ROUNDING)
        assert covered.mean() >= 0.9
        assert covered.mean(axis=0).min() >= 0.85
        # The mean of 40 is much closer than any one interval is wide.
        width = (high - low).mean(axis=0)
        assert np.all(np.abs(value.mean(axis=0) - true) <= width / 8 + ROUNDING)


def test_intervals_shrink_with_the_root_of_the_samples() -> None:
    widths = [
        np.mean([e.total_high - e.total_low for e in (estimated(KNOWN["g"], n, s) for s in (1, 2))])
        for n in (256, 1024)
    ]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)


def test_what_does_not_matter_has_no_index_and_no_interval() -> None:
    found = estimated(KNOWN["linear"], 64, 3)
    for of_last in (found.first, found.total, found.total_low, found.total_high):
        assert of_last[0, 4] == 0


def test_outputs_do_not_touch_each_other() -> None:
    a, b, ab = sample(KNOWN["ishigami"], 128, 5)
    constant = np.full_like(a, 7.0)
    together = estimate(
        np.concatenate([a, constant, 10 * a]),
        np.concatenate([b, constant, 10 * b]),
        np.concatenate([ab, np.full_like(ab, 7.0), 10 * ab], axis=1),
        np.random.SeedSequence(6),
    )
    alone = estimate(a, b, ab, np.random.SeedSequence(6))
    for name in Estimates.__dataclass_fields__:
        of_all = getattr(together, name)
        assert of_all[0] == pytest.approx(getattr(alone, name)[0], abs=1e-12)
        assert of_all[2] == pytest.approx(of_all[0], abs=1e-12)
        assert np.isnan(of_all[1]).all()


def test_estimates_are_those_of_scipy_and_intervals_like_its_own() -> None:
    a, b, ab = sample(KNOWN["g"], 256, 8)
    scipy = sobol_indices(func={"f_A": a, "f_B": b, "f_AB": ab}, n=256)
    own = estimate(a, b, ab, np.random.SeedSequence(1))
    assert own.first[0] == pytest.approx(scipy.first_order)
    assert own.total[0] == pytest.approx(scipy.total_order)
    theirs = scipy.bootstrap()
    for low, high, interval in (
        (own.first_low, own.first_high, theirs.first_order.confidence_interval),
        (own.total_low, own.total_high, theirs.total_order.confidence_interval),
    ):
        width = interval.high - interval.low
        assert np.all(np.abs(low[0] - interval.low) < 0.25 * width)
        assert np.all(np.abs(high[0] - interval.high) < 0.25 * width)


def test_no_factor_and_no_output_give_nothing() -> None:
    empty = np.empty((1, 8))
    assert estimate(empty, empty, np.empty((0, 1, 8)), np.random.SeedSequence(0)).first.shape == (
        1,
        0,
    )
    none = np.empty((0, 8))
    assert estimate(none, none, np.empty((3, 0, 8)), np.random.SeedSequence(0)).total.shape == (
        0,
        3,
    )


def test_the_design_is_its_seeds() -> None:
    one, same, other = (design(64, 5, np.random.SeedSequence(s)) for s in (1, 1, 2))
    for mine, again, different in zip(one, same, other, strict=True):
        assert np.array_equal(mine, again) and not np.array_equal(mine, different)
        # Balanced: one number of each column in every 64th.
        assert np.array_equal(np.sort(np.floor(mine * 64), axis=0)[:, 0], np.arange(64))
    assert [n_balanced(n) for n in (1, 2, 3, 64, 65, 512)] == [2, 2, 4, 64, 128, 512]
