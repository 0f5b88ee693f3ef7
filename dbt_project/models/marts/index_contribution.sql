-- Why a city stands where it stands: its score, leaf by leaf, each with the figure behind it.
with

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

imputed as (

    select * from {{ ref('int_index_imputed') }}

),

weights as (

    select * from {{ ref('int_index_weight') }}

),

scores as (

    select * from {{ ref('index_score') }}

),

nodes as (

    select * from {{ ref('framework_node') }}

),

indicators as (

    select * from {{ ref('indicator') }}

),

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

observations as (

    select * from {{ ref('observation') }}

),

sources as (

    select * from {{ ref('source') }}

),

cities as (

    select * from {{ ref('city') }}

),

leaves as (

    select
        denominated.framework,
        denominated.edition,
        denominated.city_id,
        denominated.node,
        coalesce(imputed.value, denominated.value) as value,
        denominated.value_year,
        denominated.denominator_value,
        denominated.denominator_year,
        denominated.is_carried_forward,
        coalesce(imputed.is_imputed, false) as is_imputed,
        imputed.imputed_by,
        imputed.imputed_from,
        denominated.missing_reason,
        denominated.observation_id,
        denominated.denominator_observation_id,
        nodes.parent as dimension,
        nodes.title,
        nodes.indicator,
        nodes.denominator,
        nodes.per,
        nodes.reason as weight_reason,
        weights.effective_weight,
        scores.score,
        scores.rank
    from denominated
    inner join nodes
        on denominated.framework = nodes.framework and denominated.node = nodes.node
    inner join weights
        on
            denominated.framework = weights.framework
            and denominated.edition = weights.edition
            and denominated.node = weights.node
    left join imputed
        on
            denominated.framework = imputed.framework
            and denominated.edition = imputed.edition
            and denominated.city_id = imputed.city_id
            and denominated.node = imputed.node
    left join scores
        on
            denominated.framework = scores.framework
            and denominated.edition = scores.edition
            and denominated.city_id = scores.city_id
            and denominated.node = scores.node
            and scores.is_ranked

),

-- What the ranked cities reach in a leaf.
reached as (

    select
        framework,
        edition,
        node,
        count(score) as n_scored,
        max(score) as score_max,
        percentile_cont(0.5) within group (order by score) as score_median
    from leaves
    where score is not null
    group by framework, edition, node

),

-- Of each node with a score, its share of the parent for this city: the weights of siblings
-- without a score go to the others. Only an arithmetic mean is a sum of such shares.
shares as (

    select
        scores.framework,
        scores.edition,
        scores.city_id,
        scores.node,
        weights.parent,
        case
            when weights.parent is null then 1.0
            else
                weights.weight
                / nullif(
                    {{ exact_sum(
                        'weights.weight',
                        'scores.framework, scores.edition, scores.city_id, weights.parent'
                    ) }},
                    0
                )
        end as share,
        weights.parent is null or parents.aggregation = 'a_amean' as is_additive
    from scores
    inner join weights
        on
            scores.framework = weights.framework
            and scores.edition = weights.edition
            and scores.node = weights.node
    left join nodes as parents
        on weights.framework = parents.framework and weights.parent = parents.node
    where scores.is_ranked and scores.aggregated_score is not null and weights.weight is not null

),

-- The shares up to the root, multiplied; none where a node on the way has no score.
city_weights as (

    select
        level_1.framework,
        level_1.edition,
        level_1.city_id,
        level_1.node,
        level_1.share
        * case when level_1.parent is null then 1.0 else level_2.share end
        * case when level_2.parent is null then 1.0 else level_3.share end
        * case when level_3.parent is null then 1.0 else level_4.share end
        * case when level_4.parent is null then 1.0 else level_5.share end as city_weight,
        level_1.is_additive
        and coalesce(level_2.is_additive, true)
        and coalesce(level_3.is_additive, true)
        and coalesce(level_4.is_additive, true)
        and coalesce(level_5.is_additive, true) as is_additive
    from shares as level_1
    left join shares as level_2
        on
            level_1.framework = level_2.framework
            and level_1.edition = level_2.edition
            and level_1.city_id = level_2.city_id
            and level_1.parent = level_2.node
    left join shares as level_3
        on
            level_2.framework = level_3.framework
            and level_2.edition = level_3.edition
            and level_2.city_id = level_3.city_id
            and level_2.parent = level_3.node
    left join shares as level_4
        on
            level_3.framework = level_4.framework
            and level_3.edition = level_4.edition
            and level_3.city_id = level_4.city_id
            and level_3.parent = level_4.node
    left join shares as level_5
        on
            level_4.framework = level_5.framework
            and level_4.edition = level_5.edition
            and level_4.city_id = level_5.city_id
            and level_4.parent = level_5.node

),

weighted as (

    select
        leaves.*,
        city_weights.city_weight,
        case when city_weights.is_additive then city_weights.city_weight end as points_per_score
    from leaves
    left join city_weights
        on
            leaves.framework = city_weights.framework
            and leaves.edition = city_weights.edition
            and leaves.city_id = city_weights.city_id
            and leaves.node = city_weights.node

),

joined as (

    select
        weighted.*,
        cities.name_en as city_name,
        reached.n_scored,
        weighted.points_per_score * weighted.score as contribution,
        weighted.points_per_score * (reached.score_max - weighted.score) as points_to_leader,
        weighted.points_per_score * (reached.score_median - weighted.score) as points_to_median,
        case
            when weighted.denominator is null then indicators.unit
            when weighted.per = 100 and indicators.unit = denominator_indicators.unit then 'pct'
            when weighted.per = 1
                then concat(indicators.unit, ' per ', denominator_indicators.unit)
            else
                concat(indicators.unit, ' per ', weighted.per, ' ', denominator_indicators.unit)
        end as unit,
        indicators.is_derived,
        case
            when weighted.is_imputed then 'imputed'
            when weighted.value is null then 'missing'
            else indicator_values.status
        end as status,
        nullif(
            concat_ws(
                '; ',
                indicator_values.correction_reason,
                denominator_observations.correction_reason
            ),
            ''
        ) as correction_reason,
        observations.source_id,
        sources.publisher,
        observations.locator,
        observations.quote
    from weighted
    inner join cities
        on weighted.city_id = cities.city_id
    inner join indicators
        on weighted.indicator = indicators.indicator
    left join indicators as denominator_indicators
        on weighted.denominator = denominator_indicators.indicator
    left join indicator_values
        on
            weighted.indicator = indicator_values.indicator
            and weighted.city_id = indicator_values.city_id
            and weighted.value_year = indicator_values.year
    left join reached
        on
            weighted.framework = reached.framework
            and weighted.edition = reached.edition
            and weighted.node = reached.node
    left join observations
        on weighted.observation_id = observations.observation_id
    left join observations as denominator_observations
        on weighted.denominator_observation_id = denominator_observations.observation_id
    left join sources
        on observations.source_id = sources.source_id

),

final as (

    select
        framework,
        edition,
        city_id,
        city_name,
        node,
        dimension,
        title,
        indicator,
        denominator,
        value,
        unit,
        value_year,
        denominator_value,
        denominator_year,
        is_carried_forward,
        is_derived,
        status,
        missing_reason,
        is_imputed,
        imputed_by,
        imputed_from,
        correction_reason,
        rank,
        n_scored,
        score,
        effective_weight,
        city_weight,
        contribution,
        points_to_leader,
        points_to_median,
        weight_reason,
        source_id,
        publisher,
        locator,
        quote,
        observation_id,
        denominator_observation_id
    from joined

)

select * from final
order by framework asc, edition asc, city_id asc, contribution desc nulls last, node asc
