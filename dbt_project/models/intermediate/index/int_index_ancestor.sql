-- Every node of a tree with each of its ancestors. A tree has five levels at most.
with

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

step_1 as (

    select
        framework,
        node,
        level,
        parent as ancestor,
        1 as steps
    from nodes
    where parent is not null

),

step_2 as (

    {{ next_ancestor('step_1') }}

),

step_3 as (

    {{ next_ancestor('step_2') }}

),

step_4 as (

    {{ next_ancestor('step_3') }}

),

final as (

    select * from step_1
    union all
    select * from step_2
    union all
    select * from step_3
    union all
    select * from step_4

)

select * from final
