-- Stage screen, on observed values: what is observed of each city, by dimension and as a whole, and
-- whether that is enough. Final for a framework that does not impute; int_index_screened has the
-- final verdict for all.
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

screened_leaves as (

    select * from {{ ref('int_index_screened_leaf') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

{{ screen_by_coverage('denominated', 'observed') }},

final as (

    select
        framework,
        edition,
        city_id,
        node,
        n_leaves,
        n_known,
        n_zero,
        coverage,
        coverage_min,
        is_sufficient,
        min(case when is_sufficient then 1 else 0 end) over (
            partition by framework, edition, city_id
        ) = 1 as is_ranked,
        reason
    from verdicts

)

select * from final
