-- Which reports may confirm or contradict anything. One that repeats or rests on another would
-- count that one twice, and one of low trust counts nowhere.
with

reports as (

    select * from {{ ref('stg_report') }}

),

final as (

    select
        report_id,
        series_id,
        family_id,
        publisher,
        title,
        subject,
        published_on,
        universe_country_code,
        report_id = family_id and trust <> 'lowtrust' as is_witness
    from reports

)

select * from final
