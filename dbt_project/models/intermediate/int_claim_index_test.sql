-- Claims that an index can test, city by city, at one node of its tree (framework.node): the rank
-- there among the cities of the claim's country, or, of a claim of dominance, whether the city
-- stands highest there of all dimensions. Of the years in question the newest edition counts.
with

claims as (

    select * from {{ ref('stg_claim') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

scores as (

    select * from {{ ref('index_score') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

profiles as (

    select * from {{ ref('index_profile') }}

),

claimed as (

    select
        claims.claim_id,
        claims.city_id,
        claims.claim_kind,
        claims.measure,
        claims.rank_from,
        claims.rank_to,
        claims.year_from,
        claims.year_to,
        cities.name_en as city_name,
        cities.country_code,
        nodes.framework,
        nodes.node,
        nodes.title,
        nodes.parent
    from claims
    inner join cities
        on claims.city_id = cities.city_id
    left join nodes
        on claims.measure = concat(nodes.framework, '.', nodes.node)
    where claims.measure_kind = 'index'

),

-- Editions in which anything is ranked at the node.
editions as (

    select
        claimed.claim_id,
        claimed.framework,
        claimed.node,
        claimed.country_code,
        max(scores.edition) as edition
    from claimed
    inner join scores
        on claimed.framework = scores.framework and claimed.node = scores.node
    where
        scores.is_ranked
        and scores.score is not null
        and (claimed.year_from is null or claimed.year_from <= scores.edition)
        and (claimed.year_to is null or claimed.year_to >= scores.edition)
    group by claimed.claim_id, claimed.framework, claimed.node, claimed.country_code

),

placed as (

    select
        editions.claim_id,
        editions.edition,
        scores.city_id,
        scores.score,
        cast(
            rank() over (
                partition by editions.claim_id, editions.country_code
                order by scores.score desc
            ) as integer
        ) as rank,
        count(*) over (partition by editions.claim_id, editions.country_code) as n_ranked
    from editions
    inner join scores
        on
            editions.framework = scores.framework
            and editions.edition = scores.edition
            and editions.node = scores.node
    inner join cities
        on scores.city_id = cities.city_id and editions.country_code = cities.country_code
    where scores.is_ranked and scores.score is not null

),

-- How far missing values, its own and those of the others, could move a city is known of the whole
-- index.
bounds as (

    select
        editions.claim_id,
        ranking.city_id,
        ranking.rank,
        ranking.rank_from,
        ranking.rank_to
    from editions
    inner join nodes
        on editions.framework = nodes.framework and editions.node = nodes.node
    inner join ranking
        on editions.framework = ranking.framework and editions.edition = ranking.edition
    where nodes.parent is null and ranking.rank is not null

),

dimension_places as (

    select
        editions.claim_id,
        profiles.city_id,
        {{ text_list(
            "concat(nodes.title, ' ', profiles.rank)",
            'profiles.rank, profiles.z_score desc, nodes.title',
            ', '
        ) }} as places,
        max(case when profiles.node = editions.node and profiles.is_dominant then 1 else 0 end)
        = 1 as is_dominant,
        max(profiles.dominant_by) as dominant_by
    from editions
    inner join profiles
        on editions.framework = profiles.framework and editions.edition = profiles.edition
    inner join nodes
        on profiles.framework = nodes.framework and profiles.node = nodes.node
    group by editions.claim_id, profiles.city_id

),

joined as (

    select
        claimed.*,
        editions.edition,
        placed.score,
        placed.rank,
        coalesce(placed.n_ranked, 0) as n_ranked,
        bounds.rank_from as bound_from,
        bounds.rank_to as bound_to,
        dimension_places.places,
        dimension_places.is_dominant,
        dimension_places.dominant_by
    from claimed
    left join editions
        on claimed.claim_id = editions.claim_id and claimed.country_code = editions.country_code
    left join placed
        on claimed.claim_id = placed.claim_id and claimed.city_id = placed.city_id
    left join bounds
        on
            placed.claim_id = bounds.claim_id
            and placed.city_id = bounds.city_id
            and placed.rank = bounds.rank
    left join dimension_places
        on
            claimed.claim_id = dimension_places.claim_id
            and claimed.city_id = dimension_places.city_id

),

with_reasons as (

    select
        *,
        case
            when node is null then concat('there is no node ', measure)
            when edition is null
                then concat('no edition of ', framework, ' in the years of the claim')
            when rank is null
                then concat(city_name, ' is not ranked by ', framework, ' in ', edition)
        end as unknown_reason
    from joined

),

dominance_tests as (

    select
        claim_id,
        city_id,
        edition,
        score,
        rank,
        n_ranked,
        case
            when unknown_reason is not null then unknown_reason
            when is_dominant is null then concat(node, ' is no dimension of ', framework)
        end as undecided_reason,
        is_dominant as holds,
        concat(
            city_name,
            ': ',
            places,
            ' of ',
            n_ranked,
            ' in ',
            edition,
            case when dominant_by = 'z_score' then ', the first by z-score' else '' end
        ) as evidence
    from with_reasons
    where claim_kind = 'dominance'

),

rank_tests as (

    select
        claim_id,
        city_id,
        edition,
        score,
        rank,
        n_ranked,
        case
            when unknown_reason is not null then unknown_reason
            when rank_to is null then 'no rank is claimed'
            when n_ranked <= rank_to
                then concat('only ', n_ranked, ' cities are ranked in ', edition)
            when
                (rank between rank_from and rank_to)
                and (bound_from < rank_from or bound_to > rank_to)
                or rank > rank_to and bound_from <= rank_to
                or rank < rank_from and bound_to >= rank_from
                then
                    concat(
                        'missing values leave the rank of ',
                        city_name,
                        ' in ',
                        edition,
                        ' open from ',
                        bound_from,
                        ' to ',
                        bound_to
                    )
        end as undecided_reason,
        rank between rank_from and rank_to as holds,
        concat(
            city_name, ': rank ', rank, ' of ', n_ranked, ' at ', title, ' in ', edition
        ) as evidence
    from with_reasons
    where claim_kind <> 'dominance'

),

united as (

    select * from dominance_tests
    union all
    select * from rank_tests

),

final as (

    select
        claim_id,
        city_id,
        edition,
        score,
        rank,
        n_ranked,
        case
            when undecided_reason is not null then 'undecided'
            when holds then 'supports'
            else 'contradicts'
        end as outcome,
        undecided_reason,
        case when rank is not null then evidence end as evidence
    from united

)

select * from final
