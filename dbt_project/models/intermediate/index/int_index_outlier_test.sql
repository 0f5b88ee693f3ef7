-- Whether the values of a leaf pass the test for outliers, by their skewness and kurtosis: as
-- check_SkewKurt of COINr. Values of one edition are taken together, or of all (pool 0).
with

transformed as (

    select * from {{ ref('int_index_transformed') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

leaves as (

    select
        transformed.framework,
        case when stages.across = 'panel' then 0 else transformed.edition end as pool,
        transformed.node,
        transformed.value
    from transformed
    inner join stages
        on transformed.framework = stages.framework and stages.stage = 'treat'
    where transformed.value is not null

),

shapes as (
    {{ value_shapes('leaves') }}
),

-- Rounded, so that passing does not depend on the last bits of an engine.
rounded as (

    select
        framework,
        pool,
        node,
        n_values,
        value_min,
        value_max,
        value_median,
        deviation_max,
        {{ round_significant('skewness') }} as skewness,
        {{ round_significant('kurtosis') }} as kurtosis
    from shapes

),

final as (

    select
        rounded.framework,
        rounded.pool,
        rounded.node,
        rounded.n_values,
        rounded.value_min,
        rounded.value_max,
        rounded.value_median,
        rounded.deviation_max,
        rounded.skewness,
        rounded.kurtosis,
        abs(rounded.skewness) < stages.skewness_max
        or rounded.kurtosis < stages.kurtosis_max as is_passed,
        coalesce(nodes.treatment, '') <> 'none' as is_treatable,
        coalesce(nodes.points_max, stages.points_max) as points_max,
        stages.skewness_max,
        stages.kurtosis_max,
        stages.fallback,
        stages.boxcox_lambda
    from rounded
    inner join nodes
        on rounded.framework = nodes.framework and rounded.node = nodes.node
    inner join stages
        on rounded.framework = stages.framework and stages.stage = 'treat'

)

select * from final
