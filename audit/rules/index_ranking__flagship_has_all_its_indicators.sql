with newest as (
    select
        ranking.framework,
        max(ranking.edition) as edition
    from marts.index_ranking as ranking
    inner join marts.framework as framework on ranking.framework = framework.framework
    where ranking.rank is not null and framework.is_flagship
    group by ranking.framework
),

scored as (
    select distinct
        score.framework,
        score.edition,
        score.node
    from marts.index_score as score
    where score.coverage > 0
)

select
    newest.framework,
    newest.edition,
    node.node
from newest
inner join marts.framework_node as node on newest.framework = node.framework
left join scored
    on
        newest.framework = scored.framework
        and newest.edition = scored.edition
        and node.node = scored.node
where node.indicator is not null and scored.node is null
