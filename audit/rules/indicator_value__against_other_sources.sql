with known as (
    select
        indicator,
        city_id,
        year,
        value,
        source_id
    from marts.indicator_value
    where
        status = 'observed' and value > 0
        -- The ratio of two growth rates, or of a profit to a loss, says nothing.
        and not regexp_matches(unit, '_(change|growth|balance)$')
),

-- Added to both values, so that 1 patent here and 11 there is no alarm.
quiet as (
    select
        known.indicator,
        max(indicator.scope) as scope,
        greatest(
            0.001 * percentile_cont(0.5) within group (order by known.value),
            max(case when indicator.unit = 'count' then 10 else 0 end)
        ) as amount
    from known
    inner join marts.indicator as indicator on known.indicator = indicator.indicator
    group by known.indicator
),

compared as (
    select
        known.indicator,
        known.city_id,
        known.year,
        known.value,
        known.source_id,
        other.value as other_value,
        other.source_id as other_source_id,
        (greatest(known.value, other.value) + quiet.amount)
        / (least(known.value, other.value) + quiet.amount) as ratio
    from known
    inner join quiet on known.indicator = quiet.indicator
    inner join marts.observation as other
        on
            known.indicator = other.indicator
            and known.city_id = other.city_id
            and known.year = other.year
            and known.source_id <> other.source_id
            and quiet.scope = other.scope
    where other.is_latest_vintage and other.status = 'observed' and other.value > 0
)

select *
from compared
where ratio > getvariable('ratio')
order by ratio desc, indicator asc, city_id asc, year asc
