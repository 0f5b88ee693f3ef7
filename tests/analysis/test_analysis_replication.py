"""Replications of an index, and what is counted of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import chain, design, replication
from analysis.chain import Array, Index, Replications, Variant
from analysis.design import Factor
from analysis.replication import Chunk, Tally, tally
from tests.analysis.small_index import EDITION, OWN_SCALE, small_index

NAN = np.nan
TREE = {
    "one": {"p": 0.6, "q": 0.4},
    "two": {"r": 0.5, "s": 0.2, "t": 0.3},
    "root": {"one": 0.7, "two": 0.3},
}
RANDOM = np.random.default_rng(3)
FIGURES = np.where(RANDOM.random((7, 5)) < 0.1, NAN, RANDOM.lognormal(0, 1, (7, 5)))
NOISE = Factor("weights", "weight_noise", noise=0.4)
SCALE = Factor(
    "scale",
    "stage",
    "normalise",
    alternatives=({"method": "n_minmax"}, {"method": "n_rank", "across": "edition"}),
)
MEAN = Factor(
    "mean",
    "stage",
    "aggregate",
    level=3,
    alternatives=({"method": "a_amean"}, {"method": "a_gmean"}),
)
OUT = Factor("out", "left_out", level=1)


def counted(index: Index, factors: list[Factor], n: int, size: int | None = None) -> Tally:
    nominal = chain.ranks(replication.nominal_scores(index, EDITION))
    return tally(nominal, replication.chunks(index, EDITION, factors, 1, n, size=size))


def of_ranks(ranks: Array, nominal: list[int]) -> Tally:
    """A tally of ranks that are given, (n, units), 0 for no score."""
    scores = np.where(ranks > 0, -ranks.astype(float), NAN)
    return tally(np.array(nominal), [Chunk(scores)])


# ---------------------------------------------------------------- scores
def test_a_mean_that_is_not_defined_is_not_missing() -> None:
    """b has the least p, whose min-max score is zero: it has no geometric mean in one, so no root,
    although its weight could go to two."""
    index = small_index(
        [[3, 3, 3, 1, 1], [1, 2, 2, 3, 3], [2, 1, 1, 2, 2]], TREE, missing_children="share"
    )
    variants = (chain.NOMINAL, Variant(aggregation={"one": ("a_gmean", None)}))
    found = replication.scores(index, EDITION, Replications(variants, np.array([0, 1])))
    assert not np.isnan(found[0]).any()
    assert np.isnan(found[1]).tolist() == [False, True, True]


@pytest.mark.parametrize("missing_children", ["share", "none"])
@pytest.mark.parametrize("scale", [None, "leader_100", "zero_to_100"])
def test_a_replication_is_the_index_with_its_choices(
    missing_children: str, scale: str | None
) -> None:
    stages = {"normalise": OWN_SCALE} | ({"scale": {"method": scale}} if scale else {})
    index = small_index(FIGURES, TREE, stages, missing_children=missing_children)
    table = pd.DataFrame(
        [("a", "p", 20.0), ("b", "r", 30.0), ("c", "r", 10.0)],
        columns=["city_id", "node", "error_sd_pct"],
    ).assign(framework="small", edition=EDITION)
    known = design.errors(index, EDITION, table)
    factors = [SCALE, MEAN, NOISE, OUT, Factor("figures", "observation_error")]
    parts = design.columns(index, EDITION, factors, known)
    u = design.uniform(1, EDITION, parts, 0, 60)
    drawn = design.draw(index, EDITION, factors, u, known)
    found = replication.scores(index, EDITION, drawn)
    assert len(drawn.variants) == 4 and drawn.values is not None
    for number, row in enumerate(found):
        weights = {node: float(column[number]) for node, column in drawn.weights.items()}
        one = replace(
            index,
            values=drawn.values[number],
            weights={EDITION: {**index.weights[EDITION], **weights}},
        )
        variant = drawn.variants[drawn.variant[number]]
        np.testing.assert_allclose(row, chain.scores_of(one, variant)["root"], rtol=1e-9)


def test_scores_come_in_the_order_of_the_ranked_units() -> None:
    index = small_index([[1.0], [5.0], [3.0]], {"root": {"p": 1.0}})
    index = replace(index, is_ranked=np.array([True, False, True]))
    assert list(index.city_ids[index.ranked_rows(EDITION)]) == ["a", "c"]
    assert list(replication.nominal_scores(index, EDITION)) == [0, 100]


def test_a_city_that_is_scored_across_editions_has_the_scores_of_its_own() -> None:
    panel = {"normalise": {**OWN_SCALE, "across": "panel"}, "scale": {"method": "leader_100"}}
    figures = [[1.0], [3.0], [2.0], [5.0]]
    index = small_index(figures, {"root": {"p": 1.0}}, panel, editions=[2023, 2023, 2024, 2024])
    assert list(replication.nominal_scores(index, 2024)) == [25, 100]
    assert list(replication.nominal_scores(index, 2023)) == [0, 50]


def test_given_weights_are_replayed() -> None:
    index = small_index([[0.0, 10.0], [10.0, 0.0]], {"root": {"p": 0.5, "q": 0.5}})
    weights = {"p": np.array([1.0, 3.0, NAN]), "q": np.array([3.0, 1.0, 1.0])}
    given_table = Replications([Variant()], np.zeros(3, dtype=np.int64), weights)
    found = replication.scores(index, EDITION, given_table)
    np.testing.assert_allclose(found, [[75, 25], [25, 75], [100, 0]])


# ---------------------------------------------------------------- Monte Carlo
def test_counts_do_not_depend_on_chunks_or_their_order() -> None:
    index = small_index(FIGURES, TREE)
    factors = [SCALE, MEAN, NOISE, OUT]
    whole = counted(index, factors, 500)
    nominal = whole.nominal
    pieces = list(replication.chunks(index, EDITION, factors, 1, 500, size=37))
    for parts in (pieces, reversed(pieces)):
        other = tally(nominal, parts)
        assert other.n == whole.n == 500
        np.testing.assert_array_equal(other.histogram, whole.histogram)
        np.testing.assert_array_equal(other.above, whole.above)
        assert other.n_top3_kept == whole.n_top3_kept
    assert (counted(index, factors, 600).histogram >= whole.histogram).all()


def test_another_seed_gives_other_replications() -> None:
    index = small_index(FIGURES, TREE)
    one, other = (
        next(replication.chunks(index, EDITION, [NOISE], seed, 50)).scores for seed in (1, 2)
    )
    assert not np.isclose(one, other).all(axis=1).any()


def test_without_factors_every_rank_is_its_own_range() -> None:
    found = counted(small_index(FIGURES, TREE), [], 100)
    ranks = replication.rank_quantiles(found, (0.05, 0.5, 0.95))
    np.testing.assert_array_equal(ranks, np.tile(found.nominal, (3, 1)))
    assert set(replication.rank_at_most(found, 3)) == {0.0, 1.0}
    assert replication.top3_order_share(found) == 1
    assert list(replication.rank_groups(found)) == list(range(1, 8))
    assert not replication.mean_rank_shift(found).any()


def test_the_share_of_a_known_case() -> None:
    # a leads in p, b in q. a is above b where w_p > w_q: w_p uniform in 0.3 .. 0.9, w_q in
    # 0.2 .. 0.6. The rest is a triangle of 0.3 by 0.3 in an area of 0.6 by 0.4.
    index = small_index([[1.0, 0.0], [0.0, 1.0]], {"root": {"p": 0.6, "q": 0.4}})
    n, expected = 40_000, 1 - 0.3**2 / 2 / (0.6 * 0.4)
    found = counted(index, [replace(NOISE, noise=0.5)], n)
    error = np.sqrt(expected * (1 - expected) / n)
    assert found.above[0, 1] / n == pytest.approx(expected, abs=4 * error)
    assert found.above[0, 1] + found.above[1, 0] == n
    assert replication.rank_at_most(found, 1)[0] == found.above[0, 1] / n
    assert replication.mean_rank_shift(found) == pytest.approx([found.above[1, 0] / n] * 2)


def test_level_cities_are_never_above_each_other() -> None:
    index = small_index([[1.0, 2.0], [1.0, 2.0], [0.0, 1.0]], {"root": {"p": 0.6, "q": 0.4}})
    found = counted(index, [NOISE], 200)
    assert found.above.tolist() == [[0, 0, 200], [0, 0, 200], [0, 0, 0]]
    assert list(replication.rank_at_most(found, 1)) == [1, 1, 0]
    assert list(replication.rank_groups(found)) == [1, 1, 2]
    assert np.isnan(replication.top3_order_share(found))


def test_a_city_without_a_score_is_unranked_there() -> None:
    # Last in q, b has no geometric mean.
    index = small_index([[3.0, 3.0], [5.0, 1.0], [1.0, 2.0]], {"root": {"p": 0.9, "q": 0.1}})
    found = counted(index, [replace(MEAN, level=2)], 4000)
    share = found.histogram[:, 0] / 4000
    assert share[0] == 0 and share[1] == pytest.approx(0.5, abs=0.04) and share[2] == share[1]
    np.testing.assert_array_equal(
        replication.rank_quantiles(found, (0.05, 0.95)), [[1, 1, 3], [2, 1, 3]]
    )
    np.testing.assert_allclose(replication.rank_at_most(found, 3), 1 - share)
    own, other = replication.mean_ranks_by_choice(found)["mean"]
    np.testing.assert_array_equal(own, [2, 1, 3])
    np.testing.assert_array_equal(other, [1, NAN, NAN])
    # Level with the other that has none, below the one that has.
    assert list(found.top) == [1, 0, 2]
    assert found.above[1, 0] == found.histogram[1, 0]
    assert found.above[0, 2] == 4000 - found.histogram[1, 0]


# ---------------------------------------------------------------- counts
@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 40), st.integers(1, 10))
def test_counts_are_those_of_the_ranks(seed: int, n_units: int, n: int, top: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(0, 4, (n + 1, n_units)).astype(float)
    scores[random.random(scores.shape) < 0.2] = NAN
    ranks = chain.ranks(scores)
    nominal, ranks = ranks[0], ranks[1:]
    is_own = random.random(n) < 0.5
    found = tally(nominal, [Chunk(scores[1:], {"choice": is_own})], top)

    best = sorted(np.flatnonzero(nominal), key=lambda unit: (nominal[unit], unit))[:top]
    assert list(found.top) == best
    place = np.where(ranks > 0, ranks, n_units + 1)
    for i, one in enumerate(best):
        for j, other in enumerate(best):
            assert found.above[i, j] == (place[:, one] < place[:, other]).sum()
    steps = np.diff(place[:, best[:3]], axis=1)
    assert found.n_top3_kept == (steps > 0).all(axis=1).sum()

    own, other = replication.mean_ranks_by_choice(found)["choice"]
    quantiles = replication.rank_quantiles(found, (0.05, 0.5, 0.95))
    shifts = replication.mean_rank_shift(found)
    for unit in range(n_units):
        known = ranks[:, unit] > 0
        of_unit = ranks[known, unit]
        for mean, rows in ((own, is_own), (other, ~is_own)):
            expected = of_unit[rows[known]].mean() if rows[known].any() else NAN
            assert mean[unit] == pytest.approx(expected, nan_ok=True)
        assert found.histogram[unit, 0] == (~known).sum()
        if len(of_unit):
            np.testing.assert_array_equal(
                quantiles[:, unit],
                np.quantile(of_unit, (0.05, 0.5, 0.95), method="inverted_cdf"),
            )
            if nominal[unit]:
                assert shifts[unit] == pytest.approx(np.abs(of_unit - nominal[unit]).mean())
        else:
            assert np.isnan(quantiles[:, unit]).all() and np.isnan(shifts[unit])


def test_many_units_are_counted_as_few() -> None:
    scores = np.random.default_rng(1).random((2, 600))
    ranks = chain.ranks(scores)
    found = tally(ranks[0], [Chunk(scores[[0, 1, 0]]), Chunk(scores[[0]])])
    np.testing.assert_array_equal(replication.rank_quantiles(found, [0.5])[0], ranks[0])
    np.testing.assert_array_equal(replication.rank_at_most(found, 600), np.ones(600))
    np.testing.assert_allclose(replication.mean_rank_shift(found), np.abs(ranks[1] - ranks[0]) / 4)


def test_a_city_joins_while_no_pair_of_the_group_is_decided() -> None:
    # Of 100 replications a is above b in 94, above c in 95, and b above c in 60; d is always last.
    ranks = np.array(
        [[1, 2, 3, 4]] * 60 + [[1, 3, 2, 4]] * 34 + [[2, 1, 3, 4]] * 1 + [[3, 2, 1, 4]] * 5
    )
    found = of_ranks(ranks, [1, 2, 3, 4])
    assert [found.above[0, 1], found.above[0, 2], found.above[1, 2]] == [94, 95, 61]
    assert list(replication.rank_groups(found)) == [1, 1, 2, 3]
    assert list(replication.rank_groups(found, 0.96)) == [1, 1, 1, 2]
    assert replication.top3_order_share(found) == 0.6
