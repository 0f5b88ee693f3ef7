-- Stage impute: missing values of leaves, where the framework fills them (COINr: Impute, i_mean,
-- i_median, i_mean_grp, i_median_grp, impute_panel). It sees what the stage before lets through:
-- the leaves that are kept, and, where screening comes first, the units that passed it. What has no
-- figure to go by stays missing: an indicator, or the group of a unit, without any value.
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

screened_leaves as (

    select * from {{ ref('int_index_screened_leaf') }}

),

observed as (

    select * from {{ ref('int_index_observed') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

editions as (

    select * from {{ ref('stg_framework_edition') }}

),

city_groups as (

    select * from {{ ref('stg_city_group') }}

),

ordered_editions as (

    select
        framework,
        edition,
        row_number() over (partition by framework order by edition asc) as edition_number
    from editions

),

let_through as (

    select
        observed.framework,
        observed.edition,
        observed.city_id
    from observed
    inner join stages as screen
        on observed.framework = screen.framework and screen.stage = 'screen'
    left join stages as impute
        on observed.framework = impute.framework and impute.stage = 'impute'
    group by observed.framework, observed.edition, observed.city_id
    having
        min(case when observed.is_ranked then 1 else 0 end) = 1
        or max(case when impute.position < screen.position then 1 else 0 end) = 1

),

leaves as (

    select
        denominated.framework,
        denominated.edition,
        denominated.city_id,
        denominated.node,
        denominated.value,
        stages.across,
        stages.editions_max,
        city_groups.group_name,
        case when coalesce(nodes.imputation, '') <> 'none' then stages.method end as method
    from denominated
    inner join let_through
        on
            denominated.framework = let_through.framework
            and denominated.edition = let_through.edition
            and denominated.city_id = let_through.city_id
    inner join screened_leaves
        on
            denominated.framework = screened_leaves.framework
            and denominated.edition = screened_leaves.edition
            and denominated.node = screened_leaves.node
    inner join nodes
        on denominated.framework = nodes.framework and denominated.node = nodes.node
    left join stages
        on denominated.framework = stages.framework and stages.stage = 'impute'
    left join city_groups
        on denominated.city_id = city_groups.city_id and stages.grouping = city_groups.grouping
    where screened_leaves.is_kept

),

-- Among which values means and medians are taken: of one edition, or of all (edition 0); of a group
-- of units, or of all. A unit without a group has no others to go by.
pooled as (

    select
        framework,
        edition,
        city_id,
        node,
        value,
        method,
        case when across = 'panel' then 0 else edition end as pool_edition,
        case when method in ('i_mean_grp', 'i_median_grp') then group_name else 'all' end
            as pool_group
    from leaves
    where method in ('i_mean', 'i_median', 'i_mean_grp', 'i_median_grp')

),

pool_scales as (

    select
        framework,
        node,
        method,
        pool_edition,
        pool_group,
        coalesce({{ power_of_two('max(abs(value))') }}, 0) as value_scale
    from pooled
    where pool_group is not null and value is not null
    group by framework, node, method, pool_edition, pool_group

),

means as (

    select
        pooled.framework,
        pooled.node,
        pooled.pool_edition,
        pooled.pool_group,
        {{ exact_mean('pooled.value', 'pool_scales.value_scale') }} as value
    from pooled
    inner join pool_scales
        on
            pooled.framework = pool_scales.framework
            and pooled.node = pool_scales.node
            and pooled.pool_edition = pool_scales.pool_edition
            and pooled.pool_group = pool_scales.pool_group
    where pooled.method in ('i_mean', 'i_mean_grp')
    group by
        pooled.framework,
        pooled.node,
        pooled.pool_edition,
        pooled.pool_group,
        pool_scales.value_scale

),

medians as (

    select
        framework,
        node,
        pool_edition,
        pool_group,
        percentile_cont(0.5) within group (order by value) as value
    from pooled
    where method in ('i_median', 'i_median_grp') and pool_group is not null
    group by framework, node, pool_edition, pool_group

),

-- The editions before and after, in which the unit has a value of the leaf.
neighbours as (

    select
        leaves.framework,
        leaves.edition,
        leaves.city_id,
        leaves.node,
        leaves.value,
        leaves.method,
        leaves.editions_max,
        max(case when leaves.value is not null then leaves.edition end) over (
            partition by leaves.framework, leaves.city_id, leaves.node
            order by leaves.edition asc
            rows between unbounded preceding and current row
        ) as edition_before,
        min(case when leaves.value is not null then leaves.edition end) over (
            partition by leaves.framework, leaves.city_id, leaves.node
            order by leaves.edition asc
            rows between current row and unbounded following
        ) as edition_after
    from leaves
    where leaves.method in ('i_latest', 'i_linear')

),

between_neighbours as (

    select
        neighbours.framework,
        neighbours.edition,
        neighbours.city_id,
        neighbours.node,
        neighbours.method,
        neighbours.editions_max,
        neighbours.edition_before,
        neighbours.edition_after,
        now_.edition_number - before_.edition_number as n_editions_back,
        leaves_before.value as value_before,
        leaves_after.value as value_after
    from neighbours
    inner join ordered_editions as now_
        on neighbours.framework = now_.framework and neighbours.edition = now_.edition
    left join ordered_editions as before_
        on
            neighbours.framework = before_.framework
            and neighbours.edition_before = before_.edition
    left join leaves as leaves_before
        on
            neighbours.framework = leaves_before.framework
            and neighbours.edition_before = leaves_before.edition
            and neighbours.city_id = leaves_before.city_id
            and neighbours.node = leaves_before.node
    left join leaves as leaves_after
        on
            neighbours.framework = leaves_after.framework
            and neighbours.edition_after = leaves_after.edition
            and neighbours.city_id = leaves_after.city_id
            and neighbours.node = leaves_after.node
    where neighbours.value is null

),

i_mean as (

    select
        pooled.framework,
        pooled.edition,
        pooled.city_id,
        pooled.node,
        pooled.method,
        means.value,
        cast(null as integer) as imputed_from
    from pooled
    inner join means
        on
            pooled.framework = means.framework
            and pooled.node = means.node
            and pooled.pool_edition = means.pool_edition
            and pooled.pool_group = means.pool_group
    where pooled.method = 'i_mean' and pooled.value is null

),

i_mean_grp as (

    select
        pooled.framework,
        pooled.edition,
        pooled.city_id,
        pooled.node,
        pooled.method,
        means.value,
        cast(null as integer) as imputed_from
    from pooled
    inner join means
        on
            pooled.framework = means.framework
            and pooled.node = means.node
            and pooled.pool_edition = means.pool_edition
            and pooled.pool_group = means.pool_group
    where pooled.method = 'i_mean_grp' and pooled.value is null

),

i_median as (

    select
        pooled.framework,
        pooled.edition,
        pooled.city_id,
        pooled.node,
        pooled.method,
        medians.value,
        cast(null as integer) as imputed_from
    from pooled
    inner join medians
        on
            pooled.framework = medians.framework
            and pooled.node = medians.node
            and pooled.pool_edition = medians.pool_edition
            and pooled.pool_group = medians.pool_group
    where pooled.method = 'i_median' and pooled.value is null

),

i_median_grp as (

    select
        pooled.framework,
        pooled.edition,
        pooled.city_id,
        pooled.node,
        pooled.method,
        medians.value,
        cast(null as integer) as imputed_from
    from pooled
    inner join medians
        on
            pooled.framework = medians.framework
            and pooled.node = medians.node
            and pooled.pool_edition = medians.pool_edition
            and pooled.pool_group = medians.pool_group
    where pooled.method = 'i_median_grp' and pooled.value is null

),

i_latest as (

    select
        framework,
        edition,
        city_id,
        node,
        method,
        value_before as value,
        edition_before as imputed_from
    from between_neighbours
    where
        method = 'i_latest'
        and n_editions_back <= coalesce(editions_max, n_editions_back)

),

-- Outside the editions that have a value the nearest one stands.
i_linear as (

    select
        framework,
        edition,
        city_id,
        node,
        method,
        case
            when edition_before is null then value_after
            when edition_after is null then value_before
            else
                value_before
                + (value_after - value_before)
                * (edition - edition_before)
                / nullif(edition_after - edition_before, 0)
        end as value,
        cast(null as integer) as imputed_from
    from between_neighbours
    where method = 'i_linear'

),

united as (

    select * from i_mean
    union all
    select * from i_mean_grp
    union all
    select * from i_median
    union all
    select * from i_median_grp
    union all
    select * from i_latest
    union all
    select * from i_linear

),

final as (

    select
        leaves.framework,
        leaves.edition,
        leaves.city_id,
        leaves.node,
        coalesce(leaves.value, united.value) as value,
        united.value is not null as is_imputed,
        case when united.value is not null then united.method end as imputed_by,
        united.imputed_from
    from leaves
    left join united
        on
            leaves.framework = united.framework
            and leaves.edition = united.edition
            and leaves.city_id = united.city_id
            and leaves.node = united.node

)

select * from final
