"""Why ranks differ from those of the release before, as tables that the release carries."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

import publish
from analysis.decomposition import between_releases, with_rest
from analysis.reasons import sentences
from orchestration import build, previews
from orchestration.observatory import GROUPS, OWNERS, POOL, Observatory

KEY = ["framework", "edition", "city_id"]


def difference_asset(
    observatory: Observatory, models: Sequence[dg.AssetSpec]
) -> dg.AssetsDefinition:
    """The difference of a build from the current release; what it reads are `models`."""
    settings = observatory.settings
    read = {*publish.DIFFERENCE_READS}

    @dg.multi_asset(
        name=publish.DIFFERENCE,
        pool=POOL,
        specs=[
            dg.AssetSpec(
                [publish.DIFFERENCE, table],
                deps=[spec.key for spec in models if ".".join(spec.key.path) in read],
                group_name=GROUPS["release"],
                owners=OWNERS,
                kinds={"python", "duckdb"},
                description=spec["description"],
            )
            for table, spec in publish.DIFFERENCE_TABLES.items()
        ],
    )
    def difference(context: dg.AssetExecutionContext) -> Iterator[Any]:
        file = build.open_build(context, settings)
        release_id, reason = write(file, settings.current)
        with duckdb.connect(str(file), read_only=True) as con:
            for table in publish.DIFFERENCE_TABLES:
                name = f"{publish.DIFFERENCE}.{table}"
                rows = con.execute(f"select count(*) from {name}").fetchall()[0][0]
                yield dg.MaterializeResult(
                    asset_key=dg.AssetKey(name.split(".")),
                    metadata={
                        "dagster/row_count": rows,
                        "dagster/column_schema": previews.column_schema(con, name),
                        "release_before": release_id or "none",
                        **({"not_compared": reason} if reason else {}),
                        **previews.preview(con, name),
                    },
                )

    return difference


def write(file: Path, current: Path) -> tuple[str | None, str | None]:
    """Write the difference of a build from the current release into it.

    Returns the release that it is compared with, and why it is not.
    """
    release_id = publish.current_manifest(current).get("release_id")
    files = {"new": file}
    if release_id:
        files["old"] = current.resolve() / build.WAREHOUSE
    with publish.open_read_only(**files) as con:
        reason = publish.why_not_compared(con, release_id)
        compared = publish.comparison(con, release_id, reason)
        parts, reasons = (None, None) if reason else _changes(con)
    publish.write_difference(file, compared, parts, reasons)
    return release_id, reason


def _changes(con: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of the parts and of the reasons, from the databases attached as old and new."""
    before, after = (publish.index_tables(con, database) for database in ("old", "new"))
    nodes = after["nodes"]
    is_root = nodes["parent"].isna()
    roots = dict(zip(nodes.loc[is_root, "framework"], nodes.loc[is_root, "node"], strict=True))
    moves = publish.moves(con)
    parts = with_rest(between_releases(before, after), moves, roots)
    parts = publish.with_figures(con, parts)
    return parts, moves.assign(sentence=sentences(moves, parts, KEY))
