-- The scale of each leaf under the methods of the stage normalise that are linear: at start_value
-- the score is start_score, and a width of values is worth a width of score. Formulas are those of
-- COINr's functions of the same name. Values are oriented, higher is better.
with

oriented as (

    select * from {{ ref('int_index_oriented') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

transforms as (

    select framework
    from stages
    where stage = 'transform' and method = 'by_indicator'

),

leaf_marks as (

    select
        nodes.framework,
        nodes.node,
        nodes.direction,
        nodes.goalpost_min,
        nodes.goalpost_max,
        nodes.target,
        nodes.boxcox_lambda,
        case when transforms.framework is not null then nodes.transform end as transform
    from nodes
    left join transforms
        on nodes.framework = transforms.framework

),

-- Goalposts and targets are told in the unit of the leaf, and take the shape that its values take.
shaped as (

    select
        framework,
        node,
        direction,
        {{ transformed_value('goalpost_min', 'transform', 'boxcox_lambda') }} as goalpost_min,
        {{ transformed_value('goalpost_max', 'transform', 'boxcox_lambda') }} as goalpost_max,
        {{ transformed_value('target', 'transform', 'boxcox_lambda') }} as target
    from leaf_marks

),

turned as (

    select
        framework,
        node,
        case when direction = 'lower' then -goalpost_max else goalpost_min end as worse_goalpost,
        case when direction = 'lower' then -goalpost_min else goalpost_max end as better_goalpost,
        case when direction = 'lower' then -target else target end as oriented_target
    from shaped

),

extremes as (

    select
        framework,
        pool,
        node,
        is_untreated,
        count(*) as n_values,
        min(oriented_value) as value_min,
        max(oriented_value) as value_max,
        max(case when treated_by not in ('none', 'winsorise') then treated_by end) as reshaped_by
    from oriented
    group by framework, pool, node, is_untreated

),

leaves as (

    select
        extremes.*,
        extremes.value_max = extremes.value_min as is_constant,
        turned.worse_goalpost,
        turned.better_goalpost,
        turned.oriented_target,
        stages.method,
        stages.score_min,
        stages.score_max,
        stages.is_capped,
        stages.mean,
        stages.sd,
        stages.reference_unit,
        stages.shift,
        stages.divisor
    from extremes
    inner join turned
        on extremes.framework = turned.framework and extremes.node = turned.node
    inner join stages
        on extremes.framework = stages.framework and stages.stage = 'normalise'

),

n_minmax as (

    select
        framework,
        pool,
        node,
        is_untreated,
        value_min as start_value,
        value_max - value_min as value_width,
        score_min as start_score,
        score_max - score_min as score_width,
        cast(null as double) as score_floor,
        cast(null as double) as score_ceiling,
        cast(null as varchar) as problem
    from leaves
    where method = 'n_minmax'

),

n_goalposts as (

    select
        framework,
        pool,
        node,
        is_untreated,
        worse_goalpost as start_value,
        case
            when reshaped_by is null and better_goalpost > worse_goalpost
                then better_goalpost - worse_goalpost
        end as value_width,
        score_min as start_score,
        score_max - score_min as score_width,
        case when is_capped then score_min end as score_floor,
        case when is_capped then score_max end as score_ceiling,
        case
            when reshaped_by is not null
                then
                    concat(
                        'its outliers were treated by ',
                        reshaped_by,
                        ', so that goalposts in its own unit do not fit: give the leaf treatment ',
                        'none or a transform, or the stage treat the fallback none'
                    )
            when worse_goalpost is null or better_goalpost is null
                then
                    'a goalpost is missing, or its transform has no result for it: '
                    || 'give goalpost_min and goalpost_max that it has one for'
            when better_goalpost <= worse_goalpost
                then 'goalpost_min is not below goalpost_max: exchange them'
        end as problem
    from leaves
    where method = 'n_goalposts'

),

-- Between 0 and 1, where sums are exact: the scores do not depend on the order of the rows.
unit_interval as (

    select
        oriented.framework,
        oriented.pool,
        oriented.node,
        oriented.is_untreated,
        leaves.n_values,
        leaves.value_min,
        leaves.value_max,
        leaves.mean,
        leaves.sd,
        (oriented.oriented_value - leaves.value_min)
        / nullif(leaves.value_max - leaves.value_min, 0) as share
    from oriented
    inner join leaves
        on
            oriented.framework = leaves.framework
            and oriented.pool = leaves.pool
            and oriented.node = leaves.node
            and oriented.is_untreated = leaves.is_untreated
    where leaves.method = 'n_zscore'

),

means as (

    select
        framework,
        pool,
        node,
        is_untreated,
        {{ exact_sum('share') }} / count(*) as share_mean
    from unit_interval
    group by framework, pool, node, is_untreated

),

deviations as (

    select
        unit_interval.framework,
        unit_interval.pool,
        unit_interval.node,
        unit_interval.is_untreated,
        unit_interval.value_min,
        unit_interval.value_max,
        unit_interval.mean,
        unit_interval.sd,
        means.share_mean,
        sqrt(
            {{ exact_sum('power(unit_interval.share - means.share_mean, 2)') }}
            / nullif(count(*) - 1, 0)
        ) as share_sd
    from unit_interval
    inner join means
        on
            unit_interval.framework = means.framework
            and unit_interval.pool = means.pool
            and unit_interval.node = means.node
            and unit_interval.is_untreated = means.is_untreated
    group by
        unit_interval.framework,
        unit_interval.pool,
        unit_interval.node,
        unit_interval.is_untreated,
        unit_interval.value_min,
        unit_interval.value_max,
        unit_interval.mean,
        unit_interval.sd,
        means.share_mean

),

n_zscore as (

    select
        framework,
        pool,
        node,
        is_untreated,
        value_min + share_mean * (value_max - value_min) as start_value,
        share_sd * (value_max - value_min) as value_width,
        mean as start_score,
        sd as score_width,
        cast(null as double) as score_floor,
        cast(null as double) as score_ceiling,
        cast(null as varchar) as problem
    from deviations

),

-- The distances start from their upper end, as 1 - (upper - x) / width, or last digits differ.
n_dist2max as (

    select
        framework,
        pool,
        node,
        is_untreated,
        value_max as start_value,
        value_max - value_min as value_width,
        1.0 as start_score,
        1.0 as score_width,
        cast(null as double) as score_floor,
        cast(null as double) as score_ceiling,
        cast(null as varchar) as problem
    from leaves
    where method = 'n_dist2max'

),

-- Over a panel, the value that the reference unit has in the newest edition.
reference_editions as (

    select
        framework,
        pool,
        node,
        is_untreated,
        city_id,
        max(edition) as edition
    from oriented
    group by framework, pool, node, is_untreated, city_id

),

reference_values as (

    select
        leaves.framework,
        leaves.pool,
        leaves.node,
        leaves.is_untreated,
        oriented.oriented_value as reference_value
    from leaves
    inner join reference_editions
        on
            leaves.framework = reference_editions.framework
            and leaves.pool = reference_editions.pool
            and leaves.node = reference_editions.node
            and leaves.is_untreated = reference_editions.is_untreated
            and leaves.reference_unit = reference_editions.city_id
    inner join oriented
        on
            reference_editions.framework = oriented.framework
            and reference_editions.edition = oriented.edition
            and reference_editions.city_id = oriented.city_id
            and reference_editions.node = oriented.node
            and reference_editions.is_untreated = oriented.is_untreated
    where leaves.method = 'n_dist2ref'

),

n_dist2ref as (

    select
        leaves.framework,
        leaves.pool,
        leaves.node,
        leaves.is_untreated,
        reference_values.reference_value as start_value,
        reference_values.reference_value - leaves.value_min as value_width,
        1.0 as start_score,
        1.0 as score_width,
        cast(null as double) as score_floor,
        case when leaves.is_capped then 1.0 end as score_ceiling,
        case
            when reference_values.reference_value is null
                then
                    concat(
                        'the reference unit ',
                        leaves.reference_unit,
                        ' is not ranked or has no value: choose another, or impute'
                    )
            when reference_values.reference_value = leaves.value_min
                then
                    concat(
                        'nobody is worse than the reference unit ',
                        leaves.reference_unit,
                        ', so there is no distance to it: choose another'
                    )
        end as problem
    from leaves
    left join reference_values
        on
            leaves.framework = reference_values.framework
            and leaves.pool = reference_values.pool
            and leaves.node = reference_values.node
            and leaves.is_untreated = reference_values.is_untreated
    where leaves.method = 'n_dist2ref'

),

-- A target below every value would turn the scale round.
n_dist2targ as (

    select
        framework,
        pool,
        node,
        is_untreated,
        oriented_target as start_value,
        case
            when reshaped_by is null and oriented_target > value_min
                then oriented_target - value_min
        end as value_width,
        1.0 as start_score,
        1.0 as score_width,
        cast(null as double) as score_floor,
        case when is_capped then 1.0 end as score_ceiling,
        case
            when reshaped_by is not null
                then
                    concat(
                        'its outliers were treated by ',
                        reshaped_by,
                        ', so that a target in its own unit does not fit: give the leaf treatment ',
                        'none or a transform, or the stage treat the fallback none'
                    )
            when oriented_target is null
                then
                    'the target is missing, or its transform has no result for it: '
                    || 'give a target that it has one for'
            when oriented_target <= value_min
                then
                    'every ranked city meets the target, so there is no distance to it: '
                    || 'set a target that is harder to meet'
        end as problem
    from leaves
    where method = 'n_dist2targ'

),

n_fracmax as (

    select
        framework,
        pool,
        node,
        is_untreated,
        0.0 as start_value,
        value_max as value_width,
        0.0 as start_score,
        1.0 as score_width,
        cast(null as double) as score_floor,
        cast(null as double) as score_ceiling,
        cast(null as varchar) as problem
    from leaves
    where method = 'n_fracmax'

),

n_scaled as (

    select
        framework,
        pool,
        node,
        is_untreated,
        shift as start_value,
        divisor as value_width,
        0.0 as start_score,
        1.0 as score_width,
        cast(null as double) as score_floor,
        cast(null as double) as score_ceiling,
        case when divisor = 0 then 'the factor of n_scaled is 0: give another' end as problem
    from leaves
    where method = 'n_scaled'

),

united as (

    select * from n_minmax
    union all
    select * from n_goalposts
    union all
    select * from n_zscore
    union all
    select * from n_dist2max
    union all
    select * from n_dist2ref
    union all
    select * from n_dist2targ
    union all
    select * from n_fracmax
    union all
    select * from n_scaled

),

final as (

    select
        leaves.framework,
        leaves.pool,
        leaves.node,
        leaves.is_untreated,
        leaves.method,
        leaves.n_values,
        leaves.value_min,
        leaves.value_max,
        leaves.is_constant,
        united.start_value,
        united.value_width,
        united.start_score,
        united.score_width,
        united.score_floor,
        united.score_ceiling,
        case when not leaves.is_constant then united.problem end as problem
    from leaves
    left join united
        on
            leaves.framework = united.framework
            and leaves.pool = united.pool
            and leaves.node = united.node
            and leaves.is_untreated = united.is_untreated

)

select * from final
