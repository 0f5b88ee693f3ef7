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
        nodes.denominator,
        selected.value as numerator_value,
        selected.value_year,
        selected.is_carried_forward,
        selected.observation_id,
        coalesce(stages.method, 'none') as method
    from selected
    inner join nodes
        on selected.framework = nodes.framework and selected.indicator = nodes.indicator
    left join stages
        on selected.framework = stages.framework and stages.stage = 'denominate'

),

unchanged as (

    select
        *,
        null as denominator_value,
        null as denominator_observation_id,
        numerator_value as value
    from leaves
    where method = 'none' or denominator is null

),

by_indicator as (

    select
        leaves.*,
        denominators.value as denominator_value,
        denominators.observation_id as denominator_observation_id,
        leaves.numerator_value / nullif(denominators.value, 0) as value
    from leaves
    inner join selected as denominators
        on
            leaves.framework = denominators.framework
            and leaves.edition = denominators.edition
            and leaves.city_id = denominators.city_id
            and leaves.denominator = denominators.indicator
    where leaves.method = 'by_indicator'

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
