"""``make replay FRAMEWORK=asem CHOICES=choices.csv WEIGHTS=weights.csv TO=folder``.

Computes the index of the release once for each replication of a design that is given as files, so
that the runs of another implementation can be compared score by score.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis import chain
from analysis.chain import Array, Index, Replications, Variant
from analysis.replication import leaf_tables
from analysis.replication import scores as root_scores
from analysis.tree import without_undefined
from ingest.catalog_errors import did_you_mean
from ingest.settings import Settings, SettingsError
from orchestration.replay_files import Design, Known, ReplayError, read_design
from publish import WAREHOUSE

CHUNK = 4_000_000
"""Scores at a time, so that memory does not grow with the number of replications."""
MOST_LINES = 5_000_000
"""A table with more rows is written as Parquet."""
MOST_TABLES = 1000
"""Scores of the leaves under so many different choices are kept for the chunks to come."""
MAIN = "scores"
NODES = "node_scores"


class Release(NamedTuple):
    """An index of a release, with what its units and nodes are called elsewhere."""

    known: Known
    unit_codes: Mapping[str, str]
    node_codes: Mapping[str, str]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make replay", description=__doc__)
    parser.add_argument("--framework", required=True, help="the index")
    parser.add_argument("--choices", type=Path, help="CSV: a row a replication")
    parser.add_argument("--weights", type=Path, help="CSV: replication, node, weight")
    parser.add_argument("--to", type=Path, required=True, help="folder of the scores")
    parser.add_argument("--edition", type=int, help="the newest that ranks units without it")
    parser.add_argument("--nodes", action="store_true", help="write the scores of all nodes, too")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        file = Settings.from_env().current / WAREHOUSE
        if not file.exists():
            raise ReplayError(f"There is no release yet ({file}): make run")
        release = read_release(file, options.framework, options.edition)
        design = read_design(release.known, options.choices, options.weights)
        files = replay(release, design, options.to, options.nodes)
    except (ReplayError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    seconds = time.monotonic() - started
    print(
        f"{options.framework} {release.known.edition}: {len(design.ids)} replications with "
        f"{len(design.choices)} different choices in {seconds:.1f} s"
    )
    print(f"{options.to}: {', '.join(file.name for file in files)}")
    return 0


def read_release(warehouse: Path, framework: str, edition: int | None = None) -> Release:
    """An index of a release and one of its editions, the newest that ranks units if none is named.

    Raises:
        ReplayError: an unknown framework or edition.
    """
    with duckdb.connect(str(warehouse), read_only=True) as con:
        con.execute("set search_path = 'marts,intermediate,staging'")
        frameworks = {row[0] for row in con.execute("select framework from framework").fetchall()}
        if framework not in frameworks:
            raise ReplayError(
                f"There is no framework '{framework}'. {did_you_mean(framework, frameworks)}"
            )

        def table(name: str) -> Any:
            return con.execute(f"select * from {name} where framework = $1", [framework]).df()

        (index,) = chain.indices(
            nodes=table("stg_framework_node"),
            stages=table("stg_framework_stage"),
            denominated=table("int_index_denominated"),
            imputed=table("int_index_imputed"),
            screened=table("int_index_screened"),
            screened_leaves=table("int_index_screened_leaf"),
            weights=table("int_index_weight"),
            groups=con.execute("select * from stg_city_group").df(),
        )
        unit_codes = dict(
            con.execute("select city_id, code from city where code is not null").fetchall()
        )
        node_codes = dict(
            con.execute(
                "select node, code from framework_node where framework = $1 and code is not null",
                [framework],
            ).fetchall()
        )
    editions = sorted(set(index.editions[index.is_ranked].tolist()))
    if not editions:
        raise ReplayError(f"'{framework}' ranks nobody in any edition: there is nothing to replay.")
    if edition is not None and edition not in editions:
        shown = ", ".join(map(str, editions))
        raise ReplayError(f"'{framework}' ranks nobody in {edition}; it does in {shown}.")
    edition = editions[-1] if edition is None else edition
    ranked = index.city_ids[index.ranked_rows(edition)].tolist()
    known = Known(
        index=index,
        edition=edition,
        codes={code: node for node, code in node_codes.items()},
        units={unit_codes.get(city, city): city for city in ranked} | {c: c for c in ranked},
        groupings=frozenset(
            name
            for name, groups in index.groups.items()
            if any(group is not None for group in groups)
        ),
    )
    return Release(known, unit_codes, node_codes)


def replay(release: Release, design: Design, target: Path, nodes: bool = False) -> list[Path]:
    """Compute a design and write its scores: replication, city_id, code, score, rank.

    Args:
        target: a folder that does not exist yet, or an empty one.
        nodes: whether the scores of all nodes are written, too.

    Returns:
        The files: CSV, or Parquet where it has more than ``MOST_LINES`` rows.

    Raises:
        ReplayError: a folder in use.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ReplayError(f"{target} is not empty: name a folder that does not exist yet.")
    target.mkdir(parents=True, exist_ok=True)
    index, edition = release.known.index, release.known.edition
    cities = index.city_ids[index.ranked_rows(edition)]
    order = np.argsort(cities.astype(str), kind="stable")
    cities = cities[order]
    codes = np.array([release.unit_codes.get(city) for city in cities], dtype=object)
    n, all_nodes = len(design.ids), release.known.nodes
    root = index.root
    files = [_Writer(target, MAIN, n * len(cities))]
    if nodes:
        files.append(_Writer(target, NODES, n * len(cities) * len(all_nodes)))
    for rows, scores in _chunks(release, design, [*all_nodes] if nodes else [root]):
        ids, of_root = design.ids[rows], scores[root][:, order]
        files[0].write(
            {
                "replication": _repeated(ids, len(cities)),
                "city_id": _tiled(cities, len(ids)),
                "code": _tiled(codes, len(ids)),
                "score": pa.array(of_root.reshape(-1), from_pandas=True),
                "rank": _ranks(of_root),
            }
        )
        if nodes:
            of_nodes = np.stack([scores[node][:, order] for node in all_nodes], axis=1)
            node_of = np.tile(np.repeat(np.arange(len(all_nodes)), len(cities)), len(ids))
            files[1].write(
                {
                    "replication": _repeated(ids, len(all_nodes) * len(cities)),
                    "node": _texts(all_nodes, node_of),
                    "node_code": _texts([release.node_codes.get(n) for n in all_nodes], node_of),
                    "city_id": _tiled(cities, len(ids) * len(all_nodes)),
                    "code": _tiled(codes, len(ids) * len(all_nodes)),
                    "score": pa.array(of_nodes.reshape(-1), from_pandas=True),
                }
            )
    for file in files:
        file.close()
    return [file.path for file in files]


def _chunks(
    release: Release, design: Design, nodes: Sequence[str]
) -> Iterator[tuple[slice, dict[str, Array]]]:
    """Scores of nodes, (replications, units of the edition), by and by."""
    index, edition = release.known.index, release.known.edition
    root, n_units = index.root, len(index.ranked_rows(edition))
    rules = [(c.missing_children, c.children_coverage_min) for c in design.choices]
    indices = {rule: _with_rule(index, *rule) for rule in dict.fromkeys(rules)}
    variants = [choice.variant for choice in design.choices]
    whole = np.array(
        [len(nodes) > 1 or _is_scaled_over_editions(index, variant) for variant in variants]
    )
    n_scores = len(index.city_ids) * (len(release.known.nodes) if whole.any() else 1)
    size = max(1, CHUNK // n_scores)
    tables = {rule: leaf_tables(own) for rule, own in indices.items()}
    for start in range(0, len(design.ids), size):
        rows = slice(start, min(start + size, len(design.ids)))
        weights = _weights(index.weights[edition], design, rows)
        found = {node: np.empty((rows.stop - start, n_units)) for node in nodes}
        choice = design.choice[rows]
        if len(variants) > MOST_TABLES:
            tables = {rule: leaf_tables(own) for rule, own in indices.items()}
        for rule, own in indices.items():
            of_rule = np.array([rule == other for other in rules])
            part = np.flatnonzero((of_rule & ~whole)[choice])
            if len(part):
                replications = Replications(variants, choice[part], _at(weights, part))
                found[root][part] = root_scores(own, edition, replications, tables[rule])
            for number in np.unique(choice[(of_rule & whole)[choice]]):
                part = np.flatnonzero(choice == number)
                variant = variants[number]
                tree = _tree(own, edition, variant, tables[rule](variant), _at(weights, part))
                for node in nodes:
                    found[node][part] = tree[node]
        yield rows, found


def _at(weights: Mapping[str, Array], part: NDArray[np.int64]) -> dict[str, Array]:
    return {node: column[part] for node, column in weights.items()}


def _weights(own: Mapping[str, float], design: Design, rows: slice) -> dict[str, Array]:
    """Weights of some replications by node, those of the framework where a set names none."""
    if design.weight_set is None:
        return {}
    sets = design.weight_set[rows]
    return {
        node: np.where(sets < 0, own[node], design.weights[sets, column])
        for column, node in enumerate(design.nodes)
    }


def _with_rule(index: Index, missing: str | None, coverage: float | None) -> Index:
    """The index with another rule for children without a score."""
    changed: dict[str, Any] = {}
    if missing is not None:
        changed["missing_children"] = missing
    if coverage is not None:
        changed["children_coverage_min"] = coverage
    if not changed:
        return index
    return replace(index, branches=tuple(replace(b, **changed) for b in index.branches))


def _is_scaled_over_editions(index: Index, variant: Variant) -> bool:
    stages = chain.stages_of(index, variant)
    return "scale" in stages and stages["normalise"].get("across") == "panel"


def _tree(
    index: Index,
    edition: int,
    variant: Variant,
    leaves: Array,
    weights: Mapping[str, Array],
) -> dict[str, Array]:
    """Scores of all nodes, (replications, units of the edition)."""
    stages = chain.stages_of(index, variant)
    is_panel = _is_scaled_over_editions(index, variant)
    rows = np.flatnonzero(index.is_ranked & (is_panel | (index.editions == edition)))
    own = index.with_rows(rows)
    unscaled = variant._replace(stages={**variant.stages, "scale": None})
    tree = chain.scores_of(own, unscaled, leaves[rows], weights)
    all_weights: dict[str, Array | float] = {**index.weights[edition], **weights}
    branches = chain.branches_of(index, variant)
    tree = without_undefined(branches, tree, all_weights)
    tree |= {branch.node: chain.scale(tree[branch.node], stages) for branch in branches}
    here = own.editions == edition
    n = max((len(column) for column in weights.values()), default=1)
    return {
        node: np.broadcast_to(scores[..., here], (n, int(here.sum())))
        for node, scores in tree.items()
    }


# ---------------------------------------------------------------- files
class _Writer:
    """Writes a table by and by: as CSV, or as Parquet where it is large."""

    def __init__(self, folder: Path, name: str, n_rows: int) -> None:
        self.is_large = n_rows > MOST_LINES
        self.path = folder / f"{name}.{'parquet' if self.is_large else 'csv'}"
        self.writer: Any = None

    def write(self, columns: Mapping[str, pa.Array]) -> None:
        table = pa.table(dict(columns))
        if self.writer is None:
            kind = pq.ParquetWriter if self.is_large else pacsv.CSVWriter
            self.writer = kind(self.path, table.schema)
        self.writer.write_table(table)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


Texts = Sequence[str | None] | NDArray[np.object_]


def _texts(values: Texts, places: NDArray[np.int64]) -> pa.Array:
    return pa.array(values, type=pa.string()).take(pa.array(places))


def _repeated(values: Texts, times: int) -> pa.Array:
    return _texts(values, np.repeat(np.arange(len(values)), times))


def _tiled(values: Texts, times: int) -> pa.Array:
    return _texts(values, np.tile(np.arange(len(values)), times))


def _ranks(scores: Array) -> pa.Array:
    """Ranks, empty where there is no score."""
    ranks = chain.ranks(scores).reshape(-1)
    return pa.array(ranks, mask=ranks == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
