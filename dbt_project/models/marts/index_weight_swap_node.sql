-- The weights that answer index_weight_swap, node by node.
with

answers as (

    select * from {{ ref('int_index_weight_answer') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

final as (

    select
        answers.framework,
        answers.edition,
        answers.weight_scope,
        answers.city_id,
        answers.other_city_id,
        answers.node,
        nodes.title,
        answers.effective_weight,
        answers.weight_needed,
        answers.weight_needed - answers.effective_weight as weight_change
    from answers
    inner join nodes
        on answers.framework = nodes.framework and answers.node = nodes.node
    where answers.question = 'swap' and answers.weight_needed is not null

)

select * from final
order by framework, edition, weight_scope, city_id, other_city_id, node
