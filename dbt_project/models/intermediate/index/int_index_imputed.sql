-- Stage impute: missing values of leaves, where the framework fills them.
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        value,
        false as is_imputed
    from denominated

)

select * from final
