with ranked as (
    select
        framework,
        edition,
        city_name,
        score,
        rank,
        rank() over (partition by framework, edition order by score desc) as expected_rank,
        n_ranked,
        count(*) over (partition by framework, edition) as expected_n_ranked
    from marts.index_ranking
    where rank is not null
)

select *
from ranked
where rank <> expected_rank or n_ranked is distinct from expected_n_ranked
order by framework, edition, expected_rank, city_name
