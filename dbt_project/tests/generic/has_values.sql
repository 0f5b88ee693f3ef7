{#- Every row of the model has each of the values in a column of a table that refers to it. -#}
{% test has_values(model, key, to, field, values) %}
{%- for value in values %}
select {{ key }}, '{{ value }}' as absent
from {{ model }}
where {{ key }} not in (select {{ key }} from {{ to }} where {{ field }} = '{{ value }}')
{{ 'union all' if not loop.last }}
{%- endfor %}
{% endtest %}
