with

source as (

    select * from {{ source('raw', 'quarantine') }}

),

final as (

    select
        quarantine_id,
        source_id,
        document_id,
        fact_kind,
        text,
        reason,
        candidates,
        occurrences,
        locator,
        parser
    from source

)

select * from final
