-- Stage treat: outliers among the values of the ranked cities.
with

transformed as (

    select * from {{ ref('int_index_transformed') }}

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        value as value_before,
        value,
        false as is_treated
    from transformed

)

select * from final
