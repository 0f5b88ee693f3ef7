-- Weight of every node within its parent, and in the whole index: the weights from the node up to
-- the root, multiplied. A tree has five levels at most.
with

editions as (

    select * from {{ ref('stg_framework_edition') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

shares as (

    select
        editions.framework,
        editions.edition,
        nodes.node,
        nodes.parent,
        nodes.level,
        case when nodes.parent is null then 1.0 else nodes.weight end as weight
    from editions
    inner join nodes
        on editions.framework = nodes.framework

),

final as (

    select
        shares.framework,
        shares.edition,
        shares.node,
        shares.parent,
        shares.level,
        shares.weight,
        round(
            shares.weight
            * coalesce(level_2.weight, 1.0)
            * coalesce(level_3.weight, 1.0)
            * coalesce(level_4.weight, 1.0)
            * coalesce(level_5.weight, 1.0),
            15
        ) as effective_weight
    from shares
    left join shares as level_2
        on
            shares.framework = level_2.framework
            and shares.edition = level_2.edition
            and shares.parent = level_2.node
    left join shares as level_3
        on
            level_2.framework = level_3.framework
            and level_2.edition = level_3.edition
            and level_2.parent = level_3.node
    left join shares as level_4
        on
            level_3.framework = level_4.framework
            and level_3.edition = level_4.edition
            and level_3.parent = level_4.node
    left join shares as level_5
        on
            level_4.framework = level_5.framework
            and level_4.edition = level_5.edition
            and level_4.parent = level_5.node

)

select * from final
