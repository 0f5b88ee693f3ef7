-- Stage transform: the shape of leaf values of the ranked cities, so that a few large ones do not
-- set the whole scale.
with

imputed as (

    select * from {{ ref('int_index_imputed') }}

),

screened as (

    select * from {{ ref('int_index_screened') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

ranked as (

    select distinct
        framework,
        edition,
        city_id
    from screened
    where is_ranked

),

leaves as (

    select
        imputed.framework,
        imputed.edition,
        imputed.city_id,
        imputed.node,
        imputed.value as value_before,
        case when stages.method = 'by_indicator' then nodes.transform end as transform
    from imputed
    inner join ranked
        on
            imputed.framework = ranked.framework
            and imputed.edition = ranked.edition
            and imputed.city_id = ranked.city_id
    inner join nodes
        on imputed.framework = nodes.framework and imputed.node = nodes.node
    left join stages
        on imputed.framework = stages.framework and stages.stage = 'transform'

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        transform,
        value_before,
        case
            when transform is null then value_before
            when value_before < 0 then null
            when transform = 'sqrt' then sqrt(value_before)
            when transform = 'log1p' then ln(1 + value_before)
        end as value
    from leaves

)

select * from final
