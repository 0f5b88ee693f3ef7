select
    indicator,
    city_id,
    year,
    conflict_kind,
    value,
    other_value,
    difference_pct,
    source_id,
    other_source_id
from marts.indicator_conflict
where
    conflict_kind in ('other_source', 'other_document')
    and not is_explained
    and difference_pct > 5
order by difference_pct desc, indicator asc, city_id asc, year asc
