-- What the missing values of a ranked city could change: its score if each of them stood at the
-- worst and at the best end of the scale, and the ranks that these scores would have among the
-- scores of the others. The scale of each indicator is held as it is.
with

ranked as (

    select * from {{ ref('index_score') }}
    where is_ranked

),

normalised as (

    select * from {{ ref('int_index_normalised') }}

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

stages as (

    select * from {{ ref('stg_framework_stage') }}

),

roots as (

    select
        ranked.framework,
        ranked.edition,
        ranked.city_id,
        ranked.score,
        ranked.rank
    from ranked
    inner join nodes
        on ranked.framework = nodes.framework and ranked.node = nodes.node
    where nodes.parent is null

),

-- An indicator that nobody has, or all in equal measure, is missing for no city in particular.
telling as (

    select distinct
        framework,
        edition,
        node
    from normalised
    where score is not null

),

leaves as (

    select
        roots.framework,
        roots.edition,
        roots.city_id,
        nodes.parent as dimension,
        weights.weight,
        weights.effective_weight,
        normalised.score,
        coalesce(normalised.score, stages.score_min) as score_at_worst,
        coalesce(normalised.score, stages.score_max) as score_at_best
    from roots
    inner join telling
        on roots.framework = telling.framework and roots.edition = telling.edition
    inner join nodes
        on telling.framework = nodes.framework and telling.node = nodes.node
    inner join weights
        on
            roots.framework = weights.framework
            and roots.edition = weights.edition
            and nodes.node = weights.node
    inner join stages
        on roots.framework = stages.framework and stages.stage = 'normalise'
    left join normalised
        on
            roots.framework = normalised.framework
            and roots.edition = normalised.edition
            and roots.city_id = normalised.city_id
            and telling.node = normalised.node

),

dimension_weights as (

    select
        framework,
        edition,
        parent as dimension,
        {{ exact_sum('effective_weight') }} as dimension_weight
    from weights
    where level = 1
    group by framework, edition, parent

),

dimensions as (

    select
        leaves.framework,
        leaves.edition,
        leaves.city_id,
        leaves.dimension,
        count(*) - count(leaves.score) as n_missing,
        {{ exact_sum('leaves.weight * leaves.score_at_worst') }}
        / nullif({{ exact_sum('leaves.weight') }}, 0) as score_at_worst,
        {{ exact_sum('leaves.weight * leaves.score_at_best') }}
        / nullif({{ exact_sum('leaves.weight') }}, 0) as score_at_best
    from leaves
    group by leaves.framework, leaves.edition, leaves.city_id, leaves.dimension

),

cities as (

    select
        dimensions.framework,
        dimensions.edition,
        dimensions.city_id,
        sum(dimensions.n_missing) as n_missing,
        {{ exact_sum('dimension_weights.dimension_weight * dimensions.score_at_worst') }}
            as score_from,
        {{ exact_sum('dimension_weights.dimension_weight * dimensions.score_at_best') }}
            as score_to
    from dimensions
    inner join dimension_weights
        on
            dimensions.framework = dimension_weights.framework
            and dimensions.edition = dimension_weights.edition
            and dimensions.dimension = dimension_weights.dimension
    group by dimensions.framework, dimensions.edition, dimensions.city_id

),

-- Without a gap the bounds are the score itself, not a second sum of the same parts.
bounds as (

    select
        roots.framework,
        roots.edition,
        roots.city_id,
        roots.rank,
        cities.n_missing,
        case
            when cities.n_missing = 0 then roots.score
            else {{ round_significant('cities.score_from') }}
        end as score_from,
        case
            when cities.n_missing = 0 then roots.score
            else {{ round_significant('cities.score_to') }}
        end as score_to
    from roots
    inner join cities
        on
            roots.framework = cities.framework
            and roots.edition = cities.edition
            and roots.city_id = cities.city_id

),

final as (

    select
        bounds.framework,
        bounds.edition,
        bounds.city_id,
        cast(bounds.n_missing as bigint) as n_missing,
        bounds.score_from,
        bounds.score_to,
        cast(1 + count(case when others.score > bounds.score_to then 1 end) as integer)
            as rank_from,
        cast(1 + count(case when others.score > bounds.score_from then 1 end) as integer)
            as rank_to
    from bounds
    left join roots as others
        on
            bounds.framework = others.framework
            and bounds.edition = others.edition
            and bounds.city_id <> others.city_id
    group by
        bounds.framework,
        bounds.edition,
        bounds.city_id,
        bounds.n_missing,
        bounds.score_from,
        bounds.score_to

)

select * from final
