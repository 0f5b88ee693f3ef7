with

events as (

    select * from {{ ref('stg_event') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

final as (

    select
        events.*,
        cities.name_en as city_name
    from events
    inner join cities
        on events.city_id = cities.city_id

)

select * from final
