with

source as (

    select * from {{ source('raw', 'theme') }}

),

final as (

    select
        theme,
        title,
        position
    from source

)

select * from final
