-- Stage screen, the final verdict: which cities are ranked. A framework that screens before it
-- imputes is judged on observed values; one that imputes first has its imputed values counted, as
-- COINr's Screen after Impute does.
with

observed as (

    select * from {{ ref('int_index_observed') }}

),

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

imputed as (

    select * from {{ ref('int_index_imputed') }}

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

orders as (

    select
        screen.framework,
        case
            when impute.position < screen.position then 'impute first'
            when impute.position > screen.position then 'screen first'
            else 'screen only'
        end as stage_order
    from stages as screen
    left join stages as impute
        on screen.framework = impute.framework and impute.stage = 'impute'
    where screen.stage = 'screen'

),

imputed_leaves as (

    select
        denominated.framework,
        denominated.edition,
        denominated.city_id,
        denominated.node,
        imputed.value,
        denominated.numerator_value,
        denominated.denominator_value
    from denominated
    inner join orders
        on denominated.framework = orders.framework
    left join imputed
        on
            denominated.framework = imputed.framework
            and denominated.edition = imputed.edition
            and denominated.city_id = imputed.city_id
            and denominated.node = imputed.node
    where orders.stage_order = 'impute first'

),

{{ screen_by_coverage('imputed_leaves', 'observed or imputed') }},

-- Dimensions of which a city that was let through has no value even after imputation.
empty as (

    select
        imputed.framework,
        imputed.edition,
        imputed.city_id,
        dimensions_.node,
        concat('no data for dimension ', dimensions_.title) as reason
    from imputed
    inner join orders
        on imputed.framework = orders.framework
    inner join nodes
        on imputed.framework = nodes.framework and imputed.node = nodes.node
    inner join nodes as dimensions_
        on nodes.framework = dimensions_.framework and nodes.parent = dimensions_.node
    left join nodes as parents
        on dimensions_.framework = parents.framework and dimensions_.parent = parents.node
    where
        orders.stage_order = 'screen first'
        and coalesce(parents.missing_children, 'none') <> 'share'
    group by
        imputed.framework,
        imputed.edition,
        imputed.city_id,
        dimensions_.node,
        dimensions_.title
    having count(imputed.value) = 0

),

united as (

    select
        observed.framework,
        observed.edition,
        observed.city_id,
        observed.node,
        observed.n_leaves,
        observed.n_known,
        observed.n_zero,
        observed.coverage,
        observed.coverage_min,
        observed.is_sufficient and empty.node is null as is_sufficient,
        coalesce(observed.reason, empty.reason) as reason
    from observed
    inner join orders
        on observed.framework = orders.framework
    left join empty
        on
            observed.framework = empty.framework
            and observed.edition = empty.edition
            and observed.city_id = empty.city_id
            and observed.node = empty.node
    where orders.stage_order <> 'impute first'

    union all

    select * from verdicts

),

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
    from united

)

select * from final
