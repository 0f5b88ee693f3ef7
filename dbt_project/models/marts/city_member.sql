with

members as (

    select * from {{ ref('stg_city_member') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

final as (

    select
        members.city_id,
        groups.name_en as city_name,
        members.member_city_id,
        cities.name_en as member_city_name
    from members
    inner join cities as groups
        on members.city_id = groups.city_id
    inner join cities
        on members.member_city_id = cities.city_id

)

select * from final
