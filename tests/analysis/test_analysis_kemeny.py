"""Kemeny's ranking is the best of all orders, its bound holds, and it says what it leaves open."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import kemeny as search
from analysis.consensus import borda, competition_ranks, orders, positions, support
from analysis.kemeny import distance, kemeny, many_ranks

NONE = np.nan


@st.composite
def profiles(draw: st.DrawFn, cities: tuple[int, int] = (1, 6)) -> np.ndarray:
    """Places of up to five lists, with ties and cities that a list does not have."""
    n = draw(st.integers(*cities))
    place = st.one_of(st.just(NONE), st.integers(1, n).map(float))
    lists = draw(st.lists(st.lists(place, min_size=n, max_size=n), min_size=1, max_size=5))
    return np.array(lists)


def all_orders(places: np.ndarray) -> dict[tuple[int, ...], float]:
    """Distance of every order, counted list by list and pair by pair."""
    n = places.shape[1]
    found = {}
    for order in itertools.permutations(range(n)):
        total = 0.0
        for place in places:
            for ahead, behind in itertools.combinations(order, 2):
                if place[ahead] > place[behind]:
                    total += 1
                elif place[ahead] == place[behind]:
                    total += 0.5
        found[order] = total
    return found


def assert_best_of_all(places: np.ndarray) -> None:
    found = kemeny(support(orders(places)))
    distances = all_orders(places)
    least = min(distances.values())
    best = [order for order, total in distances.items() if total == least]
    assert found.distance == least
    assert found.lower_bound == least
    assert found.is_exact
    assert found.gap == 0
    assert tuple(found.order.tolist()) in best
    assert found.is_unique == (len(best) == 1)
    ranks = np.argsort(np.array(best), axis=1) + 1
    always = (ranks[:, :, None] < ranks[:, None, :]).all(axis=0)
    np.testing.assert_array_equal(found.always_ahead, always)
    assert np.all(found.rank_from <= ranks.min(axis=0))
    assert np.all(found.rank_to >= ranks.max(axis=0))
    assert distance(found.ranks, support(orders(places))) == least


@settings(max_examples=150, deadline=None)
@given(places=profiles())
def test_it_is_the_best_of_all_orders(places: np.ndarray) -> None:
    assert_best_of_all(places)


@settings(max_examples=5, deadline=None)
@given(places=profiles(cities=(7, 7)))
def test_it_is_the_best_of_all_orders_of_seven(places: np.ndarray) -> None:
    assert_best_of_all(places)


@settings(max_examples=60, deadline=None)
@given(places=profiles(cities=(3, 7)))
def test_the_programme_finds_what_the_sets_find(places: np.ndarray) -> None:
    """The ways for more cities than sets can be gone through, on cases that are small."""
    pairs = support(orders(places))
    expected = kemeny(pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "SUBSETS_MAX", 1)
        patch.setattr(search, "_RESTARTS", 5)
        found = kemeny(pairs)
        bounded = kemeny(pairs, exact_max=0)
    assert found.distance == expected.distance
    assert found.is_exact
    assert found.is_unique == expected.is_unique
    assert np.all(expected.always_ahead | ~found.always_ahead)
    assert bounded.lower_bound <= expected.distance <= bounded.distance
    assert bounded.is_exact == (bounded.gap == 0)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 9))
def test_majorities_of_any_kind(seed: int, n: int) -> None:
    """Weights that no whole number of lists gives; the bounds without branching are below."""
    random = np.random.default_rng(seed)
    pairs = random.random((n, n)) * (random.random((n, n)) < 0.8)
    np.fill_diagonal(pairs, 0)
    exact = kemeny(pairs)
    assert exact.is_exact
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "SUBSETS_MAX", 1)
        patch.setattr(search, "_RESTARTS", 5)
        branched, bounded = kemeny(pairs), kemeny(pairs, exact_max=0)
        patch.setattr(search, "_RELAXED_MAX", 0)
        packed = kemeny(pairs, exact_max=0)
    assert branched.distance == pytest.approx(exact.distance)
    assert branched.is_exact
    assert branched.is_unique == exact.is_unique
    # Of the bound of the cycles alone: an order that is found hides one that is too high.
    assert search._cycle_bound(pairs) <= exact.distance + 1e-9
    for bound in (bounded, packed):
        assert bound.lower_bound <= exact.distance + 1e-9
        assert bound.distance >= exact.distance - 1e-9
        assert bound.lower_bound <= bound.distance


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(4, 9))
def test_cycles_share_no_majority(seed: int, n: int) -> None:
    """Majorities of one: every cycle of three that is counted costs one, and no more."""
    random = np.random.default_rng(seed)
    beats = np.triu(random.random((n, n)) < 0.5, 1)
    pairs = (beats | np.tril(~beats.T, -1)).astype(float)
    assert search._cycle_bound(pairs) <= kemeny(pairs).distance


@settings(max_examples=40, deadline=None)
@given(places=profiles(cities=(2, 5)), less=st.floats(0.01, 0.99))
def test_no_order_is_nearer_than_the_next_possible_distance(
    places: np.ndarray, less: float
) -> None:
    pairs = support(orders(places))
    for total in all_orders(places).values():
        assert search._next_possible(total, pairs) == total
        assert total - less <= search._next_possible(total - less, pairs) <= total


def test_a_cycle_of_majorities_has_three_best_orders() -> None:
    pairs = support(orders(np.array([[1.0, 2, 3], [3, 1, 2], [2, 3, 1]])))
    found = kemeny(pairs)
    assert (found.distance, found.lower_bound, found.largest_cycle) == (4, 4, 3)
    assert found.is_unique is False
    np.testing.assert_array_equal(found.rank_from, [1, 1, 1])
    np.testing.assert_array_equal(found.rank_to, [3, 3, 3])
    # Of the three the one that is preferred at its top.
    assert kemeny(pairs, np.array([0.0, 1, 0])).order.tolist() == [1, 2, 0]


def test_a_cycle_in_the_middle_keeps_the_rest_in_place() -> None:
    tail, cycle = [1.0, 5], [[2.0, 3, 4], [4, 2, 3], [3, 4, 2]]
    found = kemeny(support(orders(np.array([[tail[0], *one, tail[1]] for one in cycle]))))
    assert found.order[[0, -1]].tolist() == [0, 4]
    np.testing.assert_array_equal(found.rank_from, [1, 2, 2, 2, 5])
    np.testing.assert_array_equal(found.rank_to, [1, 4, 4, 4, 5])


def test_it_disagrees_with_majorities_where_a_cycle_must_be_cut() -> None:
    """Condorcet's cycle with margins 1, 3 and 5: the weakest majority, of c over a, is given up."""
    pairs = np.array([[0.0, 4, 2], [1, 0, 5], [3, 0, 0]])
    found = kemeny(pairs)
    assert found.order.tolist() == [0, 1, 2]
    assert found.is_unique
    assert found.distance == 1 + 0 + 3


def test_unanimous_lists() -> None:
    found = kemeny(support(orders(np.tile(np.arange(1.0, 41), (3, 1)))))
    np.testing.assert_array_equal(found.order, np.arange(40))
    assert (found.distance, found.gap, found.is_unique) == (0, 0, True)
    assert found.largest_cycle == 1


def test_ties_everywhere_cost_half_and_leave_everything_open() -> None:
    found = kemeny(support(orders(np.ones((4, 5)))))
    assert found.distance == 4 * 10 / 2
    assert found.is_exact
    assert found.is_unique is False
    np.testing.assert_array_equal(found.rank_from, np.ones(5))
    np.testing.assert_array_equal(found.rank_to, np.full(5, 5))


def test_lists_without_a_common_city_leave_their_cities_open_to_one_another() -> None:
    places = np.array([[1.0, 2, NONE, NONE], [NONE, NONE, 1, 2]])
    found = kemeny(support(orders(places)))
    assert (found.distance, found.is_unique) == (0, False)
    np.testing.assert_array_equal(found.rank_from, [1, 2, 1, 2])
    np.testing.assert_array_equal(found.rank_to, [3, 4, 3, 4])


def test_one_city_and_none() -> None:
    for n in (0, 1):
        found = kemeny(np.zeros((n, n)))
        assert (found.distance, found.is_exact, found.is_unique) == (0, True, True)
        assert len(found.order) == n


@pytest.mark.parametrize("n_lists", [5, 8])
def test_thirty_cities_are_solved(n_lists: int) -> None:
    """A random profile is one large cycle: proved by the programme, checked by every move."""
    random = np.random.default_rng(n_lists)
    places = np.array([random.permutation(30) + 1.0 for _ in range(n_lists)])
    pairs = support(orders(places))
    found = kemeny(pairs)
    assert found.largest_cycle > search.SUBSETS_MAX
    assert found.is_exact
    assert found.lower_bound == found.distance
    for _ in range(200):
        other = found.ranks.copy()
        one, two = random.choice(30, 2, replace=False)
        other[[one, two]] = other[[two, one]]
        assert distance(other, pairs) >= found.distance


def test_many_cities_have_a_bound_and_a_gap() -> None:
    random = np.random.default_rng(3)
    places = np.array([random.permutation(90) + 1.0 for _ in range(6)])
    found = kemeny(support(orders(places)))
    assert found.largest_cycle > search.EXACT_MAX
    assert 0 < found.lower_bound < found.distance
    assert found.gap == pytest.approx(1 - found.lower_bound / found.distance)
    assert found.gap < 0.05
    assert not found.is_exact


def test_limits_end_a_search_with_its_gap() -> None:
    """Random majorities of one are the hardest there are; without time, the bound is poor."""
    random = np.random.default_rng(2)
    beats = np.triu(random.random((26, 26)) < 0.5, 1)
    pairs = (beats | np.tril(~beats.T, -1)).astype(float)
    found = kemeny(pairs, seconds_max=0)
    assert not found.is_exact
    assert found.is_unique is not True
    assert 0 < found.gap < 1
    assert distance(found.ranks, pairs) == found.distance


@settings(max_examples=30, deadline=None)
@given(places=profiles(cities=(2, 5)), seed=st.integers(0, 1000))
def test_many_problems_at_once(places: np.ndarray, seed: int) -> None:
    """Each is as good as solved alone; cities that are compared with none have no rank."""
    votes = orders(places)
    weights = np.random.default_rng(seed).integers(0, 3, size=(6, len(places))).astype(float)
    preference = np.nan_to_num(borda(positions(votes)))
    pairs = support(votes, weights)
    found = many_ranks(pairs, preference)
    for ranks, problem in zip(found, pairs, strict=True):
        ranked = ~np.isnan(ranks)
        np.testing.assert_array_equal(ranked, (problem + problem.T).any(axis=0))
        part = problem[np.ix_(ranked, ranked)]
        assert sorted(ranks[ranked]) == list(range(1, ranked.sum() + 1))
        assert distance(ranks[ranked], part) == kemeny(part).distance


def test_distance_of_tied_ranks() -> None:
    """Half of what the lists say of a pair that the ranking ties: (2 + 1) / 2, and 1 against c."""
    pairs = np.array([[0.0, 2, 3], [1, 0, 2], [0, 1, 0]])
    assert distance(competition_ranks(np.array([5.0, 5, 1])), pairs) == 1.5 + 0 + 1
