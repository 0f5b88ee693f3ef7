with

documents as (

    select * from {{ ref('stg_document') }}

),

sources as (

    select * from {{ ref('stg_source') }}

),

final as (

    select
        documents.*,
        sources.title as source_title,
        sources.publisher,
        sources.licence,
        sources.redistribution,
        sources.citation
    from documents
    inner join sources
        on documents.source_id = sources.source_id

)

select * from final
