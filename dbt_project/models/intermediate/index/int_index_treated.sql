-- Stage treat: outliers among the values of the ranked cities. A leaf that fails the test is
-- winsorised; where that does not suffice, the fallback is applied to its untreated values and
-- stays even if it does not suffice either, as in Treat of COINr.
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

winsorised as (

    select * from {{ ref('int_index_winsorised') }}

),

pooled as (

    select
        transformed.*,
        case when stages.across = 'panel' then 0 else transformed.edition end as pool
    from transformed
    left join stages
        on transformed.framework = stages.framework and stages.stage = 'treat'

),

-- Winsorising that would make all values the same leaves them as they are. log_GII turns a leaf
-- round whose maximum is below 1.
leaves as (

    select
        pooled.framework,
        pooled.edition,
        pooled.city_id,
        pooled.node,
        pooled.value as value_before,
        tested.value_min,
        tested.value_max,
        tested.boxcox_lambda,
        winsorised.value_low,
        winsorised.value_high,
        case
            when winsorised.is_passed is null then 'none'
            when
                (winsorised.is_passed or tested.fallback = 'none')
                and winsorised.n_winsorised_low + winsorised.n_winsorised_high = 0
                then 'none'
            when winsorised.is_passed or tested.fallback = 'none' then 'winsorise'
            when tested.fallback = 'log_GII' and tested.value_max <= 1 then 'none'
            else tested.fallback
        end as treated_by
    from pooled
    left join tested
        on
            pooled.framework = tested.framework
            and pooled.pool = tested.pool
            and pooled.node = tested.node
    left join winsorised
        on
            tested.framework = winsorised.framework
            and tested.pool = winsorised.pool
            and tested.node = winsorised.node

),

unchanged as (

    select
        *,
        value_before as value
    from leaves
    where treated_by = 'none'

),

winsorise as (

    select
        *,
        case
            when value_before < value_low then value_low
            when value_before > value_high then value_high
            else value_before
        end as value
    from leaves
    where treated_by = 'winsorise'

),

log_ct as (

    select
        *,
        ln(value_before - value_min + 0.01 * (value_max - value_min)) as value
    from leaves
    where treated_by = 'log_CT'

),

log_ct_orig as (

    select
        *,
        ln(value_before - value_min + 1) as value
    from leaves
    where treated_by = 'log_CT_orig'

),

log_gii as (

    select
        *,
        ln(
            (value_max - 1) * (value_before - value_min) / nullif(value_max - value_min, 0) + 1
        ) as value
    from leaves
    where treated_by = 'log_GII'

),

-- Shifted so that the smallest value is 1, as makepos of COINr's boxcox.
boxcox as (

    select
        *,
        {{ transformed_value('(value_before - value_min + 1)', "'boxcox'", 'boxcox_lambda') }}
            as value
    from leaves
    where treated_by = 'boxcox'

),

united as (

    select * from unchanged
    union all
    select * from winsorise
    union all
    select * from log_ct
    union all
    select * from log_ct_orig
    union all
    select * from log_gii
    union all
    select * from boxcox

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        treated_by,
        value_before,
        value,
        coalesce(value <> value_before, false) as is_treated
    from united

)

select * from final
