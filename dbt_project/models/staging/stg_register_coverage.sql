with

source as (

    select * from {{ source('raw', 'register_coverage') }}

),

final as (

    select
        source_id,
        indicator,
        country_code,
        year_from,
        year_to
    from source

)

select * from final
