with

aggregated as (

    select * from {{ ref('int_index_aggregated') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

ranked as (

    select
        aggregated.framework,
        aggregated.edition,
        aggregated.city_id
    from aggregated
    inner join nodes
        on aggregated.framework = nodes.framework and aggregated.node = nodes.node
    where nodes.parent is null and aggregated.score is not null

),

final as (

    select
        aggregated.framework,
        aggregated.edition,
        aggregated.city_id,
        aggregated.node,
        aggregated.level,
        aggregated.score,
        case
            when aggregated.score is not null
                then
                    cast(
                        rank() over (
                            partition by
                                aggregated.framework, aggregated.edition, aggregated.node
                            order by aggregated.score desc nulls last
                        ) as integer
                    )
        end as rank,
        aggregated.coverage,
        aggregated.imputed_share,
        ranked.city_id is not null as is_ranked
    from aggregated
    left join ranked
        on
            aggregated.framework = ranked.framework
            and aggregated.edition = ranked.edition
            and aggregated.city_id = ranked.city_id

)

select * from final
order by framework asc, edition asc, node asc, rank asc nulls last, city_id asc
