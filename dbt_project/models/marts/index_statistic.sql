-- What the figures of a leaf look like: as they are, after treatment, and as scores. The flags are
-- those of get_stats of COINr.
with

screened as (

    select * from {{ ref('int_index_screened') }}

),

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

imputed as (

    select * from {{ ref('int_index_imputed') }}

),

treated as (

    select * from {{ ref('int_index_treated') }}

),

normalised as (

    select * from {{ ref('int_index_normalised') }}

),

ranked as (

    select distinct
        framework,
        edition,
        city_id
    from screened
    where is_ranked

),

cities as (

    select
        framework,
        edition,
        count(*) as n_cities
    from ranked
    group by framework, edition

),

imputations as (

    select
        imputed.framework,
        imputed.edition,
        imputed.node,
        count(case when imputed.is_imputed then 1 end) as n_imputed
    from imputed
    inner join ranked
        on
            imputed.framework = ranked.framework
            and imputed.edition = ranked.edition
            and imputed.city_id = ranked.city_id
    group by imputed.framework, imputed.edition, imputed.node

),

staged as (

    select
        denominated.framework,
        denominated.edition,
        denominated.node,
        'denominated' as stage,
        denominated.value
    from denominated
    inner join ranked
        on
            denominated.framework = ranked.framework
            and denominated.edition = ranked.edition
            and denominated.city_id = ranked.city_id
    union all
    select
        framework,
        edition,
        node,
        'treated' as stage,
        value
    from treated
    union all
    select
        framework,
        edition,
        node,
        'normalised' as stage,
        score as value
    from normalised

),

measured as (

    select
        framework,
        edition,
        node,
        stage,
        count(value) as n_known,
        count(case when value = 0 then 1 end) as n_zero,
        min(value) as value_min,
        max(value) as value_max,
        avg(value) as value_mean,
        percentile_cont(0.5) within group (order by value) as value_median,
        percentile_cont(0.25) within group (order by value) as quartile_1,
        percentile_cont(0.75) within group (order by value) as quartile_3,
        stddev_samp(value) as value_sd
    from staged
    group by framework, edition, node, stage

),

-- Powers of the distance from the median, since powers of the values themselves cancel out.
powers as (

    select
        staged.framework,
        staged.edition,
        staged.node,
        staged.stage,
        count(*) as n,
        sum(staged.value - measured.value_median) as sum_1,
        sum(power(staged.value - measured.value_median, 2)) as sum_2,
        sum(power(staged.value - measured.value_median, 3)) as sum_3,
        sum(power(staged.value - measured.value_median, 4)) as sum_4
    from staged
    inner join measured
        on
            staged.framework = measured.framework
            and staged.edition = measured.edition
            and staged.node = measured.node
            and staged.stage = measured.stage
    where staged.value is not null
    group by staged.framework, staged.edition, staged.node, staged.stage

),

moments as (

    select
        framework,
        edition,
        node,
        stage,
        {{ skewness_type2('n', 'sum_1', 'sum_2', 'sum_3') }} as skewness,
        {{ kurtosis_type2('n', 'sum_1', 'sum_2', 'sum_3', 'sum_4') }} as kurtosis
    from powers

),

counted as (

    select
        framework,
        edition,
        node,
        stage,
        value,
        count(*) as n_same
    from staged
    where value is not null
    group by framework, edition, node, stage, value

),

repeated as (

    select
        framework,
        edition,
        node,
        stage,
        count(*) as n_unique,
        max(n_same) as n_most_frequent
    from counted
    group by framework, edition, node, stage

),

-- Rounded where the last bits depend on the order of summation, and with them a digest.
joined as (

    select
        measured.framework,
        measured.edition,
        measured.node,
        measured.stage,
        cities.n_cities,
        measured.n_known,
        cities.n_cities - measured.n_known as n_missing,
        measured.n_zero,
        case
            when measured.stage = 'denominated' then 0
            else coalesce(imputations.n_imputed, 0)
        end as n_imputed,
        coalesce(repeated.n_unique, 0) as n_unique,
        cast(repeated.n_most_frequent as double)
        / nullif(measured.n_known, 0) as most_frequent_share,
        measured.value_min,
        measured.value_max,
        case
            when measured.value_min = measured.value_max then measured.value_min
            when
                abs(measured.value_mean)
                < 1e-12 * greatest(abs(measured.value_min), abs(measured.value_max))
                then 0
            else {{ round_significant('measured.value_mean') }}
        end as value_mean,
        measured.value_median,
        measured.quartile_1,
        measured.quartile_3,
        case
            when measured.value_min = measured.value_max and measured.n_known > 1 then 0
            else {{ round_significant('measured.value_sd') }}
        end as value_sd,
        case
            when measured.value_min < measured.value_max then round(moments.skewness, 12)
        end as skewness,
        case
            when measured.value_min < measured.value_max then round(moments.kurtosis, 12)
        end as kurtosis
    from measured
    inner join cities
        on measured.framework = cities.framework and measured.edition = cities.edition
    left join moments
        on
            measured.framework = moments.framework
            and measured.edition = moments.edition
            and measured.node = moments.node
            and measured.stage = moments.stage
    left join repeated
        on
            measured.framework = repeated.framework
            and measured.edition = repeated.edition
            and measured.node = repeated.node
            and measured.stage = repeated.stage
    left join imputations
        on
            measured.framework = imputations.framework
            and measured.edition = imputations.edition
            and measured.node = imputations.node

),

final as (

    select
        *,
        nullif(
            concat_ws(
                '; ',
                case when n_known < 0.65 * n_cities then 'few values' end,
                case when n_known - n_zero < 0.5 * n_cities then 'many zeros' end,
                case when n_unique < 0.5 * n_cities then 'few distinct values' end,
                case when value_min = value_max then 'does not vary' end,
                case when abs(skewness) > 2 and kurtosis > 3.5 then 'outliers' end
            ),
            ''
        ) as flags
    from joined

)

select * from final
order by framework, edition, node, stage
