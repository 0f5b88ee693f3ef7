select
    score.framework,
    score.edition,
    score.city_id,
    score.node,
    score.score,
    framework.scale_min,
    framework.scale_max
from marts.index_score as score
inner join marts.framework as framework on score.framework = framework.framework
where
    score.score is not null
    and not score.score between framework.scale_min - 1e-9 and framework.scale_max + 1e-9
order by score.framework, score.edition, score.node, score.city_id
