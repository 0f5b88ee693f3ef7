with

source as (

    select * from {{ source('raw', 'observation') }}

),

final as (

    select
        observation_id,
        source_id,
        document_id,
        indicator,
        city_id,
        year,
        scope,
        value,
        unit,
        status,
        missing_reason,
        printed_value,
        printed_unit,
        locator,
        quote,
        vintage_on,
        read_by,
        read_confidence,
        parser
    from source

)

select * from final
