with

frameworks as (

    select * from {{ ref('stg_framework') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

final as (

    select
        frameworks.framework,
        frameworks.title,
        frameworks.description,
        frameworks.measures,
        frameworks.is_flagship,
        frameworks.variant_of,
        frameworks.universe_country_code,
        screen.dimension_coverage_min,
        normalise.method as normalisation,
        case when coalesce(normalise.is_capped, true) then normalise.score_min end as scale_min,
        case when coalesce(normalise.is_capped, true) then normalise.score_max end as scale_max,
        scale.method as final_scaling
    from frameworks
    inner join stages as screen
        on frameworks.framework = screen.framework and screen.stage = 'screen'
    inner join stages as normalise
        on frameworks.framework = normalise.framework and normalise.stage = 'normalise'
    left join stages as scale
        on frameworks.framework = scale.framework and scale.stage = 'scale'

)

select * from final
