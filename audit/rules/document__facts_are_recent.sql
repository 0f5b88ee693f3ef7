with newest as (
    select
        source_id,
        max(published_on) as newest_document
    from marts.document
    group by source_id
)

select
    source.source_id,
    newest.newest_document,
    current_date - newest.newest_document as age_days,
    source.max_age_days
from newest
inner join marts.source as source on newest.source_id = source.source_id
where
    newest.newest_document is null
    or current_date - newest.newest_document > source.max_age_days
order by age_days desc nulls first, source.source_id asc
