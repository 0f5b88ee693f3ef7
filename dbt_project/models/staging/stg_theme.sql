with

source as (

    select * from {{ source('raw', 'theme') }}

),

final as (

    select
        theme,
        title,
        coverage_min,
        position
    from source

)

select * from final
