-- Effective weight of every leaf in its whole index: the weights from the leaf up to the root,
-- multiplied. A tree has five levels at most.
with

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

shares as (

    select
        framework,
        node,
        parent,
        level,
        case when parent is null then 1.0 else weight end as weight
    from nodes

),

final as (

    select
        leaves.framework,
        leaves.node,
        round(
            leaves.weight
            * coalesce(level_2.weight, 1.0)
            * coalesce(level_3.weight, 1.0)
            * coalesce(level_4.weight, 1.0)
            * coalesce(level_5.weight, 1.0),
            12
        ) as effective_weight
    from shares as leaves
    left join shares as level_2
        on leaves.framework = level_2.framework and leaves.parent = level_2.node
    left join shares as level_3
        on level_2.framework = level_3.framework and level_2.parent = level_3.node
    left join shares as level_4
        on level_3.framework = level_4.framework and level_3.parent = level_4.node
    left join shares as level_5
        on level_4.framework = level_5.framework and level_4.parent = level_5.node
    where leaves.level = 1

)

select * from final
