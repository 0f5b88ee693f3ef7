with newest as (
    select
        framework,
        max(edition) as edition
    from marts.index_ranking
    where rank is not null
    group by framework
)

select
    comparison.framework,
    comparison.edition,
    comparison.edition_before,
    comparison.weight_common,
    comparison.only_now,
    comparison.only_before,
    comparison.series_breaks
from marts.edition_comparison as comparison
inner join newest
    on comparison.framework = newest.framework and comparison.edition = newest.edition
inner join marts.framework as framework on comparison.framework = framework.framework
where framework.is_flagship and not comparison.is_comparable
order by comparison.framework
