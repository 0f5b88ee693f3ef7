{#- Known values that share a key agree; conflicts are listed rather than chosen in silence. -#}
{% test one_value(model, key, value) %}
select {{ key | join(', ') }}, min({{ value }}) as smallest, max({{ value }}) as largest
from {{ model }}
where {{ value }} is not null
group by {{ key | join(', ') }}
having min({{ value }}) < max({{ value }})
{% endtest %}
