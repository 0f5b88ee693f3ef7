-- Each published ranking that is a witness, against the edition of each index that is nearest to
-- its data.
with

reports as (

    select * from {{ ref('report') }}

),

published as (

    select * from {{ ref('published_rank') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

report_years as (

    select distinct
        reports.report_id,
        published.cohort,
        reports.publisher,
        reports.subject,
        coalesce(reports.data_year, extract(year from reports.published_on)) as year
    from reports
    inner join published
        on reports.report_id = published.report_id
    where
        published.rank is not null
        and reports.is_witness

),

editions as (

    select distinct
        framework,
        edition
    from ranking
    where rank is not null

),

-- Of two editions equally near, the earlier: it could be known to the report.
nearest as (

    select
        report_years.*,
        editions.framework,
        editions.edition,
        row_number() over (
            partition by editions.framework, report_years.report_id, report_years.cohort
            order by abs(editions.edition - report_years.year) asc, editions.edition asc
        ) as choice
    from report_years
    cross join editions

),

compared as (

    select
        framework,
        edition,
        report_id,
        cohort,
        publisher,
        subject
    from nearest
    where choice = 1

),

-- Several documents may print the same ranking; the better of two places counts.
placed as (

    select
        report_id,
        cohort,
        city_id,
        min(rank) as rank
    from published
    where rank is not null
    group by report_id, cohort, city_id

),

common as (

    select
        compared.framework,
        compared.report_id,
        compared.cohort,
        placed.city_id,
        rank() over (
            partition by compared.framework, compared.report_id, compared.cohort
            order by placed.rank asc
        ) as report_rank,
        rank() over (
            partition by compared.framework, compared.report_id, compared.cohort
            order by ranking.rank asc
        ) as index_rank
    from compared
    inner join placed
        on
            compared.report_id = placed.report_id
            and compared.cohort = placed.cohort
    inner join ranking
        on
            compared.framework = ranking.framework
            and compared.edition = ranking.edition
            and placed.city_id = ranking.city_id
    where ranking.rank is not null

),

-- Ties share the mean of their ranks; the top is the better half, ten at most.
with_ranks as (

    select
        *,
        report_rank + (
            count(*) over (partition by framework, report_id, cohort, report_rank) - 1
        ) / 2.0 as report_mid_rank,
        index_rank + (
            count(*) over (partition by framework, report_id, cohort, index_rank) - 1
        ) / 2.0 as index_mid_rank,
        least(
            10,
            cast(
                floor(count(*) over (partition by framework, report_id, cohort) / 2.0) as integer
            )
        ) as top_k
    from common

),

rank_statistics as (

    select
        framework,
        report_id,
        cohort,
        count(*) as n_common,
        max(top_k) as top_k,
        case
            when
                min(report_rank) < max(report_rank) and min(index_rank) < max(index_rank)
                then corr(report_mid_rank, index_mid_rank)
        end as spearman,
        1.0 * count(case when report_rank <= top_k and index_rank <= top_k then 1 end)
        / nullif(
            greatest(
                count(case when report_rank <= top_k then 1 end),
                count(case when index_rank <= top_k then 1 end)
            ),
            0
        ) as top_k_overlap
    from with_ranks
    group by framework, report_id, cohort

),

pairs as (

    select
        one.framework,
        one.report_id,
        one.cohort,
        sign(one.report_rank - other.report_rank) as report_order,
        sign(one.index_rank - other.index_rank) as index_order
    from common as one
    inner join common as other
        on
            one.framework = other.framework
            and one.report_id = other.report_id
            and one.cohort = other.cohort
            and one.city_id < other.city_id

),

-- tau-b: pairs tied on one side count on that side only.
pair_statistics as (

    select
        framework,
        report_id,
        cohort,
        sum(report_order * index_order)
        / nullif(
            sqrt(
                1.0
                * sum(report_order * report_order)
                * sum(index_order * index_order)
            ),
            0
        ) as kendall_tau_b
    from pairs
    group by framework, report_id, cohort

),

joined as (

    select
        compared.framework,
        compared.edition,
        compared.report_id,
        compared.cohort,
        compared.publisher,
        compared.subject,
        coalesce(rank_statistics.n_common, 0) as n_common,
        round(pair_statistics.kendall_tau_b, 6) as kendall_tau_b,
        round(rank_statistics.spearman, 6) as spearman,
        rank_statistics.top_k,
        round(rank_statistics.top_k_overlap, 6) as top_k_overlap
    from compared
    left join rank_statistics
        on
            compared.framework = rank_statistics.framework
            and compared.report_id = rank_statistics.report_id
            and compared.cohort = rank_statistics.cohort
    left join pair_statistics
        on
            compared.framework = pair_statistics.framework
            and compared.report_id = pair_statistics.report_id
            and compared.cohort = pair_statistics.cohort

),

final as (

    select
        framework,
        edition,
        report_id,
        cohort,
        publisher,
        subject,
        n_common,
        kendall_tau_b,
        spearman,
        top_k,
        top_k_overlap,
        case
            when n_common < 6 or kendall_tau_b is null then 'too few cities'
            when kendall_tau_b >= 0.95 then 'suspiciously near'
            when kendall_tau_b <= 0 then 'no agreement'
            else 'plausible'
        end as verdict
    from joined

)

select * from final
order by framework, edition, report_id, cohort
