-- Stage normalise: the values of the ranked cities on the framework's scale, higher is better.
with

transformed as (

    select * from {{ ref('int_index_transformed') }}

),

screened as (

    select * from {{ ref('int_index_screened') }}

),

frameworks as (

    select * from {{ ref('stg_framework') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

ranked as (

    select distinct
        framework,
        edition,
        city_id
    from screened
    where is_ranked

),

leaves as (

    select
        transformed.framework,
        transformed.edition,
        transformed.city_id,
        transformed.node,
        transformed.value,
        nodes.direction,
        frameworks.scale_min,
        frameworks.scale_max,
        stages.method
    from transformed
    inner join ranked
        on
            transformed.framework = ranked.framework
            and transformed.edition = ranked.edition
            and transformed.city_id = ranked.city_id
    inner join nodes
        on transformed.framework = nodes.framework and transformed.node = nodes.node
    inner join frameworks
        on transformed.framework = frameworks.framework
    inner join stages
        on transformed.framework = stages.framework and stages.stage = 'normalise'
    where transformed.value is not null

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
        leaves.scale_min
        + (leaves.scale_max - leaves.scale_min)
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
