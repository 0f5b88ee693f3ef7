select
    source_id,
    fact_kind,
    text,
    reason,
    candidates,
    occurrences,
    locator
from marts.quarantine
order by occurrences desc nulls last, source_id asc, quarantine_id asc
