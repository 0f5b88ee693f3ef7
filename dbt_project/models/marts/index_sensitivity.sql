-- Every ranked city with the range of its rank over the replications of the index, in which what
-- the framework declares varies. A sensitivity range, not a confidence interval: it tells what
-- other choices of method would make of the same figures.
with

replications as (

    select * from {{ ref('int_replication') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

factors as (

    select * from {{ ref('stg_framework_factor') }}

),

ranges as (

    select * from {{ ref('int_rank_range') }}

),

-- What another choice of a factor does to the mean rank of a city.
choices as (

    select
        framework,
        edition,
        city_id,
        factor,
        max(case when quantity = 'rank_mean_own' then figure end) as rank_mean_own,
        max(case when quantity = 'rank_mean_other' then figure end) as rank_mean_other
    from replications
    where city_id <> '' and factor <> ''
    group by framework, edition, city_id, factor

),

ordered_choices as (

    select
        choices.framework,
        choices.edition,
        choices.city_id,
        factors.title,
        choices.rank_mean_own,
        choices.rank_mean_other,
        row_number() over (
            partition by choices.framework, choices.edition, choices.city_id
            order by
                round(abs(choices.rank_mean_other - choices.rank_mean_own), 9) desc,
                factors.position asc
        ) as priority
    from choices
    inner join factors
        on choices.framework = factors.framework and choices.factor = factors.factor
    where choices.rank_mean_own is not null and choices.rank_mean_other is not null

),

always_varying as (

    select
        framework,
        {{ text_list('title', 'position') }} as titles
    from factors
    where kind not in ('stage', 'left_out')
    group by framework

),

final as (

    select
        ranking.framework,
        ranking.edition,
        ranking.city_id,
        ranking.rank,
        ranges.rank_median,
        ranges.rank_p05,
        ranges.rank_p95,
        ranges.first_probability,
        ranges.top3_probability,
        ranges.top10_probability,
        ranges.undefined_share,
        ranges.mean_rank_shift,
        ranges.rank_group,
        coalesce(ranking.rank between ranges.rank_p05 and ranges.rank_p95, false)
            as is_in_range,
        case
            when ranking.rank between ranges.rank_p05 and ranges.rank_p95 then null
            when ranges.rank_p05 is null then 'no replication gives the city a score'
            when ordered_choices.title is not null
                then
                    concat(
                        ordered_choices.title,
                        ': mean rank ',
                        {{ number_text('round(ordered_choices.rank_mean_own, 1)') }},
                        ' with the choice of the index, ',
                        {{ number_text('round(ordered_choices.rank_mean_other, 1)') }},
                        ' with others'
                    )
            else concat('every replication changes ', always_varying.titles)
        end as range_reason
    from ranking
    left join ranges
        on
            ranking.framework = ranges.framework
            and ranking.edition = ranges.edition
            and ranking.city_id = ranges.city_id
    left join ordered_choices
        on
            ranking.framework = ordered_choices.framework
            and ranking.edition = ordered_choices.edition
            and ranking.city_id = ordered_choices.city_id
            and ordered_choices.priority = 1
    left join always_varying
        on ranking.framework = always_varying.framework
    where ranking.rank is not null

)

select * from final
order by framework asc, edition asc, rank asc, city_id asc
