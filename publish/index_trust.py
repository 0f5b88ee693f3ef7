"""Of the audit report of an index: how far its ranking can be trusted, and why ranks changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from html import escape

from publish.html import Column, Row, decimals, figure, number, per_cent, table, weight, whole
from publish.plots import Span, spans

NEEDED = {
    "marts.index_robustness",
    "marts.index_sensitivity",
    "marts.index_rank_pair",
    "marts.index_sobol",
    "marts.index_sobol_rank",
    "marts.index_removal",
    "marts.index_weight_swap",
    "marts.index_weight_swap_node",
    "marts.index_weight_first",
    "marts.index_lift",
    "marts.index_change_reason",
    "marts.edition_comparison",
    "marts.consensus_rank",
    "marts.list_distance",
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
UNDECIDED = """
select p.city_id, r.rank
from marts.index_rank_pair as p
join marts.index_ranking as r
    on p.framework = r.framework and p.edition = r.edition and p.other_city_id = r.city_id
where p.framework = ? and p.edition = ? and p.above_probability < 0.95
    and p.above_probability + p.equal_probability > 0.05
order by p.city_id, r.rank
"""
SOBOL = """
select * from marts.index_sobol where framework = ? and edition = ?
order by total_order desc nulls last, position
"""
SOBOL_RANK = """
select * from marts.index_sobol_rank
where framework = ? and edition = ? and rank <= 10 and total_order is not null
order by rank, city_id, total_order desc, position
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
SWAP_NODES = """
select * from marts.index_weight_swap_node
where framework = ? and edition = ? and weight_scope = 'dimensions'
    and abs(weight_change) >= 0.0005
order by city_id, other_city_id, weight_change
"""
FIRSTS = """
select * from marts.index_weight_first
where framework = ? and edition = ? and weight_scope = 'dimensions' and rank between 2 and 10
order by rank, city_id
"""
LIFTS = """
select * from marts.index_lift
where framework = ? and edition = ? and rank <= 10 and n_ranks_up = 1 and level = 1
    and way_share is not null
order by rank, city_id, way_share, node
"""
COMPARISON = """
select * from marts.edition_comparison where framework = ? and edition = ?
"""
CONSENSUS = f"""
with asked as (select ? as framework, ? as edition)
select c.*, r.rank
from asked
join marts.consensus_rank as c on asked.framework = c.framework
left join marts.index_ranking as r
    on asked.framework = r.framework and asked.edition = r.edition and c.city_id = r.city_id
order by c.kemeny_rank, c.city_id limit {TOP}
"""
DISTANCES = """
select kind, publisher, compared_id, n_pairs, kemeny_distance_share from marts.list_distance
where framework = ? and n_pairs >= 10 and kemeny_distance_share is not null
    and (kind = 'published' or edition = ?)
order by kemeny_distance_share, compared_id
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
    undecided = defaultdict(list)
    for row in rows(UNDECIDED):
        undecided[row["city_id"]].append(row["rank"])
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
        Column("Undecided with ranks", cell=lambda row: _runs(undecided[row["city_id"]])),
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
            "cannot be told apart: none is above another in 95 % of the replications. Undecided "
            "are all cities, of other groups too, for which the same is true of the two.",
        )
    )


def sensitivity(rows: Rows) -> str:
    """Which choices move the ranks, and what each node does."""
    factors = rows(SOBOL)
    known = [row for row in factors if row["total_order_low"] is not None]
    plot = (
        spans(
            [
                Span(label, row[f"{key}_low"], row[f"{key}_high"], row[key])
                for row in known
                for key, label in (("first_order", row["title"]), ("total_order", "with others"))
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
    said = (
        "<p>How much of the shift of ranks a choice explains: by itself (bar at its name), and with"
        " what it does only together with others (bar below). What explains nothing does not"
        " matter; an estimate may be a little below zero.</p>"
    )
    of_city: dict[str, list[Row]] = defaultdict(list)
    for row in rows(SOBOL_RANK):
        of_city[row["city_id"]].append(row)
    cities = table(
        "sobol-rank-table",
        [
            Column("Rank", "rank", whole),
            Column("City", "city_name"),
            Column("Choices that matter most for its rank", "said", kind="r"),
        ],
        [
            {
                **found[0],
                "said": "; ".join(f"{r['title']} {per_cent(r['total_order'])}" for r in found[:3]),
            }
            for found in of_city.values()
        ],
        "Share of the variance of the city's own rank, together with others, so that shares may "
        "sum to more than 100 %; intervals and warnings are in marts.index_sobol_rank.",
    )
    return (
        (f"{said}<figure>{plot}</figure>" if plot else "")
        + (f'<ul class="note">{warned}</ul>' if warned else "")
        + cities
        + removals
    )


def changes(rows: Rows) -> str:
    """What would move the first cities, and why ranks changed since the edition before."""
    sentences = "".join(
        f"<li><strong>{escape(row['city_name'])}</strong> (now {number(row['rank'], whole)}). "
        f"{escape(row['sentence'])}</li>"
        for row in rows(REASONS)
    )
    since = (
        f"<h3>The largest moves among the first fifty since the edition before</h3>"
        f"{_comparable(rows)}<ul>{sentences}</ul>"
        if sentences
        else ""
    )
    return _swaps(rows) + _firsts(rows) + _lifts(rows) + since


def consensus(rows: Rows) -> str:
    """What published rankings say together, and how near each comes to the others."""
    cities = table(
        "consensus-table",
        [
            Column("Place", "kemeny_rank", whole),
            Column("City", "city_name"),
            Column("could be", cell=lambda r: _span(r, "kemeny_rank_from", "kemeny_rank_to")),
            Column("Borda", "borda_rank", whole),
            Column("5 to 95 %", cell=lambda r: _span(r, "borda_rank_p05", "borda_rank_p95")),
            Column("Copeland", "copeland_rank", whole),
            Column("Lists", "n_lists", whole),
            Column("Rank here", "rank", whole),
        ],
        rows(CONSENSUS),
        "The order that contradicts the lists least (Kemeny), and the places that a city has in "
        "all orders as good; Borda's with 5 to 95 % of the resamples of the lists. A list has one "
        "vote, one that is derived from another none, and this index none. A city that few lists "
        "name is where those few put it.",
    )
    lists = table(
        "distance-table",
        [
            Column(
                "Ranking",
                cell=lambda row: escape(
                    "this index"
                    if row["kind"] == "index"
                    else f"{row['publisher']} ({row['compared_id']})"
                ),
            ),
            Column("Pairs compared", "n_pairs", whole),
            Column("the other way round", "kemeny_distance_share", per_cent),
        ],
        rows(DISTANCES),
        "How far each is from what the others say together: the share of the pairs of cities that "
        "it puts the other way round. From ten pairs on.",
        bold=lambda row: row["kind"] == "index",
    )
    return cities + (lists if cities else "")


def _swaps(rows: Rows) -> str:
    moved: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows(SWAP_NODES):
        moved[row["city_id"], row["other_city_id"]].append(
            f"{row['title']} {weight(row['effective_weight'])} → {weight(row['weight_needed'])}"
        )
    return table(
        "swaps-table",
        [
            Column("Rank", "rank", whole),
            Column("City", "city_name"),
            Column("is passed by", "other_city_name"),
            Column("when so much weight moves", "weight_moved", weight),
            Column(
                "",
                cell=lambda row: escape(
                    row["reason"] or "; ".join(moved[row["city_id"], row["other_city_id"]])
                ),
                kind="r",
            ),
        ],
        rows(SWAPS),
        "The smallest change of the dimensions' weights by which the next city passes, as a share "
        "of all weight.",
    )


def _firsts(rows: Rows) -> str:
    def said(row: Row) -> str:
        if row["is_possible"]:
            return f"yes, when {number(row['weight_moved'], weight)} of all weight moves"
        return (
            f"{'no' if row['is_possible'] is False else 'not known'}: {escape(row['reason'] or '')}"
        )

    return table(
        "firsts-table",
        [
            Column("Rank", "rank", whole),
            Column("City", "city_name"),
            Column("first under any weights of the dimensions?", cell=said, kind="r"),
        ],
        rows(FIRSTS),
        "Whether any weights put a city first, and how much the nearest such weights differ; they "
        "are in marts.index_weight_first_node.",
    )


def _lifts(rows: Rows) -> str:
    of_city: dict[str, list[Row]] = defaultdict(list)
    for row in rows(LIFTS):
        of_city[row["city_id"]].append(row)

    def said(found: Iterable[Row]) -> str:
        return "; ".join(
            f"{row['title']} {figure(row['value'])} → {figure(row['value_wanted'])} {row['unit']}"
            + (" (a peer has it)" if row["is_within_peers"] else "")
            for row in found
        )

    return table(
        "lifts-table",
        [
            Column("Rank", "rank", whole),
            Column("City", "city_name"),
            Column("To rank", "rank_wanted", whole),
            Column("any one of these would do", "said", kind="r"),
        ],
        [{**found[0], "said": said(found[:4])} for found in of_city.values()],
        "What would lift a city by one rank: up to four indicators, each alone, that are the "
        "smallest part of the way to the best figure. More are in marts.index_lift.",
    )


def _comparable(rows: Rows) -> str:
    said = rows(COMPARISON)
    if not said or said[0]["is_comparable"]:
        return ""
    parts = [
        f"{words} {said[0][key]}"
        for key, words in (
            ("only_now", "only the newer has"),
            ("only_before", "only the older has"),
            ("series_breaks", "series break:"),
        )
        if said[0][key]
    ]
    return (
        '<p class="note">The two editions do not rest on the same figures'
        f" ({escape('; '.join(parts))}): a move may tell of the figures and not of the city.</p>"
    )


def _span(row: Row, low: str, high: str) -> str:
    if row[low] is None:
        return "–"
    if row[low] == row[high]:
        return number(row[low], whole)
    return f"{number(row[low], whole)} to {number(row[high], whole)}"


def _runs(ranks: list[int]) -> str:
    """Ranks, those that follow one another as one run."""
    known = sorted(set(ranks))
    starts = [rank for rank in known if rank - 1 not in known]
    ends = [rank for rank in known if rank + 1 not in known]
    runs = zip(starts, ends, strict=True)
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in runs) or "none"
