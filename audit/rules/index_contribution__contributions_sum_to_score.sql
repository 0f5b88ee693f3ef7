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

leaves as (
    select
        framework,
        count(*) as n_leaves
    from marts.framework_node
    where level = 1
    group by framework
),

compared as (
    select
        ranking.framework,
        ranking.edition,
        ranking.city_id,
        ranking.score,
        summed.sum_of_contributions,
        summed.sum_of_weights,
        case
            when coalesce(summed.n_leaves, 0) <> leaves.n_leaves then 'not every leaf has a row'
            when ranking.score is null and summed.n_contributions > 0
                then 'contributions to no score'
            when ranking.score is null then null
            when summed.n_not_weighted > 0 then 'a contribution that is not weight times score'
            when not coalesce(abs(summed.sum_of_weights - 1) <= 1e-9, false)
                then 'weights that do not sum to one'
            when
                not coalesce(
                    abs(ranking.score - summed.sum_of_contributions)
                    <= 1e-9 * greatest(1, abs(ranking.score)),
                    false
                )
                then 'contributions that do not sum to the score'
        end as problem
    from marts.index_ranking as ranking
    inner join leaves on ranking.framework = leaves.framework
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
