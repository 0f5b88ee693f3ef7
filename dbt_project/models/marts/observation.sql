with

printed as (

    select * from {{ ref('stg_observation') }}

),

zeros as (

    select * from {{ ref('int_register_zero') }}

),

corrections as (

    select * from {{ ref('stg_correction') }}

),

-- A figure that nobody printed is known by its number: a zero of a register is 0.
observations as (

    select
        *,
        coalesce(printed_value, {{ number_text('value') }}) as figure
    from printed

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
        null as read_by,
        null as read_confidence,
        null as parser,
        '0' as figure
    from zeros

),

-- A correction counts in every document that prints the wrong figure, and in no other.
corrected as (

    select
        observations.observation_id,
        observations.source_id,
        observations.document_id,
        observations.indicator,
        observations.city_id,
        observations.year,
        observations.scope,
        case
            when corrections.indicator is null then observations.value
            else corrections.new_value
        end as value,
        observations.value as value_as_published,
        observations.unit,
        case
            when corrections.indicator is null then observations.status
            when corrections.new_value is null then 'missing'
            else 'observed'
        end as status,
        case
            when corrections.indicator is null then observations.missing_reason
            when corrections.new_value is null then corrections.correction_reason
        end as missing_reason,
        observations.printed_value,
        observations.printed_unit,
        observations.locator,
        observations.quote,
        observations.vintage_on,
        observations.read_by,
        observations.read_confidence,
        observations.parser,
        corrections.indicator is not null as is_corrected,
        corrections.correction_reason,
        corrections.corrected_by,
        corrections.corrected_on
    from observations
    left join corrections
        on
            observations.source_id = corrections.source_id
            and observations.indicator = corrections.indicator
            and observations.city_id = corrections.city_id
            and observations.year = corrections.year
            and observations.scope = corrections.scope
            and observations.figure = corrections.old_as_printed

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
    from corrected

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
        value_as_published,
        unit,
        status,
        missing_reason,
        printed_value,
        printed_unit,
        is_corrected,
        correction_reason,
        corrected_by,
        corrected_on,
        locator,
        quote,
        vintage_on,
        vintage_position = 1 as is_latest_vintage,
        read_by,
        read_confidence,
        parser
    from ordered

)

select * from final
order by indicator, city_id, year, scope, source_id, observation_id
