-- An index and edition as a whole: how far its order holds when what may vary does, and how exactly
-- the replication without any change gives the scores of the warehouse.
with

replications as (

    select * from {{ ref('int_replication') }}

),

uncertainty as (

    select * from {{ ref('stg_framework_uncertainty') }}

),

factors as (

    select * from {{ ref('stg_framework_factor') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

scores as (

    select * from {{ ref('index_score') }}

),

sensitivity as (

    select * from {{ ref('index_sensitivity') }}

),

factor_counts as (

    select
        framework,
        count(*) as n_factors
    from factors
    group by framework

),

-- Replications are scaled within their edition; where the scale is that of the panel, compare
-- before it.
published as (

    select
        scores.framework,
        scores.edition,
        scores.city_id,
        scores.rank,
        case when normalise.across = 'panel' then scores.aggregated_score else scores.score end
            as score
    from scores
    inner join nodes
        on scores.framework = nodes.framework and scores.node = nodes.node
    left join stages as normalise
        on scores.framework = normalise.framework and normalise.stage = 'normalise'
    where nodes.parent is null

),

unperturbed as (

    select
        framework,
        edition,
        city_id,
        max(case when quantity = 'score' then figure end) as score,
        max(case when quantity = 'rank' then figure end) as rank
    from replications
    where quantity in ('score', 'rank')
    group by framework, edition, city_id

),

-- A score on one side alone shows in the ranks.
differences as (

    select
        published.framework,
        published.edition,
        max(abs(published.score - unperturbed.score) / greatest(abs(published.score), 1))
            as score_difference_max,
        max(
            case
                when published.rank is null and unperturbed.rank is null then 0
                when published.rank = unperturbed.rank then 0
                else 1
            end
        ) = 0 as is_same_order
    from published
    left join unperturbed
        on
            published.framework = unperturbed.framework
            and published.edition = unperturbed.edition
            and published.city_id = unperturbed.city_id
    group by published.framework, published.edition

),

shifts as (

    select
        framework,
        edition,
        count(*) as n_ranked,
        {{ exact_mean('mean_rank_shift', '1024.0') }} as mean_abs_rank_shift,
        count(case when not is_in_range then 1 end) as n_outside_range
    from sensitivity
    group by framework, edition

),

orders as (

    select
        framework,
        edition,
        max(figure) as top3_order_share
    from replications
    where quantity = 'top3_order_share'
    group by framework, edition

),

final as (

    select
        shifts.framework,
        shifts.edition,
        uncertainty.n_replications,
        uncertainty.seed,
        coalesce(factor_counts.n_factors, 0) as n_factors,
        shifts.n_ranked,
        shifts.n_outside_range,
        orders.top3_order_share,
        round(shifts.mean_abs_rank_shift, 9) as mean_abs_rank_shift,
        differences.score_difference_max,
        differences.is_same_order
    from shifts
    inner join uncertainty
        on shifts.framework = uncertainty.framework
    left join factor_counts
        on shifts.framework = factor_counts.framework
    left join orders
        on shifts.framework = orders.framework and shifts.edition = orders.edition
    left join differences
        on shifts.framework = differences.framework and shifts.edition = differences.edition

)

select * from final
order by framework asc, edition asc
