-- What is known of each theme, city by city: of its collected indicators, since a derived one knows
-- nothing that its parts don't.
with

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

themes as (

    select * from {{ ref('stg_theme') }}

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

numbers as (

    {{ whole_numbers() }}

),

years as (

    select
        min(year) as first_year,
        max(year) as last_year
    from indicator_values
    where value is not null

),

collected as (

    select
        themes.theme,
        count(indicators.indicator) as n_indicators
    from themes
    left join indicators
        on themes.theme = indicators.theme and not indicators.is_derived
    group by themes.theme

),

counted as (

    select
        indicators.theme,
        indicator_values.city_id,
        indicator_values.year,
        count(case when indicator_values.status = 'observed' then 1 end) as n_observed,
        count(case when indicator_values.status = 'zero' then 1 end) as n_zero,
        count(case when indicator_values.status = 'missing' then 1 end) as n_missing
    from indicator_values
    inner join indicators
        on indicator_values.indicator = indicators.indicator
    where not indicators.is_derived
    group by indicators.theme, indicator_values.city_id, indicator_values.year

),

cells as (

    select
        collected.theme,
        collected.n_indicators,
        cities.city_id,
        cast(years.first_year + numbers.n as integer) as year
    from collected
    cross join cities
    cross join years
    inner join numbers
        on years.first_year + numbers.n <= years.last_year

),

final as (

    select
        cells.theme,
        cells.city_id,
        cells.year,
        cells.n_indicators,
        coalesce(counted.n_observed, 0) as n_observed,
        coalesce(counted.n_zero, 0) as n_zero,
        coalesce(counted.n_missing, 0) as n_missing,
        cells.n_indicators
        - coalesce(counted.n_observed + counted.n_zero + counted.n_missing, 0) as n_absent,
        round(
            1.0 * coalesce(counted.n_observed + counted.n_zero, 0) / nullif(cells.n_indicators, 0),
            6
        ) as share_known
    from cells
    left join counted
        on
            cells.theme = counted.theme
            and cells.city_id = counted.city_id
            and cells.year = counted.year

)

select * from final
order by theme, city_id, year
