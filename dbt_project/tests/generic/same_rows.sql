{#- The model has the key values of another table, none more and none fewer. -#}
{% test same_rows(model, to, columns) %}
select 'missing' as fault, expected.* from (
    select {{ columns | join(', ') }} from {{ to }}
    except
    select {{ columns | join(', ') }} from {{ model }}
) as expected
union all
select 'surplus' as fault, surplus.* from (
    select {{ columns | join(', ') }} from {{ model }}
    except
    select {{ columns | join(', ') }} from {{ to }}
) as surplus
{% endtest %}
