-- Which factors the uncertainty of one city's rank comes from.
with

estimates as (

    select * from {{ ref('int_index_sobol') }}

),

factors as (

    select * from {{ ref('stg_framework_factor') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

final as (

    select
        estimates.framework,
        estimates.edition,
        estimates.city_id,
        ranking.city_name,
        ranking.rank,
        estimates.factor,
        factors.position,
        factors.title,
        estimates.first_order,
        estimates.first_order_low,
        estimates.first_order_high,
        estimates.total_order,
        estimates.total_order_low,
        estimates.total_order_high,
        estimates.n_samples,
        estimates.n_samples_needed,
        estimates.undefined_share,
        estimates.warning,
        estimates.reason
    from estimates
    inner join factors
        on
            estimates.framework = factors.framework
            and estimates.factor = factors.factor
    inner join ranking
        on
            estimates.framework = ranking.framework
            and estimates.edition = ranking.edition
            and estimates.city_id = ranking.city_id

)

select * from final
order by framework asc, edition asc, rank asc nulls last, city_id asc, position asc
