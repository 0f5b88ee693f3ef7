with

cities as (

    select * from {{ ref('stg_city') }}

),

final as (

    select * from cities

)

select * from final
