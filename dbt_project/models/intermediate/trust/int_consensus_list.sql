-- What is compared with the consensus: each published ranking of the subjects of an index, and each
-- edition of the index, which has no vote. A ranking is compared with the consensus without its own
-- series and without that of the report it leads back to, where these vote.
with

subjects as (

    select * from {{ ref('stg_framework_subject') }}

),

reports as (

    select * from {{ ref('report') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

frameworks as (

    select * from {{ ref('framework') }}

),

votes as (

    select * from {{ ref('int_consensus_vote') }}

),

compared as (

    select distinct
        ranking.framework,
        'index' as kind,
        concat(ranking.framework, ' ', ranking.edition) as compared_id,
        ranking.edition,
        cast(null as varchar) as report_id,
        cast(null as varchar) as publisher,
        frameworks.title,
        ranking.edition as data_year,
        cast(null as varchar) as own_series_id,
        cast(null as varchar) as origin_series_id
    from ranking
    inner join frameworks
        on ranking.framework = frameworks.framework
    where
        ranking.rank is not null
        and ranking.framework in (select subjects.framework from subjects)

    union all

    select
        subjects.framework,
        'published' as kind,
        reports.report_id as compared_id,
        cast(null as integer) as edition,
        reports.report_id,
        reports.publisher,
        reports.title,
        reports.data_year,
        reports.series_id as own_series_id,
        origins.series_id as origin_series_id
    from subjects
    inner join reports
        on subjects.subject = reports.subject
    inner join reports as origins
        on reports.family_id = origins.report_id

),

voters as (

    select distinct
        framework,
        series_id
    from votes

),

left_out as (

    select
        compared.framework,
        compared.compared_id,
        {{ text_list('voters.series_id', 'voters.series_id') }} as left_out
    from compared
    inner join voters
        on
            compared.framework = voters.framework
            and (
                compared.own_series_id = voters.series_id
                or compared.origin_series_id = voters.series_id
            )
    group by compared.framework, compared.compared_id

),

final as (

    select
        compared.framework,
        compared.kind,
        compared.compared_id,
        compared.edition,
        compared.report_id,
        compared.publisher,
        compared.title,
        compared.data_year,
        compared.own_series_id,
        compared.origin_series_id,
        coalesce(left_out.left_out, '') as left_out
    from compared
    left join left_out
        on
            compared.framework = left_out.framework
            and compared.compared_id = left_out.compared_id

)

select * from final
