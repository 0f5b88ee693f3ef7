with

source as (

    select * from {{ source('raw', 'city') }}

),

final as (

    select
        city_id,
        kind,
        is_city,
        name_en,
        name_zh,
        code,
        country_code,
        province_en,
        gb2260_code,
        geonames_id,
        latitude,
        longitude
    from source

)

select * from final
