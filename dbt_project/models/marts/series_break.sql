with

breaks as (

    select * from {{ ref('stg_series_break') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

sources as (

    select * from {{ ref('stg_source') }}

),

final as (

    select
        breaks.source_id,
        breaks.indicator,
        breaks.year,
        breaks.reason,
        indicators.title as indicator_title,
        sources.title as source_title
    from breaks
    inner join indicators
        on breaks.indicator = indicators.indicator
    inner join sources
        on breaks.source_id = sources.source_id

)

select * from final
order by source_id, indicator, year
