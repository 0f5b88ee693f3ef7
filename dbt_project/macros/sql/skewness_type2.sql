{#- Skewness of n values by the type-2 estimator (SAS, Excel, COINr's skew), from the sums of their
    first, second and third powers. The values are taken from a point near their middle, such as
    the median, or the sums cancel out. Empty for less than three values. Plain arithmetic:
    DuckDB's skewness() is the same estimator but sums raw powers, Spark's is type 1. -#}
{% macro skewness_type2(n, sum_1, sum_2, sum_3) -%}
    case
        when {{ n }} >= 3
            then
                sqrt(cast({{ n }} as double) * ({{ n }} - 1)) / ({{ n }} - 2)
                * (
                    {{ sum_3 }}
                    - 3.0 * {{ sum_1 }} / {{ n }} * {{ sum_2 }}
                    + 2.0 * {{ sum_1 }} * power(cast({{ sum_1 }} as double) / {{ n }}, 2)
                ) / {{ n }}
                / nullif(power({{ variance_of_sums(n, sum_1, sum_2) }}, 1.5), 0)
    end
{%- endmacro %}

{% macro variance_of_sums(n, sum_1, sum_2) -%}
    (
        greatest(cast({{ sum_2 }} as double) / {{ n }} - power(cast({{ sum_1 }} as double) / {{ n }}, 2), 0)
    )
{%- endmacro %}
