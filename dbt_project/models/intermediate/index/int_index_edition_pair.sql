-- Every edition of an index with the one before it.
with

editions as (

    select * from {{ ref('stg_framework_edition') }}

),

ordered as (

    select
        framework,
        edition,
        lag(edition) over (partition by framework order by edition asc) as edition_before
    from editions

),

final as (

    select
        framework,
        edition,
        edition_before
    from ordered
    where edition_before is not null

)

select * from final
