"""Write the figures of the day into the documentation, from the current release: `make pages`.

What stands between two marks of a page is made here and nowhere else; a test holds it against the
published warehouse.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import duckdb

import audit
from ingest.settings import PROJECT, Settings
from orchestration import previews

DOCS = PROJECT / "docs"
PAGE = DOCS / "coverage.md"
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
        "ranking.svg": previews.bar_chart(con.execute(RANKING).fetchall()),
    }


def main() -> int:
    warehouse = Settings.from_env().current / "warehouse.duckdb"
    if not warehouse.exists():
        print(f"There is no release yet ({warehouse}): make run", file=sys.stderr)
        return 2
    with duckdb.connect(str(warehouse), read_only=True) as con:
        text = page(PAGE.read_text(encoding="utf-8"), figures(con))
        PAGE.write_text(text, encoding="utf-8")
        for name, svg in pictures(con).items():
            (DOCS / "images" / name).write_text(svg + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
