with known as (
    select
        indicator,
        city_id,
        year,
        value,
        source_id
    from marts.indicator_value
    where
        status = 'observed' and value > 0 and not is_derived
        -- The ratio of two growth rates, or of a profit to a loss, says nothing.
        and not regexp_matches(unit, '_(change|growth|balance)$')
),

-- Added to both values, so that 1 patent followed by 60 is no alarm.
quiet as (
    select
        known.indicator,
        max(indicator.max_yearly_change) as max_yearly_change,
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
        now.indicator,
        now.city_id,
        before.year as year_before,
        before.value as value_before,
        now.year,
        now.value,
        quiet.max_yearly_change,
        (greatest(now.value, before.value) + quiet.amount)
        / (least(now.value, before.value) + quiet.amount) as ratio,
        now.source_id
    from known as now
    inner join known as before
        on
            now.indicator = before.indicator
            and now.city_id = before.city_id
            and now.year = before.year + 1
    inner join quiet on now.indicator = quiet.indicator
    -- across a break the two figures don't compare
    left join marts.series_break as series_break
        on
            now.source_id = series_break.source_id
            and now.indicator = series_break.indicator
            and now.year = series_break.year
    where series_break.source_id is null
)

select *
from compared
where ratio > greatest(getvariable('least'), coalesce(max_yearly_change, getvariable('unbounded')))
order by ratio desc, indicator asc, city_id asc, year asc
