with

published as (

    select * from {{ ref('stg_published_rank') }}

),

reports as (

    select * from {{ ref('stg_report') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

final as (

    select
        published.*,
        cities.name_en as city_name,
        cities.kind as city_kind,
        cities.is_city,
        reports.publisher,
        reports.title as report_title,
        reports.subject,
        reports.published_on,
        reports.data_year,
        reports.universe,
        reports.trust
    from published
    inner join reports
        on published.report_id = reports.report_id
    inner join cities
        on published.city_id = cities.city_id

)

select * from final
