with

themes as (

    select * from {{ ref('stg_theme') }}

),

final as (

    select * from themes

)

select * from final
