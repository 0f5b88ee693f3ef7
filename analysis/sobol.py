"""Which factors the uncertainty of a ranking comes from: variance-based sensitivity indices.

The first-order index of a factor is the share of an output's variance that goes away on average
when the factor is known; the total index is the share that stays while all others are known (Sobol'
1993; Homma and Saltelli 1996). Designs, estimators and the bootstrap are SciPy's.

A factor may own several uniform numbers, as noise has one a weight: they are exchanged together,
and the index is that of the group (Sobol' 2001, section 7).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, bootstrap, qmc, sobol_indices

from analysis.chain import Array, Index
from analysis.chain import ranks as ranks_of
from analysis.design import NO_ERRORS, Errors, Factor, columns, draw, uniform
from analysis.replication import LeafTables, leaf_tables, scores

LEVEL = 0.95
N_RESAMPLES = 999
WIDTH_MAX = 0.2
"""Where an interval is wider, the index may be small or large: more samples are needed."""
N_SAMPLES_MIN = 64
"""With fewer the bootstrap covers less than it says (known functions: 88 to 91 % with 16)."""
N_MOVED_MIN = 30
"""As often must an output leave its usual value for its variance to be known."""
WIDE = 256
"""A factor of more columns has plain random numbers: a Sobol' sequence is no better there."""
VALUES_AT_ONCE = 2**21
SHIFT = "mean_abs_rank_shift"
CITIES = 50
"""Cities, by rank, whose own rank is explained."""
OF_DESIGN, OF_BOOTSTRAP = 1, 2
"""Tell the seeds of the two apart."""


def n_balanced(n_samples: int) -> int:
    """The next power of two, for which a Sobol' sequence is balanced; 2 at least."""
    return max(2, 1 << (n_samples - 1).bit_length())


def design(n: int, n_columns: int, seed: np.random.SeedSequence) -> tuple[Array, Array]:
    """The sample matrices A and B, each (n, n_columns), in [0, 1).

    Each is a scrambled Sobol' sequence (``scipy.stats.qmc.Sobol``; Joe and Kuo 2008, scrambling of
    Matousek 1998). The rows of B are shuffled, so that those of A and B are independent, as the
    estimators suppose: out of one sequence of twice the columns, the intervals missed some small
    indices of the g-function with 15 to 20 % of the seeds, however many samples there were.

    Args:
        n: a power of two.
    """
    if n_columns == 0:
        return np.empty((n, 0)), np.empty((n, 0))
    rng = np.random.default_rng(seed)
    a: Array = qmc.Sobol(n_columns, rng=rng).random(n)
    b: Array = qmc.Sobol(n_columns, rng=rng).random(n)
    return a, rng.permutation(b, axis=0)


def exchanged(a: Array, b: Array, parts: Sequence[slice]) -> Array:
    """(factors, n, columns): A with the columns of one factor from B (the matrices A_B^(i) of
    Saltelli et al. 2010)."""
    result = np.repeat(a[np.newaxis], len(parts), axis=0)
    for of_factor, part in zip(result, parts, strict=True):
        of_factor[:, part] = b[:, part]
    return result


# ---------------------------------------------------------------- estimates
@dataclass(frozen=True)
class Estimates:
    """Indices with the limits of their 95 % intervals, each (outputs, factors).

    As they are estimated: by the error of sampling an index may be below zero or above one. NaN
    where the output never varies, and limits also where in a resample it did not.
    """

    first: Array
    first_low: Array
    first_high: Array
    total: Array
    total_low: Array
    total_high: Array


def estimate(
    f_a: NDArray[np.number],
    f_b: NDArray[np.number],
    f_ab: NDArray[np.number],
    seed: np.random.SeedSequence,
) -> Estimates:
    """First-order and total indices of several outputs.

    Estimators of ``scipy.stats.sobol_indices``: the first order by Saltelli et al. (2010, table 2,
    formula b), the total by Jansen (1999; formula f there), both of outputs less their mean (Sobol'
    and Levitan 1999). Intervals are percentiles of a bootstrap over the base samples
    (``scipy.stats.bootstrap``; Archer, Saltelli and Sobol' 1997), the same resamples for all.

    Args:
        f_a, f_b: (outputs, n) from the matrices A and B, n a power of two.
        f_ab: (factors, outputs, n) from the matrices of :func:`exchanged`.
        seed: of the bootstrap.
    """
    n_factors, n_outputs, n = f_ab.shape
    found = np.full((2, 3, n_outputs, n_factors), np.nan)
    varies = (f_a != f_a[:, :1]).any(axis=1) | (f_b != f_a[:, :1]).any(axis=1)
    at_once = max(1, VALUES_AT_ONCE // max(1, n_factors * max(n, 2 * N_RESAMPLES)))
    for start in range(0, n_outputs if n_factors else 0, at_once):
        some = np.flatnonzero(varies[start : start + at_once]) + start
        if len(some):
            a, b, ab = (f.astype(float) for f in (f_a[some], f_b[some], f_ab[:, some]))
            found[:, 0, some] = _points(a, b, ab)
            found[:, 1:, some] = _intervals(a, b, ab, seed)
    return Estimates(*found.reshape(6, n_outputs, n_factors))


def _points(f_a: Array, f_b: Array, f_ab: Array) -> Array:
    """(first and total, outputs, factors)."""
    n_factors, n_outputs, n = f_ab.shape
    if n_factors == n_outputs == 1:
        # SciPy takes either several factors or several outputs.
        return _points(*(np.repeat(f, 2, axis=-2) for f in (f_a, f_b, f_ab)))[:, :1]
    found = sobol_indices(func={"f_A": f_a, "f_B": f_b, "f_AB": f_ab}, n=n)
    return np.stack([found.first_order, found.total_order]).reshape(2, n_outputs, n_factors)


def _intervals(f_a: Array, f_b: Array, f_ab: Array, seed: np.random.SeedSequence) -> Array:
    """(first and total, low and high, outputs, factors).

    A resample is how often each base sample is drawn, and the means that the estimators are made of
    are products with these numbers.
    """
    n_factors, n_outputs, n = f_ab.shape
    mean = (f_a.mean(axis=1, keepdims=True) + f_b.mean(axis=1, keepdims=True)) / 2
    a, b, ab = f_a - mean, f_b - mean, f_ab - mean
    terms = np.concatenate(
        [
            (a + b) / 2,
            (a**2 + b**2) / 2,
            (b * (ab - a)).reshape(-1, n),
            ((ab - a) ** 2 / 2).reshape(-1, n),
        ]
    )

    def indices(drawn: NDArray[np.int64], axis: int) -> Array:
        rows = np.moveaxis(drawn, axis, -1).reshape(-1, drawn.shape[axis])
        places = rows + n * np.arange(len(rows))[:, np.newaxis]
        counts = np.bincount(places.ravel(), minlength=n * len(rows)).reshape(-1, n)
        means = terms @ (counts.T / rows.shape[1])
        first, second = means[:n_outputs], means[n_outputs : 2 * n_outputs]
        parts = means[2 * n_outputs :].reshape(2, n_factors, n_outputs, -1)
        variance = second - first**2
        # What rounding leaves where nothing varies is no variance.
        found = parts / np.where(variance > 1e-12 * second, variance, np.nan)
        return found if drawn.ndim > 1 else found[..., 0]

    with warnings.catch_warnings():
        # Where in a resample nothing varies, that there are no limits is said by :func:`_judged`.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        interval = bootstrap(
            (np.arange(n),),
            indices,
            vectorized=True,
            axis=-1,
            n_resamples=N_RESAMPLES,
            batch=max(1, VALUES_AT_ONCE // n),
            confidence_level=LEVEL,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return np.swapaxes(np.stack([interval.low, interval.high], axis=1), -1, -2)


# ---------------------------------------------------------------- of an index
def of_edition(
    index: Index,
    edition: int,
    factors: Sequence[Factor],
    seed: int,
    n_samples: int,
    known_errors: Errors = NO_ERRORS,
    tables: LeafTables | None = None,
) -> pd.DataFrame:
    """Sobol' indices of an edition's ranking, for the factors of its uncertainty analysis.

    What is explained: the mean over the ranked units of the absolute difference from the nominal
    rank, and the rank of each of them. A unit without a score in a replication counts as last
    there: it stands below all that have one, as in ``analysis.replication.tally``.

    Args:
        n_samples: base samples, brought up to :func:`n_balanced`; of each there are replications
            for A, for B and for every factor that changes anything.

    Returns:
        A row an output and factor: ``output`` (``mean_abs_rank_shift``, or the rank of one of the
        first ``CITIES``),
        ``city_id`` (None for the former), ``factor``, ``first_order`` and ``total_order`` with
        ``_low`` and ``_high``, missing where ``reason`` says why; ``n_samples``;
        ``n_samples_needed`` and ``warning`` where the interval means little; ``undefined_share``,
        of the replications without a score. No rows where nothing has a score or nothing is
        declared.
    """
    n = n_balanced(n_samples)
    n_units = len(index.ranked_rows(edition))
    if not (n_units and factors):
        return pd.DataFrame()
    tables = tables or leaf_tables(index)
    no_change = draw(index, edition, (), np.empty((1, 0)))
    nominal = ranks_of(scores(index, edition, no_change, tables))[0]
    is_ranked = nominal > 0
    if not is_ranked.any():
        return pd.DataFrame()
    parts = columns(index, edition, factors, known_errors)
    acting = {name: part for name, part in parts.items() if part.stop > part.start}

    n_matrices = 2 + len(acting)
    is_shown = nominal[is_ranked] <= CITIES
    ranks = np.empty((n_matrices, int(is_shown.sum()), n), dtype=np.int32)
    shift = np.empty((n_matrices, 1, n))
    n_undefined = np.zeros(len(is_shown))
    figures = index.values.size if len(known_errors.sd) else 0
    at_once = max(1, VALUES_AT_ONCE // (n_matrices * max(1, n_units, figures)))
    slots = [range(part.start, part.stop) for part in acting.values()]
    narrow = [column for slot in slots if len(slot) <= WIDE for column in slot]
    of_narrow = design(n, len(narrow), np.random.SeedSequence((seed, edition, OF_DESIGN)))

    def matrix(first: int, of_design: Array, some: slice) -> Array:
        u = uniform(seed, edition, acting, first + some.start, first + some.stop)
        u[:, narrow] = of_design[some]
        return u

    for start in range(0, n, at_once):
        some = slice(start, min(start + at_once, n))
        a, b = (matrix(first, m, some) for first, m in zip((0, n), of_narrow, strict=True))
        u = np.concatenate([a, b, *exchanged(a, b, list(acting.values()))])
        replications = draw(index, edition, factors, u, known_errors)
        found = ranks_of(scores(index, edition, replications, tables))[:, is_ranked]
        n_undefined += (found == 0).sum(axis=0)
        found[found == 0] = n_units
        found = found.reshape(n_matrices, -1, found.shape[1])
        ranks[:, :, some] = np.swapaxes(found[..., is_shown], 1, 2)
        shift[:, 0, some] = np.abs(found - nominal[is_ranked]).sum(axis=-1)

    shift /= len(is_shown)
    cities = index.city_ids[index.ranked_rows(edition)][is_ranked][is_shown]
    undefined = n_undefined / (n_matrices * n)
    names = [factor.factor for factor in factors]
    # A factor that changes nothing here has the outputs of A.
    places = [2 + list(acting).index(name) if name in acting else 0 for name in names]
    of_bootstrap = np.random.SeedSequence((seed, edition, OF_BOOTSTRAP))
    rows = []
    for output, city_ids, values, share in (
        ([SHIFT], np.array([None]), shift, undefined.mean(keepdims=True)),
        ([f"rank of {city}" for city in cities], cities, ranks, undefined[is_shown]),
    ):
        estimates = estimate(values[0], values[1], values[places], of_bootstrap)
        moved = _n_moved(values[0], values[1])
        for column, name in enumerate(names):
            rows.append(
                _judged(estimates, column, moved, n).assign(
                    output=output, city_id=city_ids, factor=name, undefined_share=share
                )
            )
    return pd.concat(rows, ignore_index=True)


def _judged(found: Estimates, factor: int, n_moved: NDArray[np.int64], n: int) -> pd.DataFrame:
    """Rows of one factor, a row an output, with what they are worth.

    The interval of an index shrinks as one over the root of the samples, so that it is as narrow as
    ``WIDTH_MAX`` with (width / ``WIDTH_MAX``)^2 times as many.
    """
    frame = pd.DataFrame(
        {
            "first_order": found.first[:, factor],
            "first_order_low": found.first_low[:, factor],
            "first_order_high": found.first_high[:, factor],
            "total_order": found.total[:, factor],
            "total_order_low": found.total_low[:, factor],
            "total_order_high": found.total_high[:, factor],
            "n_samples": n,
        }
    )
    widths = np.fmax(
        frame["first_order_high"] - frame["first_order_low"],
        frame["total_order_high"] - frame["total_order_low"],
    )
    rows: list[tuple[str | None, int | None, str | None]] = []
    for width, moved in zip(widths, n_moved, strict=True):
        faults = [
            (n < N_SAMPLES_MIN, N_SAMPLES_MIN, f"{n} are few for a bootstrap"),
            (
                moved < N_MOVED_MIN,
                n * N_MOVED_MIN / max(moved, 1),
                f"it leaves its usual value in {moved} of {2 * n} replications",
            ),
            (width > WIDTH_MAX, n * (width / WIDTH_MAX) ** 2, f"an interval is {width:.2f} wide"),
        ]
        said = [(needed, text) for is_so, needed, text in faults if is_so]
        if moved == 0:
            rows.append((f"never varies in {2 * n} replications", None, None))
        elif said:
            needed = n_balanced(int(np.ceil(max(needed for needed, _ in said))))
            texts = ", ".join(text for _, text in said)
            rows.append((None, needed, f"too few samples: {texts}; about {needed} would do"))
        else:
            rows.append((None, None, None))
    judgement = pd.DataFrame(rows, columns=["reason", "n_samples_needed", "warning"])
    return pd.concat([frame, judgement], axis=1)


def _n_moved(f_a: NDArray[np.number], f_b: NDArray[np.number]) -> NDArray[np.int64]:
    """(outputs,): values that are not the usual one, which is the median where they are few."""
    values = np.concatenate([f_a, f_b], axis=1)
    usual = np.median(values, axis=1, keepdims=True)
    return np.asarray((values != usual).sum(axis=1))
