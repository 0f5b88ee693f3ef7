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
        / nullif(sum(weight) over (partition by framework, edition, city_id, node), 0) as up_to
    from families
    where has_score and x is not null
),

-- Who prevails over whom in the children that both have.
duels as (
    select
        one.framework,
        one.edition,
        one.node,
        one.city_id,
        sign(round(sum(one.weight * sign(one.x - other.x)) / sum(one.weight), 12)) as won
    from members as one
    inner join members as other
        on
            one.framework = other.framework
            and one.edition = other.edition
            and one.node = other.node
            and one.child = other.child
            and one.city_id <> other.city_id
    where one.aggregation = 'a_copeland'
    group by one.framework, one.edition, one.node, one.city_id, other.city_id
),

outranking as (
    select
        framework,
        edition,
        node,
        city_id,
        sum(won) as of_duels
    from duels
    group by framework, edition, node, city_id
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
        min(case when up_to > 0.5 + 1e-12 then x end) as median_high
    from members
    group by framework, edition, city_id, node
),

recomputed as (
    select
        sums.*,
        case
            when sums.aggregation = 'a_amean' then sums.of_scores / sums.weight
            when sums.aggregation = 'a_gmean' or (sums.aggregation = 'a_genmean' and sums.power = 0)
                then exp(sums.of_logs / sums.weight)
            when sums.aggregation = 'a_hmean' then sums.weight / sums.of_inverses
            when sums.aggregation = 'a_genmean'
                then power(sums.of_powers / sums.weight, 1 / sums.power)
            when sums.aggregation = 'a_median' then (sums.median_low + sums.median_high) / 2
            when sums.aggregation = 'a_copeland' then coalesce(outranking.of_duels, 0)
        end as of_children
    from sums
    left join outranking
        on
            sums.framework = outranking.framework
            and sums.edition = outranking.edition
            and sums.node = outranking.node
            and sums.city_id = outranking.city_id
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
