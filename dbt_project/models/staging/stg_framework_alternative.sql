with

source as (

    select * from {{ source('raw', 'framework_alternative') }}

),

final as (

    select
        framework,
        factor,
        position,
        method,
        across,
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
        power
    from source

)

select * from final
