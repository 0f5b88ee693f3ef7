with

source as (

    select * from {{ source('raw', 'series_break') }}

),

final as (

    select
        source_id,
        indicator,
        year,
        reason
    from source

)

select * from final
