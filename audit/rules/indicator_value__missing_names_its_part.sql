with defined as (
    select
        indicator,
        count(*) as n_defined
    from raw.indicator_part
    group by indicator
),

-- Growth across a break of the series, or from one source to another.
broken as (
    select distinct
        starts.indicator,
        starts.city_id,
        starts.year
    from marts.indicator_value_part as starts
    inner join marts.indicator_value_part as ends
        on
            starts.indicator = ends.indicator
            and starts.city_id = ends.city_id
            and starts.year = ends.year
            and starts.role = 'start'
            and ends.role = 'end'
    left join marts.series_break as series_break
        on
            starts.part_indicator = series_break.indicator
            and starts.source_id = series_break.source_id
            and starts.part_year < series_break.year
            and ends.part_year >= series_break.year
    where starts.source_id <> ends.source_id or series_break.year is not null
),

judged as (
    select
        value.indicator,
        value.city_id,
        value.year,
        value.status,
        value.missing_reason,
        count(part.part_indicator) as n_parts,
        count(part.value) as n_known,
        count(*) filter (
            where part.value <= 0 and part.role in ('denominator', 'start')
        ) as n_not_divisors,
        min(defined.n_defined) as n_defined,
        count(broken.indicator) as n_broken
    from marts.indicator_value as value
    left join marts.indicator_value_part as part
        on
            value.indicator = part.indicator
            and value.city_id = part.city_id
            and value.year = part.year
    left join defined on value.indicator = defined.indicator
    left join broken
        on
            value.indicator = broken.indicator
            and value.city_id = broken.city_id
            and value.year = broken.year
    where value.is_derived
    group by value.indicator, value.city_id, value.year, value.status, value.missing_reason
),

with_problems as (
    select
        *,
        case
            when n_parts <> coalesce(n_defined, 0) or n_parts = 0
                then 'its parts are not those of the catalog'
            when status <> 'missing' and n_known < n_parts then 'known though a part is missing'
            when status <> 'missing' and n_broken > 0 then 'growth across a break'
            when status = 'missing' and n_known = n_parts and n_not_divisors + n_broken = 0
                then 'missing though every part is known'
        end as problem
    from judged
)

select *
from with_problems
where problem is not null
order by indicator, city_id, year
