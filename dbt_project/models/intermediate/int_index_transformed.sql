-- Stage transform: the shape of leaf values, so that a few large ones do not set the whole scale.
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

leaves as (

    select
        denominated.framework,
        denominated.edition,
        denominated.city_id,
        denominated.node,
        denominated.value as value_before,
        case when stages.method = 'by_indicator' then nodes.transform end as transform
    from denominated
    inner join nodes
        on denominated.framework = nodes.framework and denominated.node = nodes.node
    left join stages
        on denominated.framework = stages.framework and stages.stage = 'transform'

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        transform,
        value_before,
        case
            when transform is null then value_before
            when value_before < 0 then null
            when transform = 'sqrt' then sqrt(value_before)
            when transform = 'log1p' then ln(1 + value_before)
        end as value
    from leaves

)

select * from final
