with

source as (

    select * from {{ source('raw', 'framework_stage') }}

),

final as (

    select
        framework,
        position,
        stage,
        method,
        across,
        unit_coverage_min,
        unit_nonzero_min,
        dimension_coverage_min,
        indicator_coverage_min,
        grouping,
        editions_max,
        skewness_max,
        kurtosis_max,
        points_max,
        fallback,
        boxcox_lambda,
        score_min,
        score_max,
        is_capped,
        mean,
        sd,
        reference_unit,
        shift,
        divisor,
        objective
    from source

)

select * from final
