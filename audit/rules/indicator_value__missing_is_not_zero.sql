with judged as (
    select
        indicator,
        city_id,
        year,
        status,
        value,
        missing_reason,
        case
            when status = 'missing' and value is not null then 'missing with a value'
            when status = 'missing' and coalesce(missing_reason, '') = ''
                then 'missing without a reason'
            when status = 'zero' and coalesce(value, -1) <> 0 then 'a zero that is not 0'
            when status = 'observed' and value is null then 'observed without a value'
            when isnan(value) or isinf(value) then 'not a number'
            when status is null or status not in ('observed', 'zero', 'missing')
                then 'unknown status'
        end as problem
    from marts.indicator_value
)

select *
from judged
where problem is not null
order by indicator, city_id, year
