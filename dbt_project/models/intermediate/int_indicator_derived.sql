-- Derived values. Each method is one CTE over the parts of a value, side by side.
with

parts as (

    select * from {{ ref('int_indicator_part') }}

),

derivations as (

    select * from {{ ref('stg_indicator_derivation') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

breaks as (

    select * from {{ ref('stg_series_break') }}

),

-- Starts of a growth that the end does not continue: another source, or a break that its card
-- declares.
broken as (

    select
        starts.indicator,
        starts.city_id,
        starts.year,
        starts.role,
        max(
            case
                when starts.source_id <> ends.source_id
                    then
                        concat(
                            'from ',
                            starts.source_id,
                            ', ',
                            ends.part_year,
                            ' from ',
                            ends.source_id
                        )
                else concat('before a break in ', breaks.year, ': ', breaks.reason)
            end
        ) as break_reason
    from parts as starts
    inner join parts as ends
        on
            starts.indicator = ends.indicator
            and starts.city_id = ends.city_id
            and starts.year = ends.year
            and ends.role = 'end'
    left join breaks
        on
            starts.part_indicator = breaks.indicator
            and starts.source_id = breaks.source_id
            and starts.part_year < breaks.year
            and ends.part_year >= breaks.year
    where
        starts.role = 'start'
        and (starts.source_id <> ends.source_id or breaks.year is not null)
    group by starts.indicator, starts.city_id, starts.year, starts.role

),

-- A part that is not known, or by which nothing can be divided, with the reason.
faults as (

    select
        parts.*,
        case
            when parts.value is null
                then
                    concat(
                        parts.part_indicator,
                        ' ',
                        parts.part_year,
                        ' is missing: ',
                        parts.missing_reason
                    )
            when parts.role = 'denominator' and parts.value = 0
                then concat(parts.part_indicator, ' ', parts.part_year, ' is zero')
            when parts.role = 'start' and parts.value <= 0
                then concat(parts.part_indicator, ' ', parts.part_year, ' is not above zero')
            when broken.break_reason is not null
                then
                    concat(
                        parts.part_indicator, ' ', parts.part_year, ' is ', broken.break_reason
                    )
        end as fault,
        case
            when parts.is_corrected
                then
                    concat(
                        parts.part_indicator, ' ', parts.part_year, ': ', parts.correction_reason
                    )
        end as correction
    from parts
    left join broken
        on
            parts.indicator = broken.indicator
            and parts.city_id = broken.city_id
            and parts.year = broken.year
            and parts.role = broken.role

),

assembled as (

    select
        faults.indicator,
        faults.city_id,
        faults.year,
        derivations.method,
        derivations.per,
        max(case when faults.role = 'numerator' then faults.value end) as numerator_value,
        max(case when faults.role = 'denominator' then faults.value end) as denominator_value,
        max(case when faults.role = 'end' then faults.value end) as end_value,
        max(case when faults.role = 'start' then faults.value end) as start_value,
        sum(case when faults.role = 'term' then faults.value end) as sum_of_terms,
        count(
            case
                when faults.role in ('numerator', 'term') and faults.status <> 'zero' then 1
            end
        ) as n_not_zero,
        {{ text_list('faults.fault', 'faults.fault') }} as missing_reason,
        max(case when faults.is_corrected then 1 else 0 end) = 1 as is_corrected,
        {{ text_list('faults.correction', 'faults.correction') }} as correction_reason
    from faults
    inner join derivations
        on faults.indicator = derivations.indicator
    group by
        faults.indicator,
        faults.city_id,
        faults.year,
        derivations.method,
        derivations.per

),

ratio as (

    select
        *,
        per * numerator_value / nullif(denominator_value, 0) as value
    from assembled
    where method = 'ratio'

),

growth as (

    select
        *,
        100.0 * (end_value - start_value) / nullif(start_value, 0) as value
    from assembled
    where method = 'growth'

),

sum_ as (

    select
        *,
        sum_of_terms as value
    from assembled
    where method = 'sum'

),

united as (

    select * from ratio
    union all
    select * from growth
    union all
    select * from sum_

),

final as (

    select
        united.indicator,
        united.city_id,
        united.year,
        case when united.missing_reason is null then united.value end as value,
        indicators.unit,
        case
            when united.missing_reason is not null then 'missing'
            when united.method <> 'growth' and united.n_not_zero = 0 then 'zero'
            else 'observed'
        end as status,
        united.missing_reason,
        united.is_corrected,
        united.correction_reason
    from united
    inner join indicators
        on united.indicator = indicators.indicator

)

select * from final
