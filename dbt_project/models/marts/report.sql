with

reports as (

    select * from {{ ref('stg_report') }}

),

published as (

    select * from {{ ref('stg_published_rank') }}

),

counted as (

    select
        report_id,
        count(distinct city_id) as n_cities
    from published
    group by report_id

),

final as (

    select
        reports.*,
        coalesce(counted.n_cities, 0) as n_cities
    from reports
    left join counted
        on reports.report_id = counted.report_id

)

select * from final
