"""Tables and small plots for the metadata of assets."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import dagster as dg
import duckdb

import audit

ROWS = 20
MAX_PLOT_BYTES = 30_000
BLUE, GREY = "#4477aa", "#bbbbbb"

# Asset -> query of its preview, and of the label and number that its plot shows.
PREVIEWS: Mapping[str, tuple[str, str]] = {
    "marts.index_ranking": (
        """
        with newest as (
            select r.framework, max(r.edition) as edition
            from marts.index_ranking as r
            join marts.framework as f on r.framework = f.framework
            where r.rank is not null and f.is_flagship
            group by r.framework
        )
        select r.framework, r.edition, r.rank, r.city_name, r.score, r.coverage, r.n_ranked
        from marts.index_ranking as r
        join newest on r.framework = newest.framework and r.edition = newest.edition
        order by r.rank nulls last, r.city_name
        """,
        "select city_name, score from preview where rank is not null",
    ),
    "marts.indicator_coverage": (
        "select * from marts.indicator_coverage order by year desc, theme, indicator",
        """
        select indicator || ' ' || year, 100 * share_known from preview
        where year = (select max(year) from preview) order by 2 desc
        """,
    ),
    "marts.indicator_conflict": (
        """
        select indicator, city_name, year, conflict_kind, value, other_value, difference_pct,
            source_id, other_source_id, explanation
        from marts.indicator_conflict
        order by is_explained, difference_pct desc nulls first, indicator, city_name
        """,
        """
        select indicator || ' ' || city_name || ' ' || year, difference_pct from preview
        where difference_pct is not null
        """,
    ),
    "marts.index_change": (
        """
        select c.framework, c.edition, c.edition_before, c.city_name, c.rank_before, c.rank,
            c.rank_change, c.score_before, c.score, c.weight_common, c.weight_same_figure
        from marts.index_change as c
        join marts.framework as f on c.framework = f.framework
        where f.is_flagship
        order by c.edition desc, c.rank, c.city_name
        """,
        "select city_name || ' ' || edition, rank_change from preview where rank_change <> 0",
    ),
    "marts.ranking_agreement": (
        "select * from marts.ranking_agreement order by edition desc, n_common desc, report_id",
        "select report_id, kendall_tau_b from preview where kendall_tau_b is not null",
    ),
}


def query(con: duckdb.DuckDBPyConnection, sql: str, limit: int = ROWS) -> list[dict[str, Any]]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(limit)]


def first_rows(metadata: Mapping[str, dg.MetadataValue]) -> list[str]:
    """The rows that a check attached to say why it failed, a line of text each."""
    tables = [metadata[key] for key in ("faults", "problems", "offending_rows") if key in metadata]
    lines = [line for table in tables for line in str(table.value).splitlines()[2:]]
    return [", ".join(cell.strip() for cell in line.strip("| ").split(" | ")) for line in lines]


def preview(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, dg.MetadataValue]:
    """Metadata of a table that is worth a look: its first rows and a plot."""
    if table not in PREVIEWS:
        return {}
    rows_sql, plot_sql = PREVIEWS[table]
    metadata: dict[str, dg.MetadataValue] = {"preview": table_metadata(query(con, rows_sql))}
    bars = con.execute(f"with preview as ({rows_sql}) {plot_sql}").fetchmany(ROWS)
    if bars:
        metadata["plot"] = plot_metadata(bars)
    return metadata


def column_schema(con: duckdb.DuckDBPyConnection, table: str) -> dg.TableSchema:
    """Columns of a table with their types and comments, as they are in the warehouse."""
    schema, name = table.split(".")
    columns = con.execute(
        "select column_name, lower(data_type), comment from duckdb_columns()"
        " where schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    return dg.TableSchema([dg.TableColumn(*column) for column in columns])


def table_metadata(rows: Sequence[Mapping[str, Any]]) -> dg.MetadataValue:
    return dg.MetadataValue.md(audit.markdown(rows) or "no rows")


def plot_metadata(bars: Sequence[tuple[Any, ...]]) -> dg.MetadataValue:
    """Bars of (label, number), as an image within the Markdown."""
    image = base64.b64encode(bar_chart(bars).encode()).decode()
    if len(image) > MAX_PLOT_BYTES:
        return dg.MetadataValue.md("The plot is too large to show here.")
    return dg.MetadataValue.md(f"![plot](data:image/svg+xml;base64,{image})")


def bar_chart(bars: Sequence[tuple[Any, ...]], width: int = 640) -> str:
    """Horizontal bars as SVG; negative numbers go to the left of the axis."""
    labels = [str(label)[:34] for label, _ in bars]
    left, line = 16 + 6.2 * max(map(len, labels)), 18
    room = width - left - 60
    low = min(0.0, *(float(number) for _, number in bars))
    high = max(0.0, *(float(number) for _, number in bars)) or 1.0
    scale = room / (high - low)
    zero = left - low * scale
    parts = []
    for i, (label, (_, number)) in enumerate(zip(labels, bars, strict=True)):
        size = abs(float(number)) * scale
        x, y = (zero if number >= 0 else zero - size), i * line
        parts.append(
            f'<text x="{left - 6:.1f}" y="{y + 13}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{x:.1f}" y="{y + 3}" width="{size:.1f}" height="{line - 6}" fill="{BLUE}"/>'
            f'<text x="{max(x + size, zero) + 4:.1f}" y="{y + 13}">{float(number):.4g}</text>'
        )
    height = len(bars) * line + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11">'
        '<rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}"
        f'<line x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{height}" stroke="{GREY}"/></svg>'
    )
