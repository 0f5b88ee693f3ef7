with

source as (

    select * from {{ source('raw', 'framework_node') }}

),

final as (

    select
        framework,
        node,
        parent,
        level,
        title,
        code,
        weight,
        weighting,
        consistency_ratio,
        aggregation,
        power,
        missing_children,
        children_coverage_min,
        indicator,
        direction,
        denominator,
        per,
        max_age_years,
        cap_min,
        cap_max,
        transform,
        boxcox_lambda,
        treatment,
        points_max,
        imputation,
        goalpost_min,
        goalpost_max,
        target,
        reason,
        position
    from source

)

select * from final
