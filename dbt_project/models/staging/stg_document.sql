with

source as (

    select * from {{ source('raw', 'document') }}

),

final as (

    select
        document_id,
        source_id,
        title,
        address,
        origin,
        status,
        sha256,
        media_type,
        size_bytes,
        published_on,
        published_precision,
        retrieved_on,
        seen,
        standing
    from source

)

select * from final
