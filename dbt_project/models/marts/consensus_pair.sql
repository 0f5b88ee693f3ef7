with

votes as (

    select * from {{ ref('int_consensus_vote') }}

),

final as (

    select
        framework,
        city_id,
        other_city_id,
        count(case when vote > 0 then 1 end) as n_ahead,
        count(case when vote < 0 then 1 end) as n_behind,
        count(case when vote = 0 then 1 end) as n_tied,
        cast(sign(sum(vote)) as integer) as pair_order
    from votes
    group by framework, city_id, other_city_id

)

select * from final
order by framework, city_id, other_city_id
