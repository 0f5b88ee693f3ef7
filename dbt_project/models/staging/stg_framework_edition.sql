with

source as (

    select * from {{ source('raw', 'framework_edition') }}

),

final as (

    select
        framework,
        edition,
        max_age_years
    from source

)

select * from final
