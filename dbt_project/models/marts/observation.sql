with

printed as (

    select * from {{ ref('stg_observation') }}

),

zeros as (

    select * from {{ ref('int_register_zero') }}

),

observations as (

    select * from printed

    union all

    select
        observation_id,
        source_id,
        document_id,
        indicator,
        city_id,
        year,
        scope,
        0.0 as value,
        unit,
        'zero' as status,
        null as missing_reason,
        null as printed_value,
        null as printed_unit,
        'absent from an exhaustive register' as locator,
        null as quote,
        vintage_on,
        null as parser
    from zeros

),

-- Of two figures of one day the known one comes first; the rest of the order only makes it fixed.
ordered as (

    select
        *,
        row_number() over (
            partition by source_id, indicator, city_id, year, scope
            order by
                vintage_on desc nulls last,
                case when status = 'missing' then 1 else 0 end asc,
                document_id asc,
                observation_id asc
        ) as vintage_position
    from observations

),

final as (

    select
        observation_id,
        source_id,
        document_id,
        indicator,
        city_id,
        year,
        scope,
        value,
        unit,
        status,
        missing_reason,
        printed_value,
        printed_unit,
        locator,
        quote,
        vintage_on,
        vintage_position = 1 as is_latest_vintage,
        parser
    from ordered

)

select * from final
order by indicator, city_id, year, scope, source_id, observation_id
