with newest as (
    select
        index_ranking.framework,
        max(index_ranking.edition) as edition
    from marts.index_ranking as index_ranking
    inner join marts.framework as framework
        on index_ranking.framework = framework.framework
    where framework.is_flagship and index_ranking.rank is not null
    group by index_ranking.framework
)

select
    correlation.framework,
    correlation.edition,
    correlation.indicator,
    correlation.n,
    correlation.pearson,
    correlation.spearman
from marts.index_correlation as correlation
inner join newest
    on correlation.framework = newest.framework and correlation.edition = newest.edition
where abs(correlation.pearson) > 0.95 or abs(correlation.spearman) > 0.95
order by correlation.indicator
