with

source as (

    select * from {{ source('raw', 'indicator') }}

),

final as (

    select
        indicator,
        title,
        code,
        theme,
        unit,
        direction,
        measures,
        scope,
        definition,
        max_yearly_change,
        is_derived,
        position
    from source

)

select * from final
