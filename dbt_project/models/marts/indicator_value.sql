with

collected as (

    select * from {{ ref('int_indicator_collected') }}

),

derived as (

    select * from {{ ref('int_indicator_derived') }}

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
        false as is_derived,
        source_id,
        document_id,
        observation_id
    from collected

    union all

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
        true as is_derived,
        null as source_id,
        null as document_id,
        null as observation_id
    from derived

)

select * from final
order by indicator, city_id, year
