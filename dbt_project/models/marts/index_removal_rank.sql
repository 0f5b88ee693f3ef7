-- The rank of every city without each node of the index.
with

removals as (

    select * from {{ ref('int_index_removal') }}

),

final as (

    select
        framework,
        edition,
        node,
        city_id,
        rank,
        rank_without,
        rank - rank_without as rank_shift
    from removals

)

select * from final
order by framework asc, edition asc, node asc, rank asc nulls last, city_id asc
