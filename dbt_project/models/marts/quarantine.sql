with

quarantined as (

    select * from {{ ref('stg_quarantine') }}

),

documents as (

    select * from {{ ref('stg_document') }}

),

final as (

    select
        quarantined.*,
        documents.title as document_title,
        documents.address
    from quarantined
    left join documents
        on quarantined.document_id = documents.document_id

)

select * from final
