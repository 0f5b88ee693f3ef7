with summed as (
    select
        framework,
        edition,
        city_id,
        count(*) as n_leaves,
        count(contribution) as n_contributions,
        sum(contribution) as sum_of_contributions,
        sum(city_weight) as sum_of_weights,
        count(*) filter (
            where abs(contribution - city_weight * score) > 1e-9 * greatest(1, abs(contribution))
        ) as n_not_weighted
    from marts.index_contribution
    group by framework, edition, city_id
),

frameworks as (
    select
        framework,
        count(*) filter (where level = 1) as n_leaves,
        count(*) filter (where aggregation <> 'a_amean') = 0 as is_additive
    from marts.framework_node
    group by framework
),

roots as (
    select score.*
    from marts.index_score as score
    inner join marts.framework_node as node
        on score.framework = node.framework and score.node = node.node
    where node.parent is null
),

compared as (
    select
        ranking.framework,
        ranking.edition,
        ranking.city_id,
        root.aggregated_score,
        summed.sum_of_contributions,
        summed.sum_of_weights,
        case
            when coalesce(summed.n_leaves, 0) <> frameworks.n_leaves then 'not every leaf has a row'
            when ranking.score is null and summed.n_contributions > 0
                then 'contributions to no score'
            when ranking.score is null then null
            when summed.n_not_weighted > 0 then 'a contribution that is not weight times score'
            when not coalesce(abs(summed.sum_of_weights - 1) <= 1e-9, false)
                then 'weights that do not sum to one'
            when
                frameworks.is_additive
                and not coalesce(
                    abs(root.aggregated_score - summed.sum_of_contributions)
                    <= 1e-9 * greatest(1, abs(root.aggregated_score)),
                    false
                )
                then 'contributions that do not sum to the score'
        end as problem
    from marts.index_ranking as ranking
    inner join frameworks on ranking.framework = frameworks.framework
    left join roots as root
        on
            ranking.framework = root.framework
            and ranking.edition = root.edition
            and ranking.city_id = root.city_id
    left join summed
        on
            ranking.framework = summed.framework
            and ranking.edition = summed.edition
            and ranking.city_id = summed.city_id
)

select *
from compared
where problem is not null
order by framework, edition, city_id
