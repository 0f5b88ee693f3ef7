select
    ranking.framework,
    ranking.edition,
    ranking.city_name,
    ranking.rank,
    dimension.node as dimension,
    score.coverage,
    framework.dimension_coverage_min as coverage_needed
from marts.index_ranking as ranking
inner join marts.framework as framework
    on ranking.framework = framework.framework
inner join marts.framework_node as dimension
    on ranking.framework = dimension.framework and dimension.level = 2
left join marts.index_score as score
    on
        ranking.framework = score.framework
        and ranking.edition = score.edition
        and ranking.city_id = score.city_id
        and dimension.node = score.node
where
    ranking.rank is not null
    and (
        score.coverage is null
        or score.coverage <= 0
        or score.coverage < framework.dimension_coverage_min - 1e-9
        or score.coverage > 1 + 1e-9
    )
order by ranking.framework, ranking.edition, ranking.rank, dimension.node
