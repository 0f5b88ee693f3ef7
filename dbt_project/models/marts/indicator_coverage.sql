with

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

cities as (

    select * from {{ ref('stg_city') }}
    where is_city

),

gazetteer as (

    select count(*) as n_cities
    from cities

),

counted as (

    select
        indicator_values.indicator,
        indicator_values.year,
        count(case when indicator_values.status = 'observed' then 1 end) as n_observed,
        count(case when indicator_values.status = 'zero' then 1 end) as n_zero,
        count(case when indicator_values.status = 'missing' then 1 end) as n_missing
    from indicator_values
    inner join cities
        on indicator_values.city_id = cities.city_id
    group by indicator_values.indicator, indicator_values.year

),

final as (

    select
        indicators.theme,
        counted.indicator,
        counted.year,
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
    cross join gazetteer

)

select * from final
order by indicator, year
