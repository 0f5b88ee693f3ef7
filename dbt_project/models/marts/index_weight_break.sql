-- The smallest change of weights that breaks the order of the first three.
with

questions as (

    select * from {{ ref('int_index_weight_question') }}

),

final as (

    select
        framework,
        edition,
        weight_scope,
        top_cities,
        nullif(city_id, '') as city_id,
        city_name,
        nullif(other_city_id, '') as other_city_id,
        other_city_name,
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        n_left_out,
        reason
    from questions
    where question = 'break'

)

select * from final
order by framework, edition, weight_scope
