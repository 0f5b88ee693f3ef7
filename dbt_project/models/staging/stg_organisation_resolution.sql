with

source as (

    select * from {{ source('raw', 'organisation_resolution') }}

),

final as (

    select
        organisation_resolution_id,
        source_id,
        document_id,
        rows_counted,
        comparison,
        n_left_out,
        n_mentions,
        n_resolved,
        n_placed,
        n_by_country,
        n_compared,
        n_agreeing,
        locator,
        parser
    from source

)

select * from final
