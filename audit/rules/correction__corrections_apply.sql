select
    source_id,
    indicator,
    city_id,
    year,
    scope,
    old_as_printed,
    newest_as_printed,
    corrected_by,
    corrected_on
from marts.correction
where not is_applied
order by source_id, indicator, city_id, year, scope
