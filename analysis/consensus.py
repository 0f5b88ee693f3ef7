"""What many partial rankings say together, and how far they agree.

A list gives each of its members a place, or the best and the worst that is known of it. A city
that is no member stands nowhere in the list: it is compared with nothing. A member that is known
to be unranked below the k-th place has the places from k + 1 on. Cities are columns, lists rows.

Consensus rankings follow Borda (1781), Copeland (1951) and Kemeny (1959); ties of a list cost
half in Kemeny's distance, whatever the order (Fagin et al. 2006, K with penalty p = 1/2).
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

EXACT_MAX = 30
"""Cities of a cycle up to which Kemeny's optimum is proved, by integer programming at the most."""
SUBSETS_MAX = 13
"""Cities up to which all sets of first cities are gone through."""
RESAMPLED_MAX = 9
"""Cities up to which Kemeny's ranking is found anew for every resample."""
PRIOR = 1.0
"""Weight of the mean position that every city is given beside those of its lists."""

_TOLERANCE = 1e-9
_RELAXED_MAX = 70
_ROUNDS_MAX = 40
_CUTS_MAX = 3000
_NODES_MAX = 100_000
_SECONDS_MAX = 60.0
_RESTARTS = 100
_CELLS_MAX = 4_000_000


def orders(best: Floats, worst: Floats | None = None) -> Floats:
    """Which of two cities each list puts ahead.

    Args:
        best: (lists, cities), place, 1 the best; NaN where the city is no member of the list.
        worst: (lists, cities), where a place is only known to lie between best and worst; infinite
            for a member that is below all others. ``best`` where nothing is given.

    Returns:
        (lists, cities, cities): 1 where the list puts the city of the row ahead of that of the
        column, -1 behind, 0 where both have the same certain place, NaN where it does not say.
    """
    worst = best if worst is None else worst
    if best.shape != worst.shape or best.ndim != 2:
        raise ValueError(f"places of shape {best.shape} and {worst.shape}, not (lists, cities) both")
    if np.any(np.isnan(best) != np.isnan(worst)) or np.any(worst < best):
        raise ValueError("a best place is missing or behind the worst")
    ahead = worst[:, :, None] < best[:, None, :]
    sure = (best == worst) & np.isfinite(best)
    tied = sure[:, :, None] & sure[:, None, :] & (best[:, :, None] == best[:, None, :])
    found = np.full(ahead.shape, np.nan)
    found[tied] = 0
    found[ahead] = 1
    found[ahead.swapaxes(1, 2)] = -1
    found[:, np.arange(best.shape[1]), np.arange(best.shape[1])] = np.nan
    return found


def support(votes: Floats, weights: Floats | None = None) -> Floats:
    """Weight of the lists that put one city ahead of another, ties half.

    Args:
        votes: (lists, cities, cities) of ``orders``.
        weights: (..., lists), how much each list counts; 1 where nothing is given.

    Returns:
        (..., cities, cities); 0 both ways where no list compares two cities.
    """
    n_lists, n_cities, _ = votes.shape
    weights = np.ones(n_lists) if weights is None else weights
    shares = np.nan_to_num((votes + 1) / 2).reshape(n_lists, -1)
    return (weights @ shares).reshape(*weights.shape[:-1], n_cities, n_cities)


def positions(votes: Floats) -> Floats:
    """Share of the cities that a list compares a city with which it puts behind, ties half.

    Returns:
        (lists, cities), 1 for the first and 0 for the last; NaN where it compares with none.
    """
    compared = (~np.isnan(votes)).sum(axis=-1)
    ahead = np.nan_to_num((votes + 1) / 2).sum(axis=-1)
    return np.divide(ahead, compared, out=np.full(ahead.shape, np.nan), where=compared > 0)


def borda(places: Floats, weights: Floats | None = None, prior: float = PRIOR) -> Floats:
    """Borda's count for partial lists: the mean position of a city in the lists that have it.

    A list of 10 says as much of its first as one of 100, and a city loses nothing in a list that
    it is no member of. So that one good place in one list does not win, every city has the position
    1/2 besides, with the weight of ``prior`` lists: first in one list of two members it scores
    0.75, first in four 0.9.

    Args:
        places: (lists, cities) of ``positions``.
        weights: (..., lists).

    Returns:
        (..., cities), 0 to 1, 12 significant digits; NaN where no list that counts has the city.
    """
    weights = np.ones(len(places)) if weights is None else weights
    total = weights @ np.nan_to_num(places)
    counted = weights @ (~np.isnan(places)).astype(float)
    scores = _rounded((total + prior / 2) / np.where(counted + prior > 0, counted + prior, 1))
    return np.where(counted > 0, scores, np.nan)


def copeland(pairs: Floats) -> Floats:
    """Cities that a city beats by majority, less those that beat it.

    Pairs that no list compares, and those on which the lists are divided equally, count neither
    way.

    Args:
        pairs: (..., cities, cities) of ``support``.

    Returns:
        (..., cities); NaN for a city that is compared with none.
    """
    margin = pairs - pairs.swapaxes(-1, -2)
    scores = np.sign(np.where(np.abs(margin) > _TOLERANCE, margin, 0)).sum(axis=-1)
    return np.where(_is_compared(pairs), scores, np.nan)


def competition_ranks(scores: Floats) -> Floats:
    """Ranks of the highest first (1, 2, 2, 4) along the last axis, NaN where there is no score."""
    negative = np.where(np.isnan(scores), np.inf, -scores)
    ranks = rankdata(negative, method="min", axis=-1)
    return np.where(np.isnan(scores), np.nan, ranks)


@dataclass(frozen=True)
class Kemeny:
    """A ranking with the least distance to all lists, as far as it is known."""

    order: Integers
    """(cities,): cities from the first to the last; of several best orders the one that follows
    the preference nearest its top."""
    distance: float
    """Pairs of cities that the lists put the other way round, over all lists by their weights; a
    tie counts half."""
    lower_bound: float
    """No order has a smaller distance."""
    is_exact: bool
    """The order is proved to be one with the least distance."""
    is_unique: bool | None
    """No other order has the least distance; None where it is not known."""
    always_ahead: Truths
    """(cities, cities): in every best order the city of the row is ahead of that of the column.
    Where optimality or uniqueness of a cycle is not known, it holds for no pair within the
    cycle."""
    largest_cycle: int
    """Cities of the largest set in which each beats each other over a chain of majorities; 1 for
    none."""

    @property
    def gap(self) -> float:
        """Distance above the lower bound, as a share of the distance; 0 for an exact order."""
        return (self.distance - self.lower_bound) / self.distance if self.distance else 0.0

    @property
    def ranks(self) -> Integers:
        """(cities,), 1 the first."""
        found = np.empty(len(self.order), dtype=np.int64)
        found[self.order] = np.arange(1, len(self.order) + 1)
        return found

    @property
    def rank_from(self) -> Integers:
        """(cities,): no best order has the city higher."""
        return 1 + self.always_ahead.sum(axis=0)

    @property
    def rank_to(self) -> Integers:
        """(cities,): no best order has the city lower."""
        return len(self.order) - self.always_ahead.sum(axis=1)


def kemeny_distance(order: Sequence[int] | Integers, pairs: Floats) -> float:
    """Distance of an order of all cities to the lists of ``support``."""
    placed = pairs[np.ix_(order, order)]
    return float(np.tril(placed, -1).sum())


def kemeny(
    pairs: Floats,
    preference: Floats | None = None,
    *,
    exact_max: int = EXACT_MAX,
    nodes_max: int = _NODES_MAX,
    seconds_max: float = _SECONDS_MAX,
) -> Kemeny:
    """The order of all cities with the least distance to the lists.

    Majorities that go round in no cycle bind every best order, so that only cities within one
    cycle of majorities (a strongly connected component of the graph of majorities) are searched
    together (Truchon 1998). Up to 13 of them all sets of first cities are gone through (Betzler et
    al. 2009). Beyond that a local search by insertion finds an order, and a linear programme with
    the triangles x_ij + x_jk - x_ik <= 1 that it violates (Conitzer et al. 2006) a lower bound;
    where both do not meet, up to ``exact_max`` cities, HiGHS closes the gap by branching. A search
    that ends at its limits leaves its gap.

    Args:
        pairs: (cities, cities) of ``support``.
        preference: (cities,), which of several best orders: the higher first.
        exact_max: cities of a cycle up to which branching is tried.
        nodes_max: nodes of one branching. The result does not depend on the machine, unless
            ``seconds_max``, a limit for one cycle in seconds, comes first.
    """
    n = len(pairs)
    wanted = np.zeros(n) if preference is None else np.nan_to_num(preference, nan=-np.inf)
    listed = np.argsort(-wanted, kind="stable")
    sorted_pairs = pairs[np.ix_(listed, listed)]
    margin = sorted_pairs - sorted_pairs.T
    beats = margin > _TOLERANCE
    n_parts, part = connected_components(csr_array(beats), connection="strong")
    members = [np.flatnonzero(part == number) for number in range(n_parts)]
    always = beats & (part[:, None] != part[None, :])
    solved = {}
    for number, cities in enumerate(members):
        if len(cities) > 1:
            solved[number] = cycle = _solve_cycle(
                sorted_pairs[np.ix_(cities, cities)], exact_max, nodes_max, seconds_max
            )
            always[np.ix_(cities, cities)] = cycle.always_ahead
            members[number] = cities[cycle.order]
    within = part[:, None] == part[None, :]
    across = np.minimum(sorted_pairs, sorted_pairs.T)[np.triu(~within)].sum()
    order = np.concatenate([members[number] for number in _topological(always, part, members)])
    always = _closure(always)
    cycles = solved.values()
    is_exact = all(cycle.is_exact for cycle in cycles)
    is_unique: bool | None = bool(always.sum() == n * (n - 1) // 2)
    if not is_unique and any(cycle.is_unique is None for cycle in cycles):
        # Without the cycles that are not known the rest may already leave a choice.
        known = always | (within & ~np.eye(n, dtype=bool))
        is_unique = None if np.all(known | known.T | np.eye(n, dtype=bool)) else False
    back = np.argsort(listed)
    return Kemeny(
        order=listed[order],
        distance=kemeny_distance(order, sorted_pairs),
        lower_bound=float(across + sum(cycle.lower_bound for cycle in cycles)),
        is_exact=is_exact,
        is_unique=is_unique,
        always_ahead=always[np.ix_(back, back)],
        largest_cycle=max((len(cities) for cities in members), default=0),
    )


def _topological(always: Truths, part: Integers, members: Sequence[Integers]) -> list[int]:
    """Parts so that none stands before one that is ahead of it, the preferred first."""
    n_parts = len(members)
    edges = np.zeros((n_parts, n_parts), dtype=bool)
    ahead, behind = np.nonzero(always)
    edges[part[ahead], part[behind]] = True
    np.fill_diagonal(edges, False)
    waiting = edges.sum(axis=0)
    ready = [(int(members[p].min()), p) for p in range(n_parts) if waiting[p] == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        _, number = heapq.heappop(ready)
        order.append(number)
        waiting = waiting - edges[number]
        for freed in np.flatnonzero(edges[number] & (waiting == 0)):
            heapq.heappush(ready, (int(members[freed].min()), int(freed)))
    return order


def _closure(relation: Truths) -> Truths:
    """Transitive closure."""
    while True:
        steps = relation.astype(np.float32)
        further = relation | (steps @ steps > 0)
        if np.array_equal(further, relation):
            return relation
        relation = further


@dataclass(frozen=True)
class _Cycle:
    order: Integers
    lower_bound: float
    is_exact: bool
    is_unique: bool | None
    always_ahead: Truths


def _solve_cycle(pairs: Floats, exact_max: int, nodes_max: int, seconds_max: float) -> _Cycle:
    n = len(pairs)
    if n <= SUBSETS_MAX:
        added, rest = _subset_costs(pairs)
        order = _first_order(added, rest)
        always = _in_every_order(added, rest)
        return _Cycle(order, float(rest[0]), True, bool(always.sum() == n * (n - 1) // 2), always)
    order = _local_search(pairs)
    distance = kemeny_distance(order, pairs)
    programme = _Programme(pairs, nodes_max, seconds_max)
    bound = max(_cycle_bound(pairs), programme.relaxed() if n <= _RELAXED_MAX else 0.0)
    bound = min(_next_possible(bound, pairs), distance)
    if bound < distance - _TOLERANCE and n <= exact_max:
        better, proved = programme.branched(below=distance)
        if better is not None:
            order, distance = better, kemeny_distance(better, pairs)
        bound = min(max(bound, _next_possible(proved, pairs)), distance)
    is_exact = bool(bound >= distance - _TOLERANCE)
    is_unique: bool | None = None
    if _has_equal_neighbour(order, pairs):
        is_unique = False if is_exact else None
    elif is_exact and n <= exact_max:
        other, proved = programme.branched(without=order)
        if _next_possible(proved, pairs) > distance + _TOLERANCE:
            is_unique = True
        elif other is not None and kemeny_distance(other, pairs) <= distance + _TOLERANCE:
            is_unique = False
    always = np.zeros((n, n), dtype=bool)
    if is_unique:
        always[np.ix_(order, order)] = np.triu(np.ones((n, n), dtype=bool), 1)
    return _Cycle(order, bound, is_exact, is_unique, always)


def _next_possible(bound: float, pairs: Floats) -> float:
    """The lowest distance from a bound on that an order can have.

    Two orders differ by margins of majorities, so that whole margins leave steps of their greatest
    common divisor.
    """
    step = _step(pairs)
    if step == 0 or not np.isfinite(bound):
        return bound
    base = float(np.tril(pairs, -1).sum())
    return float(base + step * np.ceil((bound - base) / step - 1e-6))


def _step(pairs: Floats) -> int:
    """Greatest common divisor of whole margins; 0 where they are not whole."""
    margin = pairs - pairs.T
    whole = np.rint(margin).astype(np.int64)
    if np.any(np.abs(margin - whole) > _TOLERANCE):
        return 0
    return int(np.gcd.reduce(whole, axis=None))


def _subset_costs(pairs: Floats) -> tuple[Floats, Floats]:
    """What it costs to put a city after a set of first cities, and the least cost of the rest.

    Args:
        pairs: (cities, cities, ...), other problems on the axes behind.

    Returns:
        (sets, cities, ...) and (sets, ...), a set a number with a bit for each city.
    """
    n = len(pairs)
    sets = np.arange(2**n)
    has = (sets[:, None] >> np.arange(n)) & 1
    added = np.tensordot(has.astype(float), pairs, axes=(1, 1))
    rest = np.full((2**n, *pairs.shape[2:]), np.inf)
    rest[-1] = 0
    size = has.sum(axis=1)
    for k in range(n - 1, -1, -1):
        layer = sets[size == k]
        for city in range(n):
            without = layer[has[layer, city] == 0]
            through = added[without, city] + rest[without | (1 << city)]
            rest[without] = np.minimum(rest[without], through)
    return added, rest


def _is_best(added: Floats, rest: Floats, sets: Integers, city: int) -> Truths:
    through = added[sets, city] + rest[sets | (1 << city)]
    return through <= rest[sets] + _TOLERANCE * (1 + np.abs(rest[sets]))


def _first_order(added: Floats, rest: Floats) -> Integers:
    """Of all best orders the first by the cities' numbers."""
    reached, order = 0, []
    for _ in range(added.shape[1]):
        city = next(
            city
            for city in range(added.shape[1])
            if not reached >> city & 1 and _is_best(added, rest, np.array([reached]), city)[0]
        )
        order.append(city)
        reached |= 1 << city
    return np.array(order)


def _in_every_order(added: Floats, rest: Floats) -> Truths:
    """Pairs that every best order has this way round: no best order begins with a set that has
    the one and not the other."""
    n = added.shape[1]
    sets = np.arange(2**n)
    has = (sets[:, None] >> np.arange(n)) & 1
    size = has.sum(axis=1)
    reached = np.zeros(2**n, dtype=bool)
    reached[0] = True
    for k in range(n):
        layer = sets[(size == k) & reached]
        for city in range(n):
            without = layer[has[layer, city] == 0]
            best = without[_is_best(added, rest, without, city)]
            reached[best | (1 << city)] = True
    begun = has[reached].astype(float)
    sometimes = (begun.T @ (1 - begun)) > 0
    return ~sometimes.T & ~np.eye(n, dtype=bool)


def _local_search(pairs: Floats) -> Integers:
    """The best order that moves of one city to another place find, from several starts.

    Starts are Copeland's and Borda's order, and the best one yet with some cities moved at random;
    always the same ones.
    """
    n = len(pairs)
    compared = pairs + pairs.T
    share = np.divide(pairs, compared, out=np.full(pairs.shape, 0.5), where=compared > 0)
    generator = np.random.default_rng(n)
    best = _improved(np.argsort(-copeland(pairs), kind="stable"), pairs)
    least = kemeny_distance(best, pairs)
    starts: list[Callable[[], Integers]] = [lambda: np.argsort(-share.sum(axis=1), kind="stable")]
    starts += [lambda: _shaken(best, generator)] * max(_RESTARTS * 30 // max(n, 30), 10)
    for start in starts:
        found = _improved(start(), pairs)
        distance = kemeny_distance(found, pairs)
        if distance <= least + _TOLERANCE:
            # An equal one, too: it leads on to others.
            best, least = found, distance
    return best


def _shaken(order: Integers, generator: np.random.Generator) -> Integers:
    moved = generator.choice(len(order), size=max(2, len(order) // 8), replace=False)
    rest = np.delete(order, moved)
    return np.insert(rest, generator.integers(0, len(rest) + 1, size=len(moved)), order[moved])


def _move_costs(order: Integers, pairs: Floats, at: int) -> Floats:
    """(places,): change of the distance when the city at a place moves to each place."""
    margin = pairs[order[at], order] - pairs[order, order[at]]
    up = -np.cumsum(margin[:at][::-1])[::-1]
    down = np.cumsum(margin[at + 1 :])
    return np.concatenate([up, [0.0], down])


def _improved(order: Integers, pairs: Floats) -> Integers:
    improving = True
    while improving:
        improving = False
        for city in order.copy():
            at = int(np.flatnonzero(order == city)[0])
            costs = _move_costs(order, pairs, at)
            to = int(np.argmin(costs))
            if costs[to] < -_TOLERANCE:
                order = np.insert(np.delete(order, at), to, city)
                improving = True
    return order


def _has_equal_neighbour(order: Integers, pairs: Floats) -> bool:
    """Whether moving one city costs nothing."""
    return any(
        np.sum(_move_costs(order, pairs, at) <= _TOLERANCE) > 1 for at in range(len(order))
    )


def _cycle_bound(pairs: Floats) -> float:
    """The smaller side of every pair, and of cycles of three that share no majority the smallest
    margin, since one of the three is lost."""
    margin = np.maximum(pairs - pairs.T, 0)
    bound = float(np.triu(np.minimum(pairs, pairs.T), 1).sum())
    ahead, behind = np.nonzero(margin > _TOLERANCE)
    for one, other in zip(ahead, behind, strict=True):
        while margin[one, other] > _TOLERANCE:
            through = np.minimum(margin[other], margin[:, one])
            third = int(np.argmax(through))
            lost = min(margin[one, other], through[third])
            if lost <= _TOLERANCE:
                break
            bound += lost
            margin[one, other] -= lost
            margin[other, third] -= lost
            margin[third, one] -= lost
    return bound


class _Programme:
    """The linear ordering problem over x_ij, i < j: 1 where i is ahead of j; triangles as needed.

    ``cuts`` are those found so far. A programme with some of the triangles bounds the one with all
    from below.
    """

    def __init__(self, pairs: Floats, nodes_max: int, seconds_max: float) -> None:
        n = len(pairs)
        self.first, self.second = np.triu_indices(n, 1)
        self.number = np.zeros((n, n), dtype=np.int64)
        self.number[self.first, self.second] = np.arange(len(self.first))
        self.cost = pairs[self.second, self.first] - pairs[self.first, self.second]
        self.fixed = float(pairs[self.first, self.second].sum())
        self.step = _step(pairs)
        self.nodes_max = nodes_max
        self.deadline = time.monotonic() + seconds_max
        self.cuts: list[tuple[Integers, Integers]] = []
        i, j, k = np.meshgrid(*[np.arange(n)] * 3, indexing="ij", sparse=True)
        self.triples = np.stack(np.nonzero((i < j) & (j < k)))

    def relaxed(self) -> float:
        """Lower bound of the distance, by rounds of the linear programme."""
        bound = -np.inf
        for _ in range(_ROUNDS_MAX):
            values, reached = self._solve(integral=False)
            if values is None:
                break
            bound = max(bound, reached)
            if not self._cut(values):
                break
        return bound

    def branched(
        self, *, below: float = np.inf, without: Integers | None = None
    ) -> tuple[Integers | None, float]:
        """The best of the orders with a distance below one given, other than the one given, and a
        lower bound of the distance of all but that one; no order where there is none, or where the
        limits come first."""
        bound = -np.inf
        for _ in range(_ROUNDS_MAX):
            values, reached = self._solve(integral=True, below=below, without=without)
            bound = max(bound, reached)
            if values is None:
                break
            if not self._cut(np.rint(values)):
                n = len(self.number)
                ahead = np.zeros((n, n))
                ahead[self.first, self.second] = np.rint(values)
                ahead[self.second, self.first] = 1 - np.rint(values)
                return np.argsort(-ahead.sum(axis=1), kind="stable"), bound
        return None, bound

    def _cut(self, values: Floats) -> bool:
        """Adds the triangles that are violated most; False for none."""
        i, j, k = self.triples
        ij, jk, ik = self.number[i, j], self.number[j, k], self.number[i, k]
        turn = values[ij] + values[jk] - values[ik]
        violation = np.maximum(turn - 1, -turn)
        found = np.flatnonzero(violation > 1e-6)
        found = found[np.argsort(-violation[found], kind="stable")][:_CUTS_MAX]
        if len(found):
            columns = np.stack([ij[found], jk[found], ik[found]], axis=1)
            self.cuts.append((columns, np.tile([1, 1, -1], (len(found), 1))))
        return len(found) > 0

    def _solve(
        self, *, integral: bool, below: float = np.inf, without: Integers | None = None
    ) -> tuple[Floats | None, float]:
        size = len(self.cost)
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            return None, -np.inf
        constraints = []
        if np.isfinite(below):
            # Half of the smallest step between two distances is enough to be below.
            most = below - self.fixed - max(self.step / 2, _TOLERANCE)
            constraints.append(LinearConstraint(self.cost[None, :], -np.inf, most))
        if self.cuts:
            columns = np.concatenate([columns for columns, _ in self.cuts])
            signs = np.concatenate([signs for _, signs in self.cuts])
            starts = np.arange(0, columns.size + 1, 3)
            matrix = csr_array(
                (signs.ravel().astype(float), columns.ravel(), starts), (len(columns), size)
            )
            constraints.append(LinearConstraint(matrix, 0, 1))
        if without is not None:
            place = np.argsort(without)
            ahead = (place[self.first] < place[self.second]).astype(float)
            constraints.append(
                LinearConstraint((2 * ahead - 1)[None, :], -np.inf, ahead.sum() - 1)
            )
        result = milp(
            self.cost,
            integrality=np.full(size, int(integral)),
            bounds=Bounds(0, 1),
            constraints=constraints,
            options={"time_limit": seconds} | ({"node_limit": self.nodes_max} if integral else {}),
        )
        if result.status == 2:
            # There is none below.
            return None, below
        if integral:
            bound = result.mip_dual_bound
            return (
                result.x if result.status == 0 else None,
                -np.inf if bound is None else min(self.fixed + float(bound), below),
            )
        if result.status != 0:
            return None, -np.inf
        return result.x, self.fixed + float(result.fun)


@dataclass(frozen=True)
class Resamples:
    """What resampling the lists makes of a consensus; (cities,) each, NaN where it is never
    ranked."""

    ranked_share: Floats
    """Share of the resamples that have the city in any list."""
    low: Floats
    """Rank that 5 % of the resamples that rank the city reach or better."""
    high: Floats
    """Rank that 95 % of them reach or better."""


def resampled(
    votes: Floats, weights: Floats | None = None, *, n: int, seed: Sequence[int]
) -> dict[str, Resamples]:
    """Ranks by ``borda``, ``copeland`` and, up to 9 cities, ``kemeny`` over resamples of the lists.

    A resample draws as many lists as there are, with replacement (Efron 1979); a city that no
    drawn list compares has no rank in it. Kemeny's ranking is found for all resamples at once over
    the sets of first cities; of more cities that is too dear, and it is left out.

    Args:
        votes: (lists, cities, cities) of ``orders``; the order of the lists matters to the draw.
        weights: (lists,).
        n: number of resamples.
        seed: entropy of numpy.random.SeedSequence.
    """
    n_lists, n_cities, _ = votes.shape
    weights = np.ones(n_lists) if weights is None else weights
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(list(seed))))
    drawn = generator.multinomial(n_lists, np.full(n_lists, 1 / n_lists), size=n)
    places = positions(votes)
    preference = np.nan_to_num(borda(places, weights), nan=-1)
    found: dict[str, list[Floats]] = {"borda": [], "copeland": []}
    if n_cities <= RESAMPLED_MAX:
        found["kemeny"] = []
    chunk = max(1, _CELLS_MAX // max(1, n_cities**2, 2**n_cities if "kemeny" in found else 0))
    for start in range(0, n, chunk):
        drawn_weights = drawn[start : start + chunk] * weights
        pairs = support(votes, drawn_weights)
        found["borda"].append(competition_ranks(borda(places, drawn_weights)))
        found["copeland"].append(competition_ranks(copeland(pairs)))
        if "kemeny" in found:
            found["kemeny"].append(_kemeny_ranks(pairs, preference))
    return {method: _tallied(np.concatenate(ranks)) for method, ranks in found.items()}


def _tallied(ranks: Floats) -> Resamples:
    counted = (~np.isnan(ranks)).sum(axis=0)
    ordered = np.sort(ranks, axis=0)
    columns = np.arange(ranks.shape[1])

    def quantile(share: float) -> Floats:
        at = np.maximum(np.ceil(share * counted - _TOLERANCE).astype(int) - 1, 0)
        quantiles: Floats = ordered[at, columns]
        return quantiles

    return Resamples(counted / len(ranks), quantile(0.05), quantile(0.95))


def _kemeny_ranks(pairs: Floats, preference: Floats) -> Floats:
    """(problems, cities): ranks among the cities that are compared, for many small problems."""
    n_problems, n, _ = pairs.shape
    listed = np.argsort(-preference, kind="stable")
    stacked = np.moveaxis(pairs[:, listed][:, :, listed], 0, -1)
    added, rest = _subset_costs(stacked)
    compared = _is_compared(pairs)[:, listed]
    problems = np.arange(n_problems)
    reached = np.zeros(n_problems, dtype=np.int64)
    placed = np.zeros(n_problems)
    ranks = np.full((n_problems, n), np.nan)
    for _ in range(n):
        least = rest[reached, problems]
        chosen = np.full(n_problems, -1)
        for city in range(n - 1, -1, -1):
            free = (reached >> city & 1) == 0
            through = added[reached, city, problems] + rest[reached | (1 << city), problems]
            chosen[free & (through <= least + _TOLERANCE * (1 + least))] = city
        placed += compared[problems, chosen]
        ranks[problems, chosen] = placed
        reached |= 1 << chosen
    found = np.empty_like(ranks)
    found[:, listed] = np.where(compared, ranks, np.nan)
    return found


@dataclass(frozen=True)
class Agreement:
    """Matrices (lists, lists)."""

    n_common: Integers
    """Cities that both rank."""
    kendall_tau_b: Floats
    """NaN where one of the two puts none of them into an order."""
    top_k: Integers
    """Half of the common cities, ten at most."""
    top_k_overlap: Floats
    """Common cities in the top k of both, as a share of those in the larger of the two tops; NaN
    for a k of 0."""


def agreement(ranks: Floats) -> Agreement:
    """Every two lists, over the cities that both rank.

    Args:
        ranks: (lists, cities), NaN where a list does not rank the city.

    Returns:
        Kendall's tau-b (1945), with pairs that one of the two ties, and the overlap of the tops,
        ties at the k-th place in, for each two lists.
    """
    n_lists, n_cities = ranks.shape
    known = ~np.isnan(ranks)
    signs = np.nan_to_num(np.sign(ranks[:, None, :] - ranks[:, :, None])).reshape(n_lists, -1)
    both = (known[:, None, :] & known[:, :, None]).reshape(n_lists, -1).astype(float)
    untied = signs**2 @ both.T
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = (signs @ signs.T) / np.sqrt(untied * untied.T)
    n_common = (known.astype(float) @ known.T).astype(np.int64)
    top_k = np.minimum(10, n_common // 2)
    overlap = np.full((n_lists, n_lists), np.nan)
    for one in range(n_lists):
        # Ranks among the cities in common with each other list, then the tops of both.
        common = known[one] & known
        mine = _ranks_within(np.where(common, ranks[one], np.nan))
        theirs = _ranks_within(np.where(common, ranks, np.nan))
        k = top_k[one][:, None]
        mine_top, their_top = mine <= k, theirs <= k
        size = np.maximum(mine_top.sum(axis=1), their_top.sum(axis=1))
        shared = (mine_top & their_top).sum(axis=1)
        overlap[one] = np.divide(
            shared, size, out=np.full(n_lists, np.nan), where=top_k[one] > 0
        )
    return Agreement(n_common, np.clip(tau, -1, 1), top_k, overlap)


def _ranks_within(ranks: Floats) -> Floats:
    return competition_ranks(-ranks)


@dataclass(frozen=True)
class Concordance:
    """Kendall's W of some lists on the cities that all of them rank."""

    lists: Integers
    """Numbers of the lists."""
    n_cities: int
    kendall_w: float
    """0 (none) to 1 (all the same), corrected for ties; NaN where it is not defined."""
    reason: str | None
    """Why it is not defined."""


def kendall_w(ranks: Floats) -> tuple[int, float, str | None]:
    """Kendall's coefficient of concordance (Kendall and Babington Smith 1939), ties corrected.

    Args:
        ranks: (lists, cities); cities that a list does not rank (NaN) are left out.

    Returns:
        Number of cities that all lists rank, W, and the reason where W is NaN.
    """
    common = ranks[:, ~np.isnan(ranks).any(axis=0)]
    n_lists, n_cities = common.shape
    if n_lists < 3:
        return n_cities, np.nan, "fewer than 3 lists"
    if n_cities < 3:
        return n_cities, np.nan, "fewer than 3 cities in common"
    within = rankdata(common, axis=1)
    total = within.sum(axis=0)
    deviation = float(((total - total.mean()) ** 2).sum())
    tied = sum(
        float((counts.astype(float) ** 3 - counts).sum())
        for counts in (np.unique(row, return_counts=True)[1] for row in within)
    )
    largest = n_lists**2 * (n_cities**3 - n_cities) - n_lists * tied
    if largest <= 0:
        return n_cities, np.nan, "all lists tie all cities"
    return n_cities, min(12 * deviation / largest, 1.0), None


def concordances(ranks: Floats) -> list[Concordance]:
    """Kendall's W of three lists and more, up to all of them.

    Partial lists have few cities in common, the fewer the more lists. So the two with the most
    are taken, and one by one the list that leaves most; of several, the first.

    Args:
        ranks: (lists, cities).

    Returns:
        One for each number of lists from three as long as three cities are in common; where there
        is none, one for all lists with the reason.
    """
    known = ~np.isnan(ranks)
    n_lists = len(ranks)
    found = []
    if n_lists >= 3:
        shared = np.triu(known.astype(float) @ known.T, 1)
        taken = [int(number) for number in np.unravel_index(np.argmax(shared), shared.shape)]
        while len(taken) < n_lists:
            common = known[taken].all(axis=0)
            left = (known & common).sum(axis=1).astype(float)
            left[taken] = -1
            taken.append(int(np.argmax(left)))
            n_cities, value, reason = kendall_w(ranks[taken])
            if n_cities < 3:
                break
            found.append(Concordance(np.array(sorted(taken)), n_cities, value, reason))
    if not found:
        n_cities, value, reason = kendall_w(ranks)
        if n_lists >= 3:
            reason = "no three lists with 3 cities in common"
        found.append(Concordance(np.arange(n_lists), n_cities, value, reason))
    return found


def _is_compared(pairs: Floats) -> Truths:
    return ((pairs + pairs.swapaxes(-1, -2)) > 0).any(axis=-1)


def _rounded(values: Floats) -> Floats:
    """12 decimals, so that sums in another order tie alike."""
    rounded: Floats = np.round(values, 12)
    return rounded
