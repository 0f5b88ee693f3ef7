"""Of the audit report of an index: how far its ranking can be trusted, and why ranks changed."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from publish.html import Column, Row, decimals, number, per_cent, table, whole
from publish.plots import Span, spans

NEEDED = {
    "marts.index_robustness",
    "marts.index_sensitivity",
    "marts.index_sobol",
    "marts.index_removal",
    "marts.index_weight_swap",
    "marts.index_change_reason",
    "staging.stg_framework_factor",
}
TOP = 30
ROBUSTNESS = "select * from marts.index_robustness where framework = ? and edition = ?"
FACTORS = """
select factor, title, kind, reason from staging.stg_framework_factor
where framework = ? and ? is not null order by position
"""
RANGES = f"""
select r.city_name, s.*
from marts.index_sensitivity as s
join marts.index_ranking as r
    on s.framework = r.framework and s.edition = r.edition and s.city_id = r.city_id
where s.framework = ? and s.edition = ? and s.rank <= {TOP} and s.rank_p05 is not null
order by s.rank, s.city_id
"""
SOBOL = """
select * from marts.index_sobol where framework = ? and edition = ? order by position
"""
REMOVALS = """
select * from marts.index_removal where framework = ? and edition = ?
order by rank_shift_mean desc nulls last, node
"""
SWAPS = """
select * from marts.index_weight_swap
where framework = ? and edition = ? and weight_scope = 'dimensions' and rank <= 10
    and other_rank = rank + 1
order by rank, other_city_id
"""
REASONS = """
select sentence, city_name, rank from marts.index_change_reason
where framework = ? and edition = ? and rank_change <> 0 and least(rank, rank_before) <= 50
order by abs(rank_change) desc, rank, city_id limit 10
"""
Rows = Callable[[str], list[Row]]


def ranges(rows: Rows) -> str:
    """The sensitivity ranges of the first cities, and what the replications say of the whole."""
    found = rows(ROBUSTNESS)
    if not found or not found[0]["n_factors"]:
        return ""
    said = found[0]
    factors = "; ".join(escape(row["title"]) for row in rows(FACTORS))
    kept = said["top3_order_share"]
    order = (
        f" The first three stand in their order in {number(kept, per_cent)} of them."
        if kept is not None
        else ""
    )
    outside = said["n_outside_range"]
    beyond = (
        f" The published rank of {number(outside, whole)} cities lies outside their range: the"
        " warehouse says which choice does it (marts.index_sensitivity)."
        if outside
        else ""
    )
    cities = rows(RANGES)
    plot = spans(
        [
            Span(
                row["city_name"], row["rank_p05"], row["rank_p95"], row["rank_median"], row["rank"]
            )
            for row in cities
        ],
        "rank: dot published, stroke median, bar 5 to 95 % of the replications",
        whole=True,
        width=900,
    )
    columns = [
        Column("Rank", "rank", whole),
        Column("City", "city_name"),
        Column("Median", "rank_median", whole),
        Column("From", "rank_p05", whole),
        Column("to", "rank_p95", whole),
        Column("First", "first_probability", per_cent),
        Column("In the top 3", "top3_probability", per_cent),
        Column("In the top 10", "top10_probability", per_cent),
        Column("Group", "rank_group", whole),
    ]
    return (
        f"<p>The index was computed {number(said['n_replications'], whole)} times with other"
        f" choices. What varied: {factors}. The mean city moves by"
        f" {number(said['mean_abs_rank_shift'], decimals(1))} places.{order}{beyond}</p>"
        f"<figure>{plot}</figure>"
        + table(
            "ranges-table",
            columns,
            cities,
            "A sensitivity range, no confidence interval: where 90 % of the replications put a "
            "city. First, top 3 and top 10 are shares of all replications. Cities of one group "
            "cannot be told apart: none is above another in 95 % of the replications.",
        )
    )


def sensitivity(rows: Rows) -> str:
    """Which choices move the ranks, and what each node does."""
    factors = rows(SOBOL)
    known = [row for row in factors if row["total_order_low"] is not None]
    plot = (
        spans(
            [
                Span(f"{row['title']}, {words}", row[f"{key}_low"], row[f"{key}_high"], row[key])
                for row in known
                for key, words in (("first_order", "alone"), ("total_order", "in all"))
            ],
            "share of the variance of the mean shift of ranks, with 95 % bootstrap interval",
            width=900,
        )
        if known
        else ""
    )
    warned = "".join(
        f"<li>{escape(row['title'])}: {escape(row['warning'] or row['reason'])}</li>"
        for row in factors
        if row["warning"] or row["reason"]
    )
    removals = table(
        "removals-table",
        [
            Column("Without", "title"),
            Column("Places moved, mean", "rank_shift_mean", decimals(2)),
            Column("at most", "rank_shift_max", whole),
            Column("Kendall's tau-b", "kendall_tau_b", decimals(3)),
            Column("First three then", "top3_without"),
        ],
        rows(REMOVALS),
        "The index without an indicator or a dimension, whose siblings share its weight.",
    )
    return (
        (f"<figure>{plot}</figure>" if plot else "")
        + (f'<ul class="note">{warned}</ul>' if warned else "")
        + removals
    )


def changes(rows: Rows) -> str:
    """What would make neighbours swap, and why ranks changed since the edition before."""
    swaps = table(
        "swaps-table",
        [
            Column("Rank", "rank", whole),
            Column("City", "city_name"),
            Column("is passed by", "other_city_name"),
            Column("when this much weight moves", "weight_moved", decimals(4)),
            Column("", cell=lambda row: escape(row["reason"] or ""), kind="r"),
        ],
        rows(SWAPS),
        "The smallest change of the dimensions' weights by which the next city passes, as a share "
        "of all weight; the weights are in marts.index_weight_swap_node.",
    )
    sentences = "".join(
        f"<li><strong>{escape(row['city_name'])}</strong> (now {number(row['rank'], whole)}). "
        f"{escape(row['sentence'])}</li>"
        for row in rows(REASONS)
    )
    since = (
        f"<h3>The largest moves among the first fifty since the edition before</h3>"
        f"<ul>{sentences}</ul>"
        if sentences
        else ""
    )
    return swaps + since
