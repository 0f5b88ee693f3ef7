"""A small build on which every rule holds: six cities, one of them without data, two editions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

CITIES = ["aa", "bb", "cc", "dd", "ee", "ff"]  # ff has no data
SHA = "0" * 63 + "1"
NODES = {
    "papers_count": 1,
    "share_pct": 1,
    "firms_count": 1,
    "talent": 2,
    "output": 2,
    "total": 3,
}

SCHEMA = """
create schema raw;
create schema intermediate;
create schema marts;
create table marts.city as
    select *, 'xx' as country_code, city_id <> 'province' as is_city
    from unnest(['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'province']) as unit (city_id);
create table marts.framework as
    select 'flag' as framework, true as is_flagship, 0.5::double as dimension_coverage_min,
        0::double as scale_min, 100::double as scale_max, null::varchar as final_scaling;
create table raw.framework as select 'flag' as framework;
create table raw.framework_city as
    select 'flag' as framework, city_id from marts.city where is_city;
create table raw.framework_edition as
    select 'flag' as framework, unnest([2022, 2023]) as edition, 1 as max_age_years;
create table raw.framework_stage (
    framework varchar, position integer, stage varchar, method varchar, unit_coverage_min double,
    unit_nonzero_min double, dimension_coverage_min double
);
insert into raw.framework_stage values
    ('flag', 1, 'select', 'newest', null, null, null),
    ('flag', 2, 'screen', 'by_coverage', null, null, 0.5);
create table marts.framework_node as
select *, null::integer as max_age_years,
    case level when 2 then 'share' when 3 then 'none' end as missing_children,
    'given' as weighting, null::double as consistency_ratio
from (select * replace (weight::double as weight) from (values
    ('flag', 'total', null, 3, 1.0, null, null),
    ('flag', 'talent', 'total', 2, 0.6, null, null),
    ('flag', 'output', 'total', 2, 0.4, null, null),
    ('flag', 'papers_count', 'talent', 1, 0.5, 'papers_count', 'people_persons'),
    ('flag', 'share_pct', 'talent', 1, 0.5, 'share_pct', null),
    ('flag', 'firms_count', 'output', 1, 1.0, 'firms_count', null)
) as node (framework, node, parent, level, weight, indicator, denominator));
create table intermediate.int_index_screened_leaf as
    select framework, edition, node, true as is_kept
    from marts.framework_node join raw.framework_edition using (framework) where level = 1;
create table intermediate.int_index_imputed (
    framework varchar, edition integer, city_id varchar, node varchar, value double,
    is_imputed boolean, imputed_by varchar
);
alter table marts.framework_node add column aggregation varchar;
alter table marts.framework_node add column power double;
alter table marts.framework_node add column children_coverage_min double;
update marts.framework_node set aggregation = 'a_amean',
    missing_children = case when level = 2 then 'share' else 'none' end where level > 1;
create table marts.index_weight as
    select framework, edition, node, parent, level, 'given' as weighting,
        null::varchar as weighting_problem, weight, case node when 'total' then 1.0
        when 'talent' then 0.6 when 'firms_count' then 0.4 when 'output' then 0.4
        else 0.3 end::double as effective_weight
    from marts.framework_node cross join (select unnest([2022, 2023]) as edition) as years;
create table marts.indicator as
select * replace (max_yearly_change::double as max_yearly_change) from (values
    ('papers_count', 'count', 5.0, 'city'),
    ('share_pct', 'pct', null, 'city'),
    ('firms_count', 'count', 3.0, 'city'),
    ('people_persons', 'persons', 1.5, 'city')
) as indicator (indicator, unit, max_yearly_change, scope);
create table marts.observation (
    observation_id varchar, source_id varchar, document_id varchar, indicator varchar,
    city_id varchar, year integer, scope varchar, value double, unit varchar, status varchar,
    locator varchar, quote varchar, is_latest_vintage boolean
);
create table marts.indicator_value (
    indicator varchar, city_id varchar, year integer, value double, unit varchar, status varchar,
    missing_reason varchar, source_id varchar, document_id varchar, observation_id varchar
);
create table marts.series_break (source_id varchar, indicator varchar, year integer);
create table marts.edition_comparison as
    select 'flag' as framework, 2023 as edition, 2022 as edition_before,
        1.0::double as weight_common, null::varchar as only_now, null::varchar as only_before,
        null::varchar as series_breaks, true as is_comparable;
create table marts.index_change as select * from (values
    ('flag', 2023, 'aa', 1, 2, 1, 50.0, 40.0, 10.0),
    ('flag', 2023, 'bb', 1, 1, 0, 50.0, 60.0, -10.0),
    ('flag', 2023, 'cc', 3, 3, 0, 10.0, 10.0, 0.0)
) as change (
    framework, edition, city_id, rank, rank_before, rank_change, score, score_before, score_change
);
create table marts.index_change_part as select * from (values
    ('flag', 2023, 'aa', 'data', 'total', 3, 8.0::double, 0.5::double),
    ('flag', 2023, 'aa', 'method', 'total', 3, 0.0, 0.0),
    ('flag', 2023, 'aa', 'weights', 'total', 3, 3.0, 0.5),
    ('flag', 2023, 'aa', 'field', 'total', 3, -1.0, 0.0),
    ('flag', 2023, 'aa', 'data', 'papers_count', 1, 9.0, 0.5),
    ('flag', 2023, 'aa', 'data', 'firms_count', 1, -1.0, 0.0),
    ('flag', 2023, 'bb', 'data', 'total', 3, 0.0, -12.0),
    ('flag', 2023, 'bb', 'data', 'firms_count', 1, 0.0, -12.0)
) as part (framework, edition, city_id, change_factor, node, level, score_part, rank_part);
create table marts.index_change_reason as select * from (values
    ('flag', 2023, 'aa', 'moved', 1, 10.0, 'Rose'),
    ('flag', 2023, 'bb', 'moved', -12, 0.0, 'Fell'),
    ('flag', 2023, 'cc', 'entered', null, null, 'Entered')
) as reason (framework, edition, city_id, change_kind, rank_change, score_change, sentence);
create schema difference;
create table difference.release_change_part as from marts.index_change_part;
create table difference.release_change_reason as from marts.index_change_reason;
create table marts.indicator_conflict (
    indicator varchar, city_id varchar, year integer, conflict_kind varchar, value double,
    other_value double, difference_pct double, source_id varchar, other_source_id varchar,
    vintage_on date, other_vintage_on date, is_explained boolean
);
insert into marts.indicator_conflict
select 'firms_count', city_id, 2023, 'other_source', 100, 105, difference_pct, 'book', 'gazette',
    date '2024-01-01', date '2024-01-01', is_explained
from (
    values ('aa', 5.0, false), ('bb', 40.0, true)
) as pair (city_id, difference_pct, is_explained);
create table marts.correction (
    source_id varchar, indicator varchar, city_id varchar, year integer, scope varchar,
    old_as_printed varchar, corrected_by varchar, corrected_on date, is_applied boolean,
    newest_as_printed varchar
);
insert into marts.correction values
    ('book', 'firms_count', 'aa', 2023, 'city', '5', 'me', '2024-01-01', true, '5');
create table marts.index_score (
    framework varchar, edition integer, city_id varchar, node varchar, level integer,
    score double, rank bigint, coverage double, is_ranked boolean, imputed_share double,
    aggregated_score double
);
create table raw.published_rank (
    published_rank_id varchar, report_id varchar, source_id varchar, document_id varchar,
    city_id varchar, cohort varchar, rank_as_printed varchar, rank integer, score double,
    quote varchar
);
create table raw.catalog_error (
    file varchar, line integer, entity varchar, message varchar, remedy varchar
);
create table raw.quote_check as
    select 'book' as source_id, 'x' as document_id, 'document' as read_in, 40 as n_facts,
        40 as n_found, 0 as n_unquoted, 0 as n_unchecked, null as unchecked_reason;
create table raw.unquoted_fact (
    source_id varchar, document_id varchar, fact_kind varchar, locator varchar, quote varchar,
    reason varchar
);
create table raw.claim (
    claim_id varchar, city_id varchar, source_id varchar, document_id varchar, quote varchar
);
create table raw.event (
    event_id varchar, source_id varchar, document_id varchar, quote varchar
);
create table marts.source as
    select 'book' as source_id, 400 as max_age_days, false as is_private;
"""

AFTER = """
create table raw.observation as select * from marts.observation;
create table raw.indicator_derivation as select * from (values
    ('papers_per_million_persons', 'ratio', 1000000),
    ('firms_pct_change', 'growth', null),
    ('papers_and_firms_count', 'sum', null)
) as derivation (indicator, method, per);
create table raw.indicator_part as select * from (values
    ('papers_per_million_persons', 'numerator', 'papers_count', 0),
    ('papers_per_million_persons', 'denominator', 'people_persons', 0),
    ('firms_pct_change', 'end', 'firms_count', 0),
    ('firms_pct_change', 'start', 'firms_count', 1),
    ('papers_and_firms_count', 'term', 'papers_count', 0),
    ('papers_and_firms_count', 'term', 'firms_count', 0)
) as part (indicator, role, part_indicator, years_before);
insert into marts.indicator (indicator, unit, scope) values
    ('papers_per_million_persons', 'per_million_persons', 'city'),
    ('firms_pct_change', 'pct_change', 'city'), ('papers_and_firms_count', 'count', 'city');
alter table marts.observation add column printed_unit varchar default 'people';
alter table marts.indicator_value add column is_derived boolean default false;
create table marts.indicator_value_part as
    select part.indicator, value.city_id, 2023 as year, part.role, part.part_indicator,
        value.year as part_year, value.value, value.source_id, value.observation_id
    from raw.indicator_part as part
    join marts.indicator_value as value
        on part.part_indicator = value.indicator and value.year = 2023 - part.years_before
    where value.city_id = 'ee';
insert into marts.indicator_value by name
    select 'papers_per_million_persons' as indicator, 'ee' as city_id, 2023 as year,
        5023 / 5.0 as value, 'per_million_persons' as unit, 'observed' as status,
        true as is_derived
    union all select 'firms_pct_change', 'ee', 2023, 0.0, 'pct_change', 'observed', true
    union all select 'papers_and_firms_count', 'ee', 2023, 5563.0, 'count', 'observed', true;
create table intermediate.int_index_fidelity as
    select framework, edition, node, count(score) as n_scores, 0 as n_unmatched,
        0 as n_rank_deviations, 1e-15::double as score_deviation
    from marts.index_score group by framework, edition, node;
create table marts.index_ranking as
    select framework, edition, city.city_id, upper(city.city_id) as city_name, score.rank,
        score.score, coalesce(score.coverage, 0.0) as coverage,
        count(score.rank) over (partition by framework, edition) as n_ranked,
        case when score.rank is null then 'no data for dimension talent' end as reason
    from marts.city as city
    cross join raw.framework_edition
    left join marts.index_score as score using (framework, edition, city_id)
    where city.is_city and coalesce(score.node, 'total') = 'total';
create table marts.index_contribution as
    select score.framework, score.edition, score.city_id, score.node, score.score,
        node.weight * dimension.weight as city_weight,
        node.weight * dimension.weight * score.score as contribution,
        5.0::double as value, 'observed' as status
    from marts.index_score as score
    join marts.framework_node as node using (framework, node)
    join marts.framework_node as dimension
        on node.framework = dimension.framework and node.parent = dimension.node
    where score.level = 1
    union all
    select 'flag', edition, 'ff', node, null, null, null, null, 'missing'
    from raw.framework_edition cross join marts.framework_node where level = 1;
create table marts.consensus_agreement as select * from (values
    ('flag', 'index', 'flag 2023', 2023, null, 5, 10, 3, 0.6::double, 10, 0.6::double, null),
    ('flag', 'published', 'report', null, 'P', 5, 10, 2, 1.0, null, null, null)
) as agreement (
    framework, kind, compared_id, edition, publisher, n_cities, n_pairs, n_voters, agreement,
    n_pairs_common, agreement_common, reason
);
create table marts.theme as select * from (values
    ('all', 0.8::double), ('free', null)
) as theme (theme, coverage_min);
create table marts.theme_coverage as
    select theme, city_id, year, (city_id <> 'ff')::integer as n_observed, 0 as n_zero
    from marts.theme cross join (select city_id from marts.city where is_city)
    cross join (select unnest([2021, 2022, 2023]) as year) as years;
create table marts.document as
    select 'SHA' as document_id, 'book' as source_id, 'Yearbook' as title,
        'original' as standing, 'https://book.example' as address, 'held' as status,
        'SHA' as sha256, current_date - 100 as published_on;
insert into raw.published_rank
    select 'r' || i, 'report', 'book', 'SHA', c, 'all', i::varchar, i, 100.0 - i, 'No. ' || i
    from (values ('aa', 1), ('bb', 2), ('cc', 3), ('dd', 4)) as printed (c, i);
create table marts.published_rank as select * from raw.published_rank;
create table marts.report as
    select 'report' as report_id, 'book' as series_id, 'firms' as subject, '1' as
        edition_as_printed, 2023 as data_year, 'full' as trust, 'report' as family_id,
        4 as n_cities, true as is_witness;
insert into raw.claim values
    ('c1', 'aa', 'book', 'SHA', 'aa leads'), ('c1', 'bb', 'book', 'SHA', 'and bb');
create table marts.claim as
    select 'c1' as claim_id, 'AA; BB' as cities, 'top two' as subject, '2' as printed_value,
        'supported' as verdict, 'AA is first, BB second' as verdict_reason;
create table marts.ranking_agreement as
    select 'flag' as framework, 2023 as edition, 'report' as report_id, 6 as n_common,
        0.6::double as kendall_tau_b, 0.7::double as spearman, 'plausible' as verdict;
create table marts.index_correlation as
    select 'flag' as framework, 2023 as edition, 'people_persons' as indicator, 5 as n,
        0.8::double as pearson, 0.7::double as spearman;
create table marts.index_node_correlation as select * from (values
    ('flag', 2023, 'one', 'other', 'sibling', 0.99::double, 0.2::double, 'redundant'),
    ('flag', 2023, 'one', 'third', 'sibling', -0.3::double, 0.3::double, null),
    ('flag', 2022, 'one', 'other', 'sibling', 0.99::double, 0.9::double, 'redundant')
) as correlation (
    framework, edition, node, other_node, relation, pearson, joint_weight, flag
);
create table marts.organisation_resolution as select * from (values
    ('papers', 'doc', 'all', 'listed', 100, 90, 80, 50, 49, 0.9::double, 0.8::double, 0.98::double,
     0.895::double, 0.996::double),
    ('untold', 'doc', 'all', 'listed', 10, 10, 10, 0, 0, 1.0, 1.0, null, null, null)
) as resolution (
    source_id, document_id, rows_counted, comparison, n_mentions, n_resolved, n_placed, n_compared,
    n_agreeing, share_resolved, share_placed, agreement, agreement_low, agreement_high
);
create table marts.quarantine (
    quarantine_id varchar, source_id varchar, fact_kind varchar, text varchar, reason varchar,
    candidates varchar, occurrences integer, locator varchar
);
"""


def rows() -> dict[str, list[list[Any]]]:
    """Rows of the three tables that hold the figures."""
    observations: list[list[Any]] = []
    values: list[list[Any]] = []
    scores: list[list[Any]] = []
    for year in (2022, 2023):
        for place, city in enumerate(CITIES):
            figures = {
                "papers_count": 1000.0 * (place + 1) + year - 2000,
                "share_pct": 10.0 + place,
                "firms_count": 500.0 + 10 * place,
                "people_persons": 1e6 * (place + 1),
            }
            for name, figure in figures.items():
                key, unit = f"{name}-{city}-{year}", name.rsplit("_", 1)[1]
                fact = [name, city, year]
                if city == "ff":
                    missing = [None, unit, "missing", "not_collected", "book", None, None]
                    values.append([*fact, *missing])
                    continue
                observations.append(
                    [key, "book", SHA, *fact, "city", figure, unit, "observed", "A1", "row", True]
                )
                values.append([*fact, figure, unit, "observed", None, "book", SHA, key])
            if city == "ff":
                continue
            # bb and cc share every score: ranks 1, 2, 2, 4, 5
            score, rank = [(90.0, 1), (70.0, 2), (70.0, 2), (40.0, 4), (10.0, 5)][place]
            for node, level in NODES.items():
                scores.append(["flag", year, city, node, level, score, rank, 1.0, True, 0.0, score])
    return {"observation": observations, "indicator_value": values, "index_score": scores}


@pytest.fixture(scope="session")
def good_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("good") / "warehouse.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute(SCHEMA)
        for table, lines in rows().items():
            places = ", ".join("?" * len(lines[0]))
            con.executemany(f"insert into marts.{table} values ({places})", lines)
        con.execute(AFTER.replace("SHA", SHA))
    return file


@pytest.fixture
def build(good_build: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a copy that a test may break."""
    file = shutil.copy(good_build, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(file)) as con:
        yield con
