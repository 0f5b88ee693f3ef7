-- Which factors the uncertainty of a ranking as a whole comes from.
with

estimates as (

    select * from {{ ref('int_index_sobol') }}

),

factors as (

    select * from {{ ref('stg_framework_factor') }}

),

final as (

    select
        estimates.framework,
        estimates.edition,
        estimates.factor,
        factors.position,
        factors.title,
        factors.kind,
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
    where estimates.city_id is null

)

select * from final
order by framework asc, edition asc, position asc
