with

weights as (

    select * from {{ ref('int_index_weight') }}

),

final as (

    select
        framework,
        edition,
        node,
        parent,
        level,
        weighting,
        weighting_problem,
        weight,
        effective_weight
    from weights

)

select * from final
order by framework asc, edition asc, level desc, parent asc, node asc
