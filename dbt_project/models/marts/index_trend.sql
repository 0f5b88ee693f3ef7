-- How the score of a city moves over the editions that rank it: change, slope and growth, as the
-- trends of COINr (get_trends, prc_change, CAGR), and whether the scores compare at all.
with

scores as (

    select * from {{ ref('index_ranking') }}

),

leaf_scores as (

    select * from {{ ref('index_score') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

breaks as (

    select * from {{ ref('int_index_break') }}

),

ranked as (

    select
        framework,
        edition,
        city_id,
        city_name,
        score,
        rank,
        min(edition) over (partition by framework, city_id) as first_edition,
        max(edition) over (partition by framework, city_id) as last_edition
    from scores
    where rank is not null

),

-- Years are counted from the first edition, where the fitted line then has its intercept.
sums as (

    select
        framework,
        city_id,
        city_name,
        first_edition,
        last_edition,
        count(*) as n_editions,
        max(case when edition = first_edition then score end) as first_score,
        max(case when edition = last_edition then score end) as last_score,
        max(case when edition = first_edition then rank end) as first_rank,
        max(case when edition = last_edition then rank end) as last_rank,
        min(score) = max(score) as is_constant,
        cast(sum(edition - first_edition) as double) as sum_x,
        cast(sum((edition - first_edition) * (edition - first_edition)) as double) as sum_xx,
        {{ exact_sum('score') }} as sum_y,
        {{ exact_sum('(edition - first_edition) * score') }} as sum_xy
    from ranked
    group by framework, city_id, city_name, first_edition, last_edition

),

slopes as (

    select
        *,
        case
            when n_editions < 2 then null
            when is_constant then 0.0
            else
                (n_editions * sum_xy - sum_x * sum_y)
                / nullif(n_editions * sum_xx - sum_x * sum_x, 0)
        end as slope
    from sums

),

fitted as (

    select
        *,
        (sum_y - slope * sum_x) / n_editions as first_fitted
    from slopes

),

-- What takes its measure from the cities of each edition puts every edition on its own scale.
by_edition as (

    select
        framework,
        concat(stage, ' ', method) as relative_stage
    from stages
    where stage in ('treat', 'normalise') and across = 'edition'

    union distinct

    select
        scales.framework,
        concat(scales.stage, ' ', scales.method) as relative_stage
    from stages as scales
    inner join stages as normalise
        on scales.framework = normalise.framework and normalise.stage = 'normalise'
    where scales.stage = 'scale' and coalesce(normalise.across, 'edition') <> 'panel'

    union distinct

    select
        framework,
        'aggregate a_copeland' as relative_stage
    from nodes
    where aggregation = 'a_copeland'

    union distinct

    select
        framework,
        'weight' as relative_stage
    from weights
    group by framework, node
    having min(weight) < max(weight)

),

relative_lists as (

    select
        framework,
        {{ text_list('relative_stage', 'relative_stage') }} as relative_stages
    from by_edition
    group by framework

),

-- A leaf that is not scored in every edition that ranks the city.
leaf_counts as (

    select
        ranked.framework,
        ranked.city_id,
        leaf_scores.node,
        count(*) as n_scored
    from ranked
    inner join leaf_scores
        on
            ranked.framework = leaf_scores.framework
            and ranked.edition = leaf_scores.edition
            and ranked.city_id = leaf_scores.city_id
    where leaf_scores.level = 1 and leaf_scores.score is not null
    group by ranked.framework, ranked.city_id, leaf_scores.node

),

leaf_spans as (

    select
        framework,
        city_id,
        min(n_scored) as n_scored_min
    from leaf_counts
    group by framework, city_id

),

break_texts as (

    select distinct
        breaks.framework,
        breaks.city_id,
        concat(breaks.indicator, ' ', breaks.year, ': ', breaks.reason) as series_break
    from breaks
    inner join sums
        on
            breaks.framework = sums.framework
            and breaks.city_id = sums.city_id
            and breaks.edition > sums.first_edition
            and breaks.edition <= sums.last_edition

),

break_lists as (

    select
        framework,
        city_id,
        {{ text_list('series_break', 'series_break') }} as series_breaks
    from break_texts
    group by framework, city_id

),

joined as (

    select
        fitted.*,
        coalesce(leaf_spans.n_scored_min = fitted.n_editions, false) as is_same_leaves,
        relative_lists.relative_stages,
        break_lists.series_breaks
    from fitted
    left join leaf_spans
        on fitted.framework = leaf_spans.framework and fitted.city_id = leaf_spans.city_id
    left join relative_lists
        on fitted.framework = relative_lists.framework
    left join break_lists
        on fitted.framework = break_lists.framework and fitted.city_id = break_lists.city_id

),

final as (

    select
        framework,
        city_id,
        city_name,
        first_edition,
        last_edition,
        n_editions,
        first_score,
        last_score,
        case when n_editions > 1 then round(last_score - first_score, 12) end
            as score_change_total,
        {{ round_significant('slope') }} as score_slope,
        case
            when n_editions < 2 then null
            when is_constant then 0.0
            when first_fitted <> 0 then {{ round_significant('100.0 * slope / first_fitted') }}
        end as score_change_pct,
        case
            when n_editions < 2 then null
            when first_score = last_score then 0.0
            when first_score > 0 and last_score >= 0
                then
                    {{ round_significant(
                        '(power(last_score / first_score, 1.0 / (last_edition - first_edition)) - 1)'
                    ) }}
        end as score_growth_rate,
        first_rank,
        last_rank,
        case when n_editions > 1 then first_rank - last_rank end as rank_change_total,
        is_same_leaves,
        relative_stages,
        series_breaks,
        case
            when n_editions > 1
                then is_same_leaves and relative_stages is null and series_breaks is null
        end as is_comparable
    from joined

)

select * from final
order by framework asc, score_slope desc nulls last, city_id asc
