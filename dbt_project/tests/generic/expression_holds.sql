{#- A condition that holds in every row; one that can't be decided (null) fails too. -#}
{% test expression_holds(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
