with

pairs as (

    select * from {{ ref('int_index_edition_pair') }}

),

normalised as (

    select * from {{ ref('int_index_normalised') }}

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

common_leaves as (

    select * from {{ ref('int_index_common_leaf') }}

),

breaks as (

    select * from {{ ref('int_index_break') }}

),

-- A leaf is in an edition where it tells the ranked cities apart.
leaves as (

    select distinct
        framework,
        edition,
        node
    from normalised
    where score is not null

),

sides as (

    select
        pairs.framework,
        pairs.edition,
        pairs.edition_before,
        weights.node,
        weights.effective_weight,
        now_.node is not null as is_now,
        before_.node is not null as is_before
    from pairs
    inner join weights
        on
            pairs.framework = weights.framework
            and pairs.edition = weights.edition
            and weights.level = 1
    left join leaves as now_
        on
            pairs.framework = now_.framework
            and pairs.edition = now_.edition
            and weights.node = now_.node
    left join leaves as before_
        on
            pairs.framework = before_.framework
            and pairs.edition_before = before_.edition
            and weights.node = before_.node

),

counted as (

    select
        framework,
        edition,
        edition_before,
        count(case when is_now then 1 end) as n_indicators,
        count(case when is_before then 1 end) as n_indicators_before,
        count(case when is_now and is_before then 1 end) as n_common,
        round(sum(case when is_now and is_before then effective_weight else 0 end), 12)
            as weight_common,
        {{ text_list('case when is_now and not is_before then node end', 'node') }} as only_now,
        {{ text_list('case when is_before and not is_now then node end', 'node') }} as only_before
    from sides
    group by framework, edition, edition_before

),

-- A leaf that every city has from the same figure in both editions tells of no change.
same_leaves as (

    select
        framework,
        edition,
        node,
        max(effective_weight) as effective_weight
    from common_leaves
    group by framework, edition, node
    having min(case when is_same_figure then 1 else 0 end) = 1

),

same_lists as (

    select
        framework,
        edition,
        round(sum(effective_weight), 12) as weight_same_figure,
        {{ text_list('node', 'node') }} as same_figures
    from same_leaves
    group by framework, edition

),

break_texts as (

    select distinct
        breaks.framework,
        breaks.edition,
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
        {{ text_list('series_break', 'series_break') }} as series_breaks
    from break_texts
    group by framework, edition

),

final as (

    select
        counted.framework,
        counted.edition,
        counted.edition_before,
        counted.n_indicators,
        counted.n_indicators_before,
        counted.n_common,
        counted.weight_common,
        counted.only_now,
        counted.only_before,
        coalesce(same_lists.weight_same_figure, 0.0) as weight_same_figure,
        same_lists.same_figures,
        break_lists.series_breaks,
        counted.n_common > 0
        and counted.n_common = counted.n_indicators
        and counted.n_common = counted.n_indicators_before
        and break_lists.series_breaks is null as is_comparable
    from counted
    left join same_lists
        on
            counted.framework = same_lists.framework
            and counted.edition = same_lists.edition
    left join break_lists
        on counted.framework = break_lists.framework and counted.edition = break_lists.edition

)

select * from final
order by framework, edition
