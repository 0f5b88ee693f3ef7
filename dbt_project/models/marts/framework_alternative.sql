with

alternatives as (

    select * from {{ ref('stg_framework_alternative') }}

),

final as (

    select * from alternatives

)

select * from final
order by framework, factor, position
