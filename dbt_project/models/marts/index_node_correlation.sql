-- How the nodes of an index go together. A flag says what a reader should look at, with the
-- thresholds of plot_corr of COINr: -0.4, 0.3 and 0.92.
with

pairs as (

    select * from {{ ref('int_index_node_pair') }}
    where stage = 'aggregated'

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

ancestry as (

    select * from {{ ref('int_index_ancestor') }}

),

-- Leaves that tell cities apart, below each node: a node that has one of them is that leaf.
telling as (

    select
        framework,
        edition,
        node
    from pairs
    where node = other_node and pearson is not null

),

leaf_counts as (

    select
        telling.framework,
        telling.edition,
        ancestry.ancestor as node,
        count(*) as n_leaves
    from telling
    inner join ancestry
        on telling.framework = ancestry.framework and telling.node = ancestry.node
    where ancestry.level = 1
    group by telling.framework, telling.edition, ancestry.ancestor

),

related as (

    select
        pairs.framework,
        pairs.edition,
        pairs.node,
        pairs.other_node,
        case
            when ancestry.steps = 1 then 'parent'
            when ancestry.steps > 1 then 'ancestor'
            when nodes.parent = other_nodes.parent then 'sibling'
            when nodes.level = other_nodes.level then 'other branch'
        end as relation,
        nodes.level,
        pairs.n,
        pairs.pearson,
        pairs.spearman,
        case
            when ancestry.ancestor is null
                then weights.effective_weight + other_weights.effective_weight
        end as joint_weight,
        coalesce(leaf_counts.n_leaves, 1) = coalesce(other_counts.n_leaves, 1)
        and ancestry.ancestor is not null as is_same_leaves
    from pairs
    inner join nodes
        on pairs.framework = nodes.framework and pairs.node = nodes.node
    inner join nodes as other_nodes
        on pairs.framework = other_nodes.framework and pairs.other_node = other_nodes.node
    inner join weights
        on
            pairs.framework = weights.framework
            and pairs.edition = weights.edition
            and pairs.node = weights.node
    inner join weights as other_weights
        on
            pairs.framework = other_weights.framework
            and pairs.edition = other_weights.edition
            and pairs.other_node = other_weights.node
    left join ancestry
        on
            pairs.framework = ancestry.framework
            and pairs.node = ancestry.node
            and pairs.other_node = ancestry.ancestor
    left join leaf_counts
        on
            pairs.framework = leaf_counts.framework
            and pairs.edition = leaf_counts.edition
            and pairs.node = leaf_counts.node
    left join leaf_counts as other_counts
        on
            pairs.framework = other_counts.framework
            and pairs.edition = other_counts.edition
            and pairs.other_node = other_counts.node
    where ancestry.ancestor is not null or nodes.position < other_nodes.position

),

final as (

    select
        framework,
        edition,
        node,
        other_node,
        relation,
        level,
        n,
        pearson,
        spearman,
        joint_weight,
        case
            when is_same_leaves then null
            when relation in ('sibling', 'parent', 'ancestor') and pearson < -0.4 then 'negative'
            when relation = 'parent' and pearson < 0.3 then 'weak'
            when pearson > 0.92 and level = 1 and joint_weight >= 0.1 then 'redundant'
            when pearson > 0.92 then 'collinear'
        end as flag
    from related
    where relation is not null

)

select * from final
order by framework, edition, node, other_node
