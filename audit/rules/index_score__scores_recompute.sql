with children as (
    select
        parent.framework,
        parent.edition,
        parent.city_id,
        parent.node,
        count(*) filter (where child.score is null) as n_without_score,
        sum(node.weight * child.score)
        / nullif(sum(node.weight) filter (where child.score is not null), 0) as mean_of_children
    from marts.index_score as parent
    inner join marts.framework_node as node
        on parent.framework = node.framework and parent.node = node.parent
    left join marts.index_score as child
        on
            parent.framework = child.framework
            and parent.edition = child.edition
            and parent.city_id = child.city_id
            and node.node = child.node
    where parent.is_ranked
    group by parent.framework, parent.edition, parent.city_id, parent.node
),

compared as (
    select
        score.framework,
        score.edition,
        score.city_id,
        score.node,
        score.score,
        children.mean_of_children,
        case
            when score.score is null then 'a ranked city without a score'
            when children.mean_of_children is null then 'a score without children'
            when score.level > 2 and children.n_without_score > 0
                then children.n_without_score || ' children without a score'
            when
                abs(score.score - children.mean_of_children)
                > 1e-9 * greatest(1, abs(children.mean_of_children))
                then 'not the weighted mean of its children'
        end as problem
    from marts.index_score as score
    left join children
        on
            score.framework = children.framework
            and score.edition = children.edition
            and score.city_id = children.city_id
            and score.node = children.node
    where score.is_ranked and score.level > 1
)

select *
from compared
where problem is not null
order by framework, edition, city_id, node
