"""Kemeny's ranking (1959): the order of all cities with the least distance to many lists.

The distance counts, over all lists, the pairs of cities that a list has the other way round. A tie
of a list costs half whatever the order (Fagin et al. 2006, K with penalty p = 1/2).
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

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

EXACT_MAX = 30
"""Cities of a cycle up to which Kemeny's optimum is proved, by integer programming at the most."""
SUBSETS_MAX = 13
"""Cities up to which all sets of first cities are gone through."""
_TOLERANCE = 1e-9
_RELAXED_MAX = 70
_ROUNDS_MAX = 40
_CUTS_MAX = 3000
_NODES_MAX = 100_000
_SECONDS_MAX = 60.0
_RESTARTS = 100


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
        found: Integers = 1 + self.always_ahead.sum(axis=0)
        return found

    @property
    def rank_to(self) -> Integers:
        """(cities,): no best order has the city lower."""
        found: Integers = len(self.order) - self.always_ahead.sum(axis=1)
        return found


def distance(ranks: Floats | Integers, pairs: Floats) -> float:
    """Distance of a ranking to the lists, as ``analysis.consensus.support`` gives them.

    Args:
        ranks: (cities,); cities that share a rank count half for each list that orders them.
    """
    ahead = ranks[:, None] < ranks[None, :]
    tied = (ranks[:, None] == ranks[None, :]) & ~np.eye(len(ranks), dtype=bool)
    return float(pairs.T[ahead].sum() + pairs[tied].sum() / 2)


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
        pairs: (cities, cities) of ``analysis.consensus.support``.
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
    order = np.array(
        [city for number in _topological(always, part, members) for city in members[number]],
        dtype=np.int64,
    )
    always = _closure(always)
    cycles = solved.values()
    is_exact = all(cycle.is_exact for cycle in cycles)
    is_unique: bool | None = bool(always.sum() == n * (n - 1) // 2)
    if not is_unique and any(cycle.is_unique is None for cycle in cycles):
        # Without the cycles that are not known the rest may already leave a choice.
        known = always | (within & ~np.eye(n, dtype=bool))
        is_unique = None if np.all(known | known.T | np.eye(n, dtype=bool)) else False
    back = np.argsort(listed)
    least = _distance(order, sorted_pairs)
    bound = float(across + sum(cycle.lower_bound for cycle in cycles))
    return Kemeny(
        order=listed[order],
        distance=least,
        lower_bound=least if is_exact else min(bound, least),
        is_exact=is_exact,
        is_unique=is_unique,
        always_ahead=always[np.ix_(back, back)],
        largest_cycle=max((len(cities) for cities in members), default=0),
    )


def _distance(order: Integers, pairs: Floats) -> float:
    """Of an order without ties, from the first city to the last."""
    return float(np.tril(pairs[np.ix_(order, order)], -1).sum())


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
        for freed in np.flatnonzero(edges[number] & (waiting == 0)).tolist():
            heapq.heappush(ready, (int(members[freed].min()), freed))
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
    least = _distance(order, pairs)
    programme = _Programme(pairs, nodes_max, seconds_max)
    bound = max(_cycle_bound(pairs), programme.relaxed() if n <= _RELAXED_MAX else 0.0)
    bound = min(_next_possible(bound, pairs), least)
    if bound < least - _TOLERANCE and n <= exact_max:
        better, proved = programme.branched(below=least)
        if better is not None:
            order, least = better, _distance(better, pairs)
        bound = min(max(bound, _next_possible(proved, pairs)), least)
    is_exact = bool(bound >= least - _TOLERANCE)
    is_unique: bool | None = None
    if _has_equal_neighbour(order, pairs):
        is_unique = False if is_exact else None
    elif is_exact and n <= exact_max:
        other, proved = programme.branched(without=order)
        if _next_possible(proved, pairs) > least + _TOLERANCE:
            is_unique = True
        elif other is not None and _distance(other, pairs) <= least + _TOLERANCE:
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
    best: Truths = through <= rest[sets] + _TOLERANCE * (1 + np.abs(rest[sets]))
    return best


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
    always: Truths = ~sometimes.T & ~np.eye(n, dtype=bool)
    return always


def _local_search(pairs: Floats) -> Integers:
    """The best order that moves of one city to another place find, from several starts.

    Starts are Copeland's and Borda's order, and the best one yet with some cities moved at random;
    always the same ones.
    """
    n = len(pairs)
    compared = pairs + pairs.T
    share = np.divide(pairs, compared, out=np.full(pairs.shape, 0.5), where=compared > 0)
    generator = np.random.default_rng(n)
    best = _improved(np.argsort(-np.sign(pairs - pairs.T).sum(axis=1), kind="stable"), pairs)
    least = _distance(best, pairs)
    starts: list[Callable[[], Integers]] = [lambda: np.argsort(-share.sum(axis=1), kind="stable")]
    starts += [lambda: _shaken(best, generator)] * max(_RESTARTS * 30 // max(n, 30), 10)
    for start in starts:
        found = _improved(start(), pairs)
        reached = _distance(found, pairs)
        if reached <= least + _TOLERANCE:
            # An equal one, too: it leads on to others.
            best, least = found, reached
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
    return any(np.sum(_move_costs(order, pairs, at) <= _TOLERANCE) > 1 for at in range(len(order)))


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
            constraints.append(LinearConstraint((2 * ahead - 1)[None, :], -np.inf, ahead.sum() - 1))
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


def many_ranks(pairs: Floats, preference: Floats) -> Floats:
    """(problems, cities): ranks among the cities that are compared, for many small problems."""
    n_problems, n, _ = pairs.shape
    listed = np.argsort(-preference, kind="stable")
    stacked = np.moveaxis(pairs[:, listed][:, :, listed], 0, -1)
    added, rest = _subset_costs(stacked)
    compared = is_compared(pairs)[:, listed]
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


def is_compared(pairs: Floats) -> Truths:
    """(..., cities): whether any list compares the city with another."""
    found: Truths = np.any((pairs + pairs.swapaxes(-1, -2)) > 0, axis=-1)
    return found
