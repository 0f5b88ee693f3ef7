-- How far the weights may go with the first three in their order and ahead of all others.
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
        answers.node,
        nodes.title,
        answers.effective_weight,
        answers.weight_low,
        answers.weight_high,
        answers.is_range_exact,
        answers.alone_low,
        answers.alone_high,
        answers.is_alone_exact,
        answers.weight_needed as weight_broken,
        answers.break_reason as reason
    from answers
    inner join nodes
        on answers.framework = nodes.framework and answers.node = nodes.node
    where answers.question = 'break'

)

select * from final
order by framework, edition, weight_scope, node
