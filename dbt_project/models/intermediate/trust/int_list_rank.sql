-- Rankings of a subject as lists: each cohort of each published ranking, by its certain ranks, and
-- the editions of the indices that are compared with rankings of the subject, of the cities that
-- any published one ranks.
with

reports as (

    select * from {{ ref('report') }}

),

published as (

    select * from {{ ref('published_rank') }}

),

subjects as (

    select * from {{ ref('stg_framework_subject') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

-- Several documents may print the same ranking; the better of two places counts.
published_lists as (

    select
        reports.subject,
        case
            when published.cohort = 'all' then reports.report_id
            else concat(reports.report_id, ' ', published.cohort)
        end as list_id,
        reports.report_id,
        reports.series_id,
        reports.family_id,
        reports.is_witness,
        coalesce(reports.data_year, cast(extract(year from reports.published_on) as integer))
            as data_year,
        reports.published_on,
        published.city_id,
        min(published.rank) as rank
    from reports
    inner join published
        on reports.report_id = published.report_id
    where published.is_city and published.order_certain and published.rank is not null
    group by
        reports.subject,
        published.cohort,
        reports.report_id,
        reports.series_id,
        reports.family_id,
        reports.is_witness,
        reports.data_year,
        reports.published_on,
        published.city_id

),

named as (

    select distinct
        subject,
        city_id
    from published_lists

),

index_lists as (

    select
        subjects.subject,
        concat(ranking.framework, ' ', ranking.edition) as list_id,
        ranking.framework,
        ranking.edition,
        ranking.city_id,
        ranking.rank
    from ranking
    inner join subjects
        on ranking.framework = subjects.framework
    inner join named
        on
            subjects.subject = named.subject
            and ranking.city_id = named.city_id
    where ranking.rank is not null

),

final as (

    select
        subject,
        list_id,
        'published' as kind,
        report_id,
        series_id,
        family_id,
        is_witness,
        data_year,
        published_on,
        cast(null as varchar) as framework,
        city_id,
        rank
    from published_lists

    union all

    select
        subject,
        list_id,
        'index' as kind,
        cast(null as varchar) as report_id,
        cast(null as varchar) as series_id,
        cast(null as varchar) as family_id,
        false as is_witness,
        edition as data_year,
        cast(null as date) as published_on,
        framework,
        city_id,
        rank
    from index_lists

)

select * from final
