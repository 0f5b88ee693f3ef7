-- The leaves that a city, ranked in an edition and in the one before, has a score of in both. A
-- figure that imputation takes from an earlier edition stands for both; any other imputed value is
-- not a figure, and never the same one.
with

pairs as (

    select * from {{ ref('int_index_edition_pair') }}

),

normalised as (

    select * from {{ ref('int_index_normalised') }}

),

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

imputed as (

    select * from {{ ref('int_index_imputed') }}

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

leaves as (

    select
        normalised.framework,
        normalised.edition,
        normalised.city_id,
        normalised.node,
        normalised.score,
        denominated.value,
        denominated.value_year
    from normalised
    inner join imputed
        on
            normalised.framework = imputed.framework
            and normalised.edition = imputed.edition
            and normalised.city_id = imputed.city_id
            and normalised.node = imputed.node
    inner join denominated
        on
            imputed.framework = denominated.framework
            and coalesce(imputed.imputed_from, imputed.edition) = denominated.edition
            and imputed.city_id = denominated.city_id
            and imputed.node = denominated.node
    where normalised.score is not null

),

final as (

    select
        now_.framework,
        now_.edition,
        pairs.edition_before,
        now_.city_id,
        now_.node,
        weights.effective_weight,
        now_.score,
        before_.score as score_before,
        coalesce(
            now_.value_year = before_.value_year and now_.value = before_.value, false
        ) as is_same_figure
    from leaves as now_
    inner join pairs
        on now_.framework = pairs.framework and now_.edition = pairs.edition
    inner join leaves as before_
        on
            pairs.framework = before_.framework
            and pairs.edition_before = before_.edition
            and now_.city_id = before_.city_id
            and now_.node = before_.node
    inner join weights
        on
            now_.framework = weights.framework
            and now_.edition = weights.edition
            and now_.node = weights.node

)

select * from final
