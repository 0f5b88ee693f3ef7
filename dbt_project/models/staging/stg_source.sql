with

source as (

    select * from {{ source('raw', 'source') }}

),

final as (

    select
        source_id,
        title,
        publisher,
        kind,
        licence,
        licence_address,
        redistribution,
        is_private,
        citation,
        homepage,
        cadence,
        max_age_days,
        trust_tier,
        parser,
        note
    from source

)

select * from final
