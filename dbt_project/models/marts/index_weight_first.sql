-- Whether any weights put a city first, and the nearest that do: of the first fifty.
with

answer_nodes as (

    select * from {{ ref('int_index_weight_answer') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

answers as (

    select
        framework,
        edition,
        weight_scope,
        city_id,
        other_city_id,
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        reason,
        count(case when weight_needed < 1e-8 and effective_weight >= 1e-8 then 1 end)
            as n_left_out
    from answer_nodes
    where question = 'first'
    group by
        framework,
        edition,
        weight_scope,
        city_id,
        other_city_id,
        is_possible,
        weight_moved,
        weight_moved_low,
        is_exact,
        reason

),

joined as (

    select
        answers.*,
        cities.name_en as city_name,
        ranking.rank
    from answers
    inner join cities
        on answers.city_id = cities.city_id
    left join ranking
        on
            answers.framework = ranking.framework
            and answers.edition = ranking.edition
            and answers.city_id = ranking.city_id

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
    from joined

)

select * from final
order by framework, edition, weight_scope, rank, city_id
