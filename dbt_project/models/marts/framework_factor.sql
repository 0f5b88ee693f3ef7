with

factors as (

    select * from {{ ref('stg_framework_factor') }}

),

final as (

    select * from factors

)

select * from final
order by framework, position
