{#- Rounds a double to significant digits, half away from zero. Ranks are taken on 12 digits, so
    that ties do not depend on the last bits of an engine. Plain arithmetic on purpose: NumPy
    gets the same bits from the same four operations. -#}
{% macro round_significant(column, digits=12) -%}
    case
        when {{ column }} = 0 then 0
        else
            sign({{ column }})
            * floor(
                abs({{ column }})
                * power(10.0, {{ digits - 1 }} - floor(log10(nullif(abs({{ column }}), 0))))
                + 0.5
            )
            / power(10.0, {{ digits - 1 }} - floor(log10(nullif(abs({{ column }}), 0))))
    end
{%- endmacro %}
