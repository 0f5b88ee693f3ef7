{#- A sum that does not depend on the order of its rows: doubles add up to other last bits in another
    order, and a rounding after it can turn these into another digit. Decimals add up exactly. -#}
{% macro exact_sum(expression, partition_by=none) -%}
    cast(
        sum(cast({{ expression }} as decimal(38, 18)))
        {%- if partition_by %} over (partition by {{ partition_by }}){% endif %} as double
    )
{%- endmacro %}
