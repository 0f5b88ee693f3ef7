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

final as (

    select
        shapes.framework,
        shapes.pool,
        shapes.node,
        shapes.n_values,
        shapes.value_min,
        shapes.value_max,
        shapes.value_median,
        shapes.deviation_max,
        shapes.skewness,
        shapes.kurtosis,
        abs(shapes.skewness) < stages.skewness_max
        or shapes.kurtosis < stages.kurtosis_max as is_passed,
        coalesce(nodes.treatment, '') <> 'none' as is_treatable,
        coalesce(nodes.points_max, stages.points_max) as points_max,
        stages.skewness_max,
        stages.kurtosis_max,
        stages.fallback,
        stages.boxcox_lambda
    from shapes
    inner join nodes
        on shapes.framework = nodes.framework and shapes.node = nodes.node
    inner join stages
        on shapes.framework = stages.framework and stages.stage = 'treat'

)

select * from final
