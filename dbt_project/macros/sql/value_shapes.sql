{#- A query of the skewness and kurtosis of values: a row for each framework, pool and node of the
    CTE `leaves` (framework, pool, node, value). Values are taken from their median and between -1
    and 1, so that the sums of their powers keep their digits. -#}
{% macro value_shapes(leaves) %}
    select
        sums.framework,
        sums.pool,
        sums.node,
        sums.n_values,
        sums.value_min,
        sums.value_max,
        sums.value_median,
        sums.deviation_max,
        {{ skewness_type2('sums.n_values', 'sums.sum_1', 'sums.sum_2', 'sums.sum_3') }}
            as skewness,
        {{ kurtosis_type2('sums.n_values', 'sums.sum_1', 'sums.sum_2', 'sums.sum_3', 'sums.sum_4') }}
            as kurtosis
    from (
        select
            deviations.framework,
            deviations.pool,
            deviations.node,
            deviations.value_min,
            deviations.value_max,
            deviations.value_median,
            deviations.deviation_max,
            count(*) as n_values,
            {{ exact_sum('deviation') }} as sum_1,
            {{ exact_sum('deviation * deviation') }} as sum_2,
            {{ exact_sum('deviation * deviation * deviation') }} as sum_3,
            {{ exact_sum('deviation * deviation * deviation * deviation') }} as sum_4
        from (
            select
                middles.*,
                greatest(value_max - value_median, value_median - value_min) as deviation_max,
                (leaves.value - middles.value_median)
                / nullif(greatest(value_max - value_median, value_median - value_min), 0)
                    as deviation
            from {{ leaves }} as leaves
            inner join (
                select
                    framework,
                    pool,
                    node,
                    min(value) as value_min,
                    max(value) as value_max,
                    percentile_cont(0.5) within group (order by value asc) as value_median
                from {{ leaves }}
                group by framework, pool, node
            ) as middles
                on
                    leaves.framework = middles.framework
                    and leaves.pool = middles.pool
                    and leaves.node = middles.node
        ) as deviations
        group by
            deviations.framework,
            deviations.pool,
            deviations.node,
            deviations.value_min,
            deviations.value_max,
            deviations.value_median,
            deviations.deviation_max
    ) as sums
{% endmacro %}
