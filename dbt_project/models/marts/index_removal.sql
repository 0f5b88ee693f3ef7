-- What the ranking of an edition owes to each node: how it changes without the node.
with

removals as (

    select * from {{ ref('int_index_removal') }}

),

shifts as (

    select * from {{ ref('index_removal_rank') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

agreement as (

    select
        framework,
        edition,
        node,
        max(kendall_tau_b) as kendall_tau_b
    from removals
    group by framework, edition, node

),

with_extremes as (

    select
        shifts.framework,
        shifts.edition,
        shifts.node,
        shifts.city_id,
        cities.name_en as city_name,
        shifts.rank,
        shifts.rank_without,
        shifts.rank_shift,
        max(shifts.rank_shift) over (
            partition by shifts.framework, shifts.edition, shifts.node
        ) as most_gained,
        min(shifts.rank_shift) over (
            partition by shifts.framework, shifts.edition, shifts.node
        ) as most_lost
    from shifts
    inner join cities
        on shifts.city_id = cities.city_id

),

counted as (

    select
        framework,
        edition,
        node,
        count(rank) as n_ranked,
        count(rank_without) as n_ranked_without,
        avg(1.0 * abs(rank_shift)) as rank_shift_mean,
        max(abs(rank_shift)) as rank_shift_max,
        {{ text_list(
            'case when rank_shift > 0 and rank_shift = most_gained then city_name end',
            'city_name, city_id'
        ) }} as gains_most,
        {{ text_list(
            'case when rank_shift < 0 and rank_shift = most_lost then city_name end',
            'city_name, city_id'
        ) }} as loses_most,
        {{ text_list(
            'case when rank_without <= 3 then city_name end',
            'rank_without, city_name, city_id'
        ) }} as top3_without,
        sum(
            case
                when rank <= 3 and rank = rank_without then 0
                when rank <= 3 or rank_without <= 3 then 1
                else 0
            end
        ) as n_top3_changes
    from with_extremes
    group by framework, edition, node

),

final as (

    select
        counted.framework,
        counted.edition,
        counted.node,
        nodes.parent,
        nodes.level,
        nodes.title,
        counted.n_ranked,
        counted.n_ranked_without,
        round(counted.rank_shift_mean, 6) as rank_shift_mean,
        counted.rank_shift_max,
        round(agreement.kendall_tau_b, 6) as kendall_tau_b,
        counted.gains_most,
        counted.loses_most,
        counted.top3_without,
        case when counted.n_ranked_without > 0 then counted.n_top3_changes = 0 end as is_top3_kept,
        case
            when counted.n_ranked_without = 0 then 'no city has a score without it'
            when counted.rank_shift_max is null
                then 'no city has a score both with it and without it'
            when agreement.kendall_tau_b is null
                then 'no tau-b: all cities that have a score with it and without it are level'
        end as reason
    from counted
    inner join agreement
        on
            counted.framework = agreement.framework
            and counted.edition = agreement.edition
            and counted.node = agreement.node
    inner join nodes
        on
            counted.framework = nodes.framework
            and counted.node = nodes.node

)

select * from final
order by framework asc, edition asc, level asc, node asc
