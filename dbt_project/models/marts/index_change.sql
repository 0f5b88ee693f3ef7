-- Score and rank over the leaves that a city has in both editions: the arithmetic mean of their
-- scores by effective weight, whatever the aggregation, so that a part which only one edition has
-- leaves no gap. Each edition's leaf scores are on the scale of that edition's ranked cities.
with

common_leaves as (

    select * from {{ ref('int_index_common_leaf') }}

),

breaks as (

    select * from {{ ref('int_index_break') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

means as (

    select
        framework,
        edition,
        edition_before,
        city_id,
        count(*) as n_common,
        round({{ exact_sum('effective_weight') }}, 12) as weight_common,
        round(
            {{ exact_sum('case when is_same_figure then effective_weight else 0 end') }}, 12
        )
            as weight_same_figure,
        min(case when is_same_figure then 1 else 0 end) = 1 as is_same_figure,
        {{ exact_sum('effective_weight * score') }}
        / nullif({{ exact_sum('effective_weight') }}, 0) as mean_score,
        {{ exact_sum('effective_weight * score_before') }}
        / nullif({{ exact_sum('effective_weight') }}, 0) as mean_score_before
    from common_leaves
    group by framework, edition, edition_before, city_id

),

scored as (

    select
        *,
        {{ round_significant('mean_score') }} as score,
        {{ round_significant('mean_score_before') }} as score_before
    from means

),

ranked as (

    select
        *,
        cast(
            rank() over (partition by framework, edition order by score desc nulls last)
            as integer
        ) as rank,
        cast(
            rank() over (partition by framework, edition order by score_before desc nulls last)
            as integer
        ) as rank_before
    from scored

),

break_texts as (

    select distinct
        breaks.framework,
        breaks.edition,
        breaks.city_id,
        concat(breaks.indicator, ' ', breaks.year, ': ', breaks.reason) as series_break
    from breaks
    inner join common_leaves
        on
            breaks.framework = common_leaves.framework
            and breaks.edition = common_leaves.edition
            and breaks.city_id = common_leaves.city_id
            and breaks.node = common_leaves.node

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

final as (

    select
        ranked.framework,
        ranked.edition,
        ranked.edition_before,
        ranked.city_id,
        cities.name_en as city_name,
        ranked.n_common,
        ranked.weight_common,
        ranked.rank,
        ranked.rank_before,
        ranked.rank_before - ranked.rank as rank_change,
        ranked.score,
        ranked.score_before,
        round(ranked.score - ranked.score_before, 12) as score_change,
        ranked.weight_same_figure,
        ranked.is_same_figure,
        break_lists.series_breaks
    from ranked
    inner join cities
        on ranked.city_id = cities.city_id
    left join break_lists
        on
            ranked.framework = break_lists.framework
            and ranked.edition = break_lists.edition
            and ranked.city_id = break_lists.city_id

)

select * from final
order by framework, edition, rank, city_id
