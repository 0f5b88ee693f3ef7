-- Stage normalise: the values of the ranked cities on a common scale, higher is better. Ranks give
-- ties the smallest rank, and the worst value the rank 1, as rank() of R. They are of the values as
-- they are, which are not rounded as scores are.
with

oriented as (

    select * from {{ ref('int_index_oriented') }}

),

scales as (

    select * from {{ ref('int_index_leaf_scale') }}

),

linear as (

    select
        oriented.framework,
        oriented.edition,
        oriented.city_id,
        oriented.node,
        oriented.is_untreated,
        oriented.value,
        scales.is_constant,
        scales.start_score
        + scales.score_width
        * (oriented.oriented_value - scales.start_value)
        / nullif(scales.value_width, 0) as score,
        scales.score_floor,
        scales.score_ceiling
    from oriented
    inner join scales
        on
            oriented.framework = scales.framework
            and oriented.pool = scales.pool
            and oriented.node = scales.node
            and oriented.is_untreated = scales.is_untreated
    where scales.method not in ('n_rank', 'n_prank', 'n_borda')

),

capped as (

    select
        framework,
        edition,
        city_id,
        node,
        is_untreated,
        value,
        is_constant,
        case
            when score < score_floor then score_floor
            when score > score_ceiling then score_ceiling
            else score
        end as score
    from linear

),

ranked as (

    select
        oriented.framework,
        oriented.edition,
        oriented.city_id,
        oriented.node,
        oriented.is_untreated,
        oriented.value,
        scales.method,
        scales.n_values,
        scales.is_constant,
        rank() over (
            partition by
                oriented.framework, oriented.pool, oriented.node, oriented.is_untreated
            order by oriented.oriented_value asc
        ) as rank_from_worst
    from oriented
    inner join scales
        on
            oriented.framework = scales.framework
            and oriented.pool = scales.pool
            and oriented.node = scales.node
            and oriented.is_untreated = scales.is_untreated
    where scales.method in ('n_rank', 'n_prank', 'n_borda')

),

n_rank as (

    select
        framework,
        edition,
        city_id,
        node,
        is_untreated,
        value,
        is_constant,
        cast(rank_from_worst as double) as score
    from ranked
    where method = 'n_rank'

),

n_prank as (

    select
        framework,
        edition,
        city_id,
        node,
        is_untreated,
        value,
        is_constant,
        (rank_from_worst - 1) / cast(nullif(n_values - 1, 0) as double) as score
    from ranked
    where method = 'n_prank'

),

n_borda as (

    select
        framework,
        edition,
        city_id,
        node,
        is_untreated,
        value,
        is_constant,
        cast(rank_from_worst - 1 as double) as score
    from ranked
    where method = 'n_borda'

),

united as (

    select * from capped
    union all
    select * from n_rank
    union all
    select * from n_prank
    union all
    select * from n_borda

),

untreated as (

    select * from united
    where is_untreated

),

-- A leaf that the stage treat left alone has one score only.
final as (

    select
        united.framework,
        united.edition,
        united.city_id,
        united.node,
        united.value,
        united.score,
        case when untreated.city_id is null then united.score else untreated.score end
            as score_untreated,
        united.is_constant
    from united
    left join untreated
        on
            united.framework = untreated.framework
            and united.edition = untreated.edition
            and united.city_id = untreated.city_id
            and united.node = untreated.node
    where not united.is_untreated

)

select * from final
