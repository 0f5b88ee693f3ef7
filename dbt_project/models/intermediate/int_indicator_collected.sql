-- The collected value of an indicator, city and year.
with

observations as (

    select * from {{ ref('observation') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

preferences as (

    select * from {{ ref('stg_indicator_source') }}

),

candidates as (

    select
        observations.*,
        preferences.position as source_position
    from observations
    inner join indicators
        on
            observations.indicator = indicators.indicator
            and observations.scope = indicators.scope
    inner join preferences
        on
            observations.indicator = preferences.indicator
            and observations.source_id = preferences.source_id
    where observations.is_latest_vintage

),

-- The first source that knows the value; where none does, the first that says it is missing.
ordered as (

    select
        *,
        row_number() over (
            partition by indicator, city_id, year
            order by
                case when status = 'missing' then 1 else 0 end asc,
                source_position asc,
                observation_id asc
        ) as choice
    from candidates

),

final as (

    select
        indicator,
        city_id,
        year,
        value,
        unit,
        status,
        missing_reason,
        is_corrected,
        correction_reason,
        source_id,
        document_id,
        observation_id
    from ordered
    where choice = 1

)

select * from final
order by indicator, city_id, year
