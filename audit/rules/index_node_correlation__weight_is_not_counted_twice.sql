with newest as (
    select
        ranking.framework,
        max(ranking.edition) as edition
    from marts.index_ranking as ranking
    inner join marts.framework as framework on ranking.framework = framework.framework
    where ranking.rank is not null and framework.is_flagship
    group by ranking.framework
)

select
    correlation.framework,
    correlation.edition,
    correlation.node,
    correlation.other_node,
    correlation.flag,
    correlation.pearson,
    correlation.joint_weight
from marts.index_node_correlation as correlation
inner join newest
    on correlation.framework = newest.framework and correlation.edition = newest.edition
where
    (
        correlation.flag = 'redundant'
        and correlation.joint_weight > getvariable('joint_weight_max')
    )
    or (correlation.flag = 'negative' and correlation.relation = 'sibling')
order by correlation.joint_weight desc, correlation.node asc
