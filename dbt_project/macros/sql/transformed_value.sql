{#- A value in the shape of a leaf's transform; empty where the transform has no result for it.
    log1p keeps its digits near zero (Kahan). Box-Cox is (value ^ lambda - 1) / lambda, or the
    logarithm for a lambda of 0, without a shift: each value is shaped for itself. -#}
{% macro transformed_value(value, transform, boxcox_lambda) -%}
    case
        when {{ transform }} is null then {{ value }}
        when {{ transform }} = 'sqrt' and {{ value }} >= 0 then sqrt({{ value }})
        when {{ transform }} = 'log' and {{ value }} > 0 then ln({{ value }})
        when {{ transform }} = 'log10' and {{ value }} > 0 then log10({{ value }})
        when {{ transform }} = 'log1p' and 1 + {{ value }} = 1 then {{ value }}
        when {{ transform }} = 'log1p' and {{ value }} > -1
            then ln(1 + {{ value }}) * ({{ value }} / ((1 + {{ value }}) - 1))
        when {{ transform }} = 'boxcox' and {{ boxcox_lambda }} = 0 and {{ value }} > 0
            then ln({{ value }})
        when {{ transform }} = 'boxcox' and {{ boxcox_lambda }} > 0 and {{ value }} >= 0
            then (power({{ value }}, {{ boxcox_lambda }}) - 1) / {{ boxcox_lambda }}
        when {{ transform }} = 'boxcox' and {{ boxcox_lambda }} < 0 and {{ value }} > 0
            then (power({{ value }}, {{ boxcox_lambda }}) - 1) / {{ boxcox_lambda }}
    end
{%- endmacro %}
