select
    ranking.framework,
    ranking.edition,
    ranking.city_name,
    ranking.rank,
    score.rank as rank_in_index_score,
    ranking.score,
    score.score as score_in_index_score
from marts.index_ranking as ranking
inner join marts.framework_node as root
    on ranking.framework = root.framework and coalesce(root.parent, '') = ''
left join marts.index_score as score
    on
        ranking.framework = score.framework
        and ranking.edition = score.edition
        and ranking.city_id = score.city_id
        and root.node = score.node
where
    ranking.rank is not null
    and (ranking.rank is distinct from score.rank or ranking.score is distinct from score.score)
order by ranking.framework, ranking.edition, ranking.rank
