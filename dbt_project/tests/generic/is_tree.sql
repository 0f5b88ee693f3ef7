{#- The nodes of each framework form one tree: one root, every parent exists one level up. -#}
{% test is_tree(model) %}
select
    nodes.framework, nodes.node, nodes.parent, nodes.level, parents.level as parent_level
from {{ model }} as nodes
left join {{ model }} as parents
    on nodes.framework = parents.framework and nodes.parent = parents.node
where nodes.parent is not null and coalesce(parents.level, 0) <> nodes.level + 1
union all
select framework, null as node, null as parent, count(*) as level, null as parent_level
from {{ model }}
group by framework
having sum(case when parent is null then 1 else 0 end) <> 1
{% endtest %}
