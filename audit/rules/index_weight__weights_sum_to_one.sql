with siblings as (
    select
        framework,
        edition,
        parent as node,
        'siblings' as summed,
        sum(weight) as total,
        count(weight) as n_weights
    from marts.index_weight
    where parent is not null
    group by framework, edition, parent

    union all

    select
        framework,
        edition,
        null as node,
        'leaves, effective' as summed,
        sum(effective_weight) as total,
        count(effective_weight) as n_weights
    from marts.index_weight
    where level = 1
    group by framework, edition
)

select *
from siblings
where n_weights > 0 and not coalesce(abs(total - 1) <= 1e-9, false)
order by framework, edition, node
