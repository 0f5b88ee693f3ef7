"""Why ranks differ from those of the release before, as tables that the release carries."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

import publish
from analysis.decomposition import between_releases, with_rest
from analysis.reasons import sentences

KEY = ["framework", "edition", "city_id"]


def write(file: Path, current: Path) -> tuple[str | None, str | None]:
    """Write the difference of a build from the current release into it.

    Returns the release that it is compared with, and why it is not.
    """
    release_id = publish.current_manifest(current).get("release_id")
    files = {"new": file}
    if release_id:
        files["old"] = current.resolve() / publish.WAREHOUSE
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
