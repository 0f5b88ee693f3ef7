-- How exact the figures of an index are, as far as sources state it. Numerator and denominator of a
-- leaf are taken as independent; where only one has a stated error, the other counts as exact.
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

errors as (

    select * from {{ ref('int_indicator_error') }}

),

leaf_errors as (

    select
        denominated.framework,
        denominated.edition,
        denominated.city_id,
        denominated.node,
        numerators.error_sd_pct as numerator_error_sd_pct,
        denominators.error_sd_pct as denominator_error_sd_pct
    from denominated
    inner join nodes
        on denominated.framework = nodes.framework and denominated.node = nodes.node
    left join errors as numerators
        on
            nodes.indicator = numerators.indicator
            and denominated.city_id = numerators.city_id
            and denominated.value_year = numerators.year
    left join errors as denominators
        on
            nodes.denominator = denominators.indicator
            and denominated.city_id = denominators.city_id
            and denominated.denominator_year = denominators.year
    where denominated.value is not null

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        sqrt(
            power(coalesce(numerator_error_sd_pct, 0), 2)
            + power(coalesce(denominator_error_sd_pct, 0), 2)
        ) as error_sd_pct
    from leaf_errors
    where coalesce(numerator_error_sd_pct, denominator_error_sd_pct) is not null

)

select * from final
