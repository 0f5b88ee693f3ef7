with

source as (

    select * from {{ source('raw', 'framework_stage') }}

),

final as (

    select
        framework,
        position,
        stage,
        method,
        parameters
    from source

)

select * from final
