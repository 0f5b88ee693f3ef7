-- How far winsorising goes for the leaves that fail the test for outliers, as winsorise of COINr:
-- while a leaf fails and less than points_max points are moved, its present maximum goes to the
-- next value, or its minimum where the skewness is negative.
with recursive

states as (

    select * from {{ ref('int_index_winsorised_state') }}

),

tested as (

    select * from {{ ref('int_index_outlier_test') }}

),

judged as (

    select
        states.framework,
        states.pool,
        states.node,
        states.n_steps_low,
        states.n_steps_high,
        states.n_winsorised_low,
        states.n_winsorised_high,
        states.value_low,
        states.value_high,
        states.skewness,
        states.kurtosis,
        abs(states.skewness) < tested.skewness_max
        or states.kurtosis < tested.kurtosis_max as is_passed,
        states.n_winsorised_low + states.n_winsorised_high < tested.points_max as is_below_max
    from states
    inner join tested
        on
            states.framework = tested.framework
            and states.pool = tested.pool
            and states.node = tested.node

),

walk as (

    select * from judged
    where n_steps_low = 0 and n_steps_high = 0

    union all

    select judged.*
    from walk
    inner join judged
        on
            walk.framework = judged.framework
            and walk.pool = judged.pool
            and walk.node = judged.node
            and walk.n_steps_low + case when walk.skewness < 0 then 1 else 0 end
            = judged.n_steps_low
            and walk.n_steps_high + case when walk.skewness < 0 then 0 else 1 end
            = judged.n_steps_high
    where not walk.is_passed and walk.is_below_max

),

ends as (

    select
        framework,
        pool,
        node,
        max(n_steps_low + n_steps_high) as n_steps
    from walk
    group by framework, pool, node

),

final as (

    select
        walk.framework,
        walk.pool,
        walk.node,
        walk.n_winsorised_low,
        walk.n_winsorised_high,
        walk.value_low,
        walk.value_high,
        walk.skewness,
        walk.kurtosis,
        walk.is_passed
    from walk
    inner join ends
        on
            walk.framework = ends.framework
            and walk.pool = ends.pool
            and walk.node = ends.node
            and walk.n_steps_low + walk.n_steps_high = ends.n_steps

)

select * from final
