-- Stage select: for each city the value that stands for an edition, of every indicator that a node
-- of the framework uses: a leaf its indicator and its denominator, the root the references with
-- which the index is correlated.
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

-- Only a leaf's own indicator has the leaf's own age.
needed as (

    select
        framework,
        node,
        indicator,
        max_age_years
    from nodes
    where indicator is not null

    union all

    select
        framework,
        node,
        denominator as indicator,
        null as max_age_years
    from nodes
    where denominator is not null

    union all

    select
        references_.framework,
        nodes.node,
        references_.indicator,
        null as max_age_years
    from references_
    inner join nodes
        on references_.framework = nodes.framework
    where nodes.parent is null

),

newest as (

    select
        editions.framework,
        editions.edition,
        needed.node,
        needed.indicator,
        coalesce(needed.max_age_years, editions.max_age_years) as max_age_years
    from editions
    inner join stages
        on editions.framework = stages.framework and stages.stage = 'select'
    inner join needed
        on editions.framework = needed.framework
    where stages.method = 'newest'

),

-- The year of the edition, but for a leaf that says otherwise.
exact as (

    select
        editions.framework,
        editions.edition,
        needed.node,
        needed.indicator,
        coalesce(needed.max_age_years, 0) as max_age_years
    from editions
    inner join stages
        on editions.framework = stages.framework and stages.stage = 'select'
    inner join needed
        on editions.framework = needed.framework
    where stages.method = 'exact'

),

united as (

    select * from newest
    union all
    select * from exact

),

wanted as (

    select
        units.framework,
        units.edition,
        units.city_id,
        united.node,
        united.indicator,
        united.max_age_years
    from units
    inner join united
        on units.framework = united.framework and units.edition = united.edition

),

-- The newest known value that is young enough; where none is, what the newest row says of it.
chosen as (

    select
        wanted.framework,
        wanted.edition,
        wanted.city_id,
        wanted.node,
        wanted.indicator,
        coalesce(
            max(case when indicator_values.value is not null then indicator_values.year end),
            max(indicator_values.year)
        ) as year
    from wanted
    inner join indicator_values
        on
            wanted.city_id = indicator_values.city_id
            and wanted.indicator = indicator_values.indicator
            and wanted.edition >= indicator_values.year
            and wanted.edition - wanted.max_age_years <= indicator_values.year
    group by wanted.framework, wanted.edition, wanted.city_id, wanted.node, wanted.indicator

),

final as (

    select
        wanted.framework,
        wanted.edition,
        wanted.city_id,
        wanted.node,
        wanted.indicator,
        indicator_values.value,
        case
            when indicator_values.value is not null then indicator_values.year
        end as value_year,
        indicator_values.value is not null
        and indicator_values.year < wanted.edition as is_carried_forward,
        case
            when indicator_values.value is null
                then coalesce(indicator_values.missing_reason, 'no row')
        end as missing_reason,
        indicator_values.observation_id
    from wanted
    left join chosen
        on
            wanted.framework = chosen.framework
            and wanted.edition = chosen.edition
            and wanted.city_id = chosen.city_id
            and wanted.node = chosen.node
            and wanted.indicator = chosen.indicator
    left join indicator_values
        on
            chosen.city_id = indicator_values.city_id
            and chosen.indicator = indicator_values.indicator
            and chosen.year = indicator_values.year

)

select * from final
