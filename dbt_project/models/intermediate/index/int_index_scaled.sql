-- Stage scale: the scores above the leaves on the scale that they are published in, each node by
-- its own leader or its own range. Scores that are comparable over editions stay so: with a
-- normalisation across the panel, leader and range are those of all editions.
with

aggregated as (

    select * from {{ ref('int_index_aggregated') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

scores as (

    select
        aggregated.framework,
        aggregated.edition,
        aggregated.city_id,
        aggregated.node,
        aggregated.level,
        aggregated.score as aggregated_score,
        case when aggregated.level > 1 then scale.method end as method,
        case when normalise.across = 'panel' then 0 else aggregated.edition end as scale_group
    from aggregated
    left join stages as scale
        on aggregated.framework = scale.framework and scale.stage = 'scale'
    left join stages as normalise
        on aggregated.framework = normalise.framework and normalise.stage = 'normalise'

),

spread as (

    select
        framework,
        scale_group,
        node,
        min(aggregated_score) as score_min,
        max(aggregated_score) as score_max
    from scores
    where method is not null
    group by framework, scale_group, node

),

ranges as (

    select
        scores.*,
        spread.score_min,
        spread.score_max
    from scores
    left join spread
        on
            scores.framework = spread.framework
            and scores.scale_group = spread.scale_group
            and scores.node = spread.node

),

unchanged as (

    select
        *,
        aggregated_score as score
    from ranges
    where method is null

),

-- A leader at zero or below is no measure: there is no score.
leader_1 as (

    select
        *,
        case when score_max > 0 then aggregated_score / nullif(score_max, 0) end as score
    from ranges
    where method = 'leader_1'

),

leader_100 as (

    select
        *,
        case when score_max > 0 then 100 * aggregated_score / nullif(score_max, 0) end as score
    from ranges
    where method = 'leader_100'

),

zero_to_100 as (

    select
        *,
        100 * (aggregated_score - score_min) / nullif(score_max - score_min, 0) as score
    from ranges
    where method = 'zero_to_100'

),

united as (

    select * from unchanged
    union all
    select * from leader_1
    union all
    select * from leader_100
    union all
    select * from zero_to_100

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        level,
        case when level = 1 then score else {{ round_significant('score') }} end as score,
        aggregated_score
    from united

)

select * from final
