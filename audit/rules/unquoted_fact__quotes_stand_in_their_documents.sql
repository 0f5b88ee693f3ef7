select
    source_id,
    document_id,
    fact_kind,
    locator,
    quote,
    reason
from raw.unquoted_fact
order by source_id, document_id, fact_kind, locator, quote
