-- How far two indices agree in an edition, over the cities that both rank.
with

comparison as (

    select * from {{ ref('framework_comparison') }}

),

-- Ties share the mean of their ranks.
with_ranks as (

    select
        *,
        rank_common + (
            count(*) over (
                partition by framework, compared_framework, edition, rank_common
            ) - 1
        ) / 2.0 as mid_rank,
        compared_rank_common + (
            count(*) over (
                partition by framework, compared_framework, edition, compared_rank_common
            ) - 1
        ) / 2.0 as compared_mid_rank,
        max(abs(rank_shift)) over (
            partition by framework, compared_framework, edition
        ) as rank_shift_max
    from comparison
    where rank_shift is not null

),

-- A pair of which no city is ranked by both has no agreement, and a row that says so.
counted as (

    select
        framework,
        compared_framework,
        edition,
        is_variant,
        count(rank) - count(rank_shift) as n_only,
        count(compared_rank) - count(rank_shift) as n_compared_only
    from comparison
    group by framework, compared_framework, edition, is_variant

),

agreement as (

    select
        framework,
        compared_framework,
        edition,
        count(*) as n_common,
        case
            when
                min(rank_common) < max(rank_common)
                and min(compared_rank_common) < max(compared_rank_common)
                then round(corr(mid_rank, compared_mid_rank), 6)
        end as spearman,
        round(avg(1.0 * abs(rank_shift)), 6) as rank_shift_mean,
        max(rank_shift_max) as rank_shift_max,
        {{ text_list(
            'case when rank_shift <> 0 and abs(rank_shift) = rank_shift_max then city_name end',
            'city_name, city_id'
        ) }} as most_shifted
    from with_ranks
    group by framework, compared_framework, edition

),

final as (

    select
        counted.framework,
        counted.compared_framework,
        counted.edition,
        counted.is_variant,
        coalesce(agreement.n_common, 0) as n_common,
        counted.n_only,
        counted.n_compared_only,
        agreement.spearman,
        agreement.rank_shift_mean,
        agreement.rank_shift_max,
        agreement.most_shifted
    from counted
    left join agreement
        on
            counted.framework = agreement.framework
            and counted.compared_framework = agreement.compared_framework
            and counted.edition = agreement.edition

)

select * from final
order by framework asc, compared_framework asc, edition asc
