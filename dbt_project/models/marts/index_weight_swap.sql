-- The smallest change of weights by which a city passes another: neighbours in rank among the first
-- fifty, and any two of the first ten.
with

questions as (

    select * from {{ ref('int_index_weight_question') }}

),

final as (

    select
        framework,
        edition,
        weight_scope,
        city_id,
        city_name,
        rank,
        other_city_id,
        other_city_name,
        other_rank,
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        n_left_out,
        reason
    from questions
    where question = 'swap'

)

select * from final
order by framework, edition, weight_scope, rank, city_id, other_rank, other_city_id
