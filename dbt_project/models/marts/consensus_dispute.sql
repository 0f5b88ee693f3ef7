-- On which cities the published rankings disagree. A place in a list depends on who else is in it,
-- so that it is compared with the place that the consensus gives among the same cities.
with

votes as (

    select * from {{ ref('int_consensus_vote') }}

),

ranks as (

    select * from {{ ref('consensus_rank') }}

),

directed as (

    select
        framework,
        series_id,
        city_id,
        other_city_id,
        vote
    from votes

    union all

    select
        framework,
        series_id,
        other_city_id as city_id,
        city_id as other_city_id,
        -vote as vote
    from votes

),

positions as (

    select
        directed.framework,
        directed.series_id,
        directed.city_id,
        count(*) as n_compared,
        avg((1 + directed.vote) / 2.0) as position_share,
        avg((1 + sign(other.kemeny_rank - own.kemeny_rank)) / 2.0) as consensus_position_share
    from directed
    inner join ranks as own
        on
            directed.framework = own.framework
            and directed.city_id = own.city_id
    inner join ranks as other
        on
            directed.framework = other.framework
            and directed.other_city_id = other.city_id
    group by directed.framework, directed.series_id, directed.city_id

),

shifted as (

    select
        *,
        round(position_share - consensus_position_share, 6) as shift_share
    from positions

),

placed as (

    select
        *,
        row_number() over (
            partition by framework, city_id
            order by shift_share asc, series_id asc
        ) as from_lowest,
        row_number() over (
            partition by framework, city_id
            order by shift_share desc, series_id asc
        ) as from_highest
    from shifted

),

spreads as (

    select
        framework,
        city_id,
        count(*) as n_lists,
        round(min(position_share), 6) as position_min,
        round(max(position_share), 6) as position_max,
        round(stddev_samp(position_share), 6) as position_sd,
        min(shift_share) as shift_min,
        max(shift_share) as shift_max,
        round(stddev_samp(shift_share), 6) as shift_sd,
        max(case when from_lowest = 1 then series_id end) as lowest_series_id,
        max(case when from_highest = 1 then series_id end) as highest_series_id
    from placed
    group by framework, city_id

),

final as (

    select
        spreads.framework,
        spreads.city_id,
        ranks.city_name,
        spreads.n_lists,
        spreads.position_min,
        spreads.position_max,
        spreads.position_sd,
        spreads.shift_min,
        spreads.shift_max,
        spreads.shift_sd,
        spreads.lowest_series_id,
        spreads.highest_series_id
    from spreads
    inner join ranks
        on
            spreads.framework = ranks.framework
            and spreads.city_id = ranks.city_id
    where spreads.n_lists >= 2

)

select * from final
order by framework asc, shift_sd desc, city_id asc
