{#- A mean that does not depend on the order of its rows, of numbers of any size: each is divided by
    `scale`, the largest absolute value among them, before it is made a decimal. -#}
{% macro exact_mean(expression, scale) -%}
    {{ scale }}
    * coalesce({{ exact_sum(expression ~ ' / nullif(' ~ scale ~ ', 0)') }}, 0)
    / nullif(count({{ expression }}), 0)
{%- endmacro %}
