with

reports as (

    select * from {{ ref('stg_report') }}

),

witnesses as (

    select * from {{ ref('int_report_witness') }}

),

published as (

    select * from {{ ref('stg_published_rank') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

counted as (

    select
        published.report_id,
        count(distinct published.city_id) as n_places,
        count(distinct case when cities.is_city then published.city_id end) as n_cities,
        count(distinct published.document_id) as n_documents
    from published
    inner join cities
        on published.city_id = cities.city_id
    group by published.report_id

),

final as (

    select
        reports.*,
        reports.series_id as source_id,
        witnesses.is_witness,
        coalesce(counted.n_places, 0) as n_places,
        coalesce(counted.n_cities, 0) as n_cities,
        coalesce(counted.n_documents, 0) as n_documents
    from reports
    inner join witnesses
        on reports.report_id = witnesses.report_id
    left join counted
        on reports.report_id = counted.report_id

)

select * from final
