-- Stage denominate: leaves that have a denominator are divided by it.
with

selected as (

    select * from {{ ref('int_index_selected') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

leaves as (

    select
        selected.framework,
        selected.edition,
        selected.city_id,
        nodes.node,
        selected.value as numerator_value,
        denominators.value as denominator_value,
        selected.value_year,
        selected.is_carried_forward,
        selected.observation_id,
        denominators.observation_id as denominator_observation_id,
        nodes.per,
        case when nodes.denominator is null then 'none' else stages.method end as method
    from selected
    inner join nodes
        on selected.framework = nodes.framework and selected.indicator = nodes.indicator
    left join stages
        on selected.framework = stages.framework and stages.stage = 'denominate'
    left join selected as denominators
        on
            selected.framework = denominators.framework
            and selected.edition = denominators.edition
            and selected.city_id = denominators.city_id
            and nodes.denominator = denominators.indicator
            and stages.method is not null

),

unchanged as (

    select
        *,
        numerator_value as value
    from leaves
    where coalesce(method, 'none') = 'none'

),

by_indicator as (

    select
        *,
        per * numerator_value / nullif(denominator_value, 0) as value
    from leaves
    where method = 'by_indicator'

),

united as (

    select * from unchanged
    union all
    select * from by_indicator

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        value,
        numerator_value,
        denominator_value,
        value_year,
        is_carried_forward,
        observation_id,
        denominator_observation_id
    from united

)

select * from final
