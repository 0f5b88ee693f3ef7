with fact as (
    select
        'observation' as fact_kind,
        observation_id as fact_id,
        source_id,
        quote
    from raw.observation

    union all

    select
        'published_rank' as fact_kind,
        published_rank_id as fact_id,
        source_id,
        quote
    from raw.published_rank

    union all

    select
        'claim' as fact_kind,
        claim_id as fact_id,
        source_id,
        quote
    from raw.claim

    union all

    select
        'event' as fact_kind,
        event_id as fact_id,
        source_id,
        quote
    from raw.event
)

select
    source_id,
    fact_kind,
    fact_id,
    length(quote) as characters,
    quote
from fact
where length(quote) > 200
order by source_id, fact_kind, fact_id
