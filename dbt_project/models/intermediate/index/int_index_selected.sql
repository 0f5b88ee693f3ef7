-- Stage select: for each city the value that stands for an edition, of every indicator that the
-- framework uses: its leaves, their denominators and the references of its correlations.
with

editions as (

    select * from {{ ref('stg_framework_edition') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

references_ as (

    select * from {{ ref('stg_framework_reference') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

units as (

    select * from {{ ref('int_index_universe') }}

),

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

needed as (

    select
        framework,
        indicator
    from nodes
    where indicator is not null

    union distinct

    select
        framework,
        denominator as indicator
    from nodes
    where denominator is not null

    union distinct

    select
        framework,
        indicator
    from references_

),

universe as (

    select
        units.framework,
        units.edition,
        units.city_id,
        case when stages.method = 'exact' then 0 else editions.max_age_years end as max_age_years,
        stages.method
    from units
    inner join editions
        on units.framework = editions.framework and units.edition = editions.edition
    inner join stages
        on units.framework = stages.framework and stages.stage = 'select'

),

wanted as (

    select
        universe.*,
        needed.indicator
    from universe
    inner join needed
        on universe.framework = needed.framework

),

-- The newest known value that is young enough; where none is, what the newest row says of it.
newest as (

    select
        wanted.framework,
        wanted.edition,
        wanted.city_id,
        wanted.indicator,
        indicator_values.value,
        indicator_values.year as value_year,
        indicator_values.missing_reason,
        indicator_values.observation_id,
        row_number() over (
            partition by wanted.framework, wanted.edition, wanted.city_id, wanted.indicator
            order by
                case when indicator_values.value is null then 1 else 0 end asc,
                indicator_values.year desc nulls last
        ) as choice
    from wanted
    left join indicator_values
        on
            wanted.city_id = indicator_values.city_id
            and wanted.indicator = indicator_values.indicator
            and wanted.edition >= indicator_values.year
            and wanted.edition - wanted.max_age_years <= indicator_values.year
    where wanted.method in ('newest', 'exact')

),

united as (

    select * from newest
    where choice = 1

),

final as (

    select
        framework,
        edition,
        city_id,
        indicator,
        value,
        case when value is not null then value_year end as value_year,
        value is not null and value_year < edition as is_carried_forward,
        case when value is null then coalesce(missing_reason, 'no row') end as missing_reason,
        observation_id
    from united

)

select * from final
