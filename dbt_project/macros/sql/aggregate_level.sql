{#- Scores and coverage of the nodes of one level, from rows of the levels below (`below`: names of
    CTEs with framework, edition, city_id, node, score, coverage, imputed_share, and the columns
    `by` where there are several variants of a city) and the CTEs `nodes` and `weights`.
    Coverage is of what is observed, imputed_share of what has a score. Each method, named as in
    COINr, is one CTE; `aggregation` is the node's own. analysis/aggregation.py is the same over
    arrays. -#}
{% macro aggregate_level(level, below, by=[]) %}
    {%- set group = ['framework', 'edition', 'city_id'] + by + ['parent'] -%}
    with children as (
        {%- for children in below %}
        select
            {{ children }}.*,
            parents.node as parent,
            parents.aggregation,
            parents.power as exponent,
            coalesce(parents.missing_children, 'share') as missing_children,
            coalesce(parents.children_coverage_min, 0) as children_coverage_min,
            weights.weight
        from {{ children }}
        inner join weights
            on
                {{ children }}.framework = weights.framework
                and {{ children }}.edition = weights.edition
                and {{ children }}.node = weights.node
        inner join nodes as parents
            on weights.framework = parents.framework and weights.parent = parents.node
        where parents.level = {{ level }} and weights.weight is not null
        {%- if not loop.last %}

        union all
        {%- endif %}
        {%- endfor %}
    ),

    families as (
        select
            {{ group | join(', ') }},
            min(score) as score_min,
            max(score) as score_max,
            {{ exact_sum('case when score is not null then weight end') }} as weight_known,
            {{ exact_sum('abs(weight) * coverage') }}
            / nullif({{ exact_sum('abs(weight)') }}, 0) as coverage,
            {{ exact_sum('case when score is not null then abs(weight) * imputed_share end') }}
            / nullif({{ exact_sum('case when score is not null then abs(weight) end') }}, 0)
                as imputed_share,
            count(score) > 0
            and case
                when min(missing_children) = 'none' then count(score) = count(*)
                else count(score) >= min(children_coverage_min) * count(*) - 1e-12
            end as is_enough
        from children
        group by {{ group | join(', ') }}
    ),

    known as (
        select
            children.*,
            families.score_min,
            families.score_max,
            nullif(families.weight_known, 0) as weight_known
        from children
        inner join families
            on
                {%- for column in group %}
                {{ 'and ' if not loop.first }}children.{{ column }} = families.{{ column }}
                {%- endfor %}
        where families.is_enough and children.score is not null
    ),

    a_amean as (
        select
            {{ group | join(', ') }},
            {{ exact_sum('weight * score') }} / min(weight_known) as score
        from known
        where aggregation = 'a_amean'
        group by {{ group | join(', ') }}
    ),

    a_gmean as (
        select
            {{ group | join(', ') }},
            min(score_min) * exp(
                {{ exact_sum('case when score_min > 0 then weight * ln(score / score_min) end') }}
                / min(weight_known)
            ) as score
        from known
        where aggregation = 'a_gmean' and score_min > 0
        group by {{ group | join(', ') }}
    ),

    a_hmean as (
        select
            {{ group | join(', ') }},
            min(score_min) * min(weight_known)
            / nullif({{ exact_sum('weight * score_min / score') }}, 0) as score
        from known
        where aggregation = 'a_hmean' and score_min > 0
        group by {{ group | join(', ') }}
    ),

    -- Relative to the child with the largest summand, so that no power leaves the range of a double.
    powers as (
        select
            *,
            case when exponent > 0 then score_max else score_min end as extreme,
            case
                when exponent > 0 and score_max = 0 then 0
                when exponent > 0 then power(score / score_max, exponent)
                when exponent < 0 then power(score / score_min, exponent)
                else ln(score / score_min)
            end as term
        from known
        where
            aggregation = 'a_genmean'
            and (score_min > 0 or (score_min = 0 and exponent > 0))
    ),

    a_genmean as (
        select
            {{ group | join(', ') }},
            min(extreme)
            * case
                when min(exponent) = 0
                    then exp({{ exact_sum('weight * term') }} / min(weight_known))
                when {{ exact_sum('weight * term') }} / min(weight_known) >= 0
                    then
                        power(
                            {{ exact_sum('weight * term') }} / min(weight_known),
                            1 / nullif(min(exponent), 0)
                        )
            end as score
        from powers
        group by {{ group | join(', ') }}
    ),

    -- The share of weight up to a score, rounded so that one half is not lost to the last bit.
    cumulated as (
        select
            *,
            round(
                cast(
                    sum(cast(weight as decimal(38, 18))) over (
                        partition by {{ group | join(', ') }}
                        order by score asc, node asc
                        rows between unbounded preceding and current row
                    ) as double
                )
                / weight_known,
                12
            ) as share
        from known
        where aggregation = 'a_median'
    ),

    a_median as (
        select
            {{ group | join(', ') }},
            (
                min(case when share >= 0.5 then score end)
                + min(case when share > 0.5 then score end)
            )
            / 2 as score
        from cumulated
        group by {{ group | join(', ') }}
    ),

    compared as (
        select
            *,
            {#- Leaves are ranked by their scores as they are, sums as ranks are taken of them. #}
            {{ 'score' if level == 2 else round_significant('score') }} as compared_score
        from known
        where aggregation = 'a_copeland'
    ),

    -- Of the weight of the children that two cities have, the share in which one is ahead less the
    -- share in which it is behind, rounded so that a draw is not lost to the last bit.
    duels as (
        select
            {% for column in group %}compared.{{ column }}, {% endfor %}
            others.city_id as other_city_id,
            round(
                {{ exact_sum(
                    'compared.weight * sign(compared.compared_score - others.compared_score)'
                ) }}
                / nullif({{ exact_sum('compared.weight') }}, 0),
                12
            ) as lead_
        from compared
        inner join compared as others
            on
                {%- for column in ['framework', 'edition'] + by + ['parent', 'node'] %}
                {{ 'and ' if not loop.first }}compared.{{ column }} = others.{{ column }}
                {%- endfor %}
                and compared.city_id <> others.city_id
        group by {% for column in group %}compared.{{ column }}, {% endfor %}others.city_id
    ),

    outranking as (
        select
            {{ group | join(', ') }},
            sum(sign(lead_)) as score
        from duels
        group by {{ group | join(', ') }}
    ),

    -- A city that meets nobody has won and lost nothing.
    a_copeland as (
        select
            {% for column in group %}compared.{{ column }}, {% endfor %}
            coalesce(cast(min(outranking.score) as double), 0.0) as score
        from compared
        left join outranking
            on
                {%- for column in group %}
                {{ 'and ' if not loop.first }}compared.{{ column }} = outranking.{{ column }}
                {%- endfor %}
        group by {% for column in group %}compared.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    ),

    scored as (
        {%- for method in ['a_amean', 'a_gmean', 'a_hmean', 'a_genmean', 'a_median', 'a_copeland'] %}
        select * from {{ method }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    )

    select
        families.framework,
        families.edition,
        families.city_id,
        {%- for column in by %}
        families.{{ column }},
        {%- endfor %}
        families.parent as node,
        {{ level }} as level,
        scored.score,
        families.coverage,
        families.imputed_share
    from families
    left join scored
        on
            {%- for column in group %}
            {{ 'and ' if not loop.first }}families.{{ column }} = scored.{{ column }}
            {%- endfor %}
{% endmacro %}

{#- The levels above the leaves as CTEs level_2 to level_5, from the CTE level_1, and all of them
    united. A tree has five levels at most; a child may be of any level below its parent's. -#}
{% macro aggregate_levels(by=[]) %}
    {%- for level in range(2, 6) %}
level_{{ level }} as (
    {%- set below = [] -%}
    {%- for lower in range(1, level) %}{% do below.append('level_' ~ lower) %}{% endfor %}
    {{ aggregate_level(level, below, by) }}
),
    {% endfor %}
united as (
    {%- for level in range(1, 6) %}
    select * from level_{{ level }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{% endmacro %}
