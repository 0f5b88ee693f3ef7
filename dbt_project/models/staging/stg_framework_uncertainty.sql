with

source as (

    select * from {{ source('raw', 'framework_uncertainty') }}

),

final as (

    select
        framework,
        n_replications,
        seed,
        n_samples
    from source

)

select * from final
