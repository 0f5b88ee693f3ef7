with

left_out as (

    select * from {{ ref('stg_left_out') }}

),

final as (

    select * from left_out

)

select * from final
