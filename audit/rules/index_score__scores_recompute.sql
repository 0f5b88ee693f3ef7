with families as (
    select
        parent.framework,
        parent.edition,
        parent.city_id,
        parent.node,
        parent.aggregated_score is not null as has_score,
        node.aggregation,
        node.power,
        weight.weight,
        child.aggregated_score as x,
        weight.node as child
    from marts.index_score as parent
    inner join marts.framework_node as node
        on parent.framework = node.framework and parent.node = node.node
    inner join marts.index_weight as weight
        on
            parent.framework = weight.framework
            and parent.edition = weight.edition
            and parent.node = weight.parent
    left join marts.index_score as child
        on
            parent.framework = child.framework
            and parent.edition = child.edition
            and parent.city_id = child.city_id
            and weight.node = child.node
    where weight.weight is not null
),

counted as (
    select
        framework,
        edition,
        city_id,
        node,
        count(*) as n_children,
        count(x) as n_with_score,
        min(aggregation) in ('a_gmean', 'a_hmean', 'a_genmean') and min(x) <= 0 as is_undefined
    from families
    group by framework, edition, city_id, node
),

-- Up to which share of the weight a median has come, and what share of the others is outranked.
members as (
    select
        *,
        sum(weight) over (partition by framework, edition, city_id, node order by x)
        / nullif(sum(weight) over (partition by framework, edition, city_id, node), 0) as up_to,
        case
            when count(*) over (partition by framework, edition, child) = 1 then 0.5
            else
                (
                    rank() over (partition by framework, edition, child order by x) - 1
                    + (count(*) over (partition by framework, edition, child, x) - 1) / 2.0
                ) / nullif(count(*) over (partition by framework, edition, child) - 1, 0)
        end as outranked
    from families
    where has_score and x is not null
),

sums as (
    select
        framework,
        edition,
        city_id,
        node,
        min(aggregation) as aggregation,
        min(power) as power,
        sum(weight) as weight,
        sum(weight * x) as of_scores,
        sum(case when x > 0 then weight * ln(x) end) as of_logs,
        sum(case when x > 0 then weight / x end) as of_inverses,
        sum(case when x > 0 then weight * power(x, power) else 0 end) as of_powers,
        min(case when up_to >= 0.5 - 1e-12 then x end) as median_low,
        min(case when up_to > 0.5 + 1e-12 then x end) as median_high,
        sum(weight * outranked) as of_outranked,
        count(*) over (partition by framework, edition, node) as n_units
    from members
    group by framework, edition, city_id, node
),

recomputed as (
    select
        *,
        case
            when aggregation = 'a_amean' then of_scores / weight
            when aggregation = 'a_gmean' or (aggregation = 'a_genmean' and power = 0)
                then exp(of_logs / weight)
            when aggregation = 'a_hmean' then weight / of_inverses
            when aggregation = 'a_genmean' then power(of_powers / weight, 1 / power)
            when aggregation = 'a_median' then (median_low + median_high) / 2
            when aggregation = 'a_copeland' then (n_units - 1) * of_outranked / weight
        end as of_children
    from sums
),

compared as (
    select
        score.framework,
        score.edition,
        score.city_id,
        score.node,
        score.aggregated_score,
        recomputed.of_children,
        case
            when node.missing_children = 'none' and score.aggregated_score is null
                then 'a ranked city without a score'
            when coalesce(counted.n_with_score, 0) = 0
                then
                    case
                        when score.aggregated_score is not null
                            then 'a score without children'
                    end
            when
                node.missing_children = 'none'
                and counted.n_with_score < counted.n_children
                then counted.n_children - counted.n_with_score || ' children without a score'
            when
                counted.n_with_score
                < coalesce(node.children_coverage_min, 0) * counted.n_children - 1e-12
                then
                    case
                        when score.aggregated_score is not null
                            then 'too few children with a score'
                    end
            when score.aggregated_score is null and counted.is_undefined then null
            when score.aggregated_score is null then 'no score, though its children have'
            when
                not coalesce(
                    abs(score.aggregated_score - recomputed.of_children)
                    <= 1e-9 * greatest(1, abs(recomputed.of_children)),
                    false
                )
                then 'not the ' || node.aggregation || ' of its children'
        end as problem
    from marts.index_score as score
    inner join marts.framework_node as node
        on score.framework = node.framework and score.node = node.node
    left join counted
        on
            score.framework = counted.framework
            and score.edition = counted.edition
            and score.city_id = counted.city_id
            and score.node = counted.node
    left join recomputed
        on
            score.framework = recomputed.framework
            and score.edition = recomputed.edition
            and score.city_id = recomputed.city_id
            and score.node = recomputed.node
    where score.is_ranked and score.level > 1
)

select *
from compared
where problem is not null
order by framework, edition, city_id, node
