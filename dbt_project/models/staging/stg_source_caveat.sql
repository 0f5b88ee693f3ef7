with

source as (

    select * from {{ source('raw', 'source_caveat') }}

),

final as (

    select
        source_id,
        indicator,
        reason
    from source

)

select * from final
