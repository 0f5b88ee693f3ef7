-- Skewness and kurtosis of the leaves that fail the test for outliers, in every state that
-- winsorising can lead to: so many steps at the low end and so many at the high one, each to the
-- next of the distinct values. What no state changes goes in as one row.
with

transformed as (

    select * from {{ ref('int_index_transformed') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

tested as (

    select * from {{ ref('int_index_outlier_test') }}

),

failing as (

    select * from tested
    where not is_passed and is_treatable

),

whole_numbers as (
    {{ whole_numbers() }}
),

pooled as (

    select
        transformed.framework,
        case when stages.across = 'panel' then 0 else transformed.edition end as pool,
        transformed.node,
        transformed.value
    from transformed
    inner join stages
        on transformed.framework = stages.framework and stages.stage = 'treat'
    where transformed.value is not null

),

counted as (

    select
        failing.framework,
        failing.pool,
        failing.node,
        failing.points_max,
        pooled.value,
        (pooled.value - failing.value_median) / failing.deviation_max as deviation,
        count(*) as n_equal
    from pooled
    inner join failing
        on
            pooled.framework = failing.framework
            and pooled.pool = failing.pool
            and pooled.node = failing.node
    group by
        failing.framework,
        failing.pool,
        failing.node,
        failing.points_max,
        failing.value_median,
        failing.deviation_max,
        pooled.value

),

ordered as (

    select
        *,
        row_number() over (partition by framework, pool, node order by value asc) as rank_low,
        row_number() over (partition by framework, pool, node order by value desc) as rank_high
    from counted

),

blocks as (

    select
        framework,
        pool,
        node,
        case when rank_low > points_max and rank_high > points_max then 0 else rank_low end
            as block,
        max(deviation) as deviation,
        cast(sum(n_equal) as bigint) as n_values,
        sum(n_equal * deviation) as sum_1,
        sum(n_equal * power(deviation, 2)) as sum_2,
        sum(n_equal * power(deviation, 3)) as sum_3,
        sum(n_equal * power(deviation, 4)) as sum_4
    from ordered
    group by
        framework,
        pool,
        node,
        case when rank_low > points_max and rank_high > points_max then 0 else rank_low end

),

-- Not anew for every block: the planner takes the two for a great many.
states as materialized (

    select
        low_ends.framework,
        low_ends.pool,
        low_ends.node,
        low_ends.points_max,
        low_steps.n as n_steps_low,
        high_steps.n as n_steps_high,
        low_ends.value as value_low,
        high_ends.value as value_high,
        low_ends.deviation as deviation_low,
        high_ends.deviation as deviation_high
    from ordered as low_ends
    inner join whole_numbers as low_steps
        on low_ends.rank_low = low_steps.n + 1 and low_ends.points_max >= low_steps.n
    inner join ordered as high_ends
        on
            low_ends.framework = high_ends.framework
            and low_ends.pool = high_ends.pool
            and low_ends.node = high_ends.node
            and low_ends.value <= high_ends.value
    inner join whole_numbers as high_steps
        on
            high_ends.rank_high = high_steps.n + 1
            and low_ends.points_max >= low_steps.n + high_steps.n

),

clipped as (

    select
        states.framework,
        states.pool,
        states.node,
        states.points_max,
        states.n_steps_low,
        states.n_steps_high,
        states.value_low,
        states.value_high,
        blocks.n_values,
        blocks.block = 0 as is_core,
        case when blocks.deviation < states.deviation_low then blocks.n_values else 0 end as n_low,
        case when blocks.deviation > states.deviation_high then blocks.n_values else 0 end
            as n_high,
        blocks.sum_1,
        blocks.sum_2,
        blocks.sum_3,
        blocks.sum_4,
        least(greatest(blocks.deviation, states.deviation_low), states.deviation_high)
            as deviation
    from states
    inner join blocks
        on
            states.framework = blocks.framework
            and states.pool = blocks.pool
            and states.node = blocks.node

),

sums as (

    select
        framework,
        pool,
        node,
        points_max,
        n_steps_low,
        n_steps_high,
        value_low,
        value_high,
        cast(sum(n_values) as bigint) as n_values,
        sum(case when is_core then 0 else n_low end) as n_winsorised_low,
        sum(case when is_core then 0 else n_high end) as n_winsorised_high,
        sum(case when is_core then sum_1 else n_values * deviation end) as sum_1,
        sum(case when is_core then sum_2 else n_values * power(deviation, 2) end) as sum_2,
        sum(case when is_core then sum_3 else n_values * power(deviation, 3) end) as sum_3,
        sum(case when is_core then sum_4 else n_values * power(deviation, 4) end) as sum_4
    from clipped
    group by
        framework, pool, node, points_max, n_steps_low, n_steps_high, value_low, value_high

),

-- A state that makes all values the same has no shape.
shapes as (

    select
        framework,
        pool,
        node,
        n_steps_low,
        n_steps_high,
        cast(n_winsorised_low as bigint) as n_winsorised_low,
        cast(n_winsorised_high as bigint) as n_winsorised_high,
        value_low,
        value_high,
        case
            when value_low < value_high
                then {{ skewness_type2('n_values', 'sum_1', 'sum_2', 'sum_3') }}
        end as skewness,
        case
            when value_low < value_high
                then {{ kurtosis_type2('n_values', 'sum_1', 'sum_2', 'sum_3', 'sum_4') }}
        end as kurtosis
    from sums

),

final as (

    select
        framework,
        pool,
        node,
        n_steps_low,
        n_steps_high,
        n_winsorised_low,
        n_winsorised_high,
        value_low,
        value_high,
        {{ round_significant('skewness') }} as skewness,
        {{ round_significant('kurtosis') }} as kurtosis
    from shapes

)

select * from final
