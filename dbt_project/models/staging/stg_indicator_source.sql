with

source as (

    select * from {{ source('raw', 'indicator_source') }}

),

final as (

    select
        indicator,
        source_id,
        position
    from source

)

select * from final
