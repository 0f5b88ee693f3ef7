with

source as (

    select * from {{ source('raw', 'framework_city') }}

),

final as (

    select
        framework,
        city_id
    from source

)

select * from final
