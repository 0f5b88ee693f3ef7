with framework as (
    select distinct framework from marts.framework
),

root as (
    select
        framework,
        count(*) as n_roots
    from marts.framework_node
    where coalesce(parent, '') = ''
    group by framework
)

select
    framework.framework,
    null as node,
    coalesce(root.n_roots, 0) || ' roots' as problem
from framework
left join root on framework.framework = root.framework
where coalesce(root.n_roots, 0) <> 1

union all

select
    child.framework,
    child.node,
    case
        when parent.node is null then 'its parent ' || child.parent || ' is no node'
        else 'its parent ' || child.parent || ' is not above it'
    end as problem
from marts.framework_node as child
left join marts.framework_node as parent
    on child.framework = parent.framework and child.parent = parent.node
where coalesce(child.parent, '') <> '' and (parent.node is null or parent.level <= child.level)
order by framework, node
