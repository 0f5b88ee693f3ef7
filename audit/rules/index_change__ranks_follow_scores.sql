with expected as (
    select
        framework,
        edition,
        city_id,
        rank,
        rank_before,
        rank_change,
        score_change,
        rank() over (partition by framework, edition order by score desc) as expected_rank,
        rank() over (partition by framework, edition order by score_before desc)
            as expected_rank_before,
        score - score_before as expected_score_change
    from marts.index_change
)

select *
from expected
where
    rank is distinct from expected_rank
    or rank_before is distinct from expected_rank_before
    or rank_change is distinct from expected_rank_before - expected_rank
    or abs(score_change - expected_score_change) > 1e-9
order by framework, edition, city_id
