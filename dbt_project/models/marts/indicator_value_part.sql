with

parts as (

    select * from {{ ref('int_indicator_part') }}

),

final as (

    select * from parts

)

select * from final
order by indicator, city_id, year, role, part_indicator
