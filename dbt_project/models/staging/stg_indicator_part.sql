with

source as (

    select * from {{ source('raw', 'indicator_part') }}

),

final as (

    select
        indicator,
        role,
        part_indicator,
        years_before,
        position
    from source

)

select * from final
