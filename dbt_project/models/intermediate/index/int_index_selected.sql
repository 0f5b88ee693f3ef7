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

exact as (

    select
        editions.framework,
        editions.edition,
        needed.node,
        needed.indicator,
        0 as max_age_years
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

-- By year, so that a figure only meets the editions that may use it.
years as (

    select
        indicator,
        year
    from indicator_values
    group by indicator, year

),

young_enough as (

    select
        united.framework,
        united.edition,
        united.node,
        united.indicator,
        years.year
    from united
    inner join years
        on
            united.indicator = years.indicator
            and united.edition >= years.year
            and united.edition - united.max_age_years <= years.year

),

-- The newest known value that is young enough; where none is, what the newest row says of it.
chosen as (

    select
        units.framework,
        units.edition,
        units.city_id,
        young_enough.node,
        young_enough.indicator,
        indicator_values.value,
        indicator_values.year,
        indicator_values.missing_reason,
        indicator_values.observation_id,
        row_number() over (
            partition by
                units.framework,
                units.edition,
                units.city_id,
                young_enough.node,
                young_enough.indicator
            order by
                case when indicator_values.value is null then 1 else 0 end asc,
                indicator_values.year desc nulls last
        ) as choice
    from indicator_values
    inner join young_enough
        on
            indicator_values.indicator = young_enough.indicator
            and indicator_values.year = young_enough.year
    inner join units
        on
            young_enough.framework = units.framework
            and young_enough.edition = units.edition
            and indicator_values.city_id = units.city_id

),

final as (

    select
        units.framework,
        units.edition,
        units.city_id,
        united.node,
        united.indicator,
        chosen.value,
        case when chosen.value is not null then chosen.year end as value_year,
        chosen.value is not null and chosen.year < units.edition as is_carried_forward,
        case
            when chosen.value is null then coalesce(chosen.missing_reason, 'no row')
        end as missing_reason,
        chosen.observation_id
    from units
    inner join united
        on units.framework = united.framework and units.edition = united.edition
    left join chosen
        on
            units.framework = chosen.framework
            and units.edition = chosen.edition
            and units.city_id = chosen.city_id
            and united.node = chosen.node
            and united.indicator = chosen.indicator
            and chosen.choice = 1

)

select * from final
