-- Stage aggregate: scores and coverage of every node, from the leaves to the root.
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

normalised as (

    select * from {{ ref('int_index_normalised') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

imputed as (

    select * from {{ ref('int_index_imputed') }}

),

level_1 as (

    select
        denominated.framework,
        denominated.edition,
        denominated.city_id,
        denominated.node,
        1 as level,
        normalised.score,
        case when denominated.value is not null then 1.0 else 0.0 end as coverage,
        case when imputed.is_imputed then 1.0 else 0.0 end as imputed_share
    from denominated
    left join imputed
        on
            denominated.framework = imputed.framework
            and denominated.edition = imputed.edition
            and denominated.city_id = imputed.city_id
            and denominated.node = imputed.node
    left join normalised
        on
            denominated.framework = normalised.framework
            and denominated.edition = normalised.edition
            and denominated.city_id = normalised.city_id
            and denominated.node = normalised.node

),

{{ aggregate_levels() }},

final as (

    select
        framework,
        edition,
        city_id,
        node,
        level,
        -- A leaf has no sum whose last digits depend on the order: it is ranked as it is.
        case when level = 1 then score else {{ round_significant('score') }} end as score,
        round(coverage, 12) as coverage,
        case when score is not null then round(imputed_share, 12) end as imputed_share
    from united

)

select * from final
