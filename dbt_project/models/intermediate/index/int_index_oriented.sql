-- What the stage normalise starts from: known values, with their sign turned where lower is better,
-- and with the pool of values that they are compared with. Leaves that the stage treat changed are
-- here as they were before it, too, to show what it did.
with

treated as (

    select * from {{ ref('int_index_treated') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

treated_leaves as (

    select distinct
        framework,
        node
    from treated
    where treated_by <> 'none'

),

after_treatment as (

    select
        framework,
        edition,
        city_id,
        node,
        treated_by,
        value,
        false as is_untreated
    from treated

),

before_treatment as (

    select
        treated.framework,
        treated.edition,
        treated.city_id,
        treated.node,
        'none' as treated_by,
        treated.value_before as value,
        true as is_untreated
    from treated
    inner join treated_leaves
        on treated.framework = treated_leaves.framework and treated.node = treated_leaves.node

),

united as (

    select * from after_treatment
    union all
    select * from before_treatment

),

final as (

    select
        united.framework,
        united.edition,
        case when stages.across = 'panel' then 0 else united.edition end as pool,
        united.city_id,
        united.node,
        united.is_untreated,
        united.treated_by,
        united.value,
        case when nodes.direction = 'lower' then -united.value else united.value end
            as oriented_value
    from united
    inner join nodes
        on united.framework = nodes.framework and united.node = nodes.node
    inner join stages
        on united.framework = stages.framework and stages.stage = 'normalise'
    where united.value is not null

)

select * from final
