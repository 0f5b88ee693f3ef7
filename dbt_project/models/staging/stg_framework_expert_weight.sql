with

source as (

    select * from {{ source('raw', 'framework_expert_weight') }}

),

final as (

    select
        framework,
        expert,
        node,
        weight
    from source

)

select * from final
