{#- Scores and coverage of the nodes of one level, from the rows of the level below
    (`children`: framework, edition, city_id, node, score, coverage, imputed_share) and the CTEs
    `nodes` and `weights`. Coverage is of what is observed, imputed_share of what has a score.
    Each method, named as in COINr, is one branch of the case; `aggregation` is the node's own. -#}
{% macro aggregate_level(level, children) %}
    select
        children.framework,
        children.edition,
        children.city_id,
        parents.node,
        parents.level,
        case
            when
                coalesce(parents.missing_children, 'share') = 'none'
                and count(children.score) < count(*)
                then null
            when parents.aggregation = 'a_amean'
                then
                    {{ exact_sum('weights.weight * children.score') }}
                    / nullif(
                        {{ exact_sum('case when children.score is not null then weights.weight end') }},
                        0
                    )
        end as score,
        {{ exact_sum('weights.weight * children.coverage') }}
        / nullif({{ exact_sum('weights.weight') }}, 0) as coverage,
        {{ exact_sum(
            'case when children.score is not null then weights.weight * children.imputed_share end'
        ) }}
        / nullif(
            {{ exact_sum('case when children.score is not null then weights.weight end') }}, 0
        ) as imputed_share
    from {{ children }} as children
    inner join weights
        on
            children.framework = weights.framework
            and children.edition = weights.edition
            and children.node = weights.node
    inner join nodes as parents
        on weights.framework = parents.framework and weights.parent = parents.node
    where parents.level = {{ level }}
    group by
        children.framework,
        children.edition,
        children.city_id,
        parents.node,
        parents.level,
        parents.aggregation,
        parents.missing_children
{% endmacro %}
