select
    document_id,
    source_id,
    title,
    status,
    sha256
from marts.document
where
    status = 'held'
    and (
        sha256 is null
        or not regexp_full_match(sha256, '[0-9a-f]{64}')
        or document_id is distinct from sha256
    )
order by source_id, document_id
