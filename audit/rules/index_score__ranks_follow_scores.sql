with ranked as (
    select
        framework,
        edition,
        node,
        city_id,
        score,
        rank,
        rank() over (partition by framework, edition, node order by score desc) as expected_rank
    from marts.index_score
    where is_ranked and score is not null
)

select *
from ranked
where rank is distinct from expected_rank
order by framework, edition, node, expected_rank, city_id
