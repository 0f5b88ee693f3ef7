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

counted as (

    select
        report_id,
        count(distinct city_id) as n_cities,
        count(distinct document_id) as n_documents
    from published
    group by report_id

),

final as (

    select
        reports.*,
        witnesses.is_witness,
        coalesce(counted.n_cities, 0) as n_cities,
        coalesce(counted.n_documents, 0) as n_documents
    from reports
    inner join witnesses
        on reports.report_id = witnesses.report_id
    left join counted
        on reports.report_id = counted.report_id

)

select * from final
