-- The units that an edition may rank.
with

editions as (

    select * from {{ ref('stg_framework_edition') }}

),

framework_cities as (

    select * from {{ ref('stg_framework_city') }}

),

final as (

    select
        editions.framework,
        editions.edition,
        framework_cities.city_id
    from editions
    inner join framework_cities
        on editions.framework = framework_cities.framework

)

select * from final
