select
    indicator,
    city_id,
    year,
    conflict_kind,
    other_value as value_before,
    other_vintage_on as vintage_before_on,
    value,
    vintage_on,
    difference_pct,
    source_id
from marts.indicator_conflict
where conflict_kind in ('restated', 'withdrawn')
order by difference_pct desc nulls first, indicator asc, city_id asc, year asc
