-- Stage denominate: leaves that have a denominator are divided by it (COINr: Denominate).
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

denominators as (

    select
        selected.framework,
        selected.edition,
        selected.city_id,
        selected.node,
        selected.value,
        selected.value_year,
        selected.is_carried_forward,
        selected.missing_reason,
        selected.observation_id
    from selected
    inner join nodes
        on
            selected.framework = nodes.framework
            and selected.node = nodes.node
            and selected.indicator = nodes.denominator

),

leaves as (

    select
        selected.framework,
        selected.edition,
        selected.city_id,
        nodes.node,
        nodes.denominator,
        nodes.per,
        selected.value as numerator_value,
        denominators.value as denominator_value,
        selected.value_year,
        denominators.value_year as denominator_year,
        selected.is_carried_forward
        or coalesce(denominators.is_carried_forward, false) as is_carried_forward,
        selected.missing_reason as numerator_missing_reason,
        denominators.missing_reason as denominator_missing_reason,
        selected.observation_id,
        denominators.observation_id as denominator_observation_id,
        case when nodes.denominator is null then 'none' else stages.method end as method
    from selected
    inner join nodes
        on
            selected.framework = nodes.framework
            and selected.node = nodes.node
            and selected.indicator = nodes.indicator
    left join stages
        on selected.framework = stages.framework and stages.stage = 'denominate'
    left join denominators
        on
            selected.framework = denominators.framework
            and selected.edition = denominators.edition
            and selected.city_id = denominators.city_id
            and selected.node = denominators.node
            and stages.method is not null

),

unchanged as (

    select
        *,
        numerator_value as value,
        numerator_missing_reason as missing_reason
    from leaves
    where coalesce(method, 'none') = 'none'

),

by_indicator as (

    select
        *,
        per * numerator_value / nullif(denominator_value, 0) as value,
        case
            when numerator_value is null then numerator_missing_reason
            when denominator_value is null
                then concat(denominator, ': ', denominator_missing_reason)
            when denominator_value = 0 then concat(denominator, ' is zero')
        end as missing_reason
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
        denominator_year,
        is_carried_forward,
        missing_reason,
        observation_id,
        denominator_observation_id
    from united

)

select * from final
