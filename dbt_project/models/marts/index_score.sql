with

aggregated as (

    select * from {{ ref('int_index_aggregated') }}

),

scaled as (

    select * from {{ ref('int_index_scaled') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

ranked as (

    select
        scaled.framework,
        scaled.edition,
        scaled.city_id
    from scaled
    inner join nodes
        on scaled.framework = nodes.framework and scaled.node = nodes.node
    where nodes.parent is null and scaled.score is not null

),

final as (

    select
        aggregated.framework,
        aggregated.edition,
        aggregated.city_id,
        aggregated.node,
        aggregated.level,
        scaled.score,
        case
            when scaled.score is not null
                then
                    cast(
                        rank() over (
                            partition by
                                aggregated.framework, aggregated.edition, aggregated.node
                            order by scaled.score desc nulls last
                        ) as integer
                    )
        end as rank,
        scaled.aggregated_score,
        aggregated.coverage,
        aggregated.imputed_share,
        ranked.city_id is not null as is_ranked
    from aggregated
    inner join scaled
        on
            aggregated.framework = scaled.framework
            and aggregated.edition = scaled.edition
            and aggregated.city_id = scaled.city_id
            and aggregated.node = scaled.node
    left join ranked
        on
            aggregated.framework = ranked.framework
            and aggregated.edition = ranked.edition
            and aggregated.city_id = ranked.city_id

)

select * from final
order by framework asc, edition asc, node asc, rank asc nulls last, city_id asc
