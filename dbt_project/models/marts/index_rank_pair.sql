-- Of every two cities of the top 50, in how many replications of the index one is above the other.
with

replications as (

    select * from {{ ref('int_replication') }}

),

final as (

    select
        framework,
        edition,
        city_id,
        other_city_id,
        max(case when quantity = 'above_probability' then figure end) as above_probability,
        max(case when quantity = 'equal_probability' then figure end) as equal_probability
    from replications
    where other_city_id <> ''
    group by framework, edition, city_id, other_city_id

)

select * from final
order by framework asc, edition asc, city_id asc, other_city_id asc
