-- Stage normalise: the values of the ranked cities on the framework's scale, higher is better.
with

treated as (

    select * from {{ ref('int_index_treated') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

leaves as (

    select
        treated.framework,
        treated.edition,
        treated.city_id,
        treated.node,
        treated.value,
        nodes.direction,
        stages.score_min,
        stages.score_max,
        stages.method
    from treated
    inner join nodes
        on treated.framework = nodes.framework and treated.node = nodes.node
    inner join stages
        on treated.framework = stages.framework and stages.stage = 'normalise'
    where treated.value is not null

),

spread as (

    select
        framework,
        edition,
        node,
        min(value) as value_min,
        max(value) as value_max
    from leaves
    group by framework, edition, node

),

-- An indicator that is the same everywhere tells nothing: no score, as 0/0 in COINr.
n_minmax as (

    select
        leaves.framework,
        leaves.edition,
        leaves.city_id,
        leaves.node,
        leaves.value,
        leaves.score_min
        + (leaves.score_max - leaves.score_min)
        * case
            when leaves.direction = 'lower' then spread.value_max - leaves.value
            else leaves.value - spread.value_min
        end
        / nullif(spread.value_max - spread.value_min, 0) as score,
        spread.value_max = spread.value_min as is_constant
    from leaves
    inner join spread
        on
            leaves.framework = spread.framework
            and leaves.edition = spread.edition
            and leaves.node = spread.node
    where leaves.method = 'n_minmax'

),

united as (

    select * from n_minmax

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        value,
        score,
        is_constant
    from united

)

select * from final
