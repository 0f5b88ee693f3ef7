-- Stage screen, the indicators: a leaf that is known of too few units is left out of the edition,
-- for all of them, before units are judged. Only observed values count, whatever the order of the
-- stages: imputing from few figures does not make them more.
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

counted as (

    select
        framework,
        edition,
        node,
        count(*) as n_units,
        count(value) as n_observed,
        count(case when value = 0 then 1 end) as n_zero
    from denominated
    group by framework, edition, node

),

by_coverage as (

    select
        counted.*,
        round(1.0 * counted.n_observed / counted.n_units, 12) as coverage,
        coalesce(stages.indicator_coverage_min, 0) as coverage_min
    from counted
    inner join stages
        on counted.framework = stages.framework and stages.stage = 'screen'
    where stages.method = 'by_coverage'

),

united as (

    select * from by_coverage

),

final as (

    select
        framework,
        edition,
        node,
        n_units,
        n_observed,
        n_zero,
        coverage,
        coverage_min,
        coverage >= coverage_min as is_kept
    from united

)

select * from final
