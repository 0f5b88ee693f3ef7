with

corrections as (

    select * from {{ ref('stg_correction') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

observations as (

    select * from {{ ref('observation') }}

),

concerned as (

    select
        observations.*,
        coalesce(
            observations.printed_value,
            {{ number_text('observations.value_as_published') }}
        ) as figure,
        max(observations.vintage_on) over (
            partition by
                observations.source_id,
                observations.indicator,
                observations.city_id,
                observations.year,
                observations.scope
        ) as newest_on
    from observations
    inner join corrections
        on
            observations.source_id = corrections.source_id
            and observations.indicator = corrections.indicator
            and observations.city_id = corrections.city_id
            and observations.year = corrections.year
            and observations.scope = corrections.scope

),

found as (

    select
        source_id,
        indicator,
        city_id,
        year,
        scope,
        count(case when is_corrected then 1 end) as n_applied,
        max(case when is_corrected and vintage_on = newest_on then 1 else 0 end) = 1
            as is_applied,
        {{ text_list(
            'case when vintage_on = newest_on then figure end', 'observation_id'
        ) }} as newest_as_printed
    from concerned
    group by source_id, indicator, city_id, year, scope

),

final as (

    select
        corrections.source_id,
        corrections.indicator,
        corrections.city_id,
        corrections.year,
        corrections.scope,
        cities.name_en as city_name,
        corrections.old_as_printed,
        corrections.new_as_printed,
        corrections.new_printed_unit,
        corrections.new_value,
        corrections.correction_reason,
        corrections.corrected_by,
        corrections.corrected_on,
        coalesce(found.n_applied, 0) as n_applied,
        coalesce(found.is_applied, false) as is_applied,
        found.newest_as_printed
    from corrections
    left join cities
        on corrections.city_id = cities.city_id
    left join found
        on
            corrections.source_id = found.source_id
            and corrections.indicator = found.indicator
            and corrections.city_id = found.city_id
            and corrections.year = found.year
            and corrections.scope = found.scope

)

select * from final
order by source_id, indicator, city_id, year, scope
