-- How far every published ranking, and every edition of an index, is from the consensus of the
-- others: pairs of cities that it has the other way round. A published ranking is compared with the
-- consensus that its own series, and that of the report it leads back to, have no vote in.
with

lists as (

    select * from {{ ref('int_consensus_list') }}

),

orders as (

    select * from {{ ref('int_consensus_order') }}

),

report_pairs as (

    select * from {{ ref('int_report_pair') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

index_places as (

    select
        lists.framework,
        lists.compared_id,
        ranking.city_id,
        ranking.rank
    from lists
    inner join ranking
        on
            lists.framework = ranking.framework
            and lists.edition = ranking.edition
    inner join orders
        on
            lists.framework = orders.framework
            and lists.left_out = orders.left_out
            and ranking.city_id = orders.city_id
    where lists.kind = 'index' and ranking.rank is not null

),

list_pairs as (

    select
        one.framework,
        one.compared_id,
        one.city_id,
        other.city_id as other_city_id,
        sign(other.rank - one.rank) as pair_order
    from index_places as one
    inner join index_places as other
        on
            one.framework = other.framework
            and one.compared_id = other.compared_id
            and one.city_id < other.city_id

    union all

    select
        framework,
        report_id as compared_id,
        city_id,
        other_city_id,
        pair_order
    from report_pairs

),

-- 1 where the consensus has the pair the other way round, 1/2 where it has both on one place.
costs as (

    select
        lists.framework,
        lists.compared_id,
        one.n_series,
        (1 - pairs.pair_order * sign(other.borda_rank - one.borda_rank)) / 2.0 as borda,
        (1 - pairs.pair_order * sign(other.copeland_rank - one.copeland_rank)) / 2.0 as copeland,
        (1 - pairs.pair_order * sign(other.kemeny_rank - one.kemeny_rank)) / 2.0 as kemeny
    from lists
    inner join list_pairs as pairs
        on
            lists.framework = pairs.framework
            and lists.compared_id = pairs.compared_id
    inner join orders as one
        on
            lists.framework = one.framework
            and lists.left_out = one.left_out
            and pairs.city_id = one.city_id
    inner join orders as other
        on
            lists.framework = other.framework
            and lists.left_out = other.left_out
            and pairs.other_city_id = other.city_id
    where pairs.pair_order <> 0

),

distances as (

    select
        framework,
        compared_id,
        max(n_series) as n_voters,
        count(*) as n_pairs,
        avg(borda) as borda_distance_share,
        avg(copeland) as copeland_distance_share,
        avg(kemeny) as kemeny_distance_share
    from costs
    group by framework, compared_id

),

final as (

    select
        lists.framework,
        lists.kind,
        lists.compared_id,
        lists.edition,
        lists.report_id,
        lists.publisher,
        lists.title,
        lists.data_year,
        coalesce(distances.n_voters, 0) as n_voters,
        coalesce(distances.n_pairs, 0) as n_pairs,
        round(distances.borda_distance_share, 6) as borda_distance_share,
        round(distances.copeland_distance_share, 6) as copeland_distance_share,
        round(distances.kemeny_distance_share, 6) as kemeny_distance_share
    from lists
    left join distances
        on
            lists.framework = distances.framework
            and lists.compared_id = distances.compared_id

)

select * from final
order by framework asc, kemeny_distance_share desc nulls last, compared_id asc
