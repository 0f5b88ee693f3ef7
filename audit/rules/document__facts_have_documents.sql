with fact as (
    select
        'observation' as fact_kind,
        observation_id as fact_id,
        source_id,
        document_id
    from raw.observation

    union all

    select
        'published_rank' as fact_kind,
        published_rank_id as fact_id,
        source_id,
        document_id
    from raw.published_rank

    union all

    select
        'claim' as fact_kind,
        claim_id as fact_id,
        source_id,
        document_id
    from raw.claim

    union all

    select
        'event' as fact_kind,
        event_id as fact_id,
        source_id,
        document_id
    from raw.event
)

select
    fact.fact_kind,
    fact.fact_id,
    fact.source_id,
    fact.document_id
from fact
left join marts.document as document on fact.document_id = document.document_id
where document.document_id is null
order by fact.source_id, fact.fact_kind, fact.fact_id
