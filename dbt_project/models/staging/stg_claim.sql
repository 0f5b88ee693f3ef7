with

source as (

    select * from {{ source('raw', 'claim') }}

),

final as (

    select
        claim_id,
        city_id,
        source_id,
        document_id,
        claim_kind,
        subject,
        attributed_to,
        measure_kind,
        measure,
        is_proxy,
        excluded_report_id,
        rank_from,
        rank_to,
        operator,
        value,
        unit,
        printed_value,
        year_from,
        year_to,
        untestable_reason,
        locator,
        quote,
        read_by,
        read_confidence,
        parser
    from source

)

select * from final
