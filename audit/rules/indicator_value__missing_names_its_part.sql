with defined as (
    select
        indicator,
        count(*) as n_defined
    from raw.indicator_part
    group by indicator
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
        min(defined.n_defined) as n_defined
    from marts.indicator_value as value
    left join marts.indicator_value_part as part
        on
            value.indicator = part.indicator
            and value.city_id = part.city_id
            and value.year = part.year
    left join defined on value.indicator = defined.indicator
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
            when status = 'missing' and n_known = n_parts and n_not_divisors = 0
                then 'missing though every part is known'
        end as problem
    from judged
)

select *
from with_problems
where problem is not null
order by indicator, city_id, year
