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
        universe_country_code,
        dimension_coverage_min,
        scale_min,
        scale_max
    from source

)

select * from final
