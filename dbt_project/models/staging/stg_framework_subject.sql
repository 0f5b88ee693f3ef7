with

source as (

    select * from {{ source('raw', 'framework_subject') }}

),

final as (

    select
        framework,
        subject
    from source

)

select * from final
