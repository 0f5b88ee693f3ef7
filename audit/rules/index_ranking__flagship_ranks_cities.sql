with flagship as (
    select framework
    from marts.framework
    where is_flagship
),

ranked as (
    select distinct framework
    from marts.index_ranking
    where rank is not null
)

select
    flagship.framework,
    'no edition ranks a city' as problem
from flagship
left join ranked on flagship.framework = ranked.framework
where ranked.framework is null

union all

select
    null as framework,
    'no framework is the flagship' as problem
where not exists (select flagship.framework from flagship)
