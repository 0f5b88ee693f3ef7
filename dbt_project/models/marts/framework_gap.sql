with

gaps as (

    select * from {{ ref('stg_framework_gap') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

final as (

    select
        gaps.framework,
        gaps.title,
        gaps.node,
        nodes.title as node_title,
        gaps.reason,
        gaps.position
    from gaps
    inner join nodes
        on gaps.framework = nodes.framework and gaps.node = nodes.node

)

select * from final
order by framework asc, position asc
