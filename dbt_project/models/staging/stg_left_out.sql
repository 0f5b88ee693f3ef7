with

source as (

    select * from {{ source('raw', 'left_out') }}

),

final as (

    select
        ledger_edition,
        title,
        n_rows,
        reason
    from source

)

select * from final
