with

source as (

    select * from {{ source('raw', 'correction') }}

),

final as (

    select
        source_id,
        indicator,
        city_id,
        year,
        scope,
        old_as_printed,
        new_as_printed,
        new_printed_unit,
        new_value,
        correction_reason,
        corrected_by,
        corrected_on
    from source

)

select * from final
