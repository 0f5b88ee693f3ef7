-- Whether any weights put a city first, and the nearest that do: of the first fifty.
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
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        n_left_out,
        reason
    from questions
    where question = 'first'

)

select * from final
order by framework, edition, weight_scope, rank, city_id
