with

treated as (

    select * from {{ ref('int_index_treated') }}

),

normalised as (

    select * from {{ ref('int_index_normalised') }}

),

final as (

    select
        treated.framework,
        treated.edition,
        treated.node,
        treated.city_id,
        treated.treated_by,
        case
            when treated.treated_by <> 'winsorise' then null
            when treated.value < treated.value_before then 'high'
            else 'low'
        end as winsorised_end,
        treated.value_before,
        treated.value,
        normalised.score_untreated,
        normalised.score
    from treated
    left join normalised
        on
            treated.framework = normalised.framework
            and treated.edition = normalised.edition
            and treated.city_id = normalised.city_id
            and treated.node = normalised.node
    where treated.is_treated

)

select * from final
order by framework asc, edition asc, node asc, city_id asc
