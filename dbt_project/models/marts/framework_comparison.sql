-- Ranks of one index beside those of another: what a choice of method changes, where one is a
-- variant of the other. The shift is counted among the cities that both rank, so that a city which
-- only one of them ranks moves no other.
with

frameworks as (

    select * from {{ ref('stg_framework') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

-- A variant stands before what it is a variant of; of others the first by identifier.
pairs as (

    select
        one.framework,
        other.framework as compared_framework,
        coalesce(one.variant_of = other.framework, false) as is_variant
    from frameworks as one
    inner join frameworks as other
        on one.framework <> other.framework
    where
        coalesce(one.variant_of = other.framework, false)
        or (
            one.framework < other.framework
            and not coalesce(other.variant_of = one.framework, false)
        )

),

sides as (

    select
        pairs.framework,
        pairs.compared_framework,
        ranking.edition,
        ranking.city_id,
        ranking.city_name,
        pairs.is_variant,
        ranking.rank,
        compared.rank as compared_rank,
        ranking.score,
        compared.score as compared_score
    from pairs
    inner join ranking
        on pairs.framework = ranking.framework
    inner join ranking as compared
        on
            pairs.compared_framework = compared.framework
            and ranking.edition = compared.edition
            and ranking.city_id = compared.city_id
    where ranking.rank is not null or compared.rank is not null

),

common as (

    select
        framework,
        compared_framework,
        edition,
        city_id,
        cast(
            rank() over (
                partition by framework, compared_framework, edition
                order by rank asc
            ) as integer
        ) as rank_common,
        cast(
            rank() over (
                partition by framework, compared_framework, edition
                order by compared_rank asc
            ) as integer
        ) as compared_rank_common
    from sides
    where rank is not null and compared_rank is not null

),

final as (

    select
        sides.framework,
        sides.compared_framework,
        sides.edition,
        sides.city_id,
        sides.city_name,
        sides.is_variant,
        sides.rank,
        sides.compared_rank,
        common.rank_common,
        common.compared_rank_common,
        common.compared_rank_common - common.rank_common as rank_shift,
        sides.score,
        sides.compared_score
    from sides
    left join common
        on
            sides.framework = common.framework
            and sides.compared_framework = common.compared_framework
            and sides.edition = common.edition
            and sides.city_id = common.city_id

)

select * from final
order by
    framework asc,
    compared_framework asc,
    edition asc,
    rank asc nulls last,
    city_id asc
