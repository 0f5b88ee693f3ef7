with

judgements as (

    select * from {{ ref('stg_framework_judgement') }}

),

final as (

    select * from judgements

)

select * from final
