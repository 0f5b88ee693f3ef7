"""Tables and small plots for the metadata of assets."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import dagster as dg
import duckdb

import audit
from publish.plots import Span, spans

ROWS = 20
MAX_PLOT_BYTES = 30_000
MAX_CELLS = 40  # rows, and columns, of a heat map
BLUE, GREY = "#4477aa", "#bbbbbb"

NEWEST_FLAGSHIP = """
with newest as (
    select r.framework, max(r.edition) as edition
    from marts.index_ranking as r
    join marts.framework as f on r.framework = f.framework
    where r.rank is not null and f.is_flagship
    group by r.framework
)
"""
# Asset -> query of its preview, and of the label and number that its plot shows.
PREVIEWS: Mapping[str, tuple[str, str]] = {
    "marts.index_ranking": (
        f"""
        {NEWEST_FLAGSHIP}
        select r.framework, r.edition, r.rank, r.rank_p05, r.rank_median, r.rank_p95, r.city_name,
            r.score, r.coverage, r.n_ranked
        from marts.index_ranking as r
        join newest on r.framework = newest.framework and r.edition = newest.edition
        order by r.rank nulls last, r.city_name
        """,
        "select city_name, score from preview where rank is not null",
    ),
    "marts.indicator_coverage": (
        """
        select * from marts.indicator_coverage
        order by year desc, n_cities desc, theme, indicator
        """,
        """
        select indicator || ' ' || year || ' ' || country_code, 100 * share_known from preview
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
    "marts.index_node_correlation": (
        """
        with newest as (
            select framework, max(edition) as edition from marts.index_ranking
            where rank is not null group by framework
        )
        select c.framework, c.edition, c.node, c.other_node, c.relation, c.n, c.pearson,
            c.spearman, c.joint_weight, c.flag
        from marts.index_node_correlation as c
        join newest as n on c.framework = n.framework and c.edition = n.edition
        join marts.framework as f on c.framework = f.framework
        where c.flag is not null
        order by f.is_flagship desc, c.joint_weight desc nulls last, c.framework, c.node
        """,
        "select node || ' ' || other_node, pearson from preview",
    ),
    "marts.index_sensitivity": (
        """
        select s.framework, s.edition, s.rank, s.rank_p05, s.rank_median, s.rank_p95, r.city_name,
            s.first_probability, s.top3_probability, s.top10_probability, s.rank_group,
            s.range_reason
        from marts.index_sensitivity as s
        join marts.index_ranking as r
            on s.framework = r.framework and s.edition = r.edition and s.city_id = r.city_id
        join marts.framework as f on s.framework = f.framework
        where f.is_flagship
        order by s.edition desc, s.rank, s.city_id
        """,
        "",
    ),
    "marts.ranking_agreement": (
        "select * from marts.ranking_agreement order by edition desc, n_common desc, report_id",
        "select report_id, kendall_tau_b from preview where kendall_tau_b is not null",
    ),
    "marts.consensus_agreement": (
        """
        select kind, compared_id, publisher, n_cities, n_pairs, n_voters, agreement,
            n_pairs_common, agreement_common, reason
        from marts.consensus_agreement
        order by agreement desc nulls last, compared_id
        """,
        "select compared_id, agreement from preview where agreement is not null",
    ),
}

# Asset -> name and query of its heat maps: row, column, number from 0 to 1, in the order of both.
HEAT_MAPS: Mapping[str, Mapping[str, str]] = {
    "marts.theme_coverage": {
        # Of all figures that the theme could have of the cities that the flagship may rank.
        "share_of_figures_known": """
            select t.title, c.year, avg(c.share_known)
            from marts.theme_coverage as c
            join marts.theme as t on c.theme = t.theme
            join marts.city as city on c.city_id = city.city_id
            join marts.framework as f on f.is_flagship
            where coalesce(f.universe_country_code, city.country_code) = city.country_code
            group by t.title, t.position, c.year
            order by t.position, c.year
        """,
        # The first thirty of the flagship, in the best known year that its newest edition allows.
        "share_of_indicators_known": f"""
            {NEWEST_FLAGSHIP}
            select r.city_name, t.title, max(c.share_known)
            from newest
            join marts.index_ranking as r
                on newest.framework = r.framework and newest.edition = r.edition and r.rank <= 30
            join raw.framework_edition as e
                on newest.framework = e.framework and newest.edition = e.edition
            join marts.theme_coverage as c
                on r.city_id = c.city_id
                and c.year between e.edition - e.max_age_years and e.edition
            join marts.theme as t on c.theme = t.theme
            group by r.city_name, r.rank, t.title, t.position
            order by r.rank, r.city_name, t.position
        """,
    },
    "marts.index_rank_pair": {
        "how_often_the_row_is_above_the_column": f"""
            {NEWEST_FLAGSHIP}
            select one.city_name, other.city_name, p.above_probability
            from newest as n
            join marts.index_ranking as one
                on n.framework = one.framework and n.edition = one.edition
            join marts.index_ranking as other
                on n.framework = other.framework and n.edition = other.edition
            left join marts.index_rank_pair as p
                on n.framework = p.framework and n.edition = p.edition
                and one.city_id = p.city_id and other.city_id = p.other_city_id
            where one.rank <= 15 and other.rank <= 15
            order by one.rank, one.city_id, other.rank, other.city_id
        """,
    },
}


# Asset -> name, axis and query of its ranges: label, low, high, middle and, if any, a point.
RANGES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "marts.index_sensitivity": {
        "rank_ranges": (
            "rank: dot published, stroke median, bar 5 to 95 % of the replications",
            f"""
            {NEWEST_FLAGSHIP}
            select r.city_name, s.rank_p05, s.rank_p95, s.rank_median, s.rank
            from marts.index_sensitivity as s
            join newest as n on s.framework = n.framework and s.edition = n.edition
            join marts.index_ranking as r
                on s.framework = r.framework and s.edition = r.edition and s.city_id = r.city_id
            where s.rank <= 30 and s.rank_p05 is not null
            order by s.rank, s.city_id
            """,
        )
    },
    "marts.index_sobol": {
        "total_sobol_indices": (
            "share of the variance of the mean shift of ranks, with 95 % bootstrap interval",
            f"""
            {NEWEST_FLAGSHIP}
            select s.title, s.total_order_low, s.total_order_high, s.total_order
            from marts.index_sobol as s
            join newest as n on s.framework = n.framework and s.edition = n.edition
            where s.total_order_low is not null
            order by s.total_order desc, s.factor
            """,
        )
    },
    "marts.consensus_rank": {
        "borda_ranks": (
            "rank by mean position, with the range over resampled lists; dot the rank by Kemeny",
            """
            select c.city_name, c.borda_rank_p05, c.borda_rank_p95, c.borda_rank, c.kemeny_rank
            from marts.consensus_rank as c
            join marts.framework as f on c.framework = f.framework
            where f.is_flagship and c.borda_rank_p05 is not null
            order by c.borda_rank, c.city_id
            limit 30
            """,
        )
    },
}
WHOLE = ("marts.index_sensitivity", "marts.consensus_rank")  # ranks


def first_rows(metadata: Mapping[str, dg.MetadataValue]) -> list[str]:
    """The rows that a check attached to say why it failed, a line of text each."""
    tables = [metadata[key] for key in ("faults", "problems", "offending_rows") if key in metadata]
    lines = [line for table in tables for line in str(table.value).splitlines()[2:]]
    return [", ".join(cell.strip() for cell in line.strip("| ").split(" | ")) for line in lines]


def preview(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, dg.MetadataValue]:
    """Metadata of a table that is worth a look: its first rows and a plot."""
    metadata = {
        name: image_metadata(heat_map(con.execute(sql).fetchall()))
        for name, sql in HEAT_MAPS.get(table, {}).items()
    }
    plots = {name: range_plot(con, table, name) for name in RANGES.get(table, {})}
    metadata |= {name: image_metadata(plot) for name, plot in plots.items() if plot}
    if table not in PREVIEWS:
        return metadata
    rows_sql, plot_sql = PREVIEWS[table]
    metadata["preview"] = table_metadata(audit.query(con, rows_sql, ROWS))
    if plot_sql:
        bars = con.execute(f"with preview as ({rows_sql}) {plot_sql}").fetchmany(ROWS)
        if bars:
            metadata["plot"] = plot_metadata(bars)
    return metadata


def range_plot(con: duckdb.DuckDBPyConnection, table: str, name: str) -> str:
    """A plot of ``RANGES`` as SVG; nothing for no rows."""
    axis, sql = RANGES[table][name]
    rows = con.execute(sql).fetchall()
    return spans([Span(*row) for row in rows], axis, whole=table in WHOLE) if rows else ""


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
    return image_metadata(bar_chart(bars))


def image_metadata(svg: str) -> dg.MetadataValue:
    image = base64.b64encode(svg.encode()).decode()
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


def heat_map(cells: Sequence[tuple[Any, ...]], width: int = 640) -> str:
    """Cells of (row, column, number from 0 to 1) as SVG, the darker the nearer to 1.

    Rows and columns stand in the order in which they come, 40 of each at most. A cell without a
    number stays grey; numbers are printed as per cent where there is room.
    """
    rows = list(dict.fromkeys(str(row)[:34] for row, _, _ in cells))[:MAX_CELLS]
    columns = list(dict.fromkeys(str(column)[:34] for _, column, _ in cells))[:MAX_CELLS]
    numbers = {(str(row)[:34], str(column)[:34]): number for row, column, number in cells}
    left, line = 16 + 6.2 * max(map(len, rows), default=0), 18
    size = (width - left - 4) / max(len(columns), 1)
    longest = max(map(len, columns), default=0)
    slanted = longest * 6.2 > size
    top = 8 + (5 * longest if slanted else 12)
    if slanted:  # the last label leans out
        size = (width - left - 4 - max(0.0, 5 * longest - size / 2)) / len(columns)
    has_text = size >= 24 and len(rows) * len(columns) <= 150
    parts = []
    for j, column in enumerate(columns):
        x = left + (j + 0.5) * size
        turn = f' transform="rotate(-45 {x:.0f} {top - 6:.0f})"' if slanted else ""
        anchor = "start" if slanted else "middle"
        parts.append(
            f'<text x="{x:.0f}" y="{top - 6:.0f}" text-anchor="{anchor}"{turn}>'
            f"{escape(column)}</text>"
        )
    for i, row in enumerate(rows):
        y = top + i * line
        parts.append(
            f'<text x="{left - 6:.0f}" y="{y + 13:.0f}" text-anchor="end">{escape(row)}</text>'
        )
        for j, column in enumerate(columns):
            number = numbers.get((row, column))
            x, next_x = round(left + j * size), round(left + (j + 1) * size)
            parts.append(
                f'<path fill="{GREY if number is None else shade(float(number))}"'
                f' d="M{x} {y:.0f}H{next_x - 1}v{line - 1}H{x}z"/>'
            )
            if has_text and number is not None:
                ink = "#fff" if number > 0.6 else "#000"
                parts.append(
                    f'<text x="{x + size / 2:.0f}" y="{y + 13:.0f}" text-anchor="middle"'
                    f' fill="{ink}">{100 * number:.0f}</text>'
                )
    height = top + len(rows) * line + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}"'
        ' font-family="sans-serif" font-size="11">'
        '<rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>"
    )


def shade(number: float) -> str:
    """A colour between white for 0 and blue for 1."""
    share = min(max(number, 0.0), 1.0)
    blue = (int(BLUE[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in blue)
