-- Cronbach's alpha of what is below a node, as get_cronbach of COINr: of k items, k / (k - 1) times
-- the share of the variance of their sum that is covariance between them.
with

pairs as (

    select * from {{ ref('int_index_node_pair') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

ancestry as (

    select * from {{ ref('int_index_ancestor') }}

),

-- An indicator that stands in two leaves, as it is and divided, has its figures once.
figures as (

    select
        ancestry.framework,
        ancestry.ancestor as node,
        ancestry.node as item,
        row_number() over (
            partition by ancestry.framework, ancestry.ancestor, nodes.indicator
            order by nodes.position
        ) as occurrence
    from ancestry
    inner join nodes
        on ancestry.framework = nodes.framework and ancestry.node = nodes.node
    where ancestry.level = 1

),

items as (

    select
        framework,
        node,
        item,
        'raw' as items,
        'selected' as stage
    from figures
    where occurrence = 1
    union all
    select
        framework,
        ancestor as node,
        node as item,
        'normalised' as items,
        'aggregated' as stage
    from ancestry
    where level = 1
    union all
    select
        framework,
        ancestor as node,
        node as item,
        'children' as items,
        'aggregated' as stage
    from ancestry
    where steps = 1

),

sums as (

    select
        pairs.framework,
        pairs.edition,
        items.node,
        items.items,
        count(case when pairs.node = pairs.other_node then 1 end) as n_items,
        sum(pairs.covariance) as total,
        sum(case when pairs.node <> pairs.other_node then pairs.covariance else 0 end) as shared
    from pairs
    inner join items
        on
            pairs.framework = items.framework
            and pairs.node = items.item
            and pairs.stage = items.stage
    inner join items as other_items
        on
            items.framework = other_items.framework
            and items.node = other_items.node
            and items.items = other_items.items
            and pairs.other_node = other_items.item
    where pairs.covariance is not null
    group by pairs.framework, pairs.edition, items.node, items.items

),

alphas as (

    select
        framework,
        edition,
        node,
        items,
        n_items,
        round(
            n_items * shared / nullif((n_items - 1) * total, 0),
            12
        ) as alpha
    from sums

),

final as (

    select
        alphas.framework,
        alphas.edition,
        alphas.node,
        nodes.level,
        coalesce(max(case when alphas.items = 'raw' then alphas.n_items end), 0) as n_raw,
        max(case when alphas.items = 'raw' then alphas.alpha end) as alpha_raw,
        coalesce(max(case when alphas.items = 'normalised' then alphas.n_items end), 0)
            as n_normalised,
        max(case when alphas.items = 'normalised' then alphas.alpha end) as alpha_normalised,
        coalesce(max(case when alphas.items = 'children' then alphas.n_items end), 0)
            as n_children,
        max(case when alphas.items = 'children' then alphas.alpha end) as alpha_children
    from alphas
    inner join nodes
        on alphas.framework = nodes.framework and alphas.node = nodes.node
    group by alphas.framework, alphas.edition, alphas.node, nodes.level

)

select * from final
order by framework asc, edition asc, level desc, node asc
