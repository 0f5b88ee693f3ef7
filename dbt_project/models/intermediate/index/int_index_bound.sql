-- What the missing values of ranked cities could change: the score of a city if each of them, and
-- each that is imputed, stood at the worst and at the best score that a ranked city has in the
-- leaf, and the ranks that are left open when the gaps of all cities are so filled at once: behind
-- those alone whose worst is above its best, and behind all whose best is above its worst. Scores
-- are those before the final scaling. The scale of each indicator is held as it is. Under Copeland
-- a score depends on the gaps of the others too: no bounds.
with

scores as (

    select * from {{ ref('index_score') }}

),

normalised as (

    select * from {{ ref('int_index_normalised') }}

),

imputed as (

    select * from {{ ref('int_index_imputed') }}

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

roots as (

    select
        scores.framework,
        scores.edition,
        scores.city_id,
        scores.node,
        scores.aggregated_score as score
    from scores
    inner join nodes
        on scores.framework = nodes.framework and scores.node = nodes.node
    where nodes.parent is null and scores.is_ranked

),

without_bounds as (

    select distinct framework
    from nodes
    where aggregation = 'a_copeland'

),

-- An indicator that nobody has, or all in equal measure, is missing for no city in particular.
ends as (

    select
        framework,
        edition,
        node,
        min(score) as score_min,
        max(score) as score_max
    from normalised
    where score is not null
    group by framework, edition, node

),

leaves as (

    select
        roots.framework,
        roots.edition,
        roots.city_id,
        ends.node,
        case when not coalesce(imputed.is_imputed, false) then normalised.score end as score,
        case when weights.effective_weight < 0 then ends.score_max else ends.score_min end
            as score_at_worst,
        case when weights.effective_weight < 0 then ends.score_min else ends.score_max end
            as score_at_best
    from roots
    inner join ends
        on roots.framework = ends.framework and roots.edition = ends.edition
    inner join weights
        on
            roots.framework = weights.framework
            and roots.edition = weights.edition
            and ends.node = weights.node
    left join imputed
        on
            roots.framework = imputed.framework
            and roots.edition = imputed.edition
            and roots.city_id = imputed.city_id
            and ends.node = imputed.node
    left join normalised
        on
            roots.framework = normalised.framework
            and roots.edition = normalised.edition
            and roots.city_id = normalised.city_id
            and ends.node = normalised.node

),

gaps as (

    select
        framework,
        edition,
        city_id,
        count(*) - count(score) as n_missing
    from leaves
    group by framework, edition, city_id

),

both_bounds as (

    select 'worst' as bound

    union all

    select 'best' as bound

),

-- Only cities with a gap are aggregated anew.
level_1 as (

    select
        leaves.framework,
        leaves.edition,
        leaves.city_id,
        both_bounds.bound,
        leaves.node,
        1 as level,
        coalesce(
            leaves.score,
            case both_bounds.bound
                when 'worst' then leaves.score_at_worst
                else leaves.score_at_best
            end
        ) as score,
        1.0 as coverage,
        0.0 as imputed_share
    from leaves
    inner join gaps
        on
            leaves.framework = gaps.framework
            and leaves.edition = gaps.edition
            and leaves.city_id = gaps.city_id
    cross join both_bounds
    where gaps.n_missing > 0

),

{{ aggregate_levels(['bound']) }},

cities as (

    select
        united.framework,
        united.edition,
        united.city_id,
        min(case when united.bound = 'worst' then united.score end) as score_from,
        max(case when united.bound = 'best' then united.score end) as score_to
    from united
    inner join roots
        on
            united.framework = roots.framework
            and united.edition = roots.edition
            and united.city_id = roots.city_id
            and united.node = roots.node
    group by united.framework, united.edition, united.city_id

),

-- Without a gap the bounds are the score itself, not a second sum of the same parts. They take the
-- score in, which can lie beyond them: there the weight of a missing leaf goes to its siblings, and
-- these may be worse than anyone is in that leaf.
bounds as (

    select
        roots.framework,
        roots.edition,
        roots.city_id,
        gaps.n_missing,
        case
            when without_bounds.framework is not null then null
            when gaps.n_missing = 0 then roots.score
            else least(roots.score, {{ round_significant('cities.score_from') }})
        end as score_from,
        case
            when without_bounds.framework is not null then null
            when gaps.n_missing = 0 then roots.score
            else greatest(roots.score, {{ round_significant('cities.score_to') }})
        end as score_to
    from roots
    inner join gaps
        on
            roots.framework = gaps.framework
            and roots.edition = gaps.edition
            and roots.city_id = gaps.city_id
    left join without_bounds
        on roots.framework = without_bounds.framework
    left join cities
        on
            roots.framework = cities.framework
            and roots.edition = cities.edition
            and roots.city_id = cities.city_id

),

ends_of_scores as (

    select
        framework,
        edition,
        city_id,
        1 as n_from,
        0 as n_to,
        score_from as score
    from bounds
    where score_from is not null

    union all

    select
        framework,
        edition,
        city_id,
        0 as n_from,
        1 as n_to,
        score_to as score
    from bounds
    where score_to is not null

),

-- A best stands before the worsts that equal it, and a worst before the bests, so that what stands
-- before it is above it.
counted as (

    select
        framework,
        edition,
        city_id,
        n_to,
        sum(n_from) over (
            partition by framework, edition
            order by score desc, n_from asc
            rows between unbounded preceding and current row
        ) as n_from_above,
        sum(n_to) over (
            partition by framework, edition
            order by score desc, n_to asc
            rows between unbounded preceding and current row
        ) as n_to_above
    from ends_of_scores

),

above as (

    select
        framework,
        edition,
        city_id,
        max(case when n_to = 1 then n_from_above end) as n_above_best,
        max(case when n_to = 0 then n_to_above end) as n_above_worst
    from counted
    group by framework, edition, city_id

),

-- The city's own best is not one of the others.
final as (

    select
        bounds.framework,
        bounds.edition,
        bounds.city_id,
        cast(bounds.n_missing as bigint) as n_missing,
        bounds.score_from,
        bounds.score_to,
        cast(1 + above.n_above_best as integer) as rank_from,
        cast(
            1 + above.n_above_worst
            - case when bounds.score_to > bounds.score_from then 1 else 0 end
            as integer
        ) as rank_to
    from bounds
    left join above
        on
            bounds.framework = above.framework
            and bounds.edition = above.edition
            and bounds.city_id = above.city_id

)

select * from final
