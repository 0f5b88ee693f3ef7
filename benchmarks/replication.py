"""Milliseconds and memory of the replications of an index, against a plain loop in pandas.

The index has the shape of COINr's example ASEM (51 countries, 49 indicators, 8 pillars). In a
replication the number of points that may be winsorised, the normalisation, all weights and the mean
(arithmetic or geometric) vary; it is measured from the uniform numbers to the counts of ranks. The
loop in pandas does the same for some of the replications, and the scores must agree to 1e-9. One
core, one process a size; seconds are those of the processor:

    python -m benchmarks.replication [--replications 10000 100000] [--loop 100] [--runs 3]
        [--sizes 500x10000 5000x1000 5000x10000] [--asem ../shared/reference/coinr_asem]

COINr's own time is known from R 4.2 on another machine: 91 ms a replication.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

# Before NumPy is loaded: what is compared is one core.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis import chain, design, replication
from analysis.weights import Branch
from benchmarks import index_engine

COINR_MS = 91
EDITION = index_engine.FIRST_YEAR
SEED = 1
NOISE = 0.25
POINTS = (5, 4, 3, 2, 1)
NORMALISATIONS: tuple[Mapping[str, Any], ...] = (
    {"method": "n_minmax", "score_min": 1.0, "score_max": 100.0},
    {"method": "n_zscore", "mean": 50.0, "sd": 15.0},
    {"method": "n_rank"},
)
MEANS = ("a_amean", "a_gmean")


def winsorised(points_max: int) -> dict[str, Any]:
    limits = {"skewness_max": 2.0, "kurtosis_max": 3.5, "fallback": "log_CT"}
    return {"method": "winsorise", "points_max": points_max, "across": "edition", **limits}


def normalised(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"across": "edition", **options}


def factors() -> tuple[design.Factor, ...]:
    treatments = tuple(winsorised(points) for points in POINTS)
    scales = tuple(normalised(options) for options in NORMALISATIONS)
    means = tuple({"method": method} for method in MEANS)
    return (
        design.Factor("treatment", "stage", "treat", alternatives=treatments),
        design.Factor("normalisation", "stage", "normalise", alternatives=scales),
        design.Factor("aggregation", "stage", "aggregate", alternatives=means),
        design.Factor("weights", "weight_noise", noise=NOISE),
    )


# ---------------------------------------------------------------- figures
def as_arrays(figures: index_engine.Index) -> chain.Index:
    """The index with its figures denominated."""
    leaves, nodes = figures.leaves, figures.nodes
    table = figures.figures
    values = table[list(leaves.index)].to_numpy(dtype=float).copy()
    for place, by in enumerate(leaves["denominator"]):
        if by:
            values[:, place] /= table[by]
    branches = tuple(
        Branch(node, level, children, tuple(map(float, weights)), "given", "a_amean")
        for node, level, children, weights in families(leaves, nodes)
    )
    weights = {
        child: weight / sum(branch.weights)
        for branch in branches
        for child, weight in zip(branch.children, branch.weights, strict=True)
    }
    n = len(table)
    return chain.Index(
        framework=index_engine.FRAMEWORK,
        city_ids=table["city_id"].to_numpy(dtype=object),
        editions=np.full(n, EDITION),
        is_ranked=np.full(n, True),
        groups={"region": table["group"].to_numpy(dtype=object)},
        leaves=tuple(
            chain.Leaf(node, int(direction))
            for node, direction in zip(leaves.index, leaves["direction"], strict=True)
        ),
        values=values,
        is_kept=np.full(values.shape, True),
        stages={
            "impute": {"method": "i_mean_grp", "grouping": "region"},
            "treat": winsorised(POINTS[0]),
            "normalise": normalised(NORMALISATIONS[0]),
        },
        branches=branches,
        weights={EDITION: weights | {branches[-1].node: 1.0}},
    )


def families(
    leaves: pd.DataFrame, nodes: pd.DataFrame
) -> list[tuple[str, int, tuple[str, ...], list[float]]]:
    """Nodes with children, each after its children: level, children and their weights."""
    found: dict[str, tuple[str, int, tuple[str, ...], list[float]]] = {}

    def add(node: str) -> int:
        own = leaves[leaves["pillar"] == node]
        below = nodes[nodes["parent"] == node]
        level = 1 + max([1 for _ in own.index] + [add(str(child)) for child in below.index])
        children = (*map(str, own.index), *map(str, below.index))
        found[node] = (node, level, children, [*own["weight"], *below["weight"]])
        return level

    add(str(nodes.index[nodes["parent"] == ""][0]))
    return list(found.values())


# ---------------------------------------------------------------- the replications
def by_replications(index: chain.Index, n: int) -> dict[str, float]:
    """Seconds of a run up to the draw of the design, up to the scores, and up to the counts."""
    declared = factors()
    parts = design.columns(index, EDITION, declared)

    def drawn() -> None:
        for start in range(0, n, 1000):
            u = design.uniform(SEED, EDITION, parts, start, min(start + 1000, n))
            design.draw(index, EDITION, declared, u)

    def scored() -> None:
        for _ in replication.chunks(index, EDITION, declared, SEED, n):
            pass

    def counted() -> None:
        nominal = chain.ranks(replication.nominal_scores(index, EDITION))
        replication.tally(nominal, replication.chunks(index, EDITION, declared, SEED, n))

    return {"design": timed(drawn), "to scores": timed(scored), "in all": timed(counted)}


def timed(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


# ---------------------------------------------------------------- pandas
def by_pandas(figures: index_engine.Index, replications: chain.Replications) -> pd.DataFrame:
    """Scores of the root, a row a replication, as one would loop over them."""
    table = figures.figures.set_index("city_id")
    x = table[list(figures.leaves.index)].copy()
    for name, by in figures.leaves["denominator"].items():
        if by:
            x[name] = x[name] / table[by]
    x = x.fillna(x.groupby(table["group"]).transform("mean"))
    scores = []
    for number, place in enumerate(replications.variant):
        variant = replications.variants[place]
        points = (variant.stages.get("treat") or winsorised(POINTS[0]))["points_max"]
        scale = variant.stages.get("normalise") or NORMALISATIONS[0]
        means = {method for method, _ in variant.aggregation.values()} or {MEANS[0]}
        weights = {node: column[number] for node, column in replications.weights.items()}
        y = x.apply(treated, points_max=points) * figures.leaves["direction"]
        scores.append(root(figures, on_scale(y, scale), weights, means.pop()))
    return pd.DataFrame(scores)


def treated(x: pd.Series[float], points_max: int) -> pd.Series[float]:
    """Winsorise up to some points, else the logarithm, as COINr's Treat."""
    y, n_high, n_low = x.copy(), 0, 0
    while not index_engine.passes(y) and n_high + n_low < points_max:
        if y.skew() >= 0:
            at = y == y.max()
            y[at] = y[~at].max()
            n_high = int(at.sum())
        else:
            at = y == y.min()
            y[at] = y[~at].min()
            n_low = int(at.sum())
    if index_engine.passes(y):
        return y
    return np.log(x - x.min() + 0.01 * (x.max() - x.min()))


def on_scale(x: pd.DataFrame, options: Mapping[str, Any]) -> pd.DataFrame:
    if options["method"] == "n_rank":
        return x.rank(method="min")
    if options["method"] == "n_zscore":
        return (x - x.mean()) / x.std() * options["sd"] + options["mean"]
    low, high = options["score_min"], options["score_max"]
    return low + (high - low) * (x - x.min()) / (x.max() - x.min())


def root(
    figures: index_engine.Index, x: pd.DataFrame, weights: Mapping[str, float], mean: str
) -> pd.Series[float]:
    parents = pd.concat([figures.leaves["pillar"], figures.nodes["parent"]])
    scores = {str(name): x[name] for name in x}

    def score(node: str) -> pd.Series[float]:
        if node not in scores:
            children = parents.index[parents == node]
            below = pd.DataFrame({child: score(child) for child in children})
            w = below.notna() * [weights[child] for child in children]
            if mean == "a_gmean":
                logs = np.exp((np.log(below.where(below > 0)) * w).sum(axis=1) / w.sum(axis=1))
                scores[node] = logs.where(~(below <= 0).any(axis=1))
            else:
                scores[node] = (below * w).sum(axis=1) / w.sum(axis=1)
        return scores[node]

    return score(str(figures.nodes.index[figures.nodes["parent"] == ""][0]))


def compared(figures: index_engine.Index, n: int) -> dict[str, float]:
    """Milliseconds of a replication in pandas, and by how much its scores differ from ours."""
    index = as_arrays(figures)
    parts = design.columns(index, EDITION, factors())
    drawn = design.draw(index, EDITION, factors(), design.uniform(SEED, EDITION, parts, 0, n))
    ours = replication.scores(index, EDITION, drawn)
    started = time.process_time()
    theirs = by_pandas(figures, drawn).to_numpy(dtype=float)
    seconds = time.process_time() - started
    if not (np.isnan(ours) == np.isnan(theirs)).all():
        raise SystemExit("a score is there on one side alone")
    difference = float(np.nanmax(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))))
    if difference > 1e-9:
        raise SystemExit(f"the scores differ by {difference}")
    return {"pandas_ms": round(1000 * seconds / n, 2), "difference": difference}


# ---------------------------------------------------------------- measuring
def _child(index: chain.Index, n: int, runs: int, answer: Any) -> None:
    before = index_engine.memory("VmRSS")
    found = [by_replications(index, n) for _ in range(runs)]
    median = {step: statistics.median(run[step] for run in found) for step in found[0]}
    answer.send((median, index_engine.memory("VmHWM") - before))


def measured(index: chain.Index, n: int, runs: int) -> dict[str, float]:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_child, args=(index, n, runs, theirs)
    )
    process.start()
    theirs.close()
    seconds, peak = ours.recv()
    process.join()
    return {
        "units": len(index.city_ids),
        "replications": n,
        "s": round(seconds["in all"], 3),
        "ms_a_replication": round(1000 * seconds["in all"] / n, 4),
        "of_which_design": round(1000 * seconds["design"] / n, 4),
        "of_which_scores": round(1000 * (seconds["to scores"] - seconds["design"]) / n, 4),
        "peak_mib": round(peak),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--loop", type=int, default=100, help="replications of the loop in pandas")
    parser.add_argument("--sizes", nargs="*", default=["500x10000", "5000x1000", "5000x10000"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--asem", type=Path, help="folder of ASEM_iData.csv, ASEM_iMeta.csv")
    options = parser.parse_args(arguments)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    figures = index_engine.asem(options.asem) if options.asem else index_engine.made_up()
    report: dict[str, Any] = {
        "figures": "ASEM" if options.asem else "made up in the shape of ASEM",
        "baseline": "a loop over replications in pandas, in the same run",
        "coinr_ms": COINR_MS,
        "runs": options.runs,
        **compared(figures, options.loop),
        "asem": [measured(as_arrays(figures), n, options.runs) for n in options.replications],
    }
    sizes = [tuple(map(int, size.split("x"))) for size in options.sizes]
    report["larger"] = [
        measured(as_arrays(index_engine.grown(figures, units, 1)), n, 1) for units, n in sizes
    ]
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
