with

source as (

    select * from {{ source('raw', 'city_member') }}

),

final as (

    select
        city_id,
        member_city_id
    from source

)

select * from final
