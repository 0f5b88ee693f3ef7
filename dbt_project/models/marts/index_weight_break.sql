-- The smallest change of weights that breaks the order of the first three.
with

answers as (

    select * from {{ ref('int_index_weight_answer') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

breaks as (

    select
        framework,
        edition,
        weight_scope,
        top_cities,
        city_id,
        other_city_id,
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        reason,
        count(case when weight_needed < 1e-8 and effective_weight >= 1e-8 then 1 end)
            as n_left_out
    from answers
    where question = 'break'
    group by
        framework,
        edition,
        weight_scope,
        top_cities,
        city_id,
        other_city_id,
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        reason

),

final as (

    select
        breaks.framework,
        breaks.edition,
        breaks.weight_scope,
        breaks.top_cities,
        overtaken.city_id,
        overtaken.name_en as city_name,
        passing.city_id as other_city_id,
        passing.name_en as other_city_name,
        breaks.is_possible,
        breaks.weight_moved,
        breaks.weight_moved_low,
        breaks.is_exact,
        breaks.n_left_out,
        breaks.reason
    from breaks
    left join cities as overtaken
        on breaks.city_id = overtaken.city_id
    left join cities as passing
        on breaks.other_city_id = passing.city_id

)

select * from final
order by framework, edition, weight_scope
