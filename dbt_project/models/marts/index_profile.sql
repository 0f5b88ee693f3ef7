-- In which dimension a city stands highest. Ranks compare dimensions whose scales differ; a score
-- would make everybody's profile that of the easiest scale. Where the best rank is that of several
-- dimensions, the one that stands out most decides: the larger z-score.
with

scores as (

    select * from {{ ref('index_score') }}
    where is_ranked and score is not null

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

-- Children of the root; one child alone has nothing to be compared with.
dimensions as (

    select
        nodes.framework,
        nodes.node,
        count(*) over (partition by nodes.framework) as n_dimensions
    from nodes
    inner join nodes as roots
        on nodes.framework = roots.framework and nodes.parent = roots.node
    where roots.parent is null

),

standing as (

    select
        scores.framework,
        scores.edition,
        scores.city_id,
        scores.node,
        scores.score,
        scores.rank,
        scores.coverage,
        count(*) over (
            partition by scores.framework, scores.edition, scores.node
        ) as n_ranked,
        avg(scores.score) over (
            partition by scores.framework, scores.edition, scores.node
        ) as mean,
        stddev_samp(scores.score) over (
            partition by scores.framework, scores.edition, scores.node
        ) as sd
    from scores
    inner join dimensions
        on scores.framework = dimensions.framework and scores.node = dimensions.node
    where dimensions.n_dimensions > 1

),

with_z as (

    select
        framework,
        edition,
        city_id,
        node,
        score,
        rank,
        n_ranked,
        coverage,
        {{ round_significant('(score - mean) / nullif(sd, 0)', 9) }} as z_score
    from standing

),

compared as (

    select
        *,
        rank() over (
            partition by framework, edition, city_id
            order by rank asc, z_score desc nulls last
        ) as choice,
        count(*) over (partition by framework, edition, city_id, rank) as n_of_this_rank
    from with_z

),

final as (

    select
        framework,
        edition,
        city_id,
        node,
        score,
        rank,
        n_ranked,
        coverage,
        z_score,
        choice = 1 as is_dominant,
        case
            when choice = 1 and n_of_this_rank = 1 then 'rank'
            when choice = 1 then 'z_score'
        end as dominant_by
    from compared

)

select * from final
order by framework asc, edition asc, city_id asc, rank asc, z_score desc nulls last, node asc
