with

source as (

    select * from {{ source('raw', 'source_error') }}

),

final as (

    select
        source_id,
        indicator,
        error_sd_pct,
        quote,
        locator
    from source

)

select * from final
