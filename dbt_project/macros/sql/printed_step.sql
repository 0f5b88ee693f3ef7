{#- Size of one unit of the last digit that is printed, in the unit of the value: 0.1 million for
    1.2 million. Empty where more than a number is printed. Reads digits whatever the signs
    between them. DuckDB, Spark, Snowflake; PostgreSQL has no try_cast but the same translate. -#}
{% macro printed_step(printed_value, value) -%}
    case
        when translate({{ printed_value }}, '0123456789.,-+ ', '') = ''
            then
                abs({{ value }})
                / nullif(
                    try_cast(nullif(translate({{ printed_value }}, '.,-+ ', ''), '') as double), 0
                )
    end
{%- endmacro %}
