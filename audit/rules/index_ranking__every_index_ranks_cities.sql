with ranked as (
    select distinct framework
    from marts.index_ranking
    where rank is not null
)

select framework.framework
from marts.framework as framework
left join ranked on framework.framework = ranked.framework
where ranked.framework is null
