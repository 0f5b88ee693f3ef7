-- A collected value is that of its observation; a derived one is computed anew from the
-- observations of all its parts.
with part as (
    select
        derived.indicator,
        derived.city_id,
        derived.year,
        defined.role,
        observation.value
    from marts.indicator_value as derived
    left join raw.indicator_part as defined on derived.indicator = defined.indicator
    left join marts.indicator_value_part as part
        on
            derived.indicator = part.indicator
            and derived.city_id = part.city_id
            and derived.year = part.year
            and defined.role = part.role
            and defined.part_indicator = part.part_indicator
    left join marts.observation as observation
        on
            part.observation_id = observation.observation_id
            and defined.part_indicator = observation.indicator
            and derived.city_id = observation.city_id
            and derived.year - defined.years_before = observation.year
    where derived.is_derived
),

assembled as (
    select
        indicator,
        city_id,
        year,
        max(value) filter (where role = 'numerator') as numerator_value,
        max(value) filter (where role = 'denominator') as denominator_value,
        max(value) filter (where role = 'end') as end_value,
        max(value) filter (where role = 'start') as start_value,
        case when count(value) = count(*) then sum(value) end as sum_of_values
    from part
    group by indicator, city_id, year
),

expected as (
    select
        value.indicator,
        value.city_id,
        value.year,
        observation.value
    from marts.indicator_value as value
    left join marts.observation as observation
        on
            value.observation_id = observation.observation_id
            and value.indicator = observation.indicator
            and value.city_id = observation.city_id
            and value.year = observation.year
    where not value.is_derived

    union all

    select
        assembled.indicator,
        assembled.city_id,
        assembled.year,
        case derivation.method
            when 'ratio'
                then
                    derivation.per
                    * assembled.numerator_value
                    / nullif(assembled.denominator_value, 0)
            when 'growth'
                then 100 * (assembled.end_value / nullif(assembled.start_value, 0) - 1)
            when 'sum' then assembled.sum_of_values
        end as value
    from assembled
    left join raw.indicator_derivation as derivation
        on assembled.indicator = derivation.indicator
)

select
    indicator_value.indicator,
    indicator_value.city_id,
    indicator_value.year,
    indicator_value.value,
    indicator_value.observation_id,
    expected.value as value_of_the_observations
from marts.indicator_value as indicator_value
left join expected
    on
        indicator_value.indicator = expected.indicator
        and indicator_value.city_id = expected.city_id
        and indicator_value.year = expected.year
where
    indicator_value.status in ('observed', 'zero')
    and coalesce(
        abs(indicator_value.value - expected.value)
        > case
            when indicator_value.is_derived
                then 1e-9 * greatest(1, abs(expected.value), abs(indicator_value.value))
            else 0
        end,
        true
    )
order by indicator_value.indicator, indicator_value.city_id, indicator_value.year
