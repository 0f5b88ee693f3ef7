-- The units that an edition may rank.
with

candidates as (

    select * from {{ ref('int_index_candidate') }}

),

final as (

    select
        framework,
        edition,
        city_id
    from candidates
    where reason is null

)

select * from final
