with stated as (
    select distinct
        claim_id,
        source_id
    from raw.claim
)

select
    stated.source_id,
    stated.claim_id,
    claim.verdict,
    claim.verdict_reason
from stated
left join marts.claim as claim on stated.claim_id = claim.claim_id
where
    claim.verdict is null
    or claim.verdict not in ('supported', 'contradicted', 'not_testable')
    or coalesce(claim.verdict_reason, '') = ''
order by stated.source_id, stated.claim_id
