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
        max_age_years
    from marts.framework_node
    where level = 1 and coalesce(denominator, '') <> ''
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
where
    score.is_ranked
    and score.score is not null
    and indicator_value.indicator is null
    and coalesce(score.imputed_share, 0) = 0
order by score.framework, score.edition, score.city_id, score.node
