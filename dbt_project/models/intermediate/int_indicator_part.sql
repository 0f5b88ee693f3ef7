-- What every derived value is made of. Its years are those of its leading parts: a denominator
-- alone, or the start of a growth alone, asks for no value.
with

parts as (

    select * from {{ ref('stg_indicator_part') }}

),

collected as (

    select * from {{ ref('int_indicator_collected') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

wanted as (

    select distinct
        parts.indicator,
        collected.city_id,
        collected.year
    from parts
    inner join collected
        on parts.part_indicator = collected.indicator
    where parts.role in ('numerator', 'end', 'term')

),

final as (

    select
        wanted.indicator,
        wanted.city_id,
        wanted.year,
        parts.role,
        parts.part_indicator,
        wanted.year - parts.years_before as part_year,
        collected.value,
        indicators.unit,
        coalesce(collected.status, 'missing') as status,
        case
            when collected.indicator is null then 'no row'
            else collected.missing_reason
        end as missing_reason,
        coalesce(collected.is_corrected, false) as is_corrected,
        collected.correction_reason,
        collected.source_id,
        collected.document_id,
        collected.observation_id
    from wanted
    inner join parts
        on wanted.indicator = parts.indicator
    inner join indicators
        on parts.part_indicator = indicators.indicator
    left join collected
        on
            parts.part_indicator = collected.indicator
            and wanted.city_id = collected.city_id
            and wanted.year - parts.years_before = collected.year

)

select * from final
