with

scores as (

    select * from {{ ref('index_score') }}

),

screened as (

    select * from {{ ref('int_index_screened') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

bounds as (

    select * from {{ ref('int_index_bound') }}

),

ranges as (

    select * from {{ ref('int_rank_range') }}

),

candidates as (

    select * from {{ ref('int_index_candidate') }}

),

-- Means that are not defined, since a child is not above zero.
undefined_means as (

    select
        scores.framework,
        scores.edition,
        scores.city_id,
        parents.node,
        case
            when parents.aggregation not in ('a_gmean', 'a_hmean', 'a_genmean') then null
            when min(scores.aggregated_score) <= 0
                then
                    concat(
                        'no ',
                        parents.aggregation,
                        ' of ',
                        parents.title,
                        ': ',
                        {{ text_list(
                            "case when scores.aggregated_score <= 0 then scores.node end",
                            "scores.node"
                        ) }},
                        ' not above zero'
                    )
        end as reason
    from scores
    inner join nodes
        on scores.framework = nodes.framework and scores.node = nodes.node
    inner join nodes as parents
        on nodes.framework = parents.framework and nodes.parent = parents.node
    inner join scores as parent_scores
        on
            scores.framework = parent_scores.framework
            and scores.edition = parent_scores.edition
            and scores.city_id = parent_scores.city_id
            and parents.node = parent_scores.node
    where parent_scores.aggregated_score is null
    group by
        scores.framework,
        scores.edition,
        scores.city_id,
        parents.node,
        parents.title,
        parents.aggregation

),

roots as (

    select scores.*
    from scores
    inner join nodes
        on scores.framework = nodes.framework and scores.node = nodes.node
    where nodes.parent is null

),

breaks as (

    select * from {{ ref('int_index_break') }}

),

break_texts as (

    select distinct
        framework,
        edition,
        city_id,
        concat(indicator, ' ', year, ': ', reason) as series_break
    from breaks

),

break_lists as (

    select
        framework,
        edition,
        city_id,
        {{ text_list('series_break', 'series_break') }} as series_breaks
    from break_texts
    group by framework, edition, city_id

),

reasons as (

    select
        framework,
        edition,
        city_id,
        {{ text_list('reason', 'reason') }} as reason
    from screened
    where reason is not null
    group by framework, edition, city_id

),

undefined as (

    select
        framework,
        edition,
        city_id,
        {{ text_list('reason', 'reason') }} as reason
    from undefined_means
    where reason is not null
    group by framework, edition, city_id

),

of_right_size as (

    select
        roots.framework,
        roots.edition,
        roots.city_id,
        cities.name_en as city_name,
        cities.province_en,
        roots.rank,
        bounds.rank_from,
        bounds.rank_to,
        ranges.rank_median,
        ranges.rank_p05,
        ranges.rank_p95,
        ranges.first_probability,
        ranges.top3_probability,
        ranges.top10_probability,
        roots.score,
        roots.coverage,
        roots.imputed_share,
        case
            when roots.rank is null
                then
                    coalesce(
                        reasons.reason,
                        undefined.reason,
                        case
                            when roots.aggregated_score is not null
                                then
                                    'no final scaling: no leader above zero, or all level'
                        end,
                        'a dimension whose indicators do not vary among the ranked cities'
                    )
        end as reason,
        break_lists.series_breaks
    from roots
    inner join cities
        on roots.city_id = cities.city_id
    left join bounds
        on
            roots.framework = bounds.framework
            and roots.edition = bounds.edition
            and roots.city_id = bounds.city_id
    left join ranges
        on
            roots.framework = ranges.framework
            and roots.edition = ranges.edition
            and roots.city_id = ranges.city_id
            and roots.rank is not null
    left join reasons
        on
            roots.framework = reasons.framework
            and roots.edition = reasons.edition
            and roots.city_id = reasons.city_id
    left join undefined
        on
            roots.framework = undefined.framework
            and roots.edition = undefined.edition
            and roots.city_id = undefined.city_id
    left join break_lists
        on
            roots.framework = break_lists.framework
            and roots.edition = break_lists.edition
            and roots.city_id = break_lists.city_id

),

-- Units whose size keeps them out of the universe.
of_wrong_size as (

    select
        candidates.framework,
        candidates.edition,
        candidates.city_id,
        cities.name_en as city_name,
        cities.province_en,
        null as rank,
        null as rank_from,
        null as rank_to,
        null as rank_median,
        null as rank_p05,
        null as rank_p95,
        null as first_probability,
        null as top3_probability,
        null as top10_probability,
        null as score,
        null as coverage,
        null as imputed_share,
        candidates.reason,
        null as series_breaks
    from candidates
    inner join cities
        on candidates.city_id = cities.city_id
    where candidates.reason is not null

),

united as (

    select * from of_right_size
    union all
    select * from of_wrong_size

),

final as (

    select
        framework,
        edition,
        city_id,
        city_name,
        province_en,
        rank,
        rank_from,
        rank_to,
        rank_median,
        rank_p05,
        rank_p95,
        first_probability,
        top3_probability,
        top10_probability,
        score,
        coverage,
        imputed_share,
        count(rank) over (partition by framework, edition) as n_ranked,
        reason,
        series_breaks
    from united

)

select * from final
order by framework asc, edition asc, rank asc nulls last, city_id asc
