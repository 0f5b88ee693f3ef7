with scales as (
    select
        framework.framework,
        framework.final_scaling,
        framework.scale_min,
        framework.scale_max,
        max(case when node.aggregation = 'a_copeland' then 1 else 0 end) = 1 as has_counts
    from marts.framework as framework
    inner join marts.framework_node as node on framework.framework = node.framework
    group by all
),

-- A weight below zero takes a mean out of the scale of its children.
negative as (
    select distinct
        framework,
        edition
    from marts.index_weight
    where weight < 0
),

bounded as (
    select
        score.framework,
        score.edition,
        score.city_id,
        score.node,
        score.score,
        case
            when score.level = 1 then scales.scale_min
            when scales.final_scaling = 'zero_to_100' then 0
            when scales.final_scaling is not null or scales.has_counts then null
            when negative.framework is null then scales.scale_min
        end as scale_min,
        case
            when score.level = 1 then scales.scale_max
            when scales.final_scaling in ('leader_100', 'zero_to_100') then 100
            when scales.final_scaling = 'leader_1' then 1
            when scales.has_counts then null
            when negative.framework is null then scales.scale_max
        end as scale_max
    from marts.index_score as score
    inner join scales on score.framework = scales.framework
    left join negative
        on score.framework = negative.framework and score.edition = negative.edition
)

select *
from bounded
where
    score is not null
    and (
        not isfinite(score)
        or score < scale_min - 1e-9
        or score > scale_max + 1e-9
    )
order by framework, edition, node, city_id
