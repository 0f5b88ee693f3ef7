"""``make swap FRAMEWORK=asem A=Austria B=Finland``: the smallest change of weights by which the one
of two cities that is behind passes the other, in an index of the release.

SCOPE=dimensions or SCOPE=indicators says whose weights change; without it, both are answered.
EDITION takes another than the newest. Cities go by their identifier, code or name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from analysis.weight_change import SCOPES, Answer, Space, spaces, swaps
from ingest.catalog_errors import did_you_mean
from ingest.settings import Settings, SettingsError
from orchestration.unit_names import UnitError, unit_of
from publish import WAREHOUSE


class SwapError(ValueError):
    """What was asked for is not there; says what is."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make swap", description=__doc__)
    parser.add_argument("--framework", required=True, help="the index")
    parser.add_argument("--a", required=True, help="a city")
    parser.add_argument("--b", required=True, help="another city")
    parser.add_argument("--scope", choices=SCOPES, help="whose weights change; both without it")
    parser.add_argument("--edition", type=int, help="another edition than the newest")
    options = parser.parse_args(arguments)
    try:
        file = Settings.from_env().current / WAREHOUSE
        if not file.exists():
            raise SwapError(f"There is no release yet ({file}): make run")
        scopes = [options.scope] if options.scope else list(SCOPES)
        lines = answer(file, options.framework, options.a, options.b, scopes, options.edition)
    except (SwapError, UnitError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def answer(
    file: Path, framework: str, a: str, b: str, scopes: Sequence[str], edition: int | None = None
) -> list[str]:
    """Lines that tell how two cities of a warehouse would swap.

    Raises:
        SwapError: no such index or edition.
        UnitError: no such city.
    """
    with duckdb.connect(str(file), read_only=True) as con:
        names = [
            row[0] for row in con.execute("select framework from staging.stg_framework").fetchall()
        ]
        if framework not in names:
            raise SwapError(f"No index {framework!r}. {did_you_mean(framework, set(names))}")
        nodes, weights, scores = (
            con.execute(f"select * from {table} where framework = ?", [framework]).df()
            for table in (
                "staging.stg_framework_node",
                "intermediate.int_index_weight",
                "intermediate.int_index_aggregated",
            )
        )
        cities = con.execute("select * from staging.stg_city").df()
    titles = dict(zip(nodes["node"], nodes["title"], strict=True))
    found = list(spaces(nodes, weights, scores, cities, edition))
    if not found:
        which = f"edition {edition}" if edition else "edition"
        raise SwapError(f"{framework} has no {which} that ranks cities.")
    lines: list[str] = []
    for _, year, of in found:
        if of.scope in scopes:
            named = [list(of.ids).index(unit_of(name, of.ids, cities)) for name in (a, b)]
            pair = sorted(named, key=lambda i: -of.root[i])
            if pair[0] == pair[1]:
                raise SwapError(f"{a} and {b} are the same city.")
            (swap,) = swaps(of, [(pair[0], pair[1])])
            if not lines:
                lines.append(f"{titles[of.branches[-1].node]} ({framework}), edition {year}")
                lines += [f"{of.names[i]}: rank {_rank(of, i)} of {len(of.ids)}" for i in pair]
            lines += ["", *_told(of, swap, of.names[pair[0]], of.names[pair[1]], titles)]
    return lines


def _rank(of: Space, unit: int) -> int:
    return 1 + int((of.root > of.root[unit]).sum())


def _told(of: Space, swap: Answer, above: str, below: str, titles: Mapping[str, str]) -> list[str]:
    whose = f"Weights of {of.scope}"
    if swap.is_possible is None:
        return [f"{whose}: nothing can be said: {swap.reason}."]
    if swap.weights is None or swap.moved is None:
        return [f"{whose}: none put {below} above {above}: {swap.reason}."]
    share = f"{100 * swap.moved:.2f} %"
    lines = [
        f"{whose}: {share} of all weight has to move for {below} to pass {above}."
        if swap.is_exact
        else f"{whose}: with {share} of all weight moved {below} passes {above} ({swap.reason})."
    ]
    if not swap.is_exact and swap.moved_low:
        lines.append(f"No change below {100 * swap.moved_low:.2f} % does it.")
    changes = sorted(
        zip(of.nodes, of.weights, swap.weights, strict=True), key=lambda row: row[2] - row[1]
    )
    moved = [row for row in changes if abs(row[2] - row[1]) >= 5e-7]
    for node, before, after in moved:
        left_out = "  (left out)" if after < 5e-7 else ""
        lines.append(
            f"{100 * before:8.3f} % -> {100 * after:7.3f} %  {titles[node]} [{node}]{left_out}"
        )
    lines.append("All other weights stay. Checked by computing the index with these weights.")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
