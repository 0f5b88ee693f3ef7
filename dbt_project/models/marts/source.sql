with

sources as (

    select * from {{ ref('stg_source') }}

),

documents as (

    select * from {{ ref('stg_document') }}

),

counted as (

    select
        source_id,
        count(*) as n_documents,
        max(published_on) as newest_document_on
    from documents
    group by source_id

),

final as (

    select
        sources.*,
        coalesce(counted.n_documents, 0) as n_documents,
        counted.newest_document_on
    from sources
    left join counted
        on sources.source_id = counted.source_id

)

select * from final
