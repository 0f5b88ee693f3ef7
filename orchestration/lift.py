"""``make lift FRAMEWORK=ai_city_cn CITY=cn_shenzhen``: what would lift a city of the release.

Of every indicator alone the smallest change of its figure, and of all together the share of the way
to the best figures among the ranked cities, with which it gains some ranks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd

from analysis.lift import LIFTS, lift
from ingest.settings import Settings, SettingsError
from orchestration.replay import read_release
from orchestration.replay_files import ReplayError
from orchestration.unit_names import UnitError, unit_of
from publish import WAREHOUSE


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make lift", description=__doc__)
    parser.add_argument("--framework", required=True, help="the index")
    parser.add_argument("--city", required=True, help="its identifier, code or name")
    parser.add_argument("--edition", type=int, help="the newest that ranks units without it")
    parser.add_argument("--ranks", type=int, nargs="+", default=list(LIFTS), help="how many up")
    options = parser.parse_args(arguments)
    try:
        file = Settings.from_env().current / WAREHOUSE
        if not file.exists():
            raise ReplayError(f"There is no release yet ({file}): make run")
        if min(options.ranks) < 1:
            raise ReplayError(f"{min(options.ranks)} is no number of ranks: write 1 or more.")
        print(report(file, options.framework, options.city, options.edition, options.ranks))
    except (ReplayError, UnitError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def report(
    warehouse: Path, framework: str, city: str, edition: int | None, ranks: Sequence[int]
) -> str:
    """What would lift a city, as text.

    Raises:
        ReplayError: an unknown framework or edition.
        UnitError: a city that is not ranked there.
    """
    known = read_release(warehouse, framework, edition).known
    with duckdb.connect(str(warehouse), read_only=True) as con:
        cities = con.execute("select * from staging.stg_city").df()
    city_id = unit_of(city, set(known.units.values()), cities)
    name = str(cities.set_index("city_id").loc[city_id, "name_en"])
    found = lift(known.index, known.edition, [city_id], ranks)
    if found.empty:
        return f"{framework} {known.edition}: {name} ({city_id}) is first already."
    leaves = _leaves(warehouse, framework, known.edition, city_id)
    lines = [f"{framework} {known.edition}: {name} ({city_id}), rank {found['rank'].iloc[0]}"]
    for target, part in found.groupby("rank_wanted", sort=False):
        lines += ["", f"To rank {target}:"]
        of_leaves = part[part["node"] != known.nodes[-1]].sort_values("way_share")
        for row in of_leaves.to_dict("records"):
            title, unit, of_peers = leaves[row["node"]]
            if pd.isna(row["way_share"]):
                lines.append(f"  {title}: {row['lift_reason']}")
            else:
                lines.append(
                    f"  {title}: from {row['value']:.6g} to {row['value_wanted']:.6g} {unit}, "
                    f"{row['way_share']:.1%} of the way to the best ({row['best_value']:.6g})"
                    + (f"; best of its peers: {of_peers:.6g}" if of_peers is not None else "")
                )
        (together,) = part[part["node"] == known.nodes[-1]].to_dict("records")
        lines.append(
            f"  all together: {together['lift_reason']}"
            if pd.isna(together["way_share"])
            else f"  all together: {together['way_share']:.1%} of the way to the best in each"
        )
    return "\n".join(lines)


def _leaves(
    warehouse: Path, framework: str, edition: int, city_id: str
) -> dict[str, tuple[str, str, float | None]]:
    """Title and unit of every leaf, and the best figure of the cities with the nearest profile."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        rows = con.execute(
            """
            select c.node, any_value(c.title), coalesce(any_value(c.unit), ''),
                case any_value(n.direction)
                    when 'lower' then min(d.value) else max(d.value)
                end
            from marts.index_contribution as c
            join marts.framework_node as n on c.framework = n.framework and c.node = n.node
            left join marts.index_peer as p
                on c.framework = p.framework and c.edition = p.edition and c.city_id = p.city_id
            left join intermediate.int_index_denominated as d
                on p.framework = d.framework and p.edition = d.edition
                and p.other_city_id = d.city_id and c.node = d.node
            where c.framework = $1 and c.edition = $2 and c.city_id = $3
            group by c.node
            """,
            [framework, edition, city_id],
        ).fetchall()
    return {node: (title, unit, best) for node, title, unit, best in rows}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
