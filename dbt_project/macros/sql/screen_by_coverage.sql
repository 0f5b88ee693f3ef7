{#- CTEs of the stage screen, the last of which is `verdicts`: which cities have enough values, by
    dimension and as a whole (COINr: get_data_avail, Screen). `leaves` is a CTE of framework,
    edition, city_id, node, value, numerator_value and denominator_value; `known` says in a word
    what its values are. The CTEs `nodes`, `stages` and `screened_leaves` are used as well.
    Shares are rounded, so that one that equals its minimum is not lost to the last bit of a sum.
    A dimension without any value keeps a city from a rank, unless a later stage may still fill it
    or the node above it gives the weights of missing children to the others. -#}
{% macro screen_by_coverage(leaves, known) -%}
    screens as (

        select
            screen.framework,
            screen.unit_coverage_min,
            screen.unit_nonzero_min,
            screen.dimension_coverage_min,
            coalesce(impute.position > screen.position, false) as is_imputed_later
        from stages as screen
        left join stages as impute
            on screen.framework = impute.framework and impute.stage = 'impute'
        where screen.stage = 'screen' and screen.method = 'by_coverage'

    ),

    counted as (

        select
            leaves.framework,
            leaves.edition,
            leaves.city_id,
            nodes.parent as node,
            count(case when screened_leaves.is_kept then 1 end) as n_leaves,
            count(case when screened_leaves.is_kept then leaves.value end) as n_known,
            count(case when screened_leaves.is_kept and leaves.value = 0 then 1 end) as n_zero,
            coalesce(
                round(
                    sum(
                        case
                            when screened_leaves.is_kept and leaves.value is not null
                                then nodes.weight
                        end
                    )
                    / nullif(sum(case when screened_leaves.is_kept then nodes.weight end), 0),
                    12
                ),
                0
            ) as coverage,
            min(
                case
                    when leaves.numerator_value is null or leaves.value is not null then null
                    when leaves.denominator_value is null
                        then concat(nodes.denominator, ' is not known')
                    else concat(nodes.denominator, ' is zero')
                end
            ) as denominator_fault
        from {{ leaves }} as leaves
        inner join nodes
            on leaves.framework = nodes.framework and leaves.node = nodes.node
        inner join screened_leaves
            on
                leaves.framework = screened_leaves.framework
                and leaves.edition = screened_leaves.edition
                and leaves.node = screened_leaves.node
        group by leaves.framework, leaves.edition, leaves.city_id, nodes.parent

    ),

    dimensions as (

        select
            counted.*,
            nodes.title,
            nodes.parent,
            screens.unit_coverage_min,
            screens.unit_nonzero_min,
            coalesce(screens.dimension_coverage_min, 0) as coverage_min,
            counted.coverage >= coalesce(screens.dimension_coverage_min, 0)
            and (
                counted.coverage > 0
                or (screens.is_imputed_later and counted.n_leaves > 0)
                or coalesce(parents.missing_children, 'none') = 'share'
            ) as is_sufficient
        from counted
        inner join screens
            on counted.framework = screens.framework
        inner join nodes
            on counted.framework = nodes.framework and counted.node = nodes.node
        left join nodes as parents
            on nodes.framework = parents.framework and nodes.parent = parents.node

    ),

    dimension_verdicts as (

        select
            *,
            case
                when is_sufficient then null
                else
                    concat(
                        case
                            when n_leaves = 0
                                then
                                    concat(
                                        'dimension ',
                                        title,
                                        ': every indicator is known of too few cities'
                                    )
                            when coverage > 0
                                then
                                    concat(
                                        'dimension ',
                                        title,
                                        ': ',
                                        cast(floor(100 * coverage) as integer),
                                        ' % of weight {{ known }}, ',
                                        cast(ceil(100 * coverage_min) as integer),
                                        ' % needed'
                                    )
                            else concat('no data for dimension ', title)
                        end,
                        case
                            when denominator_fault is not null
                                then concat(' (', denominator_fault, ')')
                            else ''
                        end
                    )
            end as reason
        from dimensions

    ),

    -- A root whose children are indicators is its own dimension, and has one row.
    units as (

        select
            framework,
            edition,
            city_id,
            cast(sum(n_leaves) as bigint) as n_leaves,
            cast(sum(n_known) as bigint) as n_known,
            cast(sum(n_zero) as bigint) as n_zero,
            coalesce(round(1.0 * sum(n_known) / nullif(sum(n_leaves), 0), 12), 0) as coverage,
            coalesce(unit_coverage_min, 0) as coverage_min,
            round(1.0 * (sum(n_known) - sum(n_zero)) / nullif(sum(n_known), 0), 12)
                as nonzero_share,
            coalesce(unit_nonzero_min, 0) as nonzero_min,
            min(case when is_sufficient then 1 else 0 end) = 1 as has_dimensions,
            max(case when parent is null then reason end) as own_reason
        from dimension_verdicts
        group by framework, edition, city_id, unit_coverage_min, unit_nonzero_min

    ),

    unit_faults as (

        select
            *,
            nullif(
                concat_ws(
                    '; ',
                    own_reason,
                    case
                        when coverage < coverage_min
                            then
                                concat(
                                    cast(floor(100 * coverage) as integer),
                                    ' % of indicators {{ known }}, ',
                                    cast(ceil(100 * coverage_min) as integer),
                                    ' % needed'
                                )
                        when n_known = 0 and has_dimensions then 'no data for any indicator'
                    end,
                    case
                        when nonzero_share < nonzero_min
                            then
                                concat(
                                    cast(floor(100 * nonzero_share) as integer),
                                    ' % of values {{ known }} are not zero, ',
                                    cast(ceil(100 * nonzero_min) as integer),
                                    ' % needed'
                                )
                    end
                ),
                ''
            ) as reason
        from units

    ),

    verdicts as (

        select
            framework,
            edition,
            city_id,
            node,
            n_leaves,
            n_known,
            n_zero,
            coverage,
            coverage_min,
            is_sufficient,
            reason
        from dimension_verdicts
        where parent is not null

        union all

        select
            unit_faults.framework,
            unit_faults.edition,
            unit_faults.city_id,
            nodes.node,
            unit_faults.n_leaves,
            unit_faults.n_known,
            unit_faults.n_zero,
            unit_faults.coverage,
            unit_faults.coverage_min,
            unit_faults.reason is null as is_sufficient,
            unit_faults.reason
        from unit_faults
        inner join nodes
            on unit_faults.framework = nodes.framework
        where nodes.parent is null

    )
{%- endmacro %}
