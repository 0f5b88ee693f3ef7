with

indicators as (

    select * from {{ ref('stg_indicator') }}

),

themes as (

    select * from {{ ref('stg_theme') }}

),

derivations as (

    select * from {{ ref('stg_indicator_derivation') }}

),

parts as (

    select * from {{ ref('stg_indicator_part') }}

),

operands as (

    select
        indicator,
        position,
        concat(
            part_indicator,
            case when years_before > 0 then concat('(t-', years_before, ')') else '' end
        ) as operand
    from parts

),

-- In the form 1000000 * a / b, 100 * (a / a(t-1) - 1) or a + b.
formulas as (

    select
        derivations.indicator,
        case derivations.method
            when 'ratio'
                then
                    concat(
                        case
                            when derivations.per > 1 then concat(derivations.per, ' * ')
                            else ''
                        end,
                        {{ text_list('operands.operand', 'operands.position', ' / ') }}
                    )
            when 'growth'
                then
                    concat(
                        '100 * (',
                        {{ text_list('operands.operand', 'operands.position', ' / ') }},
                        ' - 1)'
                    )
            when 'sum' then {{ text_list('operands.operand', 'operands.position', ' + ') }}
        end as formula
    from derivations
    inner join operands
        on derivations.indicator = operands.indicator
    group by derivations.indicator, derivations.method, derivations.per

),

final as (

    select
        indicators.*,
        themes.title as theme_title,
        formulas.formula
    from indicators
    inner join themes
        on indicators.theme = themes.theme
    left join formulas
        on indicators.indicator = formulas.indicator

)

select * from final
