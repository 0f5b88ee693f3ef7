with

source as (

    select * from {{ source('raw', 'event') }}

),

final as (

    select
        event_id,
        source_id,
        document_id,
        city_id,
        event_kind,
        title,
        occurred_on,
        date_precision,
        locator,
        quote,
        read_by,
        read_confidence,
        parser
    from source

)

select * from final
