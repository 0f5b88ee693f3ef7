-- Stage weight: the share of every node within its parent, by the method of the parent, and in the
-- whole index: the weights from the node up to the root, multiplied. What screening drops has no
-- weight, and its share goes to its siblings. A tree has five levels at most.
with

editions as (

    select * from {{ ref('stg_framework_edition') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

screened_leaves as (

    select * from {{ ref('int_index_screened_leaf') }}

),

fitted_weights as (

    select * from {{ ref('int_index_fitted_weight') }}

),

-- The leaves that are in the index, each with the nodes above it.
kept_leaves as (

    select
        editions.framework,
        editions.edition,
        leaves.node,
        leaves.parent as parent_1,
        level_2.parent as parent_2,
        level_3.parent as parent_3,
        level_4.parent as parent_4
    from editions
    inner join nodes as leaves
        on editions.framework = leaves.framework
    left join screened_leaves
        on
            editions.framework = screened_leaves.framework
            and editions.edition = screened_leaves.edition
            and leaves.node = screened_leaves.node
    left join nodes as level_2
        on leaves.framework = level_2.framework and leaves.parent = level_2.node
    left join nodes as level_3
        on level_2.framework = level_3.framework and level_2.parent = level_3.node
    left join nodes as level_4
        on level_3.framework = level_4.framework and level_3.parent = level_4.node
    where leaves.level = 1 and coalesce(screened_leaves.is_kept, true)

),

kept_nodes as (

    select
        framework,
        edition,
        node
    from kept_leaves

    union distinct

    select
        framework,
        edition,
        parent_1 as node
    from kept_leaves
    where parent_1 is not null

    union distinct

    select
        framework,
        edition,
        parent_2 as node
    from kept_leaves
    where parent_2 is not null

    union distinct

    select
        framework,
        edition,
        parent_3 as node
    from kept_leaves
    where parent_3 is not null

    union distinct

    select
        framework,
        edition,
        parent_4 as node
    from kept_leaves
    where parent_4 is not null

),

children as (

    select
        editions.framework,
        editions.edition,
        nodes.node,
        nodes.parent,
        nodes.level,
        nodes.weight as given_weight,
        fitted_weights.weight as fitted_weight,
        fitted_weights.weighting_problem,
        case
            when nodes.parent is null then 'given'
            when fitted_weights.weighting_problem is not null then 'equal'
            else parents.weighting
        end as weighting
    from editions
    inner join nodes
        on editions.framework = nodes.framework
    inner join kept_nodes
        on
            editions.framework = kept_nodes.framework
            and editions.edition = kept_nodes.edition
            and nodes.node = kept_nodes.node
    left join nodes as parents
        on nodes.framework = parents.framework and nodes.parent = parents.node
    left join fitted_weights
        on
            editions.framework = fitted_weights.framework
            and editions.edition = fitted_weights.edition
            and nodes.node = fitted_weights.node

),

-- What experts state by a table arrives as the weight that is given.
given as (

    select
        *,
        case when parent is null then 1.0 else given_weight end as relative_weight
    from children
    where weighting in ('given', 'ahp', 'budget_allocation')

),

equal_ as (

    select
        *,
        1.0 as relative_weight
    from children
    where weighting = 'equal'

),

fitted as (

    select
        *,
        fitted_weight as relative_weight
    from children
    where weighting in ('entropy', 'critic', 'pca', 'correlation_optimised')

),

united as (

    select * from given
    union all
    select * from equal_
    union all
    select * from fitted

),

-- Rounded, so that equal weights are the same however they came about.
shares as (

    select
        editions.framework,
        editions.edition,
        nodes.node,
        nodes.parent,
        nodes.level,
        united.weighting,
        united.weighting_problem,
        round(
            united.relative_weight
            / nullif(
                {{ exact_sum(
                    'united.relative_weight', 'editions.framework, editions.edition, nodes.parent'
                ) }},
                0
            ),
            15
        ) as weight
    from editions
    inner join nodes
        on editions.framework = nodes.framework
    left join united
        on
            editions.framework = united.framework
            and editions.edition = united.edition
            and nodes.node = united.node

),

final as (

    select
        shares.framework,
        shares.edition,
        shares.node,
        shares.parent,
        shares.level,
        shares.weighting,
        shares.weighting_problem,
        shares.weight,
        round(
            shares.weight
            * coalesce(level_2.weight, 1.0)
            * coalesce(level_3.weight, 1.0)
            * coalesce(level_4.weight, 1.0)
            * coalesce(level_5.weight, 1.0),
            15
        ) as effective_weight
    from shares
    left join shares as level_2
        on
            shares.framework = level_2.framework
            and shares.edition = level_2.edition
            and shares.parent = level_2.node
    left join shares as level_3
        on
            level_2.framework = level_3.framework
            and level_2.edition = level_3.edition
            and level_2.parent = level_3.node
    left join shares as level_4
        on
            level_3.framework = level_4.framework
            and level_3.edition = level_4.edition
            and level_3.parent = level_4.node
    left join shares as level_5
        on
            level_4.framework = level_5.framework
            and level_4.edition = level_5.edition
            and level_4.parent = level_5.node

)

select * from final
