{#- A mean that does not depend on the order of its rows, of numbers of any size: each is divided by
    `scale` before it is made a decimal, see power_of_two. -#}
{% macro exact_mean(expression, scale) -%}
    {{ scale }}
    * coalesce({{ exact_sum(expression ~ ' / nullif(' ~ scale ~ ', 0)') }}, 0)
    / nullif(count({{ expression }}), 0)
{%- endmacro %}

{#- The power of two next above a positive number, by which others divide without rounding. -#}
{% macro power_of_two(expression) -%}
    power(2.0, ceil(ln(nullif({{ expression }}, 0)) / ln(2.0)))
{%- endmacro %}
