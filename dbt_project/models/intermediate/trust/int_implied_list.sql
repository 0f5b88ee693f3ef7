-- Published rankings to which weights are fitted: those of an index's subjects, with the cities
-- that its newest edition ranks. Of one with too few the fit says so.
with

subjects as (

    select * from {{ ref('stg_framework_subject') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

published as (

    select * from {{ ref('published_rank') }}

),

newest as (

    select
        framework,
        max(edition) as edition
    from ranking
    where rank is not null
    group by framework

),

-- Several documents may print the same ranking; the better of two places counts.
placed as (

    select
        report_id,
        cohort,
        subject,
        publisher,
        city_id,
        min(coalesce(rank, rank_from)) as rank_from,
        min(coalesce(rank, rank_to)) as rank_to,
        max(score) as published_score
    from published
    where coalesce(rank, rank_from) is not null and coalesce(rank, rank_to) is not null
    group by report_id, cohort, subject, publisher, city_id

),

common as (

    select
        newest.framework,
        newest.edition,
        placed.report_id,
        placed.cohort,
        placed.subject,
        placed.publisher,
        placed.city_id,
        placed.rank_from,
        placed.rank_to,
        placed.published_score
    from newest
    inner join subjects
        on newest.framework = subjects.framework
    inner join placed
        on subjects.subject = placed.subject
    inner join ranking
        on
            newest.framework = ranking.framework
            and newest.edition = ranking.edition
            and placed.city_id = ranking.city_id
    where ranking.rank is not null

),

final as (

    select
        framework,
        edition,
        report_id,
        cohort,
        subject,
        publisher,
        city_id,
        rank_from,
        rank_to,
        published_score
    from common

)

select * from final
