-- By country, since hardly a source speaks of all: of those it says nothing of there is no row.
with

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

units as (

    select * from {{ ref('stg_city') }}

),

in_all as (

    select count(case when is_city then 1 end) as n_cities
    from units

),

-- In a catalog without any city, whatever it has in their place.
cities as (

    select units.*
    from units
    cross join in_all
    where units.is_city or in_all.n_cities = 0

),

gazetteer as (

    select
        country_code,
        count(*) as n_cities
    from cities
    group by country_code

),

counted as (

    select
        indicator_values.indicator,
        indicator_values.year,
        cities.country_code,
        count(case when indicator_values.status = 'observed' then 1 end) as n_observed,
        count(case when indicator_values.status = 'zero' then 1 end) as n_zero,
        count(case when indicator_values.status = 'missing' then 1 end) as n_missing
    from indicator_values
    inner join cities
        on indicator_values.city_id = cities.city_id
    group by indicator_values.indicator, indicator_values.year, cities.country_code

),

final as (

    select
        indicators.theme,
        counted.indicator,
        counted.year,
        counted.country_code,
        gazetteer.n_cities,
        counted.n_observed,
        counted.n_zero,
        counted.n_missing,
        gazetteer.n_cities - counted.n_observed - counted.n_zero - counted.n_missing as n_absent,
        round(
            1.0 * (counted.n_observed + counted.n_zero) / nullif(gazetteer.n_cities, 0), 6
        ) as share_known
    from counted
    inner join indicators
        on counted.indicator = indicators.indicator
    inner join gazetteer
        on counted.country_code = gazetteer.country_code

)

select * from final
order by indicator, year, country_code
