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
        weights.weight,
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

-- Inside a dimension the weights of leaves without a score go to the others.
weighted as (

    select
        *,
        case
            when score is not null
                then
                    effective_weight
                    * {{ exact_sum('weight', 'framework, edition, city_id, dimension') }}
                    / nullif(
                        {{ exact_sum(
                            'case when score is not null then weight end',
                            'framework, edition, city_id, dimension'
                        ) }},
                        0
                    )
        end as city_weight
    from leaves

),

joined as (

    select
        weighted.*,
        cities.name_en as city_name,
        reached.n_scored,
        weighted.city_weight * weighted.score as contribution,
        weighted.city_weight * (reached.score_max - weighted.score) as points_to_leader,
        weighted.city_weight * (reached.score_median - weighted.score) as points_to_median,
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
