-- The units that the framework's kinds, countries, groups and lists let through, and whether each
-- is of the size that the framework ranks. A unit of unknown size is not.
with

editions as (

    select * from {{ ref('stg_framework_edition') }}

),

frameworks as (

    select * from {{ ref('stg_framework') }}

),

framework_cities as (

    select * from {{ ref('stg_framework_city') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

units as (

    select
        editions.framework,
        editions.edition,
        framework_cities.city_id,
        frameworks.size_indicator,
        frameworks.size_min,
        frameworks.size_max,
        case when stages.method = 'exact' then 0 else editions.max_age_years end as max_age_years
    from editions
    inner join framework_cities
        on editions.framework = framework_cities.framework
    inner join frameworks
        on editions.framework = frameworks.framework
    inner join stages
        on editions.framework = stages.framework and stages.stage = 'select'

),

newest as (

    select
        units.framework,
        units.edition,
        units.city_id,
        max(indicator_values.year) as size_year
    from units
    inner join indicator_values
        on
            units.city_id = indicator_values.city_id
            and units.size_indicator = indicator_values.indicator
            and units.edition >= indicator_values.year
            and units.edition - units.max_age_years <= indicator_values.year
    where indicator_values.value is not null
    group by units.framework, units.edition, units.city_id

),

sized as (

    select
        units.*,
        newest.size_year,
        indicator_values.value as size_value
    from units
    left join newest
        on
            units.framework = newest.framework
            and units.edition = newest.edition
            and units.city_id = newest.city_id
    left join indicator_values
        on
            units.city_id = indicator_values.city_id
            and units.size_indicator = indicator_values.indicator
            and newest.size_year = indicator_values.year

),

final as (

    select
        framework,
        edition,
        city_id,
        size_value,
        size_year,
        case
            when size_indicator is null then null
            when size_value is null then concat(size_indicator, ' is not known')
            when size_value < size_min
                then
                    concat(
                        size_indicator,
                        ' is ',
                        {{ number_text('size_value') }},
                        ', at least ',
                        {{ number_text('size_min') }},
                        ' needed'
                    )
            when size_value > size_max
                then
                    concat(
                        size_indicator,
                        ' is ',
                        {{ number_text('size_value') }},
                        ', at most ',
                        {{ number_text('size_max') }},
                        ' allowed'
                    )
        end as reason
    from sized

)

select * from final
