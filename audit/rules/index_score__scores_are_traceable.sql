with needed as (
    select
        framework,
        node,
        indicator,
        max_age_years
    from marts.framework_node
    where level = 1

    union all

    select
        framework,
        node,
        denominator as indicator,
        null as max_age_years
    from marts.framework_node
    where level = 1 and coalesce(denominator, '') <> ''
),

-- Only a framework that imputes may rest on values that are flagged as imputed.
imputed as (
    select
        imputed.framework,
        imputed.edition,
        imputed.city_id,
        imputed.node
    from intermediate.int_index_imputed as imputed
    inner join raw.framework_stage as stage
        on imputed.framework = stage.framework and stage.stage = 'impute'
    where imputed.is_imputed and imputed.imputed_by = stage.method
)

select
    score.framework,
    score.edition,
    score.city_id,
    score.node,
    score.score,
    needed.indicator as indicator_without_value
from marts.index_score as score
inner join needed
    on score.framework = needed.framework and score.node = needed.node
inner join raw.framework_edition as framework_edition
    on
        score.framework = framework_edition.framework
        and score.edition = framework_edition.edition
left join marts.indicator_value as indicator_value
    on
        needed.indicator = indicator_value.indicator
        and score.city_id = indicator_value.city_id
        and indicator_value.status in ('observed', 'zero')
        and framework_edition.edition >= indicator_value.year
        and framework_edition.edition
        - coalesce(needed.max_age_years, framework_edition.max_age_years)
        <= indicator_value.year
left join imputed
    on
        score.framework = imputed.framework
        and score.edition = imputed.edition
        and score.city_id = imputed.city_id
        and score.node = imputed.node
where
    score.is_ranked
    and score.score is not null
    and indicator_value.indicator is null
    and imputed.node is null
order by score.framework, score.edition, score.city_id, score.node
