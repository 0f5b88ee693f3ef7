-- How far organisations could be placed, and the share that agrees with the countries stated, with
-- the score interval of Wilson (1927) at 95 %.
{% set z = 1.959964 %}

with

resolutions as (

    select * from {{ ref('stg_organisation_resolution') }}

),

shares as (

    select
        *,
        1.0 * n_resolved / nullif(n_mentions, 0) as share_resolved,
        1.0 * n_placed / nullif(n_mentions, 0) as share_placed,
        1.0 * n_agreeing / nullif(n_compared, 0) as agreement
    from resolutions

),

intervals as (

    select
        *,
        agreement + {{ z }} * {{ z }} / (2 * nullif(n_compared, 0)) as centre,
        {{ z }} * sqrt(
            agreement * (1 - agreement) / nullif(n_compared, 0)
            + {{ z }} * {{ z }} / (4.0 * nullif(n_compared, 0) * n_compared)
        ) as half_width,
        1 + {{ z }} * {{ z }} / nullif(n_compared, 0) as scale
    from shares

),

final as (

    select
        source_id,
        document_id,
        rows_counted,
        comparison,
        n_left_out,
        n_mentions,
        n_resolved,
        n_placed,
        n_by_country,
        n_compared,
        n_agreeing,
        round(share_resolved, 6) as share_resolved,
        round(share_placed, 6) as share_placed,
        round(agreement, 6) as agreement,
        round((centre - half_width) / scale, 6) as agreement_low,
        round((centre + half_width) / scale, 6) as agreement_high,
        locator,
        parser
    from intervals

)

select * from final
order by source_id, document_id, rows_counted, comparison
