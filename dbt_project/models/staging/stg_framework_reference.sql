with

source as (

    select * from {{ source('raw', 'framework_reference') }}

),

final as (

    select
        framework,
        indicator
    from source

)

select * from final
