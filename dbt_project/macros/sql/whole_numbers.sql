{#- A query of the whole numbers 0 to 999 in the column n; generate_series differs by engine. -#}
{% macro whole_numbers() -%}
    select 100 * hundreds.digit + 10 * tens.digit + ones.digit as n
    from ({{ digits() }}) as hundreds
    cross join ({{ digits() }}) as tens
    cross join ({{ digits() }}) as ones
{%- endmacro %}

{% macro digits() -%}
    {%- for digit in range(10) %}
    select {{ digit }} as digit{{ ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
