with

source as (

    select * from {{ source('raw', 'framework_factor') }}

),

final as (

    select
        framework,
        factor,
        position,
        title,
        kind,
        stage,
        level,
        noise,
        concentration,
        reason
    from source

)

select * from final
