with

source as (

    select * from {{ source('raw', 'framework_gap') }}

),

final as (

    select
        framework,
        title,
        node,
        reason,
        position
    from source

)

select * from final
