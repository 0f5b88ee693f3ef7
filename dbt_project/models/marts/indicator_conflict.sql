with

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

observations as (

    select * from {{ ref('observation') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

caveats as (

    select * from {{ ref('stg_source_caveat') }}

),

figures as (

    select
        *,
        {{ printed_step('printed_value', 'value_as_published') }} as printed_step
    from observations

),

in_force as (

    select figures.*
    from indicator_values
    inner join figures
        on indicator_values.observation_id = figures.observation_id

),

-- The figure in force against every other one of its place and time: the newest of other sources,
-- whatever its own source printed before, and what it printed elsewhere on the same day.
paired as (

    select
        in_force.indicator,
        in_force.city_id,
        in_force.year,
        in_force.scope,
        in_force.value,
        others.value as other_value,
        in_force.unit,
        in_force.source_id,
        others.source_id as other_source_id,
        in_force.observation_id,
        others.observation_id as other_observation_id,
        in_force.vintage_on,
        others.vintage_on as other_vintage_on,
        others.value - in_force.value as difference,
        greatest(abs(in_force.value), abs(others.value)) as larger,
        greatest(in_force.printed_step, others.printed_step) as coarser_step,
        case
            when in_force.source_id <> others.source_id then 'other_source'
            when in_force.vintage_on > others.vintage_on and in_force.value is null
                then 'withdrawn'
            when in_force.vintage_on > others.vintage_on then 'restated'
            else 'other_document'
        end as conflict_kind
    from in_force
    inner join figures as others
        on
            in_force.indicator = others.indicator
            and in_force.city_id = others.city_id
            and in_force.year = others.year
            and in_force.scope = others.scope
            and in_force.observation_id <> others.observation_id
            and (in_force.source_id = others.source_id or others.is_latest_vintage)
    where others.value is not null

),

differing as (

    select *
    from paired
    where
        case
            when conflict_kind = 'withdrawn' then true
            else abs(difference) > 1e-9 * larger
        end

),

explained as (

    select
        differing.*,
        case
            when abs(differing.difference) <= 0.500000001 * differing.coarser_step
                then 'equal at the precision printed'
            when differing.conflict_kind = 'other_source'
                then coalesce(own_caveats.reason, other_caveats.reason)
        end as explanation
    from differing
    left join caveats as own_caveats
        on
            differing.source_id = own_caveats.source_id
            and differing.indicator = own_caveats.indicator
    left join caveats as other_caveats
        on
            differing.other_source_id = other_caveats.source_id
            and differing.indicator = other_caveats.indicator

),

final as (

    select
        explained.indicator,
        explained.city_id,
        cities.name_en as city_name,
        explained.year,
        explained.scope,
        explained.conflict_kind,
        explained.value,
        explained.other_value,
        explained.unit,
        explained.difference,
        round(100 * abs(explained.difference) / explained.larger, 6) as difference_pct,
        explained.source_id,
        explained.other_source_id,
        explained.observation_id,
        explained.other_observation_id,
        explained.vintage_on,
        explained.other_vintage_on,
        explained.explanation,
        explained.explanation is not null as is_explained
    from explained
    inner join cities
        on explained.city_id = cities.city_id

)

select * from final
order by indicator, city_id, year, observation_id, other_observation_id
