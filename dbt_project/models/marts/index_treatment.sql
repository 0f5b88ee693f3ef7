with

tested as (

    select * from {{ ref('int_index_outlier_test') }}

),

winsorised as (

    select * from {{ ref('int_index_winsorised') }}

),

treated as (

    select * from {{ ref('int_index_treated') }}

),

normalised as (

    select * from {{ ref('int_index_normalised') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

pooled as (

    select
        treated.framework,
        treated.edition,
        case when stages.across = 'panel' then 0 else treated.edition end as pool,
        treated.node,
        treated.treated_by,
        treated.value,
        treated.is_treated
    from treated
    inner join stages
        on treated.framework = stages.framework and stages.stage = 'treat'

),

outcomes as (

    select
        framework,
        edition,
        pool,
        node,
        min(treated_by) as treated_by,
        count(case when is_treated then 1 end) as n_treated
    from pooled
    group by framework, edition, pool, node

),

by_fallback as (

    select
        framework,
        pool,
        node,
        value
    from pooled
    where treated_by not in ('none', 'winsorise') and value is not null

),

fallback_shapes as (
    {{ value_shapes('by_fallback') }}
),

ranks as (

    select
        normalised.framework,
        normalised.edition,
        normalised.node,
        normalised.score,
        normalised.score_untreated,
        rank() over (
            partition by normalised.framework, normalised.edition, normalised.node
            order by {{ round_significant('normalised.score') }} desc nulls last
        ) as leaf_rank,
        rank() over (
            partition by normalised.framework, normalised.edition, normalised.node
            order by {{ round_significant('normalised.score_untreated') }} desc nulls last
        ) as leaf_rank_untreated
    from normalised
    inner join outcomes
        on
            normalised.framework = outcomes.framework
            and normalised.edition = outcomes.edition
            and normalised.node = outcomes.node
    where outcomes.treated_by <> 'none'

),

effects as (

    select
        framework,
        edition,
        node,
        max(abs(score - score_untreated)) as score_change_max,
        case
            when min(score) < max(score) and min(score_untreated) < max(score_untreated)
                then corr(score, score_untreated)
        end as score_correlation,
        max(abs(cast(leaf_rank as integer) - cast(leaf_rank_untreated as integer)))
            as rank_change_max,
        count(case when leaf_rank <> leaf_rank_untreated then 1 end) as n_rank_changes
    from ranks
    group by framework, edition, node

),

shapes as (

    select
        outcomes.framework,
        outcomes.edition,
        outcomes.node,
        outcomes.treated_by,
        outcomes.n_treated,
        tested.n_values,
        tested.skewness as skewness_before,
        tested.kurtosis as kurtosis_before,
        tested.is_passed as is_passed_before,
        tested.skewness_max,
        tested.kurtosis_max,
        coalesce(winsorised.n_winsorised_low, 0) as n_winsorised_low,
        coalesce(winsorised.n_winsorised_high, 0) as n_winsorised_high,
        winsorised.skewness as skewness_winsorised,
        winsorised.kurtosis as kurtosis_winsorised,
        winsorised.is_passed as is_passed_winsorised,
        case outcomes.treated_by
            when 'none' then tested.skewness
            when 'winsorise' then winsorised.skewness
            else fallback_shapes.skewness
        end as skewness_after,
        case outcomes.treated_by
            when 'none' then tested.kurtosis
            when 'winsorise' then winsorised.kurtosis
            else fallback_shapes.kurtosis
        end as kurtosis_after
    from outcomes
    left join tested
        on
            outcomes.framework = tested.framework
            and outcomes.pool = tested.pool
            and outcomes.node = tested.node
    left join winsorised
        on
            outcomes.framework = winsorised.framework
            and outcomes.pool = winsorised.pool
            and outcomes.node = winsorised.node
    left join fallback_shapes
        on
            outcomes.framework = fallback_shapes.framework
            and outcomes.pool = fallback_shapes.pool
            and outcomes.node = fallback_shapes.node

),

final as (

    select
        shapes.framework,
        shapes.edition,
        shapes.node,
        coalesce(shapes.n_values, 0) as n_values,
        shapes.skewness_before,
        shapes.kurtosis_before,
        shapes.is_passed_before,
        shapes.treated_by,
        shapes.n_winsorised_low,
        shapes.n_winsorised_high,
        shapes.skewness_winsorised,
        shapes.kurtosis_winsorised,
        shapes.is_passed_winsorised,
        shapes.n_treated,
        {{ round_significant('shapes.skewness_after') }} as skewness_after,
        {{ round_significant('shapes.kurtosis_after') }} as kurtosis_after,
        abs(shapes.skewness_after) < shapes.skewness_max
        or shapes.kurtosis_after < shapes.kurtosis_max as is_passed,
        {{ round_significant('effects.score_change_max') }} as score_change_max,
        round(effects.score_correlation, 12) as score_correlation,
        effects.rank_change_max,
        effects.n_rank_changes
    from shapes
    left join effects
        on
            shapes.framework = effects.framework
            and shapes.edition = effects.edition
            and shapes.node = effects.node

)

select * from final
order by framework asc, edition asc, node asc
