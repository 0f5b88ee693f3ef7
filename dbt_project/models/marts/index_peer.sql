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

    select
        *,
        row_number() over (order by framework asc, edition asc, city_id asc) as unit
    from rankings
    where edition = edition_newest and n_ranked <= 1000

),

-- Pairs are told apart by numbers, which takes a fraction of the time of text.
profiles as (

    select
        ranking.unit,
        scores.framework,
        scores.edition,
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
        profiles.unit,
        others.unit as other_unit,
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
    where profiles.unit <> others.unit
    group by profiles.unit, others.unit

),

-- Twelve digits, so that ties do not depend on the order of summation.
distances as (

    select
        unit,
        other_unit,
        n_dimensions,
        {{ round_significant('distance') }} as distance
    from summed
    where distance is not null

),

-- Units are numbered in the order of the identifiers of their cities.
placed as (

    select
        *,
        row_number() over (
            partition by unit
            order by distance asc, other_unit asc
        ) as position
    from distances

),

final as (

    select
        ranking.framework,
        ranking.edition,
        ranking.city_id,
        ranking.city_name,
        ranking.rank,
        cast(placed.position as integer) as position,
        peers.city_id as other_city_id,
        peers.city_name as other_city_name,
        peers.rank as other_rank,
        placed.n_dimensions,
        placed.distance
    from placed
    inner join ranking
        on placed.unit = ranking.unit
    inner join ranking as peers
        on placed.other_unit = peers.unit
    where placed.position <= 5

)

select * from final
order by framework asc, edition asc, city_id asc, position asc
