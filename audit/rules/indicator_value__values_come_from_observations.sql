select
    indicator_value.indicator,
    indicator_value.city_id,
    indicator_value.year,
    indicator_value.value,
    indicator_value.observation_id,
    observation.value as value_of_the_observation
from marts.indicator_value as indicator_value
left join marts.observation as observation
    on
        indicator_value.observation_id = observation.observation_id
        and indicator_value.indicator = observation.indicator
        and indicator_value.city_id = observation.city_id
        and indicator_value.year = observation.year
where
    indicator_value.status in ('observed', 'zero')
    and indicator_value.value is distinct from observation.value
order by indicator_value.indicator, indicator_value.city_id, indicator_value.year
