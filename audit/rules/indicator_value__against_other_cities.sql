with known as (
    select
        figure.indicator,
        figure.city_id,
        figure.year,
        figure.value,
        figure.source_id,
        -- A tenth of a percentage point more, so that a very small share is no alarm.
        ln(figure.value + case when figure.unit = 'pct' then 0.1 else 0.0 end) as log_value
    from marts.indicator_value as figure
    inner join marts.city as city on figure.city_id = city.city_id and city.is_city
    left join marts.observation as observation
        on figure.observation_id = observation.observation_id
    where
        figure.status = 'observed' and figure.value > 0 and not figure.is_derived
        -- The ratio of two growth rates, or of a profit to a loss, says nothing.
        and not regexp_matches(figure.unit, '_(change|growth|balance)$')
        -- Rows that the readers count have no unit to mistake, and are many in few cities.
        and observation.printed_unit is distinct from 'rows'
),

middle as (
    select
        indicator,
        year,
        percentile_cont(0.5) within group (order by log_value) as log_median
    from known
    group by indicator, year
    having count(*) >= 20
),

distant as (
    select
        known.indicator,
        known.city_id,
        known.year,
        known.value,
        known.source_id,
        middle.log_median,
        abs(known.log_value - middle.log_median) as distance
    from known
    inner join middle on known.indicator = middle.indicator and known.year = middle.year
),

spread as (
    select
        indicator,
        year,
        percentile_cont(0.5) within group (order by distance) as median_distance
    from distant
    group by indicator, year
)

select
    distant.indicator,
    distant.city_id,
    distant.year,
    distant.value,
    exp(distant.log_median) as median_of_the_cities,
    distant.distance / nullif(spread.median_distance, 0) as median_distances,
    distant.source_id
from distant
inner join spread on distant.indicator = spread.indicator and distant.year = spread.year
where distant.distance > greatest(ln(50), getvariable('distances') * spread.median_distance)
order by distant.distance desc, distant.indicator asc, distant.city_id asc
