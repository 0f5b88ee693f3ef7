{#- No row has a problem: a text that names what is wrong and what to do, empty where all is well. -#}
{% test no_problem(model, columns, problem) %}
select *
from (select {{ columns | join(', ') }}, {{ problem }} as problem from {{ model }}) as told
where problem is not null
{% endtest %}
