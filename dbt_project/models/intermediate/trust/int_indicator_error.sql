-- How exact a value is, as far as its source states an error. Of a derived value the errors of its
-- parts count, taken as independent: its relative variance is the sum of theirs, each times the
-- square of the per cent by which the value changes with one per cent of the part (ISO/IEC Guide
-- 98-3, 5.1). A part of which no error is stated counts as exact.
with

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

stated as (

    select * from {{ ref('stg_source_error') }}

),

parts as (

    select * from {{ ref('int_indicator_part') }}

),

collected as (

    select
        indicator_values.indicator,
        indicator_values.city_id,
        indicator_values.year,
        stated.error_sd_pct
    from indicator_values
    inner join stated
        on
            indicator_values.source_id = stated.source_id
            and indicator_values.indicator = stated.indicator
    where indicator_values.value is not null

),

stated_parts as (

    select
        parts.indicator,
        parts.city_id,
        parts.year,
        parts.role,
        parts.value as part_value,
        stated.error_sd_pct
    from parts
    inner join stated
        on parts.source_id = stated.source_id and parts.part_indicator = stated.indicator

),

-- Growth is end / start - 1 in per cent. Of one near zero no relative error can be told: it ends at
-- a million per cent.
weighted_parts as (

    select
        stated_parts.indicator,
        stated_parts.city_id,
        stated_parts.year,
        stated_parts.error_sd_pct,
        case
            when stated_parts.role = 'term'
                then stated_parts.part_value / nullif(indicator_values.value, 0)
            when stated_parts.role in ('start', 'end')
                then (100 + indicator_values.value) / nullif(indicator_values.value, 0)
            else 1
        end as elasticity
    from stated_parts
    inner join indicator_values
        on
            stated_parts.indicator = indicator_values.indicator
            and stated_parts.city_id = indicator_values.city_id
            and stated_parts.year = indicator_values.year
    where indicator_values.value is not null

),

derived as (

    select
        indicator,
        city_id,
        year,
        sqrt(
            {{ exact_sum('power(least(abs(elasticity) * error_sd_pct, 1000000), 2)') }}
        ) as error_sd_pct
    from weighted_parts
    where elasticity is not null
    group by indicator, city_id, year

),

final as (

    select * from collected
    union all
    select * from derived

)

select * from final
