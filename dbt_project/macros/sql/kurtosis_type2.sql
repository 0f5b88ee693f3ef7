{#- Excess kurtosis of n values by the type-2 estimator (SAS, Excel, COINr's kurt), from sums of
    powers as in skewness_type2. Empty for less than four values. DuckDB's kurtosis() is the same
    estimator but sums raw powers, Spark's is type 1. -#}
{% macro kurtosis_type2(n, sum_1, sum_2, sum_3, sum_4) -%}
    case
        when {{ n }} >= 4
            then
                (
                    ({{ n }} + 1)
                    * (
                        (
                            {{ sum_4 }}
                            - 4.0 * {{ sum_1 }} / {{ n }} * {{ sum_3 }}
                            + 6.0 * power(cast({{ sum_1 }} as double) / {{ n }}, 2) * {{ sum_2 }}
                            - 3.0 * {{ sum_1 }} * power(cast({{ sum_1 }} as double) / {{ n }}, 3)
                        ) / {{ n }}
                        / nullif(power({{ variance_of_sums(n, sum_1, sum_2) }}, 2), 0)
                        - 3
                    )
                    + 6
                )
                * (cast({{ n }} as double) - 1) / (({{ n }} - 2) * ({{ n }} - 3))
    end
{%- endmacro %}
