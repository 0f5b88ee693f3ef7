with

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

gazetteer as (

    select count(*) as n_cities
    from cities

),

counted as (

    select
        indicator,
        year,
        count(case when status = 'observed' then 1 end) as n_observed,
        count(case when status = 'zero' then 1 end) as n_zero,
        count(case when status = 'missing' then 1 end) as n_missing
    from indicator_values
    group by indicator, year

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
