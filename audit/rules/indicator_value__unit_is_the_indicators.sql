select
    indicator_value.indicator,
    indicator_value.city_id,
    indicator_value.year,
    indicator_value.unit,
    indicator.unit as unit_of_the_indicator
from marts.indicator_value as indicator_value
left join marts.indicator as indicator on indicator_value.indicator = indicator.indicator
where indicator_value.unit is distinct from indicator.unit or indicator.indicator is null
order by indicator_value.indicator, indicator_value.city_id, indicator_value.year
