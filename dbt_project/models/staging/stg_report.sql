with

source as (

    select * from {{ source('raw', 'report') }}

),

final as (

    select
        report_id,
        series_id,
        title,
        title_original,
        publisher,
        subject,
        edition_as_printed,
        published_on,
        published_precision,
        data_year,
        universe,
        universe_size,
        universe_country_code,
        derived_from,
        family_id,
        trust,
        methodology
    from source

)

select * from final
