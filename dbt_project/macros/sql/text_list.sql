{#- Joins texts of a group into one, in a fixed order. DuckDB and PostgreSQL;
    Spark 4: listagg(expression, separator) within group (order by order_by). -#}
{% macro text_list(expression, order_by, separator='; ') -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}
