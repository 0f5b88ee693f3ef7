-- The cities whose profile over the dimensions is nearest to a city's. Every pair of ranked cities
-- is looked at, so the work grows with the square of their number: only the newest edition that
-- ranks anyone has peers, and none where it ranks more than 1,000. A distance takes a weight below
-- zero (of principal components) by its size.
with

scores as (

    select * from {{ ref('int_index_aggregated') }}
    where level = 2 and score is not null

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

rankings as (

    select
        *,
        max(edition) over (partition by framework) as edition_newest
    from {{ ref('index_ranking') }}
    where rank is not null

),

ranking as (

    select * from rankings
    where edition = edition_newest and n_ranked <= 1000

),

profiles as (

    select
        scores.framework,
        scores.edition,
        scores.city_id,
        scores.node,
        scores.score,
        weights.effective_weight
    from scores
    inner join ranking
        on
            scores.framework = ranking.framework
            and scores.edition = ranking.edition
            and scores.city_id = ranking.city_id
    inner join weights
        on
            scores.framework = weights.framework
            and scores.edition = weights.edition
            and scores.node = weights.node

),

summed as (

    select
        profiles.framework,
        profiles.edition,
        profiles.city_id,
        others.city_id as other_city_id,
        count(*) as n_dimensions,
        sqrt(
            sum(abs(profiles.effective_weight) * power(profiles.score - others.score, 2))
            / nullif(sum(abs(profiles.effective_weight)), 0)
        ) as distance
    from profiles
    inner join profiles as others
        on
            profiles.framework = others.framework
            and profiles.edition = others.edition
            and profiles.node = others.node
    where profiles.city_id <> others.city_id
    group by
        profiles.framework,
        profiles.edition,
        profiles.city_id,
        others.city_id

),

-- Twelve digits, so that ties do not depend on the order of summation.
distances as (

    select
        framework,
        edition,
        city_id,
        other_city_id,
        n_dimensions,
        {{ round_significant('distance') }} as distance
    from summed
    where distance is not null

),

placed as (

    select
        *,
        row_number() over (
            partition by framework, edition, city_id
            order by distance asc, other_city_id asc
        ) as position
    from distances

),

final as (

    select
        placed.framework,
        placed.edition,
        placed.city_id,
        ranking.city_name,
        ranking.rank,
        cast(placed.position as integer) as position,
        placed.other_city_id,
        peers.city_name as other_city_name,
        peers.rank as other_rank,
        placed.n_dimensions,
        placed.distance
    from placed
    inner join ranking
        on
            placed.framework = ranking.framework
            and placed.edition = ranking.edition
            and placed.city_id = ranking.city_id
    inner join ranking as peers
        on
            placed.framework = peers.framework
            and placed.edition = peers.edition
            and placed.other_city_id = peers.city_id
    where placed.position <= 5

)

select * from final
order by framework asc, edition asc, city_id asc, position asc
