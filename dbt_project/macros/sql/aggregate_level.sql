{#- Scores and coverage of the nodes of one level, from the rows of the level below
    (`children`: framework, edition, city_id, node, score, coverage) and the CTE `nodes`.
    Over leaves (level 2) the weights of missing leaves are shared among the others; higher up
    nothing is shared: a node lacking a child has no score.
    Each method, named as in COINr, is one branch of the case; `aggregation` is the node's own. -#}
{% macro aggregate_level(level, children) %}
    select
        children.framework,
        children.edition,
        children.city_id,
        parents.node,
        parents.level,
        case
            {%- if level > 2 %}
            when count(children.score) < count(*) then null
            {%- endif %}
            when parents.aggregation = 'a_amean'
                then
                    {{ exact_sum('nodes.weight * children.score') }}
                    / nullif(
                        {{ exact_sum('case when children.score is not null then nodes.weight end') }},
                        0
                    )
        end as score,
        {{ exact_sum('nodes.weight * children.coverage') }}
        / nullif({{ exact_sum('nodes.weight') }}, 0) as coverage
    from {{ children }} as children
    inner join nodes
        on children.framework = nodes.framework and children.node = nodes.node
    inner join nodes as parents
        on nodes.framework = parents.framework and nodes.parent = parents.node
    where parents.level = {{ level }}
    group by
        children.framework,
        children.edition,
        children.city_id,
        parents.node,
        parents.level,
        parents.aggregation
{% endmacro %}
