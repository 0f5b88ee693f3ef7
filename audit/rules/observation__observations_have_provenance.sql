select
    observation_id,
    source_id,
    indicator,
    city_id,
    year,
    document_id,
    locator,
    quote
from marts.observation
where
    status = 'observed'
    and (
        coalesce(source_id, '') = ''
        or coalesce(document_id, '') = ''
        or coalesce(locator, '') = ''
        or coalesce(quote, '') = ''
    )
order by source_id, observation_id
