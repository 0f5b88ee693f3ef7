-- Counted anew from the leaves. Imputed values count where imputation comes before screening;
-- leaves that are left out of an edition never do.
with screen as (
    select
        screen.framework,
        coalesce(screen.unit_coverage_min, 0) as unit_coverage_min,
        coalesce(screen.unit_nonzero_min, 0) as unit_nonzero_min,
        coalesce(screen.dimension_coverage_min, 0) as dimension_coverage_min,
        coalesce(impute.position < screen.position, false) as is_imputed_first
    from raw.framework_stage as screen
    left join raw.framework_stage as impute
        on screen.framework = impute.framework and impute.stage = 'impute'
    where screen.stage = 'screen'
),

leaf as (
    select
        contribution.framework,
        contribution.edition,
        contribution.city_id,
        node.parent as dimension,
        node.weight,
        contribution.value,
        contribution.status in ('observed', 'zero')
        or (contribution.status = 'imputed' and screen.is_imputed_first) as is_known
    from marts.index_contribution as contribution
    inner join marts.framework_node as node
        on contribution.framework = node.framework and contribution.node = node.node
    inner join intermediate.int_index_screened_leaf as kept
        on
            contribution.framework = kept.framework
            and contribution.edition = kept.edition
            and contribution.node = kept.node
    inner join screen on contribution.framework = screen.framework
    where kept.is_kept
),

needed as (
    select distinct
        dimension.framework,
        dimension.node,
        coalesce(parent.missing_children, 'none') = 'share' as may_be_empty
    from marts.framework_node as leaf_node
    inner join marts.framework_node as dimension
        on leaf_node.framework = dimension.framework and leaf_node.parent = dimension.node
    left join marts.framework_node as parent
        on dimension.framework = parent.framework and dimension.parent = parent.node
    where leaf_node.level = 1
),

by_dimension as (
    select
        framework,
        edition,
        city_id,
        dimension,
        sum(case when is_known then weight end) / sum(weight) as coverage,
        count(value) as n_values
    from leaf
    group by framework, edition, city_id, dimension
),

by_unit as (
    select
        framework,
        edition,
        city_id,
        1.0 * count(case when is_known then 1 end) / count(*) as coverage,
        1.0 * count(case when is_known and value <> 0 then 1 end)
        / nullif(count(case when is_known then 1 end), 0) as nonzero_share,
        count(value) as n_values
    from leaf
    group by framework, edition, city_id
),

shares as (
    select
        ranking.framework,
        ranking.edition,
        ranking.city_name,
        ranking.rank,
        needed.node,
        'weight of the dimension that is known' as counted,
        coalesce(by_dimension.coverage, 0) as share,
        screen.dimension_coverage_min as share_needed,
        not needed.may_be_empty and coalesce(by_dimension.n_values, 0) = 0 as is_empty
    from marts.index_ranking as ranking
    inner join screen on ranking.framework = screen.framework
    inner join needed on ranking.framework = needed.framework
    left join by_dimension
        on
            ranking.framework = by_dimension.framework
            and ranking.edition = by_dimension.edition
            and ranking.city_id = by_dimension.city_id
            and needed.node = by_dimension.dimension
    where ranking.rank is not null

    union all

    select
        ranking.framework,
        ranking.edition,
        ranking.city_name,
        ranking.rank,
        null as node,
        'indicators that are known' as counted,
        coalesce(by_unit.coverage, 0) as share,
        screen.unit_coverage_min as share_needed,
        coalesce(by_unit.n_values, 0) = 0 as is_empty
    from marts.index_ranking as ranking
    inner join screen on ranking.framework = screen.framework
    left join by_unit
        on
            ranking.framework = by_unit.framework
            and ranking.edition = by_unit.edition
            and ranking.city_id = by_unit.city_id
    where ranking.rank is not null

    union all

    select
        ranking.framework,
        ranking.edition,
        ranking.city_name,
        ranking.rank,
        null as node,
        'known values that are not zero' as counted,
        by_unit.nonzero_share as share,
        screen.unit_nonzero_min as share_needed,
        false as is_empty
    from marts.index_ranking as ranking
    inner join screen on ranking.framework = screen.framework
    inner join by_unit
        on
            ranking.framework = by_unit.framework
            and ranking.edition = by_unit.edition
            and ranking.city_id = by_unit.city_id
    where ranking.rank is not null and by_unit.nonzero_share is not null
)

select
    framework,
    edition,
    city_name,
    rank,
    node,
    counted,
    share,
    share_needed
from shares
where is_empty or share < share_needed - 1e-9
order by framework, edition, rank, node nulls first, counted
