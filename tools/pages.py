"""Write the figures of the day into the documentation, from the current release: `make pages`.

What stands between two marks of a page is made here and nowhere else; a test holds it against the
published warehouse.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import duckdb

import audit
from ingest.settings import PROJECT, Settings
from orchestration import previews

DOCS = PROJECT / "docs"
MARKS = "<!-- figures of the release: begin -->", "<!-- figures of the release: end -->"

COUNTS = """
select * from (
    select 'cities that the flagship may rank' as what, count(*) as number
    from marts.city as c
    join marts.framework as f on f.is_flagship and f.universe_country_code = c.country_code
    where c.is_city
    union all
    select 'other cities', count(*)
    from marts.city as c
    join marts.framework as f on f.is_flagship and f.universe_country_code <> c.country_code
    where c.is_city
    union all
    select 'provinces, metros and clusters', count(*) from marts.city where not is_city
    union all
    select 'indicators collected', count(*) from marts.indicator where formula is null
    union all
    select 'indicators derived', count(*) from marts.indicator where formula is not null
    union all
    select 'published rankings', count(*) from marts.report
    union all
    select 'series of rankings', count(distinct series_id) from marts.report
    union all
    select 'ranks in them', count(*) from marts.published_rank
    union all
    select 'figures', count(*) from marts.observation where status = 'observed'
    union all
    select 'observed zeros', count(*) from marts.observation where status = 'zero'
    union all
    select 'events', count(*) from marts.event
    union all
    select 'claims', count(*) from marts.claim
    union all
    select 'figures corrected', count(*) from marts.correction
    union all
    select 'conflicts between figures', count(*) from marts.indicator_conflict
    union all
    select 'passages in quarantine', count(*) from marts.quarantine
)
"""
INDICATORS = """
with universe as (
    select f.universe_country_code as country_code from marts.framework as f where f.is_flagship
), known as (
    select v.indicator, v.year,
        count(case when c.country_code = u.country_code and v.status = 'observed' then 1 end)
            as here,
        count(case when c.country_code = u.country_code and v.status = 'zero' then 1 end) as zero,
        count(case when c.country_code <> u.country_code and v.status <> 'missing' then 1 end)
            as elsewhere
    from marts.indicator_value as v
    join marts.city as c on v.city_id = c.city_id and c.is_city
    cross join universe as u
    group by v.indicator, v.year
), spans as (
    select indicator, min(year) as first, max(year) as last
    from known where here + zero + elsewhere > 0 group by indicator
), best as (
    select *, row_number() over (
        partition by indicator order by here + zero + elsewhere desc, year desc
    ) as place
    from known
)
select i.theme_title as theme, i.title as indicator, i.indicator as code,
    case
        when s.first is null then ''
        when s.first = s.last then concat(s.first)
        else concat(s.first, ' to ', s.last)
    end as years,
    case when s.first is not null then b.year end as year,
    coalesce(b.here, 0) as here, coalesce(b.zero, 0) as zero,
    coalesce(b.elsewhere, 0) as elsewhere,
    coalesce(string_agg(so.publisher, '; ' order by p.position), max(i.formula)) as origin
from marts.indicator as i
left join spans as s on i.indicator = s.indicator
left join best as b on i.indicator = b.indicator and b.place = 1
left join raw.indicator_source as p on i.indicator = p.indicator
left join marts.source as so on p.source_id = so.source_id
group by i.theme_title, i.title, i.indicator, s.first, s.last, b.year, b.here, b.zero, b.elsewhere
order by i.theme_title, here + zero desc, i.indicator
"""
LEFT_OUT = """
select ledger_edition, title, n_rows, reason from marts.left_out order by ledger_edition
"""
CONSENSUS = """
select case when a.kind = 'index' then concat(f.title, ', ', a.edition) else r.publisher end
        as ranking,
    coalesce(r.edition_as_printed, '') as edition, a.n_cities, a.n_pairs, a.n_voters,
    round(a.agreement, 2) as agreement, a.n_pairs_common,
    round(a.agreement_common, 2) as agreement_common
from marts.consensus_agreement as a
join marts.framework as f on a.framework = f.framework
left join marts.report as r on a.report_id = r.report_id
where a.agreement is not null
    and (a.kind = 'index' or f.is_flagship)
order by a.agreement desc, ranking
"""
RANKING = """
select r.city_name, r.score
from marts.index_ranking as r
join marts.framework as f on r.framework = f.framework and f.is_flagship
where r.rank <= 20 and r.edition = (
    select max(n.edition) from marts.index_ranking as n
    where n.framework = r.framework and n.rank is not null
)
order by r.rank, r.city_name
"""
INDICES = """
with newest as (
    select framework, max(edition) as edition
    from marts.index_ranking where rank is not null group by framework
)
select f.framework, f.title, f.description, f.measures, n.edition,
    count(r.rank) as n_ranked, count(*) as n_universe
from marts.framework as f
join newest as n on f.framework = n.framework
join marts.index_ranking as r on n.framework = r.framework and n.edition = r.edition
group by f.framework, f.title, f.description, f.measures, n.edition, f.is_flagship
order by f.is_flagship desc, f.framework
"""
FIRST_TEN = """
select rank, city_name as city,
    case when rank_from is null then '' else concat(rank_from, ' to ', rank_to) end as could_be,
    printf('%.4g', score) as score, round(100 * coverage) as coverage_pct
from marts.index_ranking
where framework = '{framework}' and edition = {edition} and rank <= 10
order by rank, city_name
"""
GAPS = """
select node_title as part, title as empty, reason
from marts.framework_gap where framework = '{framework}' order by position
"""
NEAR = """
select indicator, n as n_cities, round(pearson, 2) as pearson, round(spearman, 2) as spearman
from marts.index_correlation
where framework = '{framework}' and edition = {edition}
order by indicator
"""
AGREEMENT = """
select concat(a.publisher, ', ', r.edition_as_printed, case a.cohort when 'all' then '' else
        concat(' (', a.cohort, ')') end) as report,
    a.framework,
    concat(round(a.kendall_tau_b, 2), ' (', a.n_common, ')') as agreement
from marts.ranking_agreement as a
join marts.report as r on a.report_id = r.report_id
join raw.framework_subject as s on a.framework = s.framework and a.subject = s.subject
where a.n_common >= 3 and a.kendall_tau_b is not null
order by r.data_year desc, report, a.framework
"""
CLAIMS = """
select c.cities, c.subject as claim, concat('`', c.measure, '`') as measure, c.verdict,
    c.verdict_reason as reason, coalesce(c.evidence, '') as evidence
from marts.claim as c where c.measure_kind = 'index' order by c.claim_id
"""
PROFILES = """
with asked as (
    select distinct split_part(measure, '.', 1) as framework
    from marts.claim where claim_kind = 'dominance' and measure_kind = 'index'
)
select p.framework, p.edition, n.title as dimension, r.rank as place, r.city_name as city,
    concat(p.rank, ' (', printf('%.1f', p.z_score), ')') as standing,
    case p.dominant_by when 'rank' then n.title when 'z_score' then concat(n.title, ' *') end
        as dominant
from marts.index_profile as p
join asked as a on p.framework = a.framework
join marts.framework_node as n on p.framework = n.framework and p.node = n.node
join marts.index_ranking as r
    on p.framework = r.framework and p.edition = r.edition and p.city_id = r.city_id
where r.rank <= 12
order by p.framework, p.edition, r.rank, r.city_name, n.position
"""


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    return audit.query(con, sql, limit=10_000)


def figures(con: duckdb.DuckDBPyConnection) -> str:
    """The part of the page that the release decides, as Markdown."""
    return "\n\n".join(_sections(con))


def _sections(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    yield "## What is known, theme by theme"
    yield (
        "Of all figures that the indicators of a theme could have of the cities that the flagship "
        "may rank, the share that is known, zeros included, by the year that they speak of, in "
        "per cent:"
    )
    yield "![Share of the figures known, by theme and year](images/coverage.svg)"
    yield "## What is in it"
    yield audit.markdown(rows(con, COUNTS))
    yield "## Every indicator"
    yield (
        "`here` and `zero` are the cities that the flagship may rank with a figure, and with an "
        "observed zero, in the best known year; `elsewhere` are cities of other countries. For all "
        "others there is no open figure."
    )
    found = rows(con, INDICATORS)
    for theme in dict.fromkeys(row["theme"] for row in found):
        yield f"### {theme}"
        yield audit.markdown(
            [
                {name: value for name, value in row.items() if name != "theme"}
                for row in found
                if row["theme"] == theme
            ]
        )
    yield "## How near the rankings come to one another"
    yield (
        "Agreement with the majority of the other published rankings, pair of cities by pair: "
        "1 the same order, 0 as many pairs this way as that. A think tank is compared with the "
        "others without itself. Rankings with fewer than ten pairs in common have none. The last "
        "two columns compare the indices over the same pairs, those that all of them order."
    )
    yield audit.markdown(rows(con, CONSENSUS))
    yield "## Published rankings that are left out"
    yield audit.markdown(rows(con, LEFT_OUT))


def index_figures(con: duckdb.DuckDBPyConnection) -> str:
    """The part of the page of the indices that the release decides, as Markdown."""
    return "\n\n".join(_index_sections(con))


def _index_sections(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    indices = rows(con, INDICES)
    for index in indices:
        yield f"## {index['title']}"
        yield f"`{index['framework']}`, measures {index['measures']}. {index['description']}"
        yield (
            f"First ten of the edition {index['edition']}, in which {index['n_ranked']} of "
            f"{index['n_universe']} cities are ranked; `could_be` are the ranks that missing "
            "values allow:"
        )
        yield audit.markdown(rows(con, FIRST_TEN.format(**index)))
        near = rows(con, NEAR.format(**index))
        if near:
            yield "Correlation of the score with size and what else it is compared with:"
            yield audit.markdown(near)
        gaps = rows(con, GAPS.format(**index))
        if gaps:
            yield "What belongs into it and is empty:"
            yield audit.markdown(gaps)
    yield "## Beside the published rankings"
    yield (
        "Kendall's tau-b with each published ranking of the index's subjects that has three or "
        "more of its cities, and in brackets how many; with fewer than six a figure says next "
        "to nothing. The edition is the one nearest to the report's year."
    )
    yield audit.markdown(_agreement(con, [index["framework"] for index in indices]))
    yield "## In which dimension a city stands highest"
    yield (
        "Rank in each dimension and in brackets the z-score, of the first twelve. The dominant "
        "dimension is that of the best rank; a star marks those where equal ranks left it to the "
        "larger z-score."
    )
    yield from _profiles(con)
    yield "## Claims tested on an index"
    yield audit.markdown(rows(con, CLAIMS))


def _agreement(con: duckdb.DuckDBPyConnection, frameworks: list[str]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows(con, AGREEMENT):
        empty = {"report": row["report"], **dict.fromkeys(frameworks, "")}
        found.setdefault(row["report"], empty)[row["framework"]] = row["agreement"]
    return list(found.values())


def _profiles(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    found: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for row in rows(con, PROFILES):
        table = found.setdefault((row["framework"], row["edition"]), {})
        line = table.setdefault(row["city"], {"rank": row["place"], "city": row["city"]})
        line[row["dimension"]] = row["standing"]
        if row["dominant"]:
            line["dominant"] = "; ".join(filter(None, [line.get("dominant"), row["dominant"]]))
    for (framework, edition), table in found.items():
        yield f"`{framework}`, edition {edition}:"
        yield audit.markdown(
            [
                {**{k: v for k, v in line.items() if k != "dominant"}, "dominant": line["dominant"]}
                for line in table.values()
            ]
        )


PAGES: dict[str, Callable[[duckdb.DuckDBPyConnection], str]] = {
    "coverage.md": figures,
    "indices.md": index_figures,
}


def page(text: str, made: str) -> str:
    """A page with what is made put between its marks."""
    begin, end = MARKS
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
    return pattern.sub(lambda _: f"{begin}\n\n{made}\n\n{end}", text)


def pictures(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Files below docs/images and what they hold, as SVG."""
    coverage = previews.HEAT_MAPS["marts.theme_coverage"]["share_of_figures_known"]
    return {
        "coverage.svg": previews.heat_map(con.execute(coverage).fetchall()),
        "ranges.svg": previews.range_plot(con, "marts.index_sensitivity", "rank_ranges"),
        "ranking.svg": previews.bar_chart(con.execute(RANKING).fetchall()),
    }


def main() -> int:
    warehouse = Settings.from_env().current / "warehouse.duckdb"
    if not warehouse.exists():
        print(f"There is no release yet ({warehouse}): make run", file=sys.stderr)
        return 2
    with duckdb.connect(str(warehouse), read_only=True) as con:
        for name, made in PAGES.items():
            text = page((DOCS / name).read_text(encoding="utf-8"), made(con))
            (DOCS / name).write_text(text, encoding="utf-8")
        for name, svg in pictures(con).items():
            (DOCS / "images" / name).write_text(svg + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
