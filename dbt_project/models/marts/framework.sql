with

frameworks as (

    select * from {{ ref('stg_framework') }}

),

final as (

    select * from frameworks

)

select * from final
