select
    child.framework,
    child.edition,
    parent.node,
    child.city_id,
    child.node as child,
    child.aggregated_score,
    'normalise to 1..100, lower the lower goalpost, or choose a_amean' as remedy
from marts.index_score as child
inner join marts.index_weight as weight
    on
        child.framework = weight.framework
        and child.edition = weight.edition
        and child.node = weight.node
inner join marts.framework_node as parent
    on weight.framework = parent.framework and weight.parent = parent.node
where
    weight.weight is not null
    and (
        (parent.aggregation in ('a_gmean', 'a_hmean') and child.aggregated_score <= 0)
        or (
            parent.aggregation = 'a_genmean'
            and (
                child.aggregated_score < 0
                or (child.aggregated_score = 0 and parent.power <= 0)
            )
        )
    )
order by child.framework, child.edition, parent.node, child.city_id, child.node
