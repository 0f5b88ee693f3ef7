{#- A number as readers write it: whole numbers without a point, others with four decimals. -#}
{% macro number_text(column) -%}
    case
        when {{ column }} = floor({{ column }}) and abs({{ column }}) < 1e15
            then concat(cast({{ column }} as bigint))
        else concat(round({{ column }}, 4))
    end
{%- endmacro %}
