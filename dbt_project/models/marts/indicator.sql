with

indicators as (

    select * from {{ ref('stg_indicator') }}

),

themes as (

    select * from {{ ref('stg_theme') }}

),

final as (

    select
        indicators.*,
        themes.title as theme_title
    from indicators
    inner join themes
        on indicators.theme = themes.theme

)

select * from final
