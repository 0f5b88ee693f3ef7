-- What is known of the consensus ranking of each method, all measured by the distance that Kemeny's
-- makes smallest.
with

orders as (

    select * from {{ ref('int_consensus_order') }}

),

consensuses as (

    select
        framework,
        n_series,
        n_cities,
        n_pairs,
        n_resamples,
        borda_distance,
        copeland_distance,
        kemeny_distance,
        kemeny_lower_bound,
        is_exact,
        is_unique,
        n_largest_cycle,
        count(kemeny_rank_p05) > 0 as has_kemeny_interval
    from orders
    where left_out = ''
    group by
        framework,
        n_series,
        n_cities,
        n_pairs,
        n_resamples,
        borda_distance,
        copeland_distance,
        kemeny_distance,
        kemeny_lower_bound,
        is_exact,
        is_unique,
        n_largest_cycle

),

methods as (

    select
        framework,
        'borda' as method,
        borda_distance as consensus_distance,
        cast(null as boolean) as is_exact,
        cast(null as boolean) as is_unique,
        n_resamples
    from consensuses

    union all

    select
        framework,
        'copeland' as method,
        copeland_distance as consensus_distance,
        cast(null as boolean) as is_exact,
        cast(null as boolean) as is_unique,
        n_resamples
    from consensuses

    union all

    select
        framework,
        'kemeny' as method,
        kemeny_distance as consensus_distance,
        is_exact,
        is_unique,
        case when has_kemeny_interval then n_resamples else 0 end as n_resamples
    from consensuses

),

final as (

    select
        methods.framework,
        methods.method,
        consensuses.n_series as n_lists,
        consensuses.n_cities,
        consensuses.n_pairs,
        consensuses.n_largest_cycle,
        methods.consensus_distance,
        consensuses.kemeny_lower_bound as distance_lower_bound,
        case
            when methods.consensus_distance = 0 then 0
            else
                round(
                    (methods.consensus_distance - consensuses.kemeny_lower_bound)
                    / nullif(methods.consensus_distance, 0),
                    6
                )
        end as distance_gap,
        methods.is_exact,
        methods.is_unique,
        methods.n_resamples
    from methods
    inner join consensuses
        on methods.framework = consensuses.framework

)

select * from final
order by framework, method
