with

orders as (

    select * from {{ ref('int_consensus_order') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

final as (

    select
        orders.framework,
        orders.city_id,
        cities.name_en as city_name,
        orders.n_lists,
        orders.n_compared,
        orders.borda_score,
        orders.borda_rank,
        orders.borda_rank_p05,
        orders.borda_rank_p95,
        orders.copeland_score,
        orders.copeland_rank,
        orders.copeland_rank_p05,
        orders.copeland_rank_p95,
        orders.kemeny_rank,
        orders.kemeny_rank_from,
        orders.kemeny_rank_to,
        orders.kemeny_rank_p05,
        orders.kemeny_rank_p95,
        orders.ranked_share
    from orders
    inner join cities
        on orders.city_id = cities.city_id
    where orders.left_out = ''

)

select * from final
order by framework, borda_rank, city_id
