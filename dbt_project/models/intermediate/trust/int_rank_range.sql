-- What the replications say of the rank of every ranked city.
with

replications as (

    select * from {{ ref('int_replication') }}

),

final as (

    select
        framework,
        edition,
        city_id,
        cast(max(case when quantity = 'rank_median' then figure end) as integer) as rank_median,
        cast(max(case when quantity = 'rank_p05' then figure end) as integer) as rank_p05,
        cast(max(case when quantity = 'rank_p95' then figure end) as integer) as rank_p95,
        max(case when quantity = 'first_probability' then figure end) as first_probability,
        max(case when quantity = 'top3_probability' then figure end) as top3_probability,
        max(case when quantity = 'top10_probability' then figure end) as top10_probability,
        max(case when quantity = 'undefined_share' then figure end) as undefined_share,
        max(case when quantity = 'mean_rank_shift' then figure end) as mean_rank_shift,
        cast(max(case when quantity = 'rank_group' then figure end) as integer) as rank_group
    from replications
    where city_id <> '' and other_city_id = '' and factor = ''
    group by framework, edition, city_id

)

select * from final
