select
    indicator,
    city_id,
    year,
    value,
    unit,
    source_id
from marts.indicator_value
where
    (unit = 'pct' and (value < 0 or value > 100))
    or (unit = 'pct_change' and value < -100)
    or (value < 0 and not regexp_matches(unit, '_(change|growth|balance)$'))
order by indicator, city_id, year
