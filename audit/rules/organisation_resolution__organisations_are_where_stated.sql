select
    source_id,
    rows_counted,
    comparison,
    n_mentions,
    share_resolved,
    n_compared,
    agreement,
    agreement_low,
    agreement_high
from marts.organisation_resolution
where
    share_resolved < getvariable('share_resolved_min')
    or agreement < getvariable('agreement_min')
order by source_id, rows_counted, comparison
