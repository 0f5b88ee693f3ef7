-- Where a city stands best and worst, by its rank in each leaf, as get_str_weak of COINr: the five
-- best and the five worst, and no more than half of its leaves, so that no leaf is both. The last
-- place of a leaf is no strength, and where half of the cities or more share it no weakness either.
with

contributions as (

    select * from {{ ref('index_contribution') }}

),

scored as (

    select
        *,
        max(rank) over (partition by framework, edition, node) as rank_last
    from contributions
    where rank is not null

),

placed as (

    select
        *,
        row_number() over (
            partition by framework, edition, city_id
            order by rank asc, effective_weight desc, node asc
        ) as place,
        count(*) over (partition by framework, edition, city_id) as n_places
    from scored
    where rank < rank_last or rank > n_scored / 2.0

),

strengths as (

    select
        *,
        'strength' as kind,
        row_number() over (
            partition by framework, edition, city_id
            order by place asc
        ) as position
    from placed
    where rank < rank_last and place <= least(5, floor(n_places / 2.0))

),

weaknesses as (

    select
        *,
        'weakness' as kind,
        n_places - place + 1 as position
    from placed
    where n_places - place < least(5, floor(n_places / 2.0))

),

united as (

    select * from strengths
    union all
    select * from weaknesses

),

final as (

    select
        framework,
        edition,
        city_id,
        city_name,
        kind,
        cast(position as integer) as position,
        node,
        title,
        dimension,
        rank,
        n_scored,
        value,
        unit,
        score,
        effective_weight
    from united

)

select * from final
order by framework asc, edition asc, city_id asc, kind asc, position asc
