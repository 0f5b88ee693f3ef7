-- Where a city stands best and worst, by its place in each leaf, as get_str_weak of COINr: the five
-- best and the five worst, and no more than half of its leaves. A strength lies above the middle of
-- the cities scored, a weakness below it. A shared place counts by its middle, so that a zero which
-- many share is a weakness, behind a bad place of one's own. What was filled in tells of nobody.
with

contributions as (

    select * from {{ ref('index_contribution') }}

),

-- Among the ranked cities that have a score, filled in or not. A city that the index does not rank
-- holds no place here, though it may have one in the leaf.
scored as (

    select
        *,
        cast(
            rank() over (partition by framework, edition, node order by rank asc) as integer
        ) as rank_scored,
        count(*) over (partition by framework, edition, node, rank) as n_same_rank
    from contributions
    where rank is not null

),

placed as (

    select
        *,
        rank_scored + (n_same_rank - 1) / 2.0 as place,
        (n_scored + 1) / 2.0 as place_middle,
        count(*) over (partition by framework, edition, city_id) as n_leaves
    from scored
    where not is_imputed

),

strengths as (

    select
        *,
        'strength' as kind,
        row_number() over (
            partition by framework, edition, city_id
            order by place asc, effective_weight desc, node asc
        ) as position
    from placed
    where place < place_middle

),

weaknesses as (

    select
        *,
        'weakness' as kind,
        row_number() over (
            partition by framework, edition, city_id
            order by place desc, effective_weight desc, node asc
        ) as position
    from placed
    where place > place_middle

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
        rank_scored as rank,
        n_same_rank,
        n_scored,
        value,
        unit,
        score,
        effective_weight
    from united
    where position <= least(5, floor(n_leaves / 2.0))

)

select * from final
order by framework asc, edition asc, city_id asc, kind asc, position asc
