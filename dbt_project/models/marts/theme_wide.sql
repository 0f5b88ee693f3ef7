-- The contents of the wide tables, marts.theme_<theme>, which the materialization makes from this
-- list: one column for each indicator of the theme, one row for each city and year with a value.
-- depends_on: {{ ref('city') }}
{{ config(materialized='theme_wide') }}

with

indicators as (

    select * from {{ ref('indicator') }}

),

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

counted as (

    select
        indicator,
        count(value) as n_values
    from indicator_values
    group by indicator

),

final as (

    select
        indicators.theme,
        concat('theme_', indicators.theme) as table_name,
        indicators.indicator as column_name,
        indicators.theme_title,
        indicators.title,
        indicators.unit,
        indicators.position,
        coalesce(counted.n_values, 0) as n_values
    from indicators
    left join counted
        on indicators.indicator = counted.indicator

)

select * from final
