"""Why a score or a rank changed: the change divided into data, method, weights and field.

Between two states of an index, each of four factors is taken from the state before or from the one
after, which makes 16 indices. A factor's part of a city's change is its Shapley value over these
(Shapley 1953): the mean, over the 24 orders in which the factors can change one after the other, of
what its change adds. The parts sum to the change exactly, a factor that is the same in both states
has the part 0, and the other way round every part has the opposite sign.

- *data*: the figures before imputation, with what is missing, of the units that both states have.
- *method*: the stages impute, transform, treat, normalise and scale with their parameters, how each
  node is aggregated, and what the framework says of a leaf (caps, transform, treatment, goalposts,
  target, direction). The figures of a leaf that is drawn otherwise from the same indicator go here.
- *weights*: the tree, with the weights in it, as given or fitted. A leaf that is in one state only
  brings its figures with it, so that adding or dropping an indicator is weights alone.
- *field*: the units that are let through and ranked. A unit that is in one state only brings its
  figures with it, so that its coming or going is field alone.

Within data, each leaf's part is the mean of two effects: of its change before anything else
changed, and of its change after everything else did. What is left of the data's part is spread over
the leaves in proportion to these effects, without their signs. A leaf's part is then divided into
that of the city's own figure, with the scores of the others held where they were, and the rest,
which is that of the others' figures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import product
from math import factorial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import chain
from analysis.aggregation import round_significant
from analysis.chain import Array, Index, Stages
from analysis.states import Flags, State, StatePair

FACTORS = ("data", "method", "weights", "field")
UNEXPLAINED = "unexplained"
"""In place of the factors where a state between the two has no score for the city."""
DIGITS = 12
CHUNK = 4_000_000
"""Figures in the tables that are computed at once."""

PARTS = (
    "edition",
    "city_id",
    "factor",
    "node",
    "score_part",
    "rank_part",
    "own_score_part",
    "own_rank_part",
)

OLD: State = (0, 0, 0, 0)
NEW: State = (1, 1, 1, 1)


class Change(NamedTuple):
    """The changes of all units of an index from one state to another."""

    totals: pd.DataFrame
    """A row a unit that either state ranks: edition, city_id, standing (``ranked`` in both,
    ``entered`` or ``left``), score_before, score, rank_before, rank."""
    parts: pd.DataFrame
    """Rows edition, city_id, factor, node, score_part, rank_part (places gained) of the units that
    both rank. The parts of the four factors have the root as node and sum to the change; those of
    leaves have the factor ``data`` and sum to its part. own_score_part and own_rank_part are what
    is due to the unit's own figure, NaN where that is not told apart."""


def between_editions(index: Index, edition_before: int, edition: int) -> Change:
    """The changes of a framework from one edition to another.

    Where figures are imputed, treated or normalised across editions, the panel stays what it is
    and a leaf's scores in the two editions stand for its figures; where only the final scaling
    is across editions, the extremes of the panel stay in it.
    """
    years = (edition_before, edition)
    if not _is_panel(index.stages):
        before, after = (_edition(index, year, edition) for year in years)
        return _change(StatePair(before, after))
    # Who is not ranked has no score that could stand for its figures.
    scores = chain.leaf_scores(index)
    scored = replace(index, values=scores)
    before, after = (_edition(scored, year, edition, index.is_ranked) for year in years)
    return _change(StatePair(before, after, is_scored=True, panel=_panel_roots(index, scores)))


def between_states(before: Index, after: Index, redefined: Collection[str] = ()) -> Change:
    """The changes of a framework, in the editions that both states have.

    Args:
        redefined: leaves whose figures are drawn otherwise from the indicator, by the method.
    """
    return _change(StatePair(before, after, redefined=redefined))


def between_releases(
    before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """The parts of all changes from one release to another, of frameworks and editions in both.

    Args:
        before, after: by name, the tables that :func:`analysis.chain.indices` reads.

    Returns:
        Rows as :class:`Change` has them, with the framework, of units of which any part is not 0.
    """
    known = {index.framework: index for index in chain.indices(**before)}
    frames = [pd.DataFrame(columns=["framework", *PARTS])]
    for index in chain.indices(**after):
        if index.framework in known:
            redefined = _redefined(before, after, index.framework)
            pair = StatePair(known[index.framework], index, redefined=redefined)
            if any(pair.differs):
                parts = _change(pair).parts
                size = parts[["score_part", "rank_part"]].abs().max(axis=1)
                is_any = size.groupby([parts["edition"], parts["city_id"]]).transform("max") > 0
                frames.append(parts[is_any].assign(framework=index.framework))
    return pd.concat(frames, ignore_index=True)


def with_rest(parts: pd.DataFrame, moves: pd.DataFrame, roots: Mapping[str, str]) -> pd.DataFrame:
    """Parts, and as unexplained what of the published changes they do not sum to.

    There is such a rest where another version of the project computed one of the scores.

    Args:
        parts: as of :func:`between_releases`.
        moves: framework, edition, city_id, score_change and rank_change, empty for who is not
            ranked in both.
        roots: framework -> its root.
    """
    key = ["framework", "edition", "city_id"]
    numbers = {"score_part": "score_change", "rank_part": "rank_change"}
    moves = moves[[*key, *numbers.values()]].dropna()
    of_root = parts[parts["node"] == parts["framework"].map(roots)]
    sums = of_root.groupby(key)[list(numbers)].sum()
    rest = moves.join(sums, on=key).fillna(dict.fromkeys(numbers, 0.0))
    for part, change in numbers.items():
        rest[part] = (rest[change].astype(float) - rest[part].astype(float)).round(9)
    rest = rest[(rest[list(numbers)] != 0).any(axis=1)]
    rest = rest.assign(
        factor=UNEXPLAINED,
        node=rest["framework"].map(roots),
        own_score_part=np.nan,
        own_rank_part=np.nan,
    )
    # Who is not divided has a row already, in place of the factors.
    known = parts[parts["factor"] == UNEXPLAINED]
    both = pd.concat([known, rest[list(parts.columns)]])
    sums = both.groupby([*key, "factor", "node"], sort=False)[list(numbers)].sum()
    rest = sums.reset_index().reindex(columns=parts.columns)
    return pd.concat([parts[parts["factor"] != UNEXPLAINED], rest], ignore_index=True)


def _redefined(
    before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame], framework: str
) -> set[str]:
    """Leaves whose figures are drawn otherwise: their own keys, or the stages that draw them."""
    drawn = []
    for tables in (before, after):
        stages, nodes = (
            tables[name][tables[name]["framework"] == framework] for name in ("stages", "nodes")
        )
        stages = stages[stages["stage"].isin(["select", "denominate"])].sort_values("stage")
        leaves = nodes[nodes["level"] == 1]
        columns = ["indicator", "denominator", "per", "max_age_years"]
        keys = leaves[columns].astype(object).where(leaves[columns].notna(), None)
        method = tuple(zip(stages["stage"], stages["method"], strict=True))
        of_leaf = zip(leaves["node"], keys.itertuples(index=False, name=None), strict=True)
        drawn.append({node: (method, key) for node, key in of_leaf})
    one, other = drawn
    return {node for node in one if node in other and one[node] != other[node]}


def _is_panel(stages: Stages) -> bool:
    """Whether a score depends on other editions than its own."""
    return any(
        chain.looks_across(stages.get(stage, {})) for stage in ("impute", "treat", "normalise")
    )


def _edition(index: Index, edition: int, label: int, among: Flags | None = None) -> Index:
    """One edition of an index, or some rows of it, under another year."""
    rows: Flags = index.editions == edition
    if among is not None:
        rows = rows & among
    return replace(
        index.with_rows(rows),
        editions=np.full(int(rows.sum()), label),
        weights={label: index.weights[edition]},
    )


def _panel_roots(index: Index, scores: Array) -> Array:
    """Scores of all editions before scaling; none where each edition is scaled by itself."""
    if "scale" not in index.stages or index.stages["normalise"].get("across") != "panel":
        return np.empty(0)
    found = []
    for edition in np.unique(index.editions):
        rows = index.ranked_rows(int(edition))
        columns = {leaf.node: scores[rows, i] for i, leaf in enumerate(index.leaves)}
        weights = index.weights[int(edition)]
        nodes = chain.aggregate_tree(index.branches, columns, weights)
        found.append(nodes[index.root])
    return np.concatenate(found)


class _Result(NamedTuple):
    """Scores and ranks of one state or more, (..., rows)."""

    scores: Array
    ranks: Array


def _change(pair: StatePair) -> Change:
    states = _states(pair)
    old, new = states[OLD], states[NEW]
    edition = np.isin(pair.editions, pair.common)
    had, has = ~np.isnan(old.scores) & edition, ~np.isnan(new.scores) & edition
    any_, both = np.flatnonzero(had | has), np.flatnonzero(had & has)
    totals = pd.DataFrame(
        {
            "edition": pair.editions[any_],
            "city_id": pair.city_ids[any_],
            "standing": np.select(
                [had[any_] & has[any_], has[any_]], ["ranked", "entered"], "left"
            ).astype(object),
            "score_before": old.scores[any_],
            "score": new.scores[any_],
            "rank_before": old.ranks[any_],
            "rank": new.ranks[any_],
        }
    )
    return Change(totals, _parts(pair, states, both))


def _states(pair: StatePair) -> dict[State, _Result]:
    """All 16 states, those that are the same computed once."""
    leaf_scores: dict[tuple[int, int, int], Array] = {}
    found: dict[State, _Result] = {}
    for state in product((0, 1), repeat=4):
        reduced = pair.reduced(state)
        if reduced not in found:
            data, method, weights, field = reduced
            if (data, method, field) not in leaf_scores:
                values = pair.figures(data, method, field)
                leaf_scores[data, method, field] = pair.leaf_scores(values, method, field)
            scores = leaf_scores[data, method, field]
            found[reduced] = _result(pair, scores, method, weights, field)
        found[state] = found[reduced]
    return found


def _result(pair: StatePair, leaf_scores: Array, method: int, weights: int, field: int) -> _Result:
    roots = pair.aggregated(leaf_scores, method, weights, field)
    scores = pair.scaled(roots, method)
    return _Result(scores, pair.ranks(scores))


def shapley(states: Mapping[State, Array]) -> Array:
    """Shapley values of the four factors, (4, ...), of what each of the 16 states is worth."""
    n = len(FACTORS)
    parts = []
    for factor in range(n):
        part = 0.0 * states[OLD]
        for state in product((0, 1), repeat=n):
            if not state[factor]:
                changed = sum(state)
                share = factorial(changed) * factorial(n - 1 - changed) / factorial(n)
                with_it = (*state[:factor], 1, *state[factor + 1 :])
                part = part + share * (states[with_it] - states[state])
        parts.append(part)
    return np.array(parts)


def _parts(
    pair: StatePair, states: Mapping[State, _Result], rows: NDArray[np.int64]
) -> pd.DataFrame:
    # A rank is a number of places from the top, so that fewer is a gain.
    scores = shapley({state: result.scores[rows] for state, result in states.items()})
    ranks = -shapley({state: result.ranks[rows] for state, result in states.items()})
    whole = ~(np.isnan(scores) | np.isnan(ranks)).any(axis=0)
    root = pair.after.root
    frames = [
        _frame(pair, rows[whole], factor, root, scores[i, whole], ranks[i, whole])
        for i, factor in enumerate(FACTORS)
    ]
    if not whole.all():
        rest = rows[~whole]
        frames.append(
            _frame(
                pair, rest, UNEXPLAINED, root,
                states[NEW].scores[rest] - states[OLD].scores[rest],
                states[OLD].ranks[rest] - states[NEW].ranks[rest],
            )
        )  # fmt: skip
    if pair.differs[0] and whole.any():
        frames += _leaf_parts(pair, states, rows[whole], scores[0, whole], ranks[0, whole])
    return pd.concat(frames, ignore_index=True)


def _leaf_parts(
    pair: StatePair,
    states: Mapping[State, _Result],
    rows: NDArray[np.int64],
    data_scores: Array,
    data_ranks: Array,
) -> list[pd.DataFrame]:
    """Parts of the leaves of which any figure changed."""
    changed = np.flatnonzero(pair.is_changed.any(axis=0) & ~pair.is_redefined)
    effects, own = [], []
    # First: from the old state, with the leaf's new figures. Last: to the new state, from it with
    # the leaf's old figures.
    for state, data, sign in ((OLD, 1, 1), (NEW, 0, -1)):
        _, method, weights, field = pair.reduced(state)
        base_values = pair.figures(1 - data, method, field)
        other_values = pair.figures(data, method, field)
        base, other = pair.leaf_scores(np.stack([base_values, other_values]), method, field)
        swapped = np.repeat(base[np.newaxis], len(changed), axis=0)
        for i, leaf in enumerate(changed):
            swapped[i, :, leaf] = other[:, leaf]
        result = _result(pair, swapped, method, weights, field)
        effects.append(_effect(states[state], result, rows, sign))
        own.append(
            _effect(
                states[state],
                _own(pair, base_values, other_values, base, changed, method, weights, field),
                rows,
                sign,
            )
        )
    score, rank = (_mean(first, last) for first, last in zip(*effects, strict=True))
    own_score, own_rank = (_mean(first, last) for first, last in zip(*own, strict=True))
    score_parts = _spread(score, data_scores, np.ones_like(score))
    rank_parts = _spread(rank, data_ranks, score_parts)
    is_split = _is_split(pair, rows)[:, changed].T
    own_score, own_rank = (np.where(is_split, own, np.nan) for own in (own_score, own_rank))
    # In an edition of which a leaf did not change, others matter only where they are pooled.
    told = (score_parts != 0) | (rank_parts != 0)
    for edition in pair.common:
        here = pair.is_changed[pair.editions == edition].any(axis=0)[changed]
        told[np.ix_(here, pair.editions[rows] == edition)] = True
    return [
        _frame(
            pair, rows[told[i]], FACTORS[0], pair.nodes[leaf],
            *(part[i, told[i]] for part in (score_parts, rank_parts, own_score, own_rank)),
        )
        for i, leaf in enumerate(changed)
    ]  # fmt: skip


def _is_split(pair: StatePair, rows: NDArray[np.int64]) -> Flags:
    """(rows, leaves): whether a part can be divided into the unit's own and the others'.

    Not where an aggregation compares units, nor of a leaf that in one state nobody has but units
    that come or go, which bring their figures: a figure alone is on no scale.
    """
    compares = any(b.aggregation == "a_copeland" for side in pair.sides for b in side.branches)
    found = np.zeros((len(pair.rows), len(pair.nodes)), dtype=bool)
    for edition in pair.common:
        here = pair.editions == edition
        stay = here & pair.ranked.all(axis=0)
        found[here] = (~np.isnan(pair.values[:, stay])).any(axis=1).all(axis=0) & ~compares
    return found[rows]


def _effect(
    state: _Result, result: _Result, rows: NDArray[np.int64], sign: int
) -> tuple[Array, Array]:
    """(leaves, rows) scores and places gained from a state to another, or back for sign -1."""
    scores = sign * (result.scores - state.scores)[:, rows]
    ranks = -sign * (result.ranks - state.ranks)[:, rows]
    return scores, ranks


def _mean(first: Array, last: Array) -> Array:
    """Mean of two effects; of one that is not defined the other, or nothing."""
    first, last = np.where(np.isnan(first), last, first), np.where(np.isnan(last), first, last)
    return np.nan_to_num((first + last) / 2)


def _spread(effects: Array, total: Array, otherwise: Array) -> Array:
    """Parts (leaves, rows) that sum to the total: effects, and the rest in proportion to them.

    Where there are no effects, the rest is in proportion to other numbers, or the same for all.
    """
    rest = total - effects.sum(axis=0)
    shares = np.abs(effects)
    for instead in (np.abs(otherwise), np.ones_like(effects)):
        shares = np.where(shares.sum(axis=0) > 0, shares, instead)
    parts: Array = effects + rest * shares / shares.sum(axis=0)
    return parts


def _own(
    pair: StatePair,
    base_values: Array,
    other_values: Array,
    base: Array,
    changed: NDArray[np.int64],
    method: int,
    weights: int,
    field: int,
) -> _Result:
    """(leaves, rows) where a leaf's figure is another for the unit of the row alone.

    Scores of the others are held where they were; the unit's own is on the scale that its new
    figure makes.
    """
    own = _own_leaf_scores(pair, base_values, other_values, base, method, field)
    swapped = np.repeat(base[np.newaxis], len(changed), axis=0)
    for i, leaf in enumerate(changed):
        swapped[i, :, leaf] = own[:, leaf]
    roots = pair.aggregated(base, method, weights, field)
    own_roots = pair.aggregated(swapped, method, weights, field)
    scores, ranks = np.full(own_roots.shape, np.nan), np.full(own_roots.shape, np.nan)
    stages = pair.sides[method].stages
    scaled = pair.scaled(roots, method)
    for edition in pair.common:
        rows = np.flatnonzero(pair.editions == edition)
        scores[:, rows] = own_roots[:, rows]
        if "scale" in stages:
            together = pair.scaled_with(edition, method)
            low, high = _extremes_of_others(np.append(roots[together], pair.panel))
            place = np.searchsorted(np.flatnonzero(together), rows)
            ends = np.broadcast_to(
                np.stack([low, high], axis=-1)[place], (len(changed), len(rows), 2)
            )
            three = np.concatenate([own_roots[:, rows, np.newaxis], ends], axis=-1)
            scores[:, rows] = chain.scale(three, stages)[..., 0]
        ranks[:, rows] = _rank_among(scores[:, rows], scaled[rows])
    return _Result(scores, ranks)


def _own_leaf_scores(
    pair: StatePair, base_values: Array, other_values: Array, base: Array, method: int, field: int
) -> Array:
    """(rows, leaves): scores of each row, its unit's figures being the other ones."""
    found = base.copy()
    if pair.is_scored:
        return pair.leaf_scores(other_values, method, field)
    is_changed = pair.is_changed & ~pair.is_redefined & pair.ranked[field][:, np.newaxis]
    units, unit = np.unique(pair.city_ids.astype(str), return_inverse=True)
    wanted = np.flatnonzero(np.bincount(unit, is_changed.any(axis=1), len(units)))
    step = max(1, CHUNK // base_values.size)
    for start in range(0, len(wanted), step):
        chunk = wanted[start : start + step]
        mine = unit == chunk[:, np.newaxis]
        tables = np.where(mine[..., np.newaxis], other_values, base_values)
        scores = pair.leaf_scores(tables, method, field)
        table, row = np.nonzero(mine)
        found[row] = np.where(is_changed[row], scores[table, row], found[row])
    return found


def _extremes_of_others(scores: Array) -> tuple[Array, Array]:
    """Least and largest score of all but each, NaN where there is no other."""
    found = []
    for sign in (1, -1):
        filled = np.where(np.isnan(scores), np.inf, sign * scores)
        first, second = np.sort(np.append(filled, [np.inf, np.inf]))[:2]
        ends = np.where(filled == first, second if (filled == first).sum() == 1 else first, first)
        found.append(np.where(np.isinf(ends), np.nan, sign * ends))
    return found[0], found[1]


def _rank_among(own: Array, scores: Array) -> Array:
    """(leaves, units): rank of each unit's own score among the others' (units,)."""
    mine, others = round_significant(own), round_significant(scores)
    ordered = np.sort(others[~np.isnan(others)])
    above = len(ordered) - np.searchsorted(ordered, mine, side="right")
    ranks = 1.0 + above - (others > mine)
    found: Array = np.where(np.isnan(own), np.nan, ranks)
    return found


def _frame(
    pair: StatePair,
    rows: NDArray[np.int64],
    factor: str,
    node: str,
    score: Array,
    rank: Array,
    own_score: Array | float = np.nan,
    own_rank: Array | float = np.nan,
) -> pd.DataFrame:
    numbers = (score, rank, own_score, own_rank)
    # Adding 0 makes a zero of a minus zero.
    score, rank, own_score, own_rank = (np.round(number, DIGITS) + 0.0 for number in numbers)
    return pd.DataFrame(
        {
            "edition": pair.editions[rows],
            "city_id": pair.city_ids[rows],
            "factor": factor,
            "node": node,
            "score_part": score,
            "rank_part": rank,
            "own_score_part": own_score,
            "own_rank_part": own_rank,
        }
    )
