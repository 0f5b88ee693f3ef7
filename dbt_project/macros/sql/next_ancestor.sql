{#- The parents of the ancestors that are already found (`nearer`), from the CTE `nodes`. -#}
{% macro next_ancestor(nearer) %}
    select
        {{ nearer }}.framework,
        {{ nearer }}.node,
        {{ nearer }}.level,
        nodes.parent as ancestor,
        {{ nearer }}.steps + 1 as steps
    from {{ nearer }}
    inner join nodes
        on {{ nearer }}.framework = nodes.framework and {{ nearer }}.ancestor = nodes.node
    where nodes.parent is not null
{% endmacro %}
