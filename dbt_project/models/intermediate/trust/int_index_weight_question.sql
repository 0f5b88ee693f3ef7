-- The questions that int_index_weight_answer answers node by node, one row each, with the names and
-- ranks of the cities asked about.
with

answers as (

    select * from {{ ref('int_index_weight_answer') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

questions as (

    select
        framework,
        edition,
        weight_scope,
        question,
        city_id,
        other_city_id,
        top_cities,
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        reason,
        count(case when weight_needed < 1e-8 and effective_weight >= 1e-8 then 1 end)
            as n_left_out
    from answers
    group by
        framework,
        edition,
        weight_scope,
        question,
        city_id,
        other_city_id,
        top_cities,
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        reason

),

final as (

    select
        questions.framework,
        questions.edition,
        questions.weight_scope,
        questions.question,
        questions.city_id,
        cities.name_en as city_name,
        ranking.rank,
        questions.other_city_id,
        others.name_en as other_city_name,
        other_ranking.rank as other_rank,
        questions.top_cities,
        questions.is_possible,
        questions.weight_moved,
        questions.weight_moved_low,
        questions.is_exact,
        questions.n_left_out,
        questions.reason
    from questions
    left join cities
        on questions.city_id = cities.city_id
    left join ranking
        on
            questions.framework = ranking.framework
            and questions.edition = ranking.edition
            and questions.city_id = ranking.city_id
    left join cities as others
        on questions.other_city_id = others.city_id
    left join ranking as other_ranking
        on
            questions.framework = other_ranking.framework
            and questions.edition = other_ranking.edition
            and questions.other_city_id = other_ranking.city_id

)

select * from final
