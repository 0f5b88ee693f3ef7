with

source as (

    select * from {{ source('raw', 'published_rank') }}

),

final as (

    select
        published_rank_id,
        report_id,
        source_id,
        document_id,
        city_id,
        city_as_printed,
        cohort,
        cohort_country_code,
        rank_as_printed,
        rank,
        rank_from,
        rank_to,
        order_certain,
        score_as_printed,
        score,
        basis,
        locator,
        quote,
        read_by,
        read_confidence,
        parser
    from source

)

select * from final
