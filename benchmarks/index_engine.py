"""Seconds and memory of the index engine, against the same chain in pandas.

The index has the shape of COINr's example ASEM (51 countries, 49 indicators, 8 pillars) and its
whole chain: denominate, impute by the mean of a group, screen, treat outliers, normalise,
aggregate. Larger ones repeat its units with other figures. Each runs in a process of its own, and
the scores of both must agree to 1e-9:

    python -m benchmarks.index_engine [--sizes 51x1 5100x1 51x20] [--runs 3] [--dbt]
        [--asem ../shared/reference/coinr_asem]

The seconds are those of the models alone; --dbt also builds the models of the first size by
`dbt build`, with their data tests. COINr's own time for ASEM is known from R 4.2: 0.077 s.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from orchestration import dbt
from tools import engine

FRAMEWORK = "asem"
COINR_SECONDS = 0.077
FIRST_YEAR = 2000
UNIT_COVERAGE_MIN = 0.9
DENOMINATORS = ("area", "energy", "gdp", "population")


@dataclass
class Index:
    """An index: its tree, and the figures of its units.

    ``leaves`` has a row an indicator: pillar, direction (1 or -1), weight and denominator or
    ""; ``nodes`` a row a node above: parent or "", and weight. ``figures`` has a row a unit and
    edition, with the columns edition, city_id, group, the indicators and the denominators.
    """

    leaves: pd.DataFrame
    nodes: pd.DataFrame
    figures: pd.DataFrame


# ---------------------------------------------------------------- figures
def made_up() -> Index:
    """The shape of ASEM: pillars, denominators, groups, skewed indicators, missing values."""
    random = np.random.default_rng(51)
    names = [f"i{j:02}" for j in range(49)]
    pillars = [f"pillar_{j % 8}" for j in range(49)]
    by = [DENOMINATORS[j % 4] if j % 3 == 0 else "" for j in range(49)]
    leaves = pd.DataFrame(
        {"pillar": pillars, "direction": [(-1) ** (j % 4 == 3) for j in range(49)], "weight": 1.0},
        index=names,
    ).assign(denominator=by)
    above = {f"pillar_{j}": "conn" if j < 5 else "sust" for j in range(8)}
    above |= {"conn": "index", "sust": "index", "index": ""}
    nodes = pd.DataFrame({"parent": above, "weight": 1.0})
    spread = random.uniform(0.2, 1.8, 49)
    figures = pd.DataFrame(random.lognormal(2, 1, (51, 49)) ** spread, columns=names)
    figures = figures.mask(random.random(figures.shape) < 0.02)
    for name in DENOMINATORS:
        figures[name] = random.lognormal(6, 1.5, 51)
    figures["group"] = np.where(np.arange(51) % 5 < 3, "europe", "asia")
    return Index(leaves, nodes, figures.assign(edition=FIRST_YEAR, city_id=unit_names(51)))


def asem(folder: Path) -> Index:
    """The index of COINr, from its iData and iMeta."""
    data = pd.read_csv(folder / "ASEM_iData.csv", skipinitialspace=True)
    meta = pd.read_csv(folder / "ASEM_iMeta.csv", skipinitialspace=True).map(
        lambda cell: cell.strip() if isinstance(cell, str) else cell
    )
    meta["iCode"] = meta["iCode"].str.lower()
    data.columns = data.columns.str.lower()
    leaves = meta[meta["Type"] == "Indicator"].set_index("iCode")
    nodes = meta[meta["Type"] == "Aggregate"].set_index("iCode")
    figures = data[[*leaves.index, *DENOMINATORS]].astype(float)
    figures["group"] = data["eurasia_group"].str.strip().str.lower()
    return Index(
        pd.DataFrame(
            {
                "pillar": leaves["Parent"].str.lower(),
                "direction": leaves["Direction"].astype(int),
                "weight": leaves["Weight"].astype(float),
                "denominator": leaves["Denominator"].str.lower().fillna(""),
            }
        ),
        pd.DataFrame(
            {
                "parent": nodes["Parent"].str.lower().fillna(""),
                "weight": nodes["Weight"].astype(float),
            }
        ),
        figures.assign(edition=FIRST_YEAR, city_id=unit_names(len(figures))),
    )


def unit_names(n: int) -> list[str]:
    return [f"u{i:06}" for i in range(n)]


def grown(index: Index, units: int, editions: int) -> Index:
    """The same index with its units repeated, and over years, each figure moved by some noise."""
    base = index.figures
    copies = -(-units // len(base))
    random = np.random.default_rng(units + editions)
    numbers = [*index.leaves.index, *DENOMINATORS]
    parts = []
    for edition in range(editions):
        for copy in range(copies):
            noise = random.lognormal(0, 0.2 if copy or edition else 0, (len(base), len(numbers)))
            part = base.assign(edition=FIRST_YEAR + edition)
            part[numbers] = part[numbers] * noise
            part["city_id"] = unit_names(copies * len(base))[copy * len(base) :][: len(base)]
            parts.append(part)
    figures = pd.concat(parts, ignore_index=True)
    return Index(index.leaves, index.nodes, figures)


# ---------------------------------------------------------------- the engine
def framework(index: Index) -> dict[str, Any]:
    def shares(weights: pd.Series[float]) -> list[float]:
        parts = [round(float(w), 12) for w in weights / weights.sum()]
        return [*parts[:-1], 1 - sum(parts[:-1])]

    def branch(node: str) -> dict[str, Any]:
        own = index.leaves[index.leaves["pillar"] == node]
        children: list[dict[str, Any]] = [
            {"indicator": name}
            | ({"denominator": row.denominator} if row.denominator else {})
            | {"direction": "higher" if row.direction > 0 else "lower"}
            for name, row in zip(own.index, own.itertuples(), strict=True)
        ]
        below = index.nodes[index.nodes["parent"] == node]
        children += [branch(name) for name in below.index]
        weights = [*own["weight"], *below["weight"]]
        for child, weight in zip(children, shares(pd.Series(weights)), strict=True):
            child["weight"] = weight
        return {"node": node, "children": children}

    root = index.nodes.index[index.nodes["parent"] == ""][0]
    stages: list[dict[str, Any]] = [
        {"stage": "select", "method": "exact"},
        {"stage": "denominate", "method": "by_indicator"},
        {"stage": "impute", "method": "i_mean_grp", "grouping": "region"},
        {"stage": "screen", "method": "by_coverage", "unit_coverage_min": UNIT_COVERAGE_MIN},
        {"stage": "treat", "method": "winsorise"},
        {"stage": "normalise", "method": "n_minmax"},
        {"stage": "aggregate", "method": "a_amean"},
    ]
    years = sorted(index.figures["edition"].unique())
    return {
        "framework": FRAMEWORK,
        "title": "ASEM",
        "description": "Sustainable connectivity.",
        "measures": "mixed",
        "editions": [{"edition": int(year)} for year in years],
        "stages": stages,
        "index": branch(str(root)),
    }


def prepared(index: Index, folder: Path, database: str = ":memory:") -> Any:
    cities = index.figures[["city_id", "group"]].drop_duplicates("city_id")
    cities = cities.rename(columns={"group": "group_region"})
    directions = dict.fromkeys([*index.leaves.index, *DENOMINATORS], "higher")
    engine.write_catalog(folder, cities, directions, framework(index))
    long = index.figures.drop(columns="group").melt(
        ["edition", "city_id"], var_name="indicator", value_name="value"
    )
    return engine.prepare(folder, long.rename(columns={"edition": "year"}), database)


def by_engine(index: Index) -> tuple[dict[str, float], pd.DataFrame, float]:
    """Seconds by model, the scores of all nodes above the leaves, and seconds of processors."""
    with tempfile.TemporaryDirectory() as folder:
        con = prepared(index, Path(folder))
        seconds, cpu = {}, time.process_time()
        for model in engine.needed(engine.STAGES):
            started = time.perf_counter()
            engine.build(con, model)
            seconds[model] = time.perf_counter() - started
        cpu = time.process_time() - cpu
        frame = con.execute(
            "select edition, city_id, node, score from marts.index_score "
            "where level > 1 and score is not null"
        ).df()
        table = frame.pivot(index=["edition", "city_id"], columns="node", values="score")
        return seconds, table, cpu


def by_dbt(index: Index) -> dict[str, float]:
    """Seconds of `dbt build` of the same models in a file, with their data tests, and of dbt alone
    (the same with nothing selected)."""
    with tempfile.TemporaryDirectory() as folder:
        file, target = Path(folder) / "warehouse.duckdb", Path(folder) / "target"
        prepared(index, Path(folder) / "catalog", str(file)).close()
        seconds = {}
        for name, models in (
            ("first", ["none_of_them"]),
            ("dbt alone", ["none_of_them"]),
            ("dbt build", engine.needed(engine.STAGES)),
        ):
            started = time.perf_counter()
            process = dbt.run_dbt(
                "build",
                "--exclude-resource-type",
                "unit_test",
                "--indirect-selection",
                "cautious",
                "--select",
                *models,
                target=target,
                build_file=file,
            )
            if process.returncode:
                raise dbt.DbtError(process.stdout)
            seconds[name] = time.perf_counter() - started
        return {name: seconds[name] for name in ("dbt build", "dbt alone")}


# ---------------------------------------------------------------- pandas
def by_pandas(index: Index) -> tuple[dict[str, float], pd.DataFrame, float]:
    """The chain as one would write it in pandas: a table a stage, edition by edition."""
    started, cpu = time.perf_counter(), time.process_time()
    scores = [one_edition(index, part) for _, part in index.figures.groupby("edition")]
    table = pd.concat(scores)
    return {"pandas": time.perf_counter() - started}, table, time.process_time() - cpu


def one_edition(index: Index, figures: pd.DataFrame) -> pd.DataFrame:
    leaves = index.leaves
    figures = figures.set_index(["edition", "city_id"])
    x = figures[list(leaves.index)].copy()
    for name, by in leaves["denominator"].items():
        if by:
            x[name] = x[name] / figures[by]
    x = x.fillna(x.groupby(figures["group"]).transform("mean"))
    x = x[x.notna().mean(axis=1) >= UNIT_COVERAGE_MIN]
    x = x.apply(treated)
    x = x * leaves["direction"]
    x = 100 * (x - x.min()) / (x.max() - x.min())
    scores = {str(name): x[name] for name in x}
    weights = pd.concat([leaves["weight"], index.nodes["weight"]])
    parents = pd.concat([leaves["pillar"], index.nodes["parent"]])

    def score(node: str) -> pd.Series[float]:
        if node not in scores:
            children = parents.index[parents == node]
            below = pd.DataFrame({child: score(child) for child in children})
            w = below.notna() * weights[children]
            scores[node] = (below * w).sum(axis=1) / w.sum(axis=1)
        return scores[node]

    return pd.DataFrame({node: score(node) for node in index.nodes.index})


def passes(x: pd.Series[float]) -> bool:
    return bool(abs(x.skew()) < 2 or x.kurt() < 3.5)


def treated(x: pd.Series[float]) -> pd.Series[float]:
    """Winsorise up to five points, else the logarithm, as COINr's Treat."""
    y, n_high, n_low = x.copy(), 0, 0
    while not passes(y) and n_high + n_low < 5:
        if y.skew() >= 0:
            at = y == y.max()
            y[at] = y[~at].max()
            n_high = int(at.sum())
        else:
            at = y == y.min()
            y[at] = y[~at].min()
            n_low = int(at.sum())
    if passes(y):
        return y
    return np.log(x - x.min() + 0.01 * (x.max() - x.min()))


# ---------------------------------------------------------------- measuring
Way = Callable[[Index], tuple[dict[str, float], pd.DataFrame, float]]
CPU = "seconds of all processors"


def memory(kind: str) -> float:
    """MiB of this process: VmRSS now, VmHWM at its peak."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(kind))
    return int(line.split()[1]) / 1024


def _child(way: Way, index: Index, runs: int, answer: Any) -> None:
    before = memory("VmRSS")
    results = []
    for _ in range(runs):
        seconds, scores, cpu = way(index)
        results.append(({**seconds, CPU: cpu}, scores))
    median = {
        step: statistics.median(result[0][step] for result in results) for step in results[0][0]
    }
    answer.send((median, results[0][1], memory("VmHWM") - before))


def measured(way: Way, index: Index, runs: int) -> tuple[dict[str, float], pd.DataFrame, float]:
    """Seconds by step (median), scores, and the peak of memory beyond the figures, in MiB."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_child, args=(way, index, runs, theirs)
    )
    process.start()
    theirs.close()
    found: tuple[dict[str, float], pd.DataFrame, float] = ours.recv()
    process.join()
    return found


def compared(index: Index, units: int, editions: int, runs: int) -> dict[str, Any]:
    index = grown(index, units, editions)
    models, ours, ours_peak = measured(by_engine, index, runs)
    pandas, theirs, theirs_peak = measured(by_pandas, index, runs)
    ours = ours[theirs.columns]
    theirs = theirs.reindex(ours.index)
    difference = float(np.nanmax(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))))
    if difference > 1e-9 or not (ours.notna() == theirs.notna()).all().all():
        raise SystemExit(f"the scores differ by {difference}")
    ours_cpu, theirs_cpu = models.pop(CPU), pandas.pop(CPU)
    total = sum(models.values())
    slowest = sorted(models.items(), key=lambda step: -step[1])[:6]
    return {
        "units": len(index.figures["city_id"].unique()),
        "editions": editions,
        "scores": int(ours.notna().sum().sum()),
        "engine_s": round(total, 3),
        "engine_cpu_s": round(ours_cpu, 3),
        "engine_peak_mib": round(ours_peak),
        "pandas_s": round(pandas["pandas"], 3),
        "pandas_cpu_s": round(theirs_cpu, 3),
        "pandas_peak_mib": round(theirs_peak),
        "ratio_to_pandas": round(total / pandas["pandas"], 2),
        "cpu_ratio_to_pandas": round(ours_cpu / theirs_cpu, 2),
        "difference": difference,
        "slowest_s": {model: round(seconds, 3) for model, seconds in slowest},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=["51x1", "5100x1", "51x20", "5100x20"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--asem", type=Path, help="folder of ASEM_iData.csv, ASEM_iMeta.csv")
    parser.add_argument("--dbt", action="store_true")
    options = parser.parse_args(arguments)
    index = asem(options.asem) if options.asem else made_up()
    engine.compiled()
    report: dict[str, Any] = {
        "figures": "ASEM" if options.asem else "made up in the shape of ASEM",
        "baseline": "the same chain in pandas, in the same run",
        "coinr_s": COINR_SECONDS,
        "runs": options.runs,
    }
    sizes = [tuple(map(int, size.split("x"))) for size in options.sizes]
    for units, editions in sizes:
        report[f"{units} units, {editions} editions"] = compared(
            index, units, editions, options.runs
        )
    if options.dbt:
        seconds = by_dbt(grown(index, *sizes[0]))
        report["dbt_s"] = {name: round(value, 2) for name, value in seconds.items()}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
