with

source as (

    select * from {{ source('raw', 'city_group') }}

),

final as (

    select
        city_id,
        grouping,
        group_name
    from source

)

select * from final
