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
        normalise.score_min as scale_min,
        normalise.score_max as scale_max
    from frameworks
    inner join stages as screen
        on frameworks.framework = screen.framework and screen.stage = 'screen'
    inner join stages as normalise
        on frameworks.framework = normalise.framework and normalise.stage = 'normalise'

)

select * from final
