with

source as (

    select * from {{ source('raw', 'framework_node') }}

),

final as (

    select
        framework,
        node,
        parent,
        level,
        title,
        weight,
        aggregation,
        indicator,
        denominator,
        per,
        transform,
        direction,
        reason,
        position
    from source

)

select * from final
