with

ranking as (

    select * from {{ ref('index_ranking') }}

),

selected as (

    select * from {{ ref('int_index_selected') }}

),

references_ as (

    select * from {{ ref('stg_framework_reference') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

leaves as (

    select
        framework,
        indicator
    from nodes
    where indicator is not null
    group by framework, indicator

),

paired as (

    select
        ranking.framework,
        ranking.edition,
        references_.indicator,
        ranking.score,
        selected.value
    from ranking
    inner join references_
        on ranking.framework = references_.framework
    inner join nodes
        on ranking.framework = nodes.framework and nodes.parent is null
    inner join selected
        on
            ranking.framework = selected.framework
            and ranking.edition = selected.edition
            and ranking.city_id = selected.city_id
            and nodes.node = selected.node
            and references_.indicator = selected.indicator
    where ranking.rank is not null and selected.value is not null

),

-- Ties share the mean of their ranks.
with_ranks as (

    select
        framework,
        edition,
        indicator,
        score,
        value,
        rank() over (partition by framework, edition, indicator order by score asc)
        + (count(*) over (partition by framework, edition, indicator, score) - 1) / 2.0
            as score_rank,
        rank() over (partition by framework, edition, indicator order by value asc)
        + (count(*) over (partition by framework, edition, indicator, value) - 1) / 2.0
            as value_rank
    from paired

),

correlated as (

    select
        framework,
        edition,
        indicator,
        count(*) as n,
        case
            when min(score) < max(score) and min(value) < max(value)
                then round(corr(score, value), 6)
        end as pearson,
        case
            when min(score) < max(score) and min(value) < max(value)
                then round(corr(score_rank, value_rank), 6)
        end as spearman
    from with_ranks
    group by framework, edition, indicator

),

final as (

    select
        correlated.framework,
        correlated.edition,
        correlated.indicator,
        leaves.indicator is not null as is_part_of_index,
        correlated.n,
        correlated.pearson,
        correlated.spearman
    from correlated
    left join leaves
        on
            correlated.framework = leaves.framework
            and correlated.indicator = leaves.indicator

)

select * from final
order by framework, edition, indicator
