with

source as (

    select * from {{ source('raw', 'framework_judgement') }}

),

final as (

    select
        framework,
        weighting,
        position,
        expert,
        parent,
        node,
        compared_node,
        judgement
    from source

)

select * from final
