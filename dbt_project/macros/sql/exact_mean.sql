{#- A mean that does not depend on the order of its rows, of numbers of any size: each is divided by
    `scale` before it is made a decimal, see power_of_two. The last bit may not take it beyond the
    numbers themselves: the mean of equal ones ties with them. -#}
{% macro exact_mean(expression, scale) -%}
    least(
        greatest(
            {{ scale }}
            * coalesce({{ exact_sum(expression ~ ' / nullif(' ~ scale ~ ', 0)') }}, 0)
            / nullif(count({{ expression }}), 0),
            min({{ expression }})
        ),
        max({{ expression }})
    )
{%- endmacro %}

{#- The power of two next above a positive number, by which others divide without rounding. -#}
{% macro power_of_two(expression) -%}
    power(2.0, ceil(ln(nullif({{ expression }}, 0)) / ln(2.0)))
{%- endmacro %}
