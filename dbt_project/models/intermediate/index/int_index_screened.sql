-- Stage screen: how much of each dimension is observed, and whether that is enough for a rank.
-- A dimension is the parent of leaves (level 2).
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

-- Rounded, so that a share that equals the minimum is not lost to the last bit of a sum.
observed as (

    select
        denominated.framework,
        denominated.edition,
        denominated.city_id,
        dimensions.node,
        dimensions.title,
        round(
            sum(case when denominated.value is not null then nodes.weight else 0 end)
            / nullif(sum(nodes.weight), 0),
            12
        ) as coverage,
        min(
            case
                when denominated.value is null and denominated.numerator_value is not null
                    then nodes.denominator
            end
        ) as unknown_denominator
    from denominated
    inner join nodes
        on denominated.framework = nodes.framework and denominated.node = nodes.node
    inner join nodes as dimensions
        on nodes.framework = dimensions.framework and nodes.parent = dimensions.node
    group by
        denominated.framework,
        denominated.edition,
        denominated.city_id,
        dimensions.node,
        dimensions.title

),

by_coverage as (

    select
        observed.*,
        coalesce(stages.dimension_coverage_min, 0) as coverage_min,
        observed.coverage > 0
        and observed.coverage >= coalesce(stages.dimension_coverage_min, 0) as is_sufficient
    from observed
    inner join stages
        on observed.framework = stages.framework and stages.stage = 'screen'
    where stages.method = 'by_coverage'

),

united as (

    select * from by_coverage

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        coverage,
        coverage_min,
        is_sufficient,
        min(case when is_sufficient then 1 else 0 end) over (
            partition by framework, edition, city_id
        ) = 1 as is_ranked,
        case
            when is_sufficient then null
            else
                concat(
                    case
                        when coverage > 0
                            then
                                concat(
                                    'dimension ',
                                    title,
                                    ': ',
                                    cast(floor(100 * coverage) as integer),
                                    ' % of weight observed, ',
                                    cast(ceil(100 * coverage_min) as integer),
                                    ' % needed'
                                )
                        else concat('no data for dimension ', title)
                    end,
                    case
                        when unknown_denominator is not null
                            then concat(' (', unknown_denominator, ' is not known)')
                        else ''
                    end
                )
        end as reason
    from united

)

select * from final
