-- Stage transform: leaf values of the ranked cities within the caps of their leaf, and in the shape
-- that it asks for. Caps count without the stage, too.
with

imputed as (

    select * from {{ ref('int_index_imputed') }}

),

screened as (

    select * from {{ ref('int_index_screened') }}

),

screened_leaves as (

    select * from {{ ref('int_index_screened_leaf') }}

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
        case
            when imputed.value < nodes.cap_min then nodes.cap_min
            when imputed.value > nodes.cap_max then nodes.cap_max
            else imputed.value
        end as value,
        case when stages.method = 'by_indicator' then nodes.transform end as transform,
        nodes.boxcox_lambda
    from imputed
    inner join ranked
        on
            imputed.framework = ranked.framework
            and imputed.edition = ranked.edition
            and imputed.city_id = ranked.city_id
    inner join screened_leaves
        on
            imputed.framework = screened_leaves.framework
            and imputed.edition = screened_leaves.edition
            and imputed.node = screened_leaves.node
            and screened_leaves.is_kept
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
        {{ transformed_value('value', 'transform', 'boxcox_lambda') }} as value
    from leaves

)

select * from final
