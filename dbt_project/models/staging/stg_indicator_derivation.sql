with

source as (

    select * from {{ source('raw', 'indicator_derivation') }}

),

final as (

    select
        indicator,
        method,
        per
    from source

)

select * from final
