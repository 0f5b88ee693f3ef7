-- The weights on an index's indicators that come closest to a published ranking.
with

fits as (

    select * from {{ ref('int_implied_fit') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

final as (

    select
        fits.framework,
        fits.edition,
        fits.report_id,
        fits.cohort,
        fits.node,
        nodes.title,
        weights.effective_weight,
        fits.implied_weight,
        fits.weight_low,
        fits.weight_high,
        fits.is_determined,
        fits.reason
    from fits
    inner join nodes
        on fits.framework = nodes.framework and fits.node = nodes.node
    left join weights
        on
            fits.framework = weights.framework
            and fits.edition = weights.edition
            and fits.node = weights.node

)

select * from final
order by framework, edition, report_id, cohort, node
