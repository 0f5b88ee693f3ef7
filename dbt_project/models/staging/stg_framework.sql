with

source as (

    select * from {{ source('raw', 'framework') }}

),

final as (

    select
        framework,
        title,
        description,
        measures,
        is_flagship,
        variant_of,
        universe_country_code,
        size_indicator,
        size_min,
        size_max
    from source

)

select * from final
