with

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

final as (

    select * from nodes

)

select * from final
